"""Amounts of Square's objects: `{"amount": 1240, "currency": "EUR"}`, in minor units."""

from typing import Final

from stamgast.domain.units import Minor
from stamgast.pos.systems.part import Part

TENDERS: Final = {
    "CARD": "card",
    "CASH": "cash",
    "SQUARE_GIFT_CARD": "gift_card",
    "WALLET": "online",
    "BANK_ACCOUNT": "online",
    "BUY_NOW_PAY_LATER": "online",
    "SQUARE_ACCOUNT": "account",
    "HOUSE_ACCOUNT": "account",
}


def money(part: Part, *names: str) -> Minor:
    """An amount; 0 where it is not there."""
    for name in names:
        own = part.part(name)
        if own is not None:
            return own.whole("amount", default=0)
    return 0


def needed(part: Part, *names: str) -> Minor:
    """The amount of the first of these that is there. Raises `RefusedError` where none is."""
    own = part.part(*names)
    if own is None:
        part.refuse(names[-1], "is missing")
    return own.whole("amount")


def currency_of(part: Part, *names: str) -> str | None:
    """The currency of the first of these amounts that is there."""
    for name in names:
        own = part.part(name)
        if own is not None and (code := own.maybe("currency")):
            return code.upper()
    return None
