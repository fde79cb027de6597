"""What one run of `handle` works on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from rules.engine import CompiledRule
from rules.rule_set import RuleSet
from stamgast.domain.activation import Activation, Note
from stamgast.domain.budgets import Budget
from stamgast.domain.calendar import business_day
from stamgast.domain.customer import Charge, Customer, Voucher
from stamgast.domain.day_sums import month_of, month_of_all_day
from stamgast.domain.draws import stocks_of
from stamgast.domain.events import ActivationOutcome
from stamgast.domain.facts import AHEAD, Fact
from stamgast.domain.kept import NOTHING_KEPT
from stamgast.domain.program import Program
from stamgast.domain.rewards import Ground, by_ground
from stamgast.domain.rule_answers import Refusals, minute_of, renewed
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import NoteKind
from stamgast.service.change import Change
from stamgast.service.left import Left
from stamgast.service.past import Past


@dataclass(frozen=True, slots=True)
class Bundle:
    """A merchant's programme and rules as they came into force with barrier `number`."""

    number: int
    hash: str
    program: Program
    rules: RuleSet
    keeps: bool = field(init=False, repr=False, compare=False, default=False)
    """States keep more for it than every state does."""
    minds_purchases: bool = field(init=False, repr=False, compare=False, default=False)
    """What a purchase changes is looked at for that, or for things that rules listen to."""
    minds_worth: bool = field(init=False, repr=False, compare=False, default=False)
    """A rule waits for a lifetime value that looks ahead to pass something."""
    plans: bool = field(init=False, repr=False, compare=False, default=False)
    """Something is waited for that is planned anew after every event."""
    budgets: Mapping[str, Budget] = field(init=False, repr=False, compare=False, default_factory=dict)
    """Those of rules, and the stock of instant prizes, by name."""
    codes: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())
    """Rewards whose vouchers get a code of the shop's own."""

    def __post_init__(self) -> None:
        keeps = self.program.kept is not NOTHING_KEPT or self.program.tiers is not None
        stocks = stocks_of(self.program.draws) if self.program.draws else {}
        object.__setattr__(self, "budgets", {**self.rules.budgets, **stocks} if stocks else self.rules.budgets)
        codes = frozenset(name for name, each in self.program.rewards.items() if each.imported_codes)
        object.__setattr__(self, "codes", codes)
        object.__setattr__(self, "keeps", keeps)
        object.__setattr__(self, "minds_purchases", keeps or bool(self.rules.things))
        object.__setattr__(self, "minds_worth", not self.rules.heard.isdisjoint(AHEAD))
        plans = bool(self.rules.awaited or self.program.expiring_cards) or self.program.tiers is not None
        object.__setattr__(self, "plans", plans)


class Context(Struct, frozen=True):
    """What decisions depend on besides state and events; the same for a whole partition.

    `voucher_key` makes voucher codes. `mind_holdout` is false in rule tests only.
    """

    bundle: Bundle
    partition: int
    voucher_key: bytes
    mind_holdout: bool = True
    luck: Mapping[str, str] | None = None
    """In rule tests: draw -> the reward that tickets of an instant win hit; those of others hit nothing."""


class Firing(Struct, frozen=True):
    """A rule that fires for a fact on an occasion.

    `again`: it has fired for it before. `generation`: how often its message was taken back before it left.
    """

    rule: CompiledRule
    fact: Fact
    occasion: str
    again: bool
    generation: int = 0
    otherwise: bool = False
    """Its `if` does not hold: what happens is the other branch."""
    of: str = ""
    """Of one step of several: what the rule fired for; `occasion` is then the step's own."""
    step: str = ""
    cooled: bool = False
    """Its `cool_down` was asked about, for all of its steps."""

    @property
    def planned(self) -> bool:
        """Whether it is of a rule that does several things, or does something later."""
        return self.of != ""


class Case(Past):
    """One customer under work: state, ledger as read and as written so far, and the change so far."""

    __slots__ = (
        "_grounds",
        "change",
        "context",
        "customer_id",
        "expired",
        "foreseen",
        "given",
        "late",
        "left",
        "moved",
        "paying",
        "program",
        "receipt",
        "refused",
        "said",
    )

    def __init__(self, customer: Customer, customer_id: str, context: Context, ledger: Mapping[bytes, bytes]) -> None:
        self.change = Change(customer)
        super().__init__(customer, ledger, self.change.ledger)
        self.customer_id = customer_id
        self.context = context
        self.program: Program = context.bundle.program
        self._grounds: dict[Ground, Voucher] | None = None
        self.given: list[Fact] = []
        """What rewards were given, where a rule listens."""
        self.moved: list[Fact] = []
        """What stamps and tiers of rules did: not answered yet."""
        self.paying: Charge | None = None
        """What pays the rewards that are given just now."""
        self.expired: list[Fact] = []
        """What vouchers ended, where a rule listens."""
        self.refused: dict[Refusals, int] = {}
        """What rules that were turned down together said, and how often; not counted yet."""
        self.said: list[int | Refusals] = []
        """How it ended for the rules that this event asked, as they stand among the customer's answers."""

    def begin(self, at: Millis) -> None:
        """Another event, at that recorded time."""
        if self.said:
            self._remember_answers()
        self.at: Millis = at
        zone = self.program.time_zone
        month = month_of_all_day(at // DAY, zone) or month_of(business_day(at, zone))
        if month != self.change.month:
            self._begin_month(month)
        self.customer.recorded_at = at
        self.late = False
        self.receipt = ""
        self.foreseen: list[bytes] = []
        """Fields of occasions that may give something in this event."""
        self.left = Left()

    def _begin_month(self, month: str) -> None:
        """What moved so far belongs to the month before."""
        change = self.change
        self._count_refused()
        if change.month:
            known, moved = [*change.earlier.values()], change.counters
            if known:
                moved = {name: by - sum([each.get(name, 0) for each in known]) for name, by in moved.items()}
            change.earlier[change.month] = (
                {name: by for name, by in moved.items() if by} if 0 in moved.values() else moved.copy()
            )
        change.month = month

    def vouchers_by_ground(self) -> dict[Ground, Voucher]:
        """The vouchers at hand, to be found by what they were given for."""
        if self._grounds is None:
            self._grounds = by_ground(self.customer.vouchers)
        return self._grounds

    def vouchers_moved(self) -> None:
        """Other vouchers are at hand now."""
        self._grounds = None

    def count(self, counter: str, by: int = 1) -> None:
        """Add to a read-model counter."""
        counters = self.change.counters
        counters[counter] = counters[counter] + by if counter in counters else by

    def turned_down(self, refusals: Refusals) -> None:
        """Remember what many rules said together; it is counted in the end, once for all events that say it."""
        self.said.append(refusals)
        refused = self.refused
        refused[refusals] = refused[refusals] + 1 if refusals in refused else 1

    def _count_refused(self) -> None:
        counters = self.change.counters
        for refusals, times in self.refused.items():
            if counters.keys().isdisjoint(refusals.counters):
                counters.update(dict.fromkeys(refusals.counters, times))
            else:
                for name in refusals.counters:
                    counters[name] = counters.get(name, 0) + times
        self.refused.clear()

    def answered(self, rule: CompiledRule, how: int) -> None:
        """Remember how it ended that the rule's trigger came."""
        self.said.append(rule.key + how)

    def finish(self) -> Change:
        """Return what all of it came to."""
        if self.said:
            self._remember_answers()
        if self.refused:
            self._count_refused()
        return self.change

    def _remember_answers(self) -> None:
        """Put what rules said of the event among the customer's answers."""
        said, self.said = tuple(self.said), []
        self.customer.answers = renewed(self.customer.answers, minute_of(self.at), said)

    def note(
        self,
        activation: Activation,
        kind: NoteKind,
        answer: ActivationOutcome | None = None,
        cost: int | None = None,
        charge: Charge | None = None,
    ) -> None:
        """A line in the public life of an activation; `answer` is what the channel said of it, `charge` who pays."""
        attempt, code, provider_id, parts = "", "", "", 0
        if answer is not None:
            attempt, code, provider_id, parts = answer.attempt, answer.code, answer.provider_id, answer.parts
        plan, step, variant = activation.plan, "", ""
        if plan is not None:
            step, variant = plan.step, plan.variant
        note = Note(
            kind, activation.id, self.program.merchant, self.customer_id, self.at,
            activation.rule, activation.occasion, activation.status, activation.reason, activation.channel,
            activation.template, attempt, code, provider_id, parts, step, variant, cost,
        )  # fmt: skip
        if charge is not None:
            note = replace(note, paid_by=tuple(charge.to), counted_by=tuple(charge.beside))
        self.change.notes.append(note)
