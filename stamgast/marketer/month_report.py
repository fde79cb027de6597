"""The report of a month, for the shop's owner: what was sold, said and used, against the month before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from stamgast.domain.calendar import business_day
from stamgast.domain.card_funnel import CardFunnel
from stamgast.domain.day_sums import Kept, Sums, month_of
from stamgast.domain.units import Millis
from stamgast.marketer.overview import Money, People, Seen, StageCount, overview
from stamgast.marketer.rules import RuleFigures, rules_page
from stamgast.programs.launches import speaks
from stamgast.programs.told_rules import ToldRule

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
MONTHS_DRAWN: Final = 13
_MONTHS: Final = 12


class MonthError(ValueError):
    """What was asked for is no month, or one that has not begun."""


class StoreMonth(Struct, frozen=True):
    """What one store sold (empty: stores that the programme does not name)."""

    store: str
    sums: Sums
    before: Sums


class MonthSums(Struct, frozen=True):
    """One month."""

    month: str
    sums: Sums


class MonthReport(Struct, frozen=True):
    """Money is in minor units of `currency`; a month is of business days, written as `2026-09`."""

    merchant: str
    name: str
    currency: str
    time_zone: str
    at: Millis
    month: str
    is_over: bool
    previous: str
    next: str | None
    """None: it has not begun."""
    sums: Sums
    before: Sums
    """The month before, all of it."""
    stores: list[StoreMonth]
    months: list[MonthSums]
    """This one and the twelve before it, the oldest first."""
    people: People
    """As of now, like what follows."""
    stages: list[StageCount]
    cards: list[CardFunnel]
    money: Money
    uncounted: Sums
    rules: list[RuleFigures] = []
    """Those that reached anybody, or speak; their figures are since ever."""


def month_report(seen: Seen, month: str, told: Iterable[ToldRule] = ()) -> MonthReport:
    """Make it. `told` are the rules in force. Raises MonthError."""
    kept, now = Kept.of(seen.totals), month_of(business_day(seen.now, seen.program.time_zone))
    if _MONTH.fullmatch(month) is None:
        raise MonthError(f'"{month}" is not a month; write it as 2026-09')
    if month > now:
        raise MonthError(f"{month} has not begun: it is {now}")
    previous, shop = shifted(month, -1), overview(seen)
    stores = [*seen.program.stores, *([""] if "" in kept.stores_of_month(month) else [])]
    return MonthReport(
        merchant=shop.merchant,
        name=shop.name,
        currency=shop.currency,
        time_zone=shop.time_zone,
        at=seen.now,
        month=month,
        is_over=month < now,
        previous=previous,
        next=shifted(month, 1) if month < now else None,
        sums=kept.month(month),
        before=kept.month(previous),
        stores=[StoreMonth(each, kept.month(month, each), kept.month(previous, each)) for each in stores],
        months=[
            MonthSums(each, kept.month(each))
            for each in (shifted(month, back) for back in range(1 - MONTHS_DRAWN, 1))
        ],
        people=shop.people,
        stages=shop.stages,
        cards=shop.cards,
        money=shop.money,
        uncounted=shop.uncounted,
        rules=[each for each in rules_page(seen, told).rules if each.reached or speaks(each.status)],
    )  # fmt: skip


def shifted(month: str, by: int) -> str:
    """The month so many later."""
    number = int(month[:4]) * _MONTHS + int(month[5:]) - 1 + by
    return f"{number // _MONTHS:04d}-{number % _MONTHS + 1:02d}"
