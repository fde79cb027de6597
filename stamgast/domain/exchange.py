"""Purchases in a currency that is not the programme's, at the rate of their day.

A rate is kept as an integer, so that every reading of the log comes to the same cent; each amount is rounded half up.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from stamgast.domain.currencies import exponent_of
from stamgast.domain.dated import on_day
from stamgast.domain.events import Line, Purchase
from stamgast.domain.units import Day, Minor

SCALE: Final = 1_000_000

Rates = Mapping[str, tuple[tuple[Day, int], ...]]
"""Currency -> from which day on (ascending) a unit of it is worth so many millionths of a unit of the programme's."""


def converted(purchase: Purchase, to: str, rates: Rates, day: Day) -> Purchase | None:
    """Return the purchase in the currency `to`; None where no rate is known for its day."""
    if purchase.currency == to:
        return purchase
    rate = on_day(rates.get(purchase.currency, ()), day)
    if rate is None:
        return None
    above, below = rate * 10 ** exponent_of(to), SCALE * 10 ** exponent_of(purchase.currency)

    def money(amount: Minor) -> Minor:
        return int((2 * amount * above + below) // (2 * below))

    def lines(of: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(
            msgspec.structs.replace(line, gross=money(line.gross), cost=None if line.cost is None else money(line.cost))
            for line in of
        )

    return msgspec.structs.replace(
        purchase,
        currency=to,
        spend=money(purchase.spend),
        refunded=money(purchase.refunded),
        lines=lines(purchase.lines),
        peak=None if purchase.peak is None else lines(purchase.peak),
        peak_spend=None if purchase.peak_spend is None else money(purchase.peak_spend),
    )
