"""One customer's past in virtual time, fast: the state stays decoded from one event to the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from msgspec import structs

from rules.buyers import Buyers
from rules.engine import RUNNING
from rules.rule_set import RuleSet
from stamgast.backtest.lists import NO_LISTS, Lists
from stamgast.backtest.money import Answers, Move
from stamgast.backtest.plan import is_by_hand
from stamgast.backtest.preview import Looks, Previews
from stamgast.domain.activation import RANKS, Submission
from stamgast.domain.budget_events import BudgetAnswered
from stamgast.domain.budgets import Booked, Budget
from stamgast.domain.counters import BETWEEN, Counter
from stamgast.domain.customer import Customer
from stamgast.domain.events import AnyEvent, PurchaseChanged, Reviewed
from stamgast.domain.feed_events import FeedsTurned
from stamgast.domain.feed_health import Health
from stamgast.domain.purses import Ask
from stamgast.domain.told import Line, Moved, Told, name_of_voucher
from stamgast.domain.units import Day, Millis
from stamgast.domain.vocabulary import Status
from stamgast.fold import CustomerKey
from stamgast.service import Bundle, Change, Context, handle, hearing
from stamgast.simulate import Simulation

MOST_PASSED_OVER: Final = 20
"""Events of one customer that cannot be applied, before the whole customer is left out."""


_CHARGED: Final = f"{Counter.BUDGET}{BETWEEN}"
_SPENT: Final = f"{BETWEEN}{Booked.SPENT}"
_BUDGET: Final = Told.BUDGET
_LAPSING: Final = Counter.LAPSING
_DELIVERED: Final = Status.DELIVERED
_RANK: Final = RANKS[_DELIVERED]


Turns = Mapping[int, Sequence[FeedsTurned]]
"""Partition -> how a merchant's stores were heard, as was said there."""


class Played(NamedTuple):
    """What is played beside what happened: starts of campaigns, answers of budgets, lists, how stores were heard."""

    starts: tuple[Millis, ...] = ()
    answers: Answers | None = None
    lists: Lists = NO_LISTS
    turns: Turns = {}  # noqa: RUF012  nobody writes to it


NOTHING_MORE: Final = Played()


class SpoiltError(Exception):
    """An event could not be applied, and the state that it was applied to is no longer whole."""


class LeftOutError(Exception):
    """Nothing can be said of this customer."""


class Life(Simulation):
    """What one customer went through. `sent` has what was submitted since the rules are heard: when, what, its looks.

    Counters have no merchant before their names.
    """

    def __init__(
        self, bundle: Bundle, voucher_key: bytes, partition: int, previews: Previews, played: Played = NOTHING_MORE
    ) -> None:
        super().__init__(replace(bundle, rules=RuleSet()), voucher_key, partition=partition)
        self.sent: list[tuple[Millis, Submission, Looks]] = []
        self.charged: list[tuple[Millis, str, int]] = []
        """When, `budget|time`, and how much was charged to it, or came back."""
        self.moves: list[Move] = []
        """What was asked of budgets that hold something back, and what came back of it."""
        self.lapsing: list[tuple[Millis, Day]] = []
        """When the customer was called lapsing, and after which visit day."""
        self._has_budgets = bool(bundle.budgets)
        self._answers = played.answers
        self._starts = played.starts
        self._lists = played.lists
        self._turns = deque(played.turns.get(partition, ()))
        """What is still to be said of stores."""
        self._unwell: Mapping[str, Health] | None = None
        self._by_hand = [rule.id for rule in bundle.rules.all if rule.status in RUNNING and is_by_hand(rule)]
        self._searched = [
            audience.bought
            for audience in (rule.trigger.audience for rule in bundle.rules.all)
            if audience is not None and audience.bought is not None
        ]
        self._bought: dict[Buyers, set[str]] = {each: set() for each in self._searched}
        """What somebody asks about -> transactions of it."""
        self._paid: dict[str, str] = {}
        """Name of a voucher -> the activation that paid it."""
        self._heard = bundle
        self._customer: Customer | None = None
        self._ledger: dict[bytes, bytes] = {}
        self._previews = previews
        self._key: CustomerKey | None = None
        self._context = self._context_now()

    def state(self, key: CustomerKey) -> Customer | None:  # noqa: ARG002 - there is one
        """The state itself, no copy: whoever changes it changes it."""
        return self._customer

    def apply(self, event: AnyEvent, bundle: Bundle, partition: int = 0) -> Change:  # noqa: ARG002 - both as they are
        """As `Fold.apply`, without making bytes of anything. What raises leaves the state spoilt."""
        ledger = self._ledger
        if self._turns and self._turns[0].at <= event.at:
            self._hear_stores(event.at)
        change = handle(self._customer, event.customer, (event,), self._context, ledger)
        self._customer = change.state
        for field, value in change.ledger.items():
            if value is None:
                ledger.pop(field, None)
            else:
                ledger[field] = value
        counters, more = self.counters, change.counters
        for name, by in more.items():
            counters[name] = counters[name] + by if name in counters else by
        if _LAPSING in more:
            self.lapsing.append((event.at, change.state.last_day))
        if self._has_budgets:
            self._note_charged(event, change)
        if self._bought and isinstance(event, PurchaseChanged):
            self._note_bought(event)
        return change

    def _hear_stores(self, at: Millis) -> None:
        while self._turns and self._turns[0].at <= at:
            self._unwell = self._turns.popleft().unwell
        self._context = self._context_now()

    def _context_now(self) -> Context:
        return Context(hearing(self.bundle, self._unwell), self.partition, self._voucher_key)

    def _note_bought(self, event: PurchaseChanged) -> None:
        for buyers, transactions in self._bought.items():
            transactions.discard(event.transaction)
            if event.after is not None and buyers.holds(event.after, self._heard.program):
                transactions.add(event.transaction)

    def _occasions(self, to: Millis) -> Sequence[tuple[Millis, str]]:
        """With the moments at which campaigns are started."""
        found = super()._occasions(to)
        if not self._starts:
            return found
        started = [(at, rule) for at in self._starts if self.now < at <= to for rule in self._by_hand]
        return sorted([*found, *started]) if started and self.bundle.rules.all else found

    def _asked(self, rule_id: str, occasion: Millis) -> Sequence[CustomerKey]:
        audience = self.bundle.rules.by_id[rule_id].trigger.audience
        if audience is not None and audience.bought is not None and not self._bought[audience.bought]:
            return ()
        if audience is not None and audience.file and self._key is not None:
            listed = self._lists.of(rule_id, audience.name)
            if listed is not None and self._key[1] not in listed.members:
                return ()
        return super()._asked(rule_id, occasion)

    def _note_charged(self, event: AnyEvent, change: Change) -> None:
        for name, by in change.counters.items():
            if name.startswith(_CHARGED) and name.endswith(_SPENT):
                self.charged.append((event.at, name[len(_CHARGED) : -len(_SPENT)], by))
        if answered := isinstance(event, BudgetAnswered):
            self._paid = {name_of_voucher(name): event.activation for name in change.state.charges} | self._paid
        for line in change.told:
            if isinstance(line, Line) and line.kind == _BUDGET and not (answered and line.became == Moved.SPENT):
                mills = line.mills if line.became == Moved.SPENT else -line.mills
                about = line.activation or self._paid.get(line.voucher, "")
                self.moves.append(Move(event.at, event.customer, len(self.moves), about, mills, (line.budget,)))

    def hear_rules(self, at: Millis, key: CustomerKey) -> None:
        """From now on the rules are heard, and everything is counted; what they wait for is planned, as by an owner."""
        self._key = key
        self.bring_into_force(self._heard, at)
        self._context = self._context_now()
        self.happened.clear()
        self.counters.clear()
        self.failures.clear()
        self.sent.clear()
        self.charged.clear()
        self.moves.clear()
        self.lapsing.clear()
        if self.bundle.rules.awaited and self._customer is not None:
            self._run(Reviewed(merchant=key[0], customer=key[1], at=at))

    def _everybody(self) -> Sequence[CustomerKey]:
        return [self._key] if self._key is not None and self._customer is not None else []

    def _may_have(self, ask: Ask, limits: Sequence[tuple[str, Budget]]) -> bool:
        """As it was found when everybody's life was known (`stamgast.backtest.money`); the first time all get it."""
        to = tuple(each for each, _ in limits)
        move = Move(self.now, ask.customer, len(self.moves), ask.activation, ask.amount, to, asks=True)
        answers = self._answers
        given = answers is None or all(answers.pays(ask.merchant, move, each, budget) for each, budget in limits)
        self.moves.append(structs.replace(move, given=given))
        return given

    def _may_go(self, submission: Submission) -> bool:  # noqa: ARG002 - others' messages count as well
        """Limits of messages a day are taken off when everybody's life is known (`findings.figures_of`)."""
        return True

    def _deliver(self, submission: Submission) -> None:
        """It arrives at once; what came before that on its way makes no difference to anybody."""
        looks = self._previews.looks(submission)
        self.sent.append((self.now, submission, looks))
        self._become(submission, _DELIVERED, _RANK, parts=looks.parts)


def live(
    bundle: Bundle,
    events: Sequence[AnyEvent],
    span: tuple[Millis, Millis],
    *,
    voucher_key: bytes,
    previews: Previews,
    partition: int = 0,
    played: Played = NOTHING_MORE,
) -> tuple[Life, int]:
    """Play the events of one customer, in the order of time, up to the end of the span.

    Returns the life, and how many events could not be applied (a worker would have put them into the dead letters).

    Raises:
        LeftOutError: these were more than `MOST_PASSED_OVER`.
    """
    begin, end = span
    events = [event for event in events if event.at < end]
    passed_over = 0
    while True:
        life = Life(bundle, voucher_key, partition, previews, played)
        try:
            _play(life, events, begin)
        except SpoiltError as error:
            passed_over += 1
            if passed_over > MOST_PASSED_OVER:
                raise LeftOutError from error
            del events[error.args[0]]
            continue
        try:
            life.advance(end - 1)
        except Exception as error:  # as a worker would: the others' figures must come
            raise LeftOutError from error
        return life, passed_over


def _play(life: Life, events: Sequence[AnyEvent], begin: Millis) -> None:
    if not events:
        return
    heard, key = False, (events[0].merchant, events[0].customer)
    for index, event in enumerate(events):
        try:
            if not heard and event.at >= begin:
                life.hear_rules(begin, key)
                heard = True
            life.happen(event)
        except Exception as error:  # whatever it is, a worker would have passed it over too
            raise SpoiltError(index) from error
    if not heard:
        life.hear_rules(begin, key)
