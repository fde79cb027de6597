"""The same use case without Kafka and Redis, in virtual time.

`Simulation` plays the parts that a log would have got from others, too: it fires due timers and answers submissions,
each at its virtual time. Backtests and rule tests run on it.
"""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rules.actions import Give
from rules.engine import View
from stamgast.domain.activation import FINAL_WITHOUT_SEND, RANKS, UNSENT_RANK, Submission
from stamgast.domain.answers import is_answer
from stamgast.domain.budget_events import BudgetAnswered
from stamgast.domain.budgets import WHOLE, Booked, Budget, Mills, WhenSpent, parts_of
from stamgast.domain.calendar import business_day
from stamgast.domain.code_events import CodeGiven
from stamgast.domain.conversation import Conversation, OpenQuestion
from stamgast.domain.counters import BETWEEN, Counter, counter
from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.events import ActivationOutcome, AnyEvent, Scheduled, TimerDue
from stamgast.domain.purses import Ask, decode_ask, is_reached
from stamgast.domain.shop_codes import decode_want, hidden
from stamgast.domain.told import StampsLine
from stamgast.domain.units import Day, Millis
from stamgast.domain.vocabulary import Happened, NoteKind, Reason, Status, StepKind, VoucherState
from stamgast.fold import CustomerKey, Fold
from stamgast.service import Bundle, Change, Context, hand_out
from stamgast.service.schedules import fact_of, is_in

OFFER = "an offer"
"""What was withheld where no message was to tell of it."""
TO = "to"
_EXAMPLE: Final = hidden("EXAMPLE-CODE", "EXAMPLE-CODE")
FRIEND = "friend"
"""Of what is given: that it is for a friend."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that a simulation did.

    `what` is the template, reward or tag; `reason` says why a message was withheld.
    """

    at: Millis
    merchant: str
    customer: str
    kind: Happened
    what: str
    rule: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    decided_at: Millis = 0
    """Of a message that was sent: when its rule asked for it."""


class Simulation(Fold):
    """Virtual time: events go in by time order, timers fire in between, every message is delivered at once."""

    def __init__(
        self, bundle: Bundle, voucher_key: bytes = b"simulation", *, mind_holdout: bool = True, partition: int = 0
    ) -> None:
        super().__init__(voucher_key, mind_holdout=mind_holdout)
        self.bundle = bundle
        self.partition = partition
        self.now: Millis = 0
        self.happened: list[Happening] = []
        self.failures: list[tuple[str, str]] = []
        self.budget_left: Mills | None = None
        """What every budget has at the beginning; None: all of it."""
        self.messages_left: int | None = None
        """What the rules' limits of messages a day leave on the first day that one of them is asked; None: all."""
        self.tells_others = False
        """What happens to one customer is told to others; a backtest plays each alone, with what they were told."""
        self._timers: list[tuple[Millis, CustomerKey]] = []
        self._planned: dict[CustomerKey, set[Millis]] = {}
        """Customer -> the moments that stand among the timers."""
        self._sent: dict[str, dict[Day, int]] = {}
        """Rule with a limit of messages a day -> what was taken from it on which."""

    def feed(self, events: Iterable[AnyEvent]) -> None:
        """Let time pass up to each event and apply it."""
        for event in events:
            self.happen(event)

    def happen(self, event: AnyEvent) -> None:
        """Let time pass up to an event and apply it."""
        self.advance(event.at)
        self._run(event)

    def advance(self, to: Millis) -> None:
        """Fire every timer that is due up to `to`, in order, and ask everybody at each occasion of a schedule."""
        for occasion, rule in self._occasions(to):
            self._fire_timers(occasion)
            for merchant, customer in self._asked(rule, occasion):
                at = max(occasion, self.now)
                self._run(Scheduled(merchant=merchant, customer=customer, at=at, rule=rule, occasion=occasion))
        self._fire_timers(to)

    def _occasions(self, to: Millis) -> Sequence[tuple[Millis, str]]:
        """Those of all schedules from now on; before anything happened there are none."""
        rules = self.bundle.rules.scheduled
        if not rules or not self.now:
            return ()
        zone = self.bundle.program.time_zone
        found = ((rule.trigger.schedule, rule.id) for rule in rules)
        return sorted(
            (occasion, rule)
            for schedule, rule in found
            if schedule is not None
            for occasion in schedule.between(self.now, to, zone)
        )

    def _asked(self, rule_id: str, occasion: Millis) -> Sequence[CustomerKey]:
        """Whom the rule's occasions are for."""
        program, audience = self.bundle.program, self.bundle.rules.by_id[rule_id].trigger.audience
        everybody = self._everybody()
        if audience is None or audience.condition is None:  # who is on a list, or has bought what, is not known here
            return everybody
        at, fact = max(occasion, self.now), fact_of(rule_id, occasion)
        views = {key: View(self.state(key) or Customer(), program, at, fact, key[1]) for key in everybody}
        return [key for key, view in views.items() if is_in(view, audience)]

    def _everybody(self) -> Sequence[CustomerKey]:
        """Whoever is known of the merchant."""
        return [key for key in self.states if key[0] == self.bundle.program.merchant]

    def _fire_timers(self, to: Millis) -> None:
        while self._timers and self._timers[0][0] <= to:
            due, key = heapq.heappop(self._timers)
            self._planned[key].discard(due)
            state = self.state(key)
            if state is not None and due in state.timers.values():
                at = max(due, self.now)
                self._run(TimerDue(merchant=key[0], customer=key[1], at=at, due=due))
        self.now = max(self.now, to)

    def bring_into_force(self, bundle: Bundle, at: Millis) -> None:
        """Let time pass up to a moment; from then on another bundle decides, as after a barrier."""
        self.advance(at)
        self.bundle = bundle

    def _run(self, event: AnyEvent) -> None:
        self.now = max(self.now, event.at)
        key = (event.merchant, event.customer)
        before = self.state(key)
        tags = tuple(before.tags) if before is not None and before.tags else ()
        self._follow(key, tags, self.apply(event, self.bundle, self.partition))

    def ask(self, key: CustomerKey, question: str, at: Millis) -> None:
        """Let time pass up to a moment and let a question be open, for a rule's test."""
        self.advance(at)
        state = self.state(key) or Customer()
        closes_at = at + self.bundle.program.questions[question].closes_after
        state.conversation = state.conversation or Conversation()
        state.conversation.question = OpenQuestion(question, "", closes_at)
        self.states[key] = encode_customer(state)

    def hand_out(self, key: CustomerKey, reward: str, at: Millis) -> None:
        """Let time pass up to a moment and give a customer a reward, for a rule's test."""
        self.advance(at)
        before = self.state(key) or Customer()
        tags = tuple(before.tags)
        context = Context(self.bundle, self.partition, self._voucher_key, self._mind_holdout)
        change = hand_out(before, key[1], reward, at, context)
        self._write(key, change)
        self._follow(key, tags, change)

    def _follow(self, key: CustomerKey, tags: Collection[str], change: Change) -> None:
        """Note what an event came to, plan its timers, deliver its messages. Most events do little, and are many."""
        if change.failures:
            self.failures += change.failures
        submissions = change.submissions
        beyond = self._beyond(submissions) if submissions else ()
        self._note(key, tags, change, beyond)
        planned = self._planned.get(key)
        if planned is None:
            planned = self._planned[key] = set()
        for due in change.state.timers.values():
            if due not in planned:
                planned.add(due)
                heapq.heappush(self._timers, (due, key))
        for submission in submissions:
            if submission.activation in beyond:
                self._hold_back(submission)
            elif submission.activation not in change.cancels:
                self._deliver(submission)
        if change.asks or change.tells or change.wants:
            self._let_others_hear(change)

    def _let_others_hear(self, change: Change) -> None:
        """What other streams get from the owner of a partition: what was told to customers, and answers of budgets."""
        for event in change.tells if self.tells_others else ():
            self._run(event)
        for value in [*change.asks.values()]:
            self._answer(value)
        for value in [*change.wants.values()]:
            self._give_code(value)

    def _beyond(self, submissions: Sequence[Submission]) -> Collection[str]:
        """Those of them for which their rule's limit of the day has no room."""
        return {each.activation for each in submissions if each.per_day and not self._may_go(each)}

    def _give_code(self, wanted: bytes | None) -> None:
        """A code of the shop's own, of which there are enough: which one it is makes no difference to anybody."""
        if wanted is not None:
            want = decode_want(wanted)
            self._run(
                CodeGiven(
                    merchant=want.merchant,
                    customer=want.customer,
                    at=self.now,
                    voucher=want.voucher,
                    reward=want.reward,
                    code=_EXAMPLE,
                )
            )

    def _answer(self, asked: bytes | None) -> None:
        """Answer what is asked of budgets, as the owner of the only partition."""
        if asked is None:
            return
        ask = decode_ask(asked)
        limits = [(each, self.bundle.budgets.get(parts_of(each)[0])) for each in ask.to]
        to = [(each, budget) for each, budget in limits if budget is not None and budget.holds]
        self._run(
            BudgetAnswered(
                merchant=ask.merchant,
                customer=ask.customer,
                at=self.now,
                activation=ask.activation,
                given=self._may_have(ask, to),
                to=tuple(each for each, _ in to),
                amount=ask.amount,
            )
        )

    def _may_have(self, ask: Ask, limits: Sequence[tuple[str, Budget]]) -> bool:
        """Whether these budgets, each in a time, pay what is asked of them."""
        return all(self._pays(ask, each, budget) for each, budget in limits)

    def _pays(self, ask: Ask, charged: str, budget: Budget) -> bool:
        name, period = parts_of(charged)
        whole = budget.mills if self.budget_left is None else self.budget_left
        counted = f"{ask.merchant}{BETWEEN}{counter(Counter.BUDGET, name, period, Booked.SPENT)}"
        left = whole - self.counters.get(counted, 0)
        shrinks = budget.when_spent is WhenSpent.SHRINK
        if shrinks and not is_reached(name, ask.merchant, ask.customer, left * WHOLE // budget.mills):
            return False
        return left >= ask.amount

    def _deliver(self, submission: Submission) -> None:
        for status in (Status.ACCEPTED, Status.DELIVERED):
            self._become(submission, status, RANKS[status])

    def _become(self, submission: Submission, status: Status, rank: int, reason: str = "", parts: int = 0) -> None:
        self._run(
            ActivationOutcome(
                merchant=submission.merchant,
                customer=submission.customer,
                at=self.now,
                activation=submission.activation,
                status=status,
                rank=rank,
                channel=submission.channel,
                reason=reason,
                parts=parts,
            )
        )

    def _may_go(self, submission: Submission) -> bool:
        """Take a message from its rule's limit of the day, if that has one left."""
        days, today = self._sent.setdefault(submission.rule, {}), business_day(self.now, self.bundle.program.time_zone)
        left = submission.per_day
        if self.messages_left is not None and (not days or today == min(days)):
            left = min(left, self.messages_left)
        taken = days.setdefault(today, 0)
        if taken >= left:
            return False
        days[today] = taken + 1
        return True

    def _hold_back(self, submission: Submission) -> None:
        """Its rule has sent as many as it may that day."""
        self._become(submission, Status.SUPPRESSED, UNSENT_RANK, Reason.RULE_LIMIT)

    def _note_messages(self, key: CustomerKey, change: Change, beyond: Collection[str]) -> None:
        for submission in change.submissions:
            if submission.activation in beyond or is_answer(submission.template):
                continue
            self._say(
                key,
                Happened.NOTIFY if submission.staff else Happened.SEND,
                submission.template,
                rule=submission.rule,
                data=submission.data,
                decided_at=submission.decided_at,
            )
        for note in change.notes:
            if note.kind == NoteKind.OUTCOME and note.status in FINAL_WITHOUT_SEND and note.rule and not note.staff:
                offers = self._offered(note.rule, note.step)
                self._say(
                    key,
                    Happened.WITHHELD,
                    note.template or OFFER,
                    rule=note.rule,
                    reason=note.reason,
                    data={"offers": offers} if offers else None,
                )

    def _note(self, key: CustomerKey, before: Collection[str], change: Change, beyond: Collection[str] = ()) -> None:
        if change.submissions or change.notes:
            self._note_messages(key, change, beyond)
        if change.issued or change.withdrawn:
            self._note_vouchers(key, change)
        for rule, reward in change.gifts:
            self._say(key, Happened.GIVE, reward, rule=rule, data={TO: FRIEND})
        for rule, card, stamps in change.stamped:
            self._say(key, Happened.ADD_STAMPS if stamps > 0 else Happened.TAKE_STAMPS, card, rule=rule)
        for rule, draw, entries in change.entered:
            self._say(key, Happened.ENTER_DRAW if entries > 0 else Happened.LEAVE_DRAW, draw, rule=rule)
        for rule, tier, given in change.tiers:
            self._say(key, Happened.SET_TIER if given else Happened.TAKE_TIER, tier, rule=rule)
        if self.bundle.program.expiring_cards:
            self._note_run_out(key, change)
        tags = change.state.tags
        if before != tuple(tags):
            self._note_tags(key, before, tags)

    def _note_tags(self, key: CustomerKey, before: Collection[str], tags: Collection[str]) -> None:
        for tag in sorted(set(tags).difference(before)):
            self._say(key, Happened.TAG, tag)
        for tag in sorted(set(before).difference(tags)):
            self._say(key, Happened.UNTAG, tag)

    def _note_run_out(self, key: CustomerKey, change: Change) -> None:
        for line in change.told:
            if isinstance(line, StampsLine) and line.became == StepKind.EXPIRED:
                self._say(key, Happened.RUN_OUT, line.card)

    def _offered(self, rule_id: str, key: str) -> tuple[str, ...]:
        """The rewards that went with a message, or an offer, that was withheld."""
        rule = self.bundle.rules.by_id.get(rule_id)
        step = None if rule is None or rule.earned else rule.step(key)
        return () if step is None else tuple(deed.reward for deed in step.deeds if isinstance(deed, Give))

    def _note_vouchers(self, key: CustomerKey, change: Change) -> None:
        """What was given and is open, or was taken back; not what came back within the same event."""
        issued, withdrawn = ({voucher.code for voucher in those} for those in (change.issued, change.withdrawn))
        for voucher in change.issued:
            if voucher.state == VoucherState.OPEN and voucher.code not in withdrawn:
                self._say(key, Happened.GIVE, voucher.reward, rule=voucher.of_rule, data={"code": voucher.code})
        for voucher in change.withdrawn:
            if voucher.state == VoucherState.WITHDRAWN and voucher.code not in issued:
                self._say(key, Happened.WITHDRAW, voucher.reward, rule=voucher.of_rule)

    def _say(
        self,
        key: CustomerKey,
        kind: Happened,
        what: str,
        *,
        rule: str = "",
        reason: str = "",
        data: Mapping[str, Any] | None = None,
        decided_at: Millis = 0,
    ) -> None:
        self.happened.append(Happening(self.now, *key, kind, what, rule, reason, data or {}, decided_at))
