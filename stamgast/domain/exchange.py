"""Purchases in a currency that is not the programme's, at the rate of their day.

A rate is kept as an integer, so that every reading of the log comes to the same cent; each amount is rounded half up.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from stamgast.domain.currencies import exponent_of
from stamgast.domain.dated import on_day
from stamgast.domain.events import ForeignRefund, Line, Purchase
from stamgast.domain.net_purchase import less
from stamgast.domain.units import Day, Minor

SCALE: Final = 1_000_000

Rates = Mapping[str, tuple[tuple[Day, int], ...]]
"""Currency -> from which day on (ascending) a unit of it is worth so many millionths of a unit of the programme's."""

Exchange = Callable[[Minor], Minor]


def converted(purchase: Purchase, to: str, rates: Rates, day: Day) -> Purchase | None:
    """Return the purchase in the currency `to`, less what was given back in others; None where it has no rate.

    Refunds of it are taken at the rate of its own day. Those without a rate stay in its `foreign`.
    """
    if purchase.currency == to and not purchase.foreign:
        return purchase
    ours = purchase
    if purchase.currency != to and (exchanged := _exchanged(purchase, to, rates, day)) is not None:
        ours = exchanged
    elif purchase.currency != to:
        return None
    if not purchase.foreign:
        return ours
    refunds, without = [], []
    for refund in purchase.foreign:
        money = _exchange(refund.currency, to, rates, day)
        if money is None:
            without.append(refund)
        else:
            refunds.append(ForeignRefund(to, money(refund.gross), _lines(refund.lines, money)))
    left = less(ours, refunds) if refunds else ours
    return msgspec.structs.replace(left, foreign=tuple(without))


def without_rate(purchase: Purchase, to: str, rates: Rates, day: Day) -> str:
    """Return the currency of something in the purchase that has no rate on its day; empty if there is none."""
    if purchase.currency != to and converted(purchase, to, rates, day) is None:
        return purchase.currency
    currencies = [refund.currency for refund in purchase.foreign]
    return next((each for each in currencies if not is_known(each, to, rates, day)), "")


def is_known(currency: str, to: str, rates: Rates, day: Day) -> bool:
    """Whether something in a currency can be taken as so much in another one on that day."""
    return currency == to or on_day(rates.get(currency, ()), day) is not None


def thousandths_of(millionths: int, currency: str, to: str, rates: Rates, day: Day) -> int | None:
    """So many millionths of a unit of a currency in thousandths of a minor unit of `to`; None without a rate."""
    rate = SCALE if currency == to else on_day(rates.get(currency, ()), day)
    if rate is None:
        return None
    above, below = millionths * rate * 10 ** exponent_of(to) * 1000, SCALE * SCALE
    return int((2 * above + below) // (2 * below))


def _exchanged(purchase: Purchase, to: str, rates: Rates, day: Day) -> Purchase | None:
    """All of its money in another currency. A void has none, and needs no rate."""
    money = _exchange(purchase.currency, to, rates, day)
    if money is None:
        return None if _needs_rate(purchase) else msgspec.structs.replace(purchase, currency=to)
    return msgspec.structs.replace(
        purchase,
        currency=to,
        spend=money(purchase.spend),
        refunded=money(purchase.refunded),
        lines=_lines(purchase.lines, money),
        peak=None if purchase.peak is None else _lines(purchase.peak, money),
        peak_spend=None if purchase.peak_spend is None else money(purchase.peak_spend),
    )


def _exchange(currency: str, to: str, rates: Rates, day: Day) -> Exchange | None:
    if currency == to:
        return lambda amount: amount
    rate = on_day(rates.get(currency, ()), day)
    if rate is None:
        return None
    above, below = rate * 10 ** exponent_of(to), SCALE * 10 ** exponent_of(currency)
    return lambda amount: int((2 * amount * above + below) // (2 * below))


def _lines(of: tuple[Line, ...], money: Exchange) -> tuple[Line, ...]:
    return tuple(
        msgspec.structs.replace(
            line,
            gross=money(line.gross),
            cost=None if line.cost is None else money(line.cost),
            tax=None if line.tax is None else money(line.tax),
        )
        for line in of
    )


def _needs_rate(purchase: Purchase) -> bool:
    if purchase.counts or purchase.foreign or purchase.spend or purchase.refunded or purchase.peak_spend:
        return True
    return any(line.gross or line.cost for line in purchase.peak or ())
