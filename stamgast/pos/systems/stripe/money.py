"""Stripe's amounts and ids: amounts in the smallest unit, of which Stripe has a list of its own; a field that names
another object holds its id, or the object where it was asked for.
"""

from decimal import ROUND_HALF_UP
from typing import Final

from stamgast.domain.currencies import exponent_of
from stamgast.domain.units import Minor
from stamgast.pos.systems import amounts
from stamgast.pos.systems.part import Part

_OTHER_DECIMALS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
"""docs.stripe.com/currencies: two for older times' sake, and none where ISO 4217 has fifths."""


def decimals_of(currency: str) -> int:
    """In which unit Stripe counts a currency."""
    return _OTHER_DECIMALS.get(currency, exponent_of(currency))


class Money:
    """Reads amounts of one currency."""

    __slots__ = ("_decimals", "_differs", "currency")

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self._decimals = decimals_of(currency)
        self._differs = self._decimals != exponent_of(currency)

    def of(self, part: Part | None, *names: str) -> Minor:
        """Minor units by ISO 4217; 0 where it is not there."""
        return 0 if part is None else self._scaled(part.whole(*names, default=0))

    def needed(self, part: Part, name: str) -> Minor:
        """The same of an amount that has to be there. Raises `RefusedError`."""
        return self._scaled(part.whole(name))

    def _scaled(self, value: Minor) -> Minor:
        return amounts.scaled(value, self._decimals, self.currency, ROUND_HALF_UP) if self._differs else value


def id_of(part: Part, name: str) -> str | None:
    """The id of an object that a field names."""
    return part.part(name).maybe("id") if isinstance(part.get(name), dict) else part.maybe(name)  # type: ignore[union-attr]


def inner(part: Part | None, name: str) -> Part | None:
    """The object itself, where it is there."""
    return part.part(name) if part is not None and isinstance(part.get(name), dict) else None
