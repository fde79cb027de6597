"""Rules compiled to closures (`rules.rule_set` finds those that an event concerns).

Pure: it imports the domain and the actions' data, nothing else. Conditions know three answers: met, not met, and
unknown (None), when what they ask about is missing, such as the basket of a customer who is merely silent. Unknown
counts as not met, also inside `none`, and never raises.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from msgspec import Struct

from rules.actions import Action, Send, Unless
from rules.buyers import Buyers
from rules.probes import Probe
from rules.steps import Step, steps_of
from stamgast.domain.awaited import Awaited
from stamgast.domain.budgets import Budget
from stamgast.domain.calendar import LocalTime, business_day, local_time, weekday
from stamgast.domain.clv import clv_by
from stamgast.domain.counters import BETWEEN, Counter, Tally, counter
from stamgast.domain.customer import Customer
from stamgast.domain.facts import Fact
from stamgast.domain.kept import NOTHING_KEPT, Kept
from stamgast.domain.occasions import BY_FACT
from stamgast.domain.program import Program, Window
from stamgast.domain.rule_answers import code_of, key_of
from stamgast.domain.schedules import Schedule
from stamgast.domain.spans import Span
from stamgast.domain.units import Day, Millis, Minor
from stamgast.domain.vocabulary import Outside, RuleStatus

OTHERWISE: Final = "otherwise:"
"""How keys of that branch's steps begin."""
MAX_PRIORITY: Final = 100
_LONGEST: Final = 120
"""Letters of a condition in a counter's name."""
DEFAULT_PRIORITY: Final = 50
RUNNING: Final[frozenset[str]] = frozenset({RuleStatus.SHADOW, RuleStatus.CANARY, RuleStatus.LIVE})
"""Statuses whose rules listen; `draft` and `paused` ones do not."""
SPEAKING: Final[frozenset[str]] = frozenset({RuleStatus.CANARY, RuleStatus.LIVE})
"""Statuses whose rules do something, too."""


class View(Struct, gc=False):
    """What a rule may look at: the customer after the event, the programme, the recorded time and the fact."""

    customer: Customer
    program: Program
    at: Millis
    fact: Fact
    customer_id: str = ""
    _local: LocalTime | None = None
    _values: dict[str, Minor | None] | None = None

    @property
    def local(self) -> LocalTime:
        """When it happened on the shop's clock: a purchase's own time in its store's zone, else the recorded time."""
        if self._local is None:
            self._local = self._find_local()
        return self._local

    def clv(self, method: str) -> Minor | None:
        """Lifetime value by a method of `stamgast.domain.clv`, at the recorded time; None where it says nothing."""
        if self._values is None:
            self._values = {}
        if method not in self._values:
            self._values[method] = clv_by(method, self.customer, self.program, self.at)
        return self._values[method]

    @property
    def churn_probability(self) -> float | None:
        """The chance of no purchase within the programme's horizon; None without a model or a purchase."""
        prospects, program = self.program.prospects, self.program
        if prospects is None:
            return None
        today = business_day(self.at, program.time_zone)
        return prospects.churn_probability(self.customer, today, program.horizon.churn_days)

    def _find_local(self) -> LocalTime:
        purchase = self.fact.purchase
        if purchase is None:
            return local_time(self.at, self.program.time_zone)
        store = self.program.stores.get(purchase.store)
        if store is None:
            local = local_time(purchase.occurred_at, self.program.time_zone)
        else:
            local = local_time(purchase.occurred_at, store.time_zone, store.day_start)
        return local if purchase.day is None else LocalTime(purchase.day, local.minute, weekday(purchase.day))


Fires = Callable[[Fact], bool]
Test = Callable[[View], bool | None]


def always(_: Fact) -> bool:
    """Fires for a trigger whose fact itself is what is waited for."""
    return True


@dataclass(frozen=True, slots=True)
class CompiledTrigger:
    """When a rule fires. `text` is for people alone: what is decided about a trigger stands in the fields below it.

    `once_per` is what this trigger happens once per unless the rule says otherwise, `may` what else it could be.
    """

    name: str
    text: str
    fact_names: tuple[str, ...]
    fires: Fires
    once_per: str
    may: tuple[str, ...]
    has_purchase: bool
    figure: str = ""
    """The customer's figure that passes `crosses`, as conditions name it; empty where it is about none."""
    crosses: int | None = None
    """What the fact's figure has to pass, or come to stand at, for the trigger to fire; None where that is not all."""
    card: str = ""
    """The stamp card that it is about."""
    fills_card: bool = False
    """That card is full when it fires."""
    absence: bool = False
    """It is about somebody who stays away, so that it rests while nobody knows who has been there."""
    awaited: Awaited | None = None
    """What its timer waits for."""
    span: Span | None = None
    """The span of time within which its figure counts."""
    thing: str = ""
    """The category or product that it is about (`stamgast.domain.things`)."""
    voucher: bool = False
    """It is about a voucher, which messages may speak of."""
    rewards: tuple[str, ...] = ()
    """The rewards that it is about."""
    kept: Kept = NOTHING_KEPT
    """What it asks a state to keep."""
    segment: "Segment | None" = None
    """The segment that it is about."""
    event: str = ""
    """The event of the merchant's own that it is about."""
    schedule: Schedule | None = None
    """When it comes by the calendar."""
    audience: "Audience | None" = None
    """Whom its occasions are for; None: everybody."""

    @property
    def threshold(self) -> str:
        """What `once_per: customer` remembers beside the customer, such as `visits:10`."""
        return f"{self.figure}:{self.crosses}" if self.figure else ""


class Group(StrEnum):
    """How conditions stand together."""

    ANY = "any"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition, or a `group` of them: what it says, its test, what was found.

    `figure` and `most` let `lint` see when a trigger's threshold can never meet it, `while_stale` that it is met only
    while no purchases come in.
    """

    text: str
    test: Test
    found: Callable[[View], str] | None = None
    parts: "tuple[Condition, ...]" = ()
    group: Group | None = None
    needs_purchase: bool = False
    figure: str = ""
    most: int = 0
    while_stale: bool = False
    rule: str = ""
    """The rule that it asks about."""
    kept: Kept = NOTHING_KEPT
    """What it asks a state to keep."""
    probe: Probe | None = None
    """The same as its test, where rules can be asked by it together."""

    @property
    def count(self) -> int:
        """How many conditions it is, groups told apart."""
        return sum(part.count for part in self.parts) if self.parts else 1


@dataclass(frozen=True, slots=True)
class Segment:
    """Conditions under a name. `mark` stands for how they are defined."""

    name: str
    condition: Condition
    mark: int

    @property
    def kept(self) -> Kept:
        """What it asks a state to keep."""
        return _kept_by((self.condition,))


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a campaign is for: by conditions, by what they bought, or by a list in a file. One of the three is there."""

    name: str
    condition: Condition | None = None
    bought: Buyers | None = None
    file: str = ""

    def has(self, view: View) -> bool:
        """Whether somebody is in one that is described by conditions, as they are now."""
        return self.condition is not None and self.condition.test(view) is True

    @property
    def kept(self) -> Kept:
        """What it asks a state to keep."""
        return NOTHING_KEPT if self.condition is None else _kept_by((self.condition,))


Explained = tuple[str, bool | None, str]
"""(what the condition says, met / not met / unknown, what was found)."""

Occasion = Callable[[Fact, View], str | None]


Check = tuple[Test, str, int]
"""One of the questions of a rule's `if`; the counter of the times that it turned the rule down; what stands for the
rule and it among a customer's answers (`stamgast.domain.rule_answers`). A plain tuple: a named one is slower to unpack,
and every purchase unpacks a dozen.
"""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule, ready to run. Percentages are whole, durations milliseconds, `per_day` 0 means no limit."""

    id: str
    description: str
    status: str
    trigger: CompiledTrigger
    once_per: str
    condition: Condition | None
    actions: tuple[Action, ...]
    occasion: Occasion
    """(fact, view) -> the occasion's key, or None when the trigger does not fire."""
    canary: int = 0
    priority: int = DEFAULT_PRIORITY
    value: Minor = 0
    """What one of its messages is expected to bring: who goes first among rules of one priority."""
    window: Window | None = None
    if_outside: str = Outside.WAIT
    give_up_after: Millis | None = None
    cool_down: Millis = 0
    per_day: int = 0
    hold_out: int = 0
    send_late: bool = False
    starts: Day | None = None
    """Business day on which it begins to fire; None: it always has. What happened before gives nothing."""
    ends: Day | None = None
    """Its last business day; None: there is none."""
    earned: bool = False
    """What it gives was paid for: whatever withholds its message withholds nothing of that. Else it is an offer."""
    undo_window: Millis = 0
    """So long its messages of the first hour after a launch wait, so that they can be undone."""
    launched_at: Millis = 0
    launched_before: Millis = 0
    """When it began to speak the time before, where it was paused since and that is noted; else 0."""
    """When it began to speak; 0: nobody noted that."""
    expected: int = 0
    """How many messages a day it was launched to send; 0: nobody said."""
    otherwise: tuple[Action, ...] = ()
    """What it does where `if` does not hold."""
    campaign: str = ""
    """The group of rules that it belongs to."""
    budgets: tuple[tuple[str, Budget], ...] = ()
    """All that it has to stay within, by name: its own, its campaign's, the shop's."""
    checks: tuple[Check, ...] = field(init=False, repr=False, compare=False, default=())
    """What `if` asks, one after another: it holds when every answer is True."""
    key: int = field(init=False, repr=False, compare=False, default=0)
    """What stands for the rule among a customer's answers."""
    fired: str = field(init=False, repr=False, compare=False, default="")
    """Counter of the occasions that it fired for."""
    steps: tuple[Step, ...] = field(init=False, repr=False, compare=False, default=())
    """Its actions, by the time at which they happen."""
    other_steps: tuple[Step, ...] = field(init=False, repr=False, compare=False, default=())
    """The same of `otherwise`."""
    calls_off: tuple[Unless, ...] = field(init=False, repr=False, compare=False, default=())
    """What may call off what waits."""
    rank: tuple[int, Minor, str] = field(init=False, repr=False, compare=False, default=(0, 0, ""))
    """Of those that fire at once the lower one goes first: by priority, expected value and id."""
    plain: bool = field(init=False, repr=False, compare=False, default=False)
    """It fires for each of its facts, for that fact's own occasion: nobody needs to ask."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", key_of(self.id))
        checks = tuple(
            (part.test, counter(Counter.RULE, self.id, Tally.NOT_MET, words), self.key + code_of(words))
            for part, words in zip(self.parts, self.said, strict=True)
        )
        object.__setattr__(self, "checks", checks)
        object.__setattr__(self, "fired", counter(Counter.RULE, self.id, Tally.FIRED))
        object.__setattr__(self, "steps", steps_of(self.actions))
        object.__setattr__(self, "other_steps", steps_of(self.otherwise, OTHERWISE))
        object.__setattr__(self, "calls_off", tuple(each for step in self.all_steps for each in step.unless))
        object.__setattr__(self, "rank", (-self.priority, -self.value, self.id))
        plain = self.trigger.fires is always and self.once_per in BY_FACT
        object.__setattr__(self, "plain", plain and not self.dated)

    @property
    def said(self) -> tuple[str, ...]:
        """What `if` asks, in words that a counter's name may hold; in the order of `checks`."""
        return tuple(_in_words(part).replace(BETWEEN, "/")[:_LONGEST] for part in self.parts)

    @property
    def parts(self) -> tuple[Condition, ...]:
        """What `if` asks, one after another."""
        if self.condition is None:
            return ()
        return self.condition.parts if self.condition.group is Group.ALL else (self.condition,)

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """Those of both branches."""
        return (*self.steps, *self.other_steps)

    @property
    def sends(self) -> tuple[Send, ...]:
        """Its messages, one for each variant."""
        return tuple(way for step in self.all_steps if step.send is not None for way in step.send.ways)

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the messages that are compared."""
        sends = (step.send for step in self.all_steps if step.send is not None)
        return tuple(dict.fromkeys(each.name for send in sends for each in send.variants))

    def step(self, key: str, *, otherwise: bool = False) -> Step | None:
        """The step of that key; None if the rule has it no more. The first steps of both branches have one key."""
        return next((step for step in (self.other_steps if otherwise else self.all_steps) if step.key == key), None)

    @property
    def asks_for_money(self) -> bool:
        """Whether one of its budgets holds something back."""
        return any(budget.holds for _, budget in self.budgets)

    @property
    def dated(self) -> bool:
        """Whether there are days on which it does not fire."""
        return self.starts is not None or self.ends is not None

    @property
    def fact_names(self) -> tuple[str, ...]:
        """Names of the facts it listens to."""
        return self.trigger.fact_names

    @property
    def kept(self) -> Kept:
        """What it asks a state to keep."""
        kept = self.trigger.kept | _kept_by(self.parts)
        for each in self.calls_off:
            kept |= each.kept
        return kept | Kept(lately=any(send.recommend is not None for send in self.sends))

    @property
    def status_text(self) -> str:
        """Its status as it is written, such as `canary 5%`."""
        return f"{self.status} {self.canary}%" if self.canary else str(self.status)

    def holds(self, view: View) -> bool:
        """Whether all of `if` is met; what is unknown is not met."""
        return all(test(view) is True for test, _, _ in self.checks)

    def explain(self, view: View) -> list[Explained]:
        """Every condition with its answer and what was found; parts of a group follow it, indented."""
        return [line for part in self.parts for line in _explain(part, view, 0)]


def _kept_by(parts: Sequence[Condition]) -> Kept:
    kept = NOTHING_KEPT
    for part in parts:
        kept |= part.kept | _kept_by(part.parts)
    return kept


def _in_words(condition: Condition) -> str:
    parts = "; ".join(_in_words(part) for part in condition.parts)
    return f"{condition.text} ({parts})" if parts else condition.text


def _explain(condition: Condition, view: View, depth: int) -> list[Explained]:
    found = condition.found(view) if condition.found is not None else ""
    lines: list[Explained] = [("  " * depth + condition.text, condition.test(view), found)]
    for part in condition.parts:
        lines += _explain(part, view, depth + 1)
    return lines
