"""The lines of a receipt: amounts that were rounded apart made to sum to the whole, ids that come once, what fits."""

import re
from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, Final

from stamgast.domain.units import Minor
from stamgast.pos.systems import amounts

Line = dict[str, Any]
"""A line item of the contract."""

_GTIN: Final = re.compile(r"[0-9]{8}|[0-9]{12,14}", re.ASCII)
_ONE: Final = Decimal(1)


def rounded(exact: Sequence[Decimal], total: Minor) -> list[Minor]:
    """Amounts with fractions of a minor unit, each rounded down or up so that they sum to the total where they can.

    Where more is missing than rounding makes, each is rounded by itself, halves away from zero.
    """
    floors = [int(each.to_integral_value(ROUND_FLOOR)) for each in exact]
    missing = total - sum(floors)
    if not 0 <= missing <= len(exact):
        return [half_up(each) for each in exact]
    by_fraction = sorted(range(len(exact)), key=lambda n: (floors[n] - exact[n], n))
    for index in by_fraction[:missing]:
        floors[index] += 1
    return floors


def half_up(exact: Decimal) -> Minor:
    """Whole minor units, halves away from zero."""
    return amounts.whole(exact.quantize(_ONE, ROUND_HALF_UP))


def tax_of(gross: Minor, percent: str | None) -> Minor | None:
    """The tax that is in an amount, at a percentage as the contract writes it."""
    if percent is None:
        return None
    rate = Decimal(percent)
    return half_up(gross * rate / (100 + rate))


def distinct(lines: list[Line]) -> list[Line]:
    """The same with `line_id`s that come once: the second of a product is `…#2`. The contract refuses two of one id."""
    if len({line["line_id"] for line in lines}) == len(lines):
        return lines
    seen: Counter[str] = Counter()
    for line in lines:
        own = line["line_id"]
        seen[own] += 1
        if seen[own] > 1:
            line["line_id"] = f"{own[:190]}#{seen[own]}"
    return lines


def gtin(text: str | None) -> str | None:
    """A barcode, if it is one of GS1."""
    return text if text is not None and _GTIN.fullmatch(text) else None


def told(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None}
