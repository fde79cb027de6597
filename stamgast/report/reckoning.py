"""What one customer's life adds to the figures of a span.

What happened counts by when it happened: a message when it was sent, a purchase when it was made. Who is compared are
those for whom a rule decided within the span; of them counts all that followed from that, up to now.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, MutableMapping

from rules.engine import CompiledRule
from stamgast.domain.brought import name_of
from stamgast.domain.budgets import Booked, parts_of
from stamgast.domain.channels import pieces_of
from stamgast.domain.counters import Counter as Counted
from stamgast.domain.counters import Tally, counter
from stamgast.domain.lapses import Lapses
from stamgast.domain.measuring import (
    BEFORE_THE_DRAW,
    HELD_OUT,
    Delivered,
    Sum,
    Watched,
    arm_of,
    is_watched,
    rule_of,
    told_apart,
    watch,
)
from stamgast.domain.told import Arm
from stamgast.domain.units import DAY, Millis
from stamgast.report.answers import add_answers
from stamgast.report.drawing import add_draws
from stamgast.report.lives import Decision, Life, Message
from stamgast.report.spans import Span
from stamgast.service import Bundle

Sums = MutableMapping[str, int]


class InForce:
    """Which bundle of a merchant was in force when."""

    def __init__(self) -> None:
        self._since: list[Millis] = []
        self._bundles: list[Bundle] = []

    def come(self, at: Millis, bundle: Bundle) -> None:
        """From then on this one is."""
        self._since.append(at)
        self._bundles.append(bundle)

    def at(self, moment: Millis) -> Bundle | None:
        """The one of a moment; before the first, that. None where none was ever published."""
        if not self._bundles:
            return None
        return self._bundles[max(0, bisect_right(self._since, moment) - 1)]


def reckon(life: Life, span: Span, in_force: InForce, sums: Sums) -> None:
    """Add one customer's part to the counters of their merchant."""
    if in_force.at(span.since) is not None:
        _Reckoning(life, span, in_force, sums).add()


class _Reckoning:
    def __init__(self, life: Life, span: Span, in_force: InForce, sums: Sums) -> None:
        self._life, self._span, self._in_force, self._sums = life, span, in_force, sums

    def add(self) -> None:
        delivered = self._add_messages()
        self._add_attributed(delivered)
        self._add_answers(delivered)
        for each in self._life.redeemed:
            if self._span.holds(each.at):
                self._count(each.rule, Sum.REDEEMED, by=each.times)
                self._count(each.rule, Sum.REWARDS, by=each.times * each.cost)
                self._count(each.rule, Sum.BASKETS, by=each.times * each.total)
        for paid in self._life.charged:
            if self._span.holds(paid.at):
                name = counter(Counted.BUDGET, *parts_of(paid.budget), Booked.SPENT)
                self._sums[name] = self._sums.get(name, 0) + paid.mills
        for at, became, reason, _ in self._life.friends:
            if self._span.holds(at):
                name = name_of(became, reason)
                self._sums[name] = self._sums.get(name, 0) + 1
        add_draws(self._life.drawn, self._span, self._sums)
        self._add_firings()
        if self._life.lapsing:
            self._add_lapses()
        if self._life.answers or self._life.messages:
            add_answers(self._life, self._span, self._bundle(self._span.until).program, self._sums)

    def _count(self, rule: str, *words: str, by: int = 1) -> None:
        if by:
            name = counter(Counted.MEASURE, rule, *words)
            self._sums[name] = self._sums.get(name, 0) + by

    def _bundle(self, moment: Millis) -> Bundle:
        found = self._in_force.at(moment)
        assert found is not None  # noqa: S101 - asked before
        return found

    # -- what happened

    def _add_messages(self) -> list[Delivered]:
        """Count what went; returns what arrived, whenever that was, oldest first."""
        for each in self._life.messages.values():
            rule = told_apart(each.rule, each.variant)
            moments = (each.taken, Sum.SENT), (each.delivered, Sum.DELIVERED), (each.read, Sum.READ)
            for moment, what in moments:
                if moment and self._span.holds(moment):
                    self._count(rule, what)
            if each.taken and self._span.holds(each.taken):
                self._count(rule, Sum.MESSAGES, by=self._price(each))
        return [self._arrived(each) for each in self._life.arrived]

    def _arrived(self, message: Message) -> Delivered:
        window = self._bundle(message.delivered).program.measure_window
        rule = told_apart(message.rule, message.variant)
        return Delivered(message.delivered, message.delivered + window, rule)

    def _price(self, message: Message) -> int:
        """In thousandths of a minor unit: as the carrier says, as was booked, or by the programme of then."""
        told = message.cost if message.price is None else message.price
        if told is not None:
            return told
        costs = self._bundle(message.taken).program.costs.contact_costs
        return costs.get(message.channel, 0) * pieces_of(message.channel, message.parts)

    def _add_attributed(self, delivered: list[Delivered]) -> None:
        if not delivered:
            return
        for each in self._life.bought.values():
            rule = rule_of(delivered, each.moment) if self._span.holds(each.moment) else ""
            if rule:
                self._count(rule, Sum.PURCHASES, by=each.entry.counts)
                self._count(rule, Sum.REVENUE, by=each.entry.spend)
                self._count(rule, Sum.PROFIT, by=each.entry.profit)

    def _add_answers(self, delivered: list[Delivered]) -> None:
        if not delivered:
            return
        for moment in self._life.replies:
            self._answered(delivered, moment, Sum.REPLIED)
        stopped = False
        for moment, stops in self._life.stops:
            if stops and not stopped:
                self._answered(delivered, moment, Sum.OPTED_OUT)
            stopped = stops

    def _answered(self, delivered: list[Delivered], moment: Millis, how: Sum) -> None:
        rule = rule_of(delivered, moment) if self._span.holds(moment) else ""
        if rule:
            self._count(rule, how)

    def _add_lapses(self) -> None:
        visits = sorted(each.moment for each in self._life.bought.values() if each.entry.counts > 0)
        lapses = Lapses()
        for at in self._life.lapsing:
            before = bisect_right(visits, at)
            if before and self._span.holds(at):
                day, newest = (moment // DAY for moment in (visits[before - 1], visits[-1]))
                lapses.add([(at, day)], newest, self._span.until, self._bundle(at).program.lapse)
        for name, times in lapses.counted():
            self._sums[name] = self._sums.get(name, 0) + times

    # -- what is compared

    def _add_firings(self) -> None:
        fired: Counter[str] = Counter()
        compared: dict[tuple[str, str], Watched] = {}
        for (rule_id, _), lines in self._life.firings.items():
            if not self._span.holds(lines[0].at):
                continue
            fired[rule_id] += 1
            bundle = self._bundle(lines[0].at)
            rule = bundle.rules.by_id.get(rule_id)
            line = None if rule is None or not rule.hold_out else governed(rule, lines)
            if line is None or line.reason in BEFORE_THE_DRAW:
                continue
            arm = HELD_OUT if line.arm == Arm.HELD_OUT else arm_of(line.variant)
            watched = compared.setdefault((rule_id, arm), Watched(arm, []))
            watch(watched, max(line.due, line.at), bundle.program.measure_window)
        for rule_id, times in fired.items():
            name = counter(Counted.RULE, rule_id, Tally.FIRED)
            self._sums[name] = self._sums.get(name, 0) + times
            self._count(rule_id, Sum.REACHED)
        spent = self._spent() if compared else {}
        now_on = {rule_id: watched for (rule_id, _), watched in compared.items()}
        for (rule_id, _), watched in compared.items():
            self._add_side(rule_id, watched, spent.get(rule_id, 0) if watched is now_on[rule_id] else 0)

    def _add_side(self, rule: str, watched: Watched, spent: int) -> None:
        inside = [each.entry for each in self._life.bought.values() if is_watched(watched, each.moment)]
        net = sum(entry.profit for entry in inside) * 1000 - spent
        self._count(rule, watched.arm, Sum.PEOPLE)
        self._count(rule, watched.arm, Sum.CONVERTED, by=int(sum(entry.counts for entry in inside) > 0))
        self._count(rule, watched.arm, Sum.NET, by=net)
        self._count(rule, watched.arm, Sum.SQUARES, by=net**2)

    def _spent(self) -> Mapping[str, int]:
        """Rule -> what followed from its decisions within the span cost, in thousandths of a minor unit."""
        spent: Counter[str] = Counter()
        for activation, each in self._life.messages.items():
            if each.taken and self._span.holds(self._life.asked.get(activation, 0)):
                spent[each.rule] += self._price(each)
        for used in self._life.redeemed:
            if self._span.holds(self._life.given.get(used.voucher, 0)):
                spent[used.rule] += used.times * used.cost * 1000
        return spent


def governed(rule: CompiledRule, lines: list[Decision]) -> Decision | None:
    """The line of a firing that says on which side the customer is: what was earned is given to everybody."""
    return next((each for each in lines if not (rule.earned and each.arm == Arm.GIVEN)), None)
