"""The report of a month, for the shop's owner: what was sold, said and used, against the month before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from stamgast.domain.calendar import business_day
from stamgast.domain.card_funnel import CardFunnel
from stamgast.domain.counters import BETWEEN, Counter, Tally, counter
from stamgast.domain.day_sums import Kept, Sums, month_of
from stamgast.domain.measuring import Sum
from stamgast.domain.rule_months import Known, known_of
from stamgast.domain.units import Millis, Minor
from stamgast.marketer.overview import Money, People, Seen, StageCount, overview
from stamgast.marketer.rules import Changed, WhyNot, rules_page, why_not_of
from stamgast.programs.launches import speaks
from stamgast.programs.told_rules import ToldRule

_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
MONTHS_DRAWN: Final = 13
_MONTHS: Final = 12
_NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


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


class RuleMonth(Struct, frozen=True):
    """What a rule came to in the month; money in minor units."""

    rule: str
    sentence: str
    """Empty, as is `status`: it is no longer among the rules."""
    status: str
    broke: bool
    fired: int
    """How often; `reached` are the customers for whom that was the first time."""
    reached: int
    sent: int
    delivered: int
    read: int
    redeemed: int
    opted_out: int
    attributed_profit: Minor
    """Of purchases on days of the month within the window after a message that arrived."""
    messages: Minor
    rewards: Minor
    why_not: list[WhyNot]
    changed: Changed | None
    """Since it began: a month is too short to tell. None: it is no longer among the rules."""


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
    rules: list[RuleMonth] = []
    """Those that did something in the month, or did not and had a reason, or speak today."""
    rules_known: Known = Known.WHOLE


def month_report(
    seen: Seen, month: str, told: Iterable[ToldRule] = (), of_rules: Mapping[str, int] = _NOTHING
) -> MonthReport:
    """Make it. `told` are the rules in force, `of_rules` what was counted of rules in the month. Raises MonthError."""
    kept, now = Kept.of(seen.totals), month_of(business_day(seen.now, seen.program.time_zone))
    if checked(month) > now:
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
        rules=list(_rules(seen, list(told), of_rules)),
        rules_known=known_of(month, seen.totals, business_day(seen.now, seen.program.time_zone)),
    )  # fmt: skip


def _rules(seen: Seen, told: Sequence[ToldRule], counted: Mapping[str, int]) -> Iterator[RuleMonth]:
    """In the order of the files, and behind them those that are gone."""
    in_force = {each.rule: each for each in rules_page(seen, told).rules}
    gone = {name.split(BETWEEN)[1] for name, by in counted.items() if by} - in_force.keys()
    for rule in (*in_force, *sorted(gone)):
        since_ever = in_force.get(rule)
        of = partial(_counted, counted, Counter.MEASURE, rule)
        why_not = why_not_of(rule, counted)
        fired = _counted(counted, Counter.RULE, rule, Tally.FIRED)
        did = fired or why_not or any(of(each) for each in Sum)
        if not did and not (since_ever is not None and speaks(since_ever.status)):
            continue
        yield RuleMonth(
            rule=rule,
            sentence="" if since_ever is None else since_ever.sentence,
            status="" if since_ever is None else since_ever.status,
            broke=since_ever is not None and since_ever.broke,
            fired=fired,
            reached=of(Sum.REACHED),
            sent=of(Sum.SENT),
            delivered=of(Sum.DELIVERED),
            read=of(Sum.READ),
            redeemed=of(Sum.REDEEMED),
            opted_out=of(Sum.OPTED_OUT),
            attributed_profit=of(Sum.PROFIT),
            messages=(of(Sum.MESSAGES) + 500) // 1000,
            rewards=of(Sum.REWARDS),
            why_not=why_not,
            changed=None if since_ever is None else since_ever.changed,
        )


def _counted(counted: Mapping[str, int], *words: str) -> int:
    return counted.get(counter(*words), 0)


def checked(month: str) -> str:
    """The text, if it is a month. Raises MonthError."""
    if _MONTH.fullmatch(month) is None:
        raise MonthError(f'"{month}" is not a month; write it as 2026-09')
    return month


def shifted(month: str, by: int) -> str:
    """The month so many later."""
    number = int(month[:4]) * _MONTHS + int(month[5:]) - 1 + by
    return f"{number // _MONTHS:04d}-{number % _MONTHS + 1:02d}"
