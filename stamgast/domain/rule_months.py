"""What each rule came to in a month: names of the counters, what of a step moves them, and how long they stand.

They are the sums that are kept of a rule since ever, each moved in the month in which it was counted; what is
attributed to its messages stands in the month of the purchase's business day, as all that was sold does. So nothing
further is counted while events are applied: whoever writes a step knows what moved, and when.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

from stamgast.domain.counters import BETWEEN, Counter, counter
from stamgast.domain.day_sums import Per, days_of_month, of_month
from stamgast.domain.measuring import Sum
from stamgast.domain.units import Day

KEPT_DAYS: Final[Day] = 770
"""A month stands for so long after its last day: two years and a month, so that each has its like a year before."""
_OF_MESSAGES: Final = frozenset(
    {
        Sum.REACHED, Sum.SENT, Sum.DELIVERED, Sum.READ, Sum.OPTED_OUT, Sum.REDEEMED, Sum.MESSAGES, Sum.REWARDS,
    }
)  # fmt: skip
_OF_RULES: Final = f"{Counter.RULE}{BETWEEN}"
_MEASURED: Final = f"{Counter.MEASURE}{BETWEEN}"
_MONTHLY: Final = f"{Counter.RULE_MONTH}{BETWEEN}"


def begins_of(month: str) -> str:
    """How the counters of a month begin."""
    return f"{_MONTHLY}{month}{BETWEEN}"


@lru_cache(maxsize=4096)
def attributed_in(month: str, rule: str) -> str:
    """Name what the profit is of purchases on days of a month that came after a rule's messages."""
    return f"{begins_of(month)}{counter(Counter.MEASURE, rule.partition(BETWEEN)[0], Sum.PROFIT)}"


def moved_in(month: str, counters: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """What of a month moves with counters that were moved in it: those of rules, and how often any decided."""
    decided = 0
    for name, by in counters.items():
        told = _told_of(name)
        if told:
            yield f"{_MONTHLY}{month}{BETWEEN}{told}", by
            decided += by if told == name and told.startswith(_OF_RULES) else 0
    if decided:
        yield of_month(month, Per.DECIDED), decided


@lru_cache(maxsize=16384)
def _told_of(name: str) -> str:
    """What stands for a counter in a month, all variants of a message together; empty: nothing does."""
    if name.startswith(_OF_RULES):
        return name
    if name.startswith(_MEASURED):
        _, rule, *_, what = name.split(BETWEEN)
        if what in _OF_MESSAGES:
            return counter(Counter.MEASURE, rule, what)
    return ""


def of_month_alone(month: str, totals: Mapping[str, int]) -> dict[str, int]:
    """A month's counters by the names that they have since ever."""
    begins = begins_of(month)
    return {name.removeprefix(begins): by for name, by in totals.items() if name.startswith(begins)}


class Known(StrEnum):
    """What is known of rules in a month."""

    WHOLE = "whole"
    PART = "part"
    """Nobody counted by month until some time in it."""
    BEFORE = "before"
    """Nobody counted by month in it."""
    DROPPED = "dropped"
    """It is too long ago."""


def known_of(month: str, totals: Mapping[str, int], today: Day) -> Known:
    """Tell it of all counters of a merchant: what was counted of rules since ever stands in months, or came before."""
    if is_dropped(begins_of(month), today):
        return Known.DROPPED
    begins = counter(Counter.MONTH, "")
    ends = BETWEEN.join(("", Per.DECIDED, ""))
    months = {
        name[len(begins) : -len(ends)]: by
        for name, by in totals.items()
        if by and name.startswith(begins) and name.endswith(ends)
    }
    if sum(by for name, by in totals.items() if name.startswith(_OF_RULES)) == sum(months.values()):
        return Known.WHOLE
    first = min(months, default="")
    if not first or month < first:
        return Known.BEFORE
    return Known.PART if month == first else Known.WHOLE


def is_monthly(name: str) -> bool:
    """Whether a counter (without its merchant) is one of a rule's month: these stand in a hash of their own."""
    return name.startswith(_MONTHLY)


def is_dropped(name: str, today: Day) -> bool:
    """Whether it is of a month so long gone that nobody asks any more."""
    return is_monthly(name) and days_of_month(name.split(BETWEEN, 2)[1])[1] <= today - KEPT_DAYS
