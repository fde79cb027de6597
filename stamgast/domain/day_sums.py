"""What a shop did on a business day and in a month, by store: names of the counters, and sums of them.

A sale counts on its business day and in the store where it was rung up, however late it comes in, and what is taken
back is taken off that day. What a day was is counted as long as somebody may ask (`KEPT`); months stay.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

from stamgast.domain.calendar import business_day, date_of, day_of_date, offset_of_day
from stamgast.domain.counters import BETWEEN, Counter, counter
from stamgast.domain.units import DAY, Day, Minor

KEPT: Final[Day] = 63
"""Days back that are counted by day: nine weeks."""
DROPPED: Final[Day] = KEPT + 7
"""Days back from which on their counters go: nothing has been added to them for a week by then."""
BEFORE: Final = "before"
"""Stands for the month of what was counted when nobody kept months: it belongs to one that is not known."""


class Per(StrEnum):
    """What is summed. Their words stand in counters and never change."""

    PURCHASES = "purchases"
    SPEND = "spend"
    PROFIT = "profit"
    VISITS = "visits"
    """Customers who bought something, once each day (of days alone, and of no store)."""
    CUSTOMERS = "customers"
    """Customers who bought something, once each month (of months alone, and of no store)."""
    SENT = "sent"
    """Messages that a carrier took (of no store)."""
    COST = "cost"
    """What messages cost, in thousandths of a minor unit, when that was booked (of no store)."""
    REDEEMED = "redeemed"
    """Rewards used, less those taken back, each when it happened (of no store)."""
    DECIDED = "decided"
    """What rules came to, whatever that was (of months alone, and of no store): whether a month knows of all of it."""


OF_SALES: Final = (Per.PURCHASES, Per.SPEND, Per.PROFIT)


_SUMMED: Final = tuple(each for each in Per if each not in (Per.COST, Per.DECIDED))


class Sums(Struct, frozen=True):
    """What a span of days came to; money in minor units."""

    purchases: int = 0
    spend: Minor = 0
    profit: Minor = 0
    visits: int = 0
    customers: int = 0
    sent: int = 0
    cost: Minor = 0
    """What messages cost, rounded half up."""
    redeemed: int = 0

    @classmethod
    def of(cls, found: Mapping[str, int]) -> "Sums":
        """Make them of counters by `Per`."""
        cost = (found.get(Per.COST, 0) + 500) // 1000
        return cls(**{each.value: found.get(each, 0) for each in _SUMMED}, cost=cost)


class Names(NamedTuple):
    """The counters that a sale moves: of its day, and of the month."""

    purchases: str
    spend: str
    profit: str
    purchases_of_month: str
    spend_of_month: str
    profit_of_month: str


@lru_cache(maxsize=4096)
def month_of(day: Day) -> str:
    """`2026-09`."""
    return date_of(day).isoformat()[:7]


@lru_cache(maxsize=4096)
def month_of_all_day(day: Day, zone: str) -> str:
    """The month that a clock in `zone` shows from midnight UTC to midnight UTC; empty where it shows two, or may."""
    if offset_of_day(day, zone) is None:
        return ""
    first, last = (month_of(business_day(at, zone)) for at in (day * DAY, (day + 1) * DAY - 1))
    return first if first == last else ""


@lru_cache(maxsize=512)
def days_of_month(month: str) -> tuple[Day, Day]:
    """`2026-09` -> its first and its last day."""
    year, number = map(int, month.split("-"))
    first = day_of_date(date(year, number, 1))
    return first, first + monthrange(year, number)[1] - 1


@lru_cache(maxsize=4096)
def names_of_sale(day: Day, store: str) -> Names:
    """What a sale in a store on a day counts towards."""
    month = month_of(day)
    return Names(*(of_day(day, each, store) for each in OF_SALES), *(of_month(month, each, store) for each in OF_SALES))


@lru_cache(maxsize=4096)
def of_day(day: Day, what: str, store: str = "") -> str:
    """Name a day's counter."""
    return counter(Counter.DAY, str(day), what, store)


@lru_cache(maxsize=4096)
def of_month(month: str, what: str, store: str = "") -> str:
    """Name a month's counter."""
    return counter(Counter.MONTH, month, what, store)


class Kept(NamedTuple):
    """What a merchant's counters hold of days and months: span -> store -> `Per` -> sum."""

    days: Mapping[Day, Mapping[str, Mapping[str, int]]]
    months: Mapping[str, Mapping[str, Mapping[str, int]]]

    @classmethod
    def of(cls, totals: Mapping[str, int]) -> "Kept":
        """Read them."""
        days: dict[Day, dict[str, dict[str, int]]] = {}
        months: dict[str, dict[str, dict[str, int]]] = {}
        for name, value in totals.items():
            kind, _, rest = name.partition(BETWEEN)
            if kind == Counter.DAY:
                day, what, store = rest.split(BETWEEN, 2)
                days.setdefault(int(day), {}).setdefault(store, {})[what] = value
            elif kind == Counter.MONTH:
                month, what, store = rest.split(BETWEEN, 2)
                months.setdefault(month, {}).setdefault(store, {})[what] = value
        return cls(days, months)

    def days_of(self, days: Iterable[Day], store: str | None = None) -> Sums:
        """Sum days, or what was sold on them in one store (empty: in none that the programme names)."""
        return _sum_of([self.days.get(day, {}) for day in days], store)

    def month(self, month: str, store: str | None = None) -> Sums:
        """Sum a month, as `days_of` does."""
        return _sum_of([self.months.get(month, {})], store)

    def stores_of_month(self, month: str) -> list[str]:
        """Where something was sold in a month."""
        found = self.months.get(month, {})
        return sorted(store for store, sums in found.items() if any(sums.get(each) for each in OF_SALES))

    @property
    def before(self) -> Sums:
        """What was sold in months that are not known, as it was counted before months were."""
        return _sum_of([self.months.get(BEFORE, {})], None)


def _sum_of(spans: Iterable[Mapping[str, Mapping[str, int]]], store: str | None) -> Sums:
    sums: dict[str, int] = {}
    for span in spans:
        for name, found in span.items():
            if store is None or name == store:
                for what, by in found.items():
                    if store is None or what in OF_SALES:
                        sums[what] = sums.get(what, 0) + by
    return Sums.of(sums)


def is_dropped(name: str, today: Day) -> bool:
    """Whether a counter (without its merchant) is of a day so long gone that nobody asks any more."""
    kind, _, rest = name.partition(BETWEEN)
    return kind == Counter.DAY and int(rest.partition(BETWEEN)[0]) <= today - DROPPED
