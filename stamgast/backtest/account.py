"""What is counted of customers' lives, and added up over all of them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Final, TypeVar
from zlib import crc32

from msgspec import Struct, field

from stamgast.backtest.life import Life
from stamgast.backtest.lists import OnList
from stamgast.backtest.money import Move
from stamgast.domain.activation import Submission
from stamgast.domain.calendar import business_day
from stamgast.domain.counters import BETWEEN, Counter, Tally
from stamgast.domain.lapses import Lapses
from stamgast.domain.units import Day, Millis
from stamgast.domain.vocabulary import ActivationState, Happened

SAMPLES: Final = 20
"""Messages of each rule that are kept to be looked at."""
WAITING: Final = "still_waiting"
"""Why a message had not gone when the days were over."""
_Key = TypeVar("_Key")
_PURCHASES: Final = Counter.PURCHASES.value
_RULE: Final = Counter.RULE.value
_FIGURES: Final = frozenset({Tally.FIRED, Tally.NOT_MET, Tally.SHADOW, Tally.RAISED})
"""What is counted of a rule, under the names of its figures."""
_MONDAY: Final = 3
"""Day 0 was a Thursday."""


class Sent(Struct):
    """Messages of a rule on one day: how many, their SMS parts, their price in thousandths of a minor unit."""

    messages: int = 0
    parts: int = 0
    mills: int = 0


class RuleTally(Struct):
    """One rule over all days."""

    reached: int = 0
    """Customers for whom it fired."""
    fired: int = 0
    not_met: int = 0
    shadow: int = 0
    raised: int = 0
    notices: int = 0
    """How often staff were told something."""
    given: dict[str, int] = field(default_factory=dict)
    """Reward -> vouchers, less those that a refund took back."""
    withheld: dict[str, int] = field(default_factory=dict)
    sent: dict[Day, Sent] = field(default_factory=dict)
    unsendable: dict[str, int] = field(default_factory=dict)
    """Why a message could not have been sent as it is written -> how often."""


class Overlap(Struct):
    """Two rules wanted the same customer on the same day: of how many customers, and of how many both wrote."""

    customers: int = 0
    both: int = 0


Sample = tuple[int, str, Millis, Submission]
"""A number to choose by, the rule, when it was sent, the message."""


class Account(Struct):
    """Everything that is known after a share of the customers."""

    customers: int = 0
    left_out: int = 0
    passed_over: int = 0
    purchases: int = 0
    rules: dict[str, RuleTally] = field(default_factory=dict)
    cards: dict[str, int] = field(default_factory=dict)
    """Reward -> vouchers that cards gave by themselves."""
    weeks: dict[int, int] = field(default_factory=dict)
    """Messages that one customer gets in one week -> how many such weeks there were."""
    overlaps: dict[tuple[str, str], Overlap] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    lapses: Lapses = field(default_factory=Lapses)
    charged: dict[tuple[str, str], dict[Day, int]] = field(default_factory=dict)
    """(budget, time) -> day -> thousandths of a minor unit."""
    moves: list[Move] = field(default_factory=list)
    wanted: dict[tuple[str, str], int] = field(default_factory=dict)
    """(budget, time) -> what would have been spent of it if it held nothing back."""
    lists: dict[str, OnList] = field(default_factory=dict)
    """Rule -> its list, where that is known."""
    settled: bool = True
    """What budgets held back follows from what everybody asked for, to the last."""

    def rule(self, rule: str) -> RuleTally:
        """That rule's figures, to be added to."""
        if rule not in self.rules:
            self.rules[rule] = RuleTally()
        return self.rules[rule]

    def add(self, life: Life) -> None:
        """Count one customer."""
        self.customers += 1
        self._count_counters(life)
        self._count_happenings(life)
        if life.sent:
            self._count_messages(life)
        self.moves += life.moves
        state = life.state(("", ""))
        if life.lapsing and state is not None:
            self.lapses.add(life.lapsing, state.last_day, life.now, life.bundle.program.lapse)
        for at, charged, mills in life.charged:
            budget, _, period = charged.rpartition(BETWEEN)
            day = business_day(at, life.bundle.program.time_zone)
            _add(self.charged.setdefault((budget, period), {}), {day: mills})

    def merge(self, other: Account) -> None:
        """Add what another process counted."""
        for name in ("customers", "left_out", "passed_over", "purchases"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for rule, tally in other.rules.items():
            _merge_tally(self.rule(rule), tally)
        self.lapses.merge(other.lapses)
        _add(self.cards, other.cards)
        _add(self.weeks, other.weeks)
        for pair, overlap in other.overlaps.items():
            ours = self.overlaps.setdefault(pair, Overlap())
            ours.customers += overlap.customers
            ours.both += overlap.both
        for key, by_day in other.charged.items():
            _add(self.charged.setdefault(key, {}), by_day)
        self.moves += other.moves
        for rule, listed in other.lists.items():
            known = self.lists.get(rule, OnList())
            self.lists[rule] = OnList(max(known.size, listed.size), known.found + listed.found)
        for rule, samples in other.samples.items():
            self.samples[rule] = heapq.nsmallest(SAMPLES, (*self.samples.get(rule, ()), *samples), key=_chosen_by)

    def _count_counters(self, life: Life) -> None:
        for name, times in life.counters.items():
            if name == _PURCHASES:
                self.purchases += times
                continue
            what, *words = name.split(BETWEEN)
            if what != _RULE:
                continue
            rule, counted = words[:2]
            tally = self.rule(rule)
            if counted in _FIGURES:
                setattr(tally, counted, getattr(tally, counted) + times)
                tally.reached += counted == Tally.FIRED

    def _count_happenings(self, life: Life) -> None:
        by_day: dict[Day, dict[str, bool]] = {}
        zone = life.bundle.program.time_zone
        for each in life.happened:
            if each.kind is Happened.GIVE or each.kind is Happened.WITHDRAW:
                given = self.rule(each.rule).given if each.rule else self.cards
                given[each.what] = given.get(each.what, 0) + (1 if each.kind is Happened.GIVE else -1)
            elif each.kind is Happened.WITHHELD or each.kind is Happened.SEND:
                is_sent = each.kind is Happened.SEND
                if not is_sent:
                    _add(self.rule(each.rule).withheld, {each.reason: 1})
                day = business_day(each.decided_at or each.at, zone)
                at_once = is_sent and day == business_day(each.at, zone)  # one that was outranked goes another day
                wanted = by_day.setdefault(day, {})
                wanted[each.rule] = wanted.get(each.rule, False) or at_once
        state = life.state(("", ""))
        for activation in () if state is None else state.activations:
            if activation.state == ActivationState.HELD:
                _add(self.rule(activation.rule).withheld, {WAITING: 1})
        self._count_overlaps(by_day.values())

    def _count_overlaps(self, days: Iterable[dict[str, bool]]) -> None:
        met: dict[tuple[str, str], bool] = {}
        for wanted in days:
            if len(wanted) > 1:
                for one, other in combinations(sorted(wanted), 2):
                    met[one, other] = met.get((one, other), False) or (wanted[one] and wanted[other])
        for pair, both in met.items():
            overlap = self.overlaps.setdefault(pair, Overlap())
            overlap.customers += 1
            overlap.both += both

    def _count_messages(self, life: Life) -> None:
        zone = life.bundle.program.time_zone
        weeks: dict[int, int] = {}
        for at, submission, looks in life.sent:
            day = business_day(at, zone)
            tally = self.rule(submission.rule)
            self._sample(at, submission)
            if submission.staff:  # it is no message to the customer, and costs them nothing
                tally.notices += 1
                continue
            sent = tally.sent.setdefault(day, Sent())
            sent.messages += 1
            sent.parts += looks.parts
            sent.mills += looks.mills
            if looks.refusal:
                _add(tally.unsendable, {looks.refusal: 1})
            week = (day + _MONDAY) // 7
            weeks[week] = weeks.get(week, 0) + 1
        for messages in weeks.values():
            self.weeks[messages] = self.weeks.get(messages, 0) + 1

    def _sample(self, at: Millis, submission: Submission) -> None:
        samples = self.samples.setdefault(submission.rule, [])
        sample = (crc32(submission.activation.encode()), submission.rule, at, submission)
        if len(samples) < SAMPLES or sample[0] < samples[-1][0]:
            samples.append(sample)
            samples.sort(key=_chosen_by)
            del samples[SAMPLES:]


def _chosen_by(sample: Sample) -> tuple[int, Millis]:
    return sample[0], sample[2]


def _merge_tally(ours: RuleTally, theirs: RuleTally) -> None:
    for name in ("reached", "fired", "not_met", "shadow", "raised", "notices"):
        setattr(ours, name, getattr(ours, name) + getattr(theirs, name))
    _add(ours.given, theirs.given)
    _add(ours.withheld, theirs.withheld)
    _add(ours.unsendable, theirs.unsendable)
    for day, sent in theirs.sent.items():
        total = ours.sent.setdefault(day, Sent())
        total.messages += sent.messages
        total.parts += sent.parts
        total.mills += sent.mills


def _add(total: dict[_Key, int], more: Mapping[_Key, int]) -> None:
    for key, number in more.items():
        total[key] = total.get(key, 0) + number
