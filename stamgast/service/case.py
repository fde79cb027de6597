"""What one run of `handle` works on and what it hands back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from rules.engine import CompiledRule
from rules.rule_set import RuleSet
from stamgast.domain.activation import Activation, Note, Submission
from stamgast.domain.budgets import Budget
from stamgast.domain.customer import Charge, Customer, Voucher
from stamgast.domain.draw_events import EntriesMoved
from stamgast.domain.draws import stocks_of
from stamgast.domain.events import ActivationOutcome
from stamgast.domain.facts import AHEAD, Fact
from stamgast.domain.kept import NOTHING_KEPT
from stamgast.domain.program import Program
from stamgast.domain.referral_events import FriendBought, FriendGiven
from stamgast.domain.rewards import Ground, by_ground
from stamgast.domain.rule_answers import minute_of, renewed
from stamgast.domain.told import AnyLine
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import NoteKind
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


class Report(Struct, frozen=True):
    """What the carrier found out of a message that it took, and what that says of its sender."""

    activation: str
    channel: str
    refused: str = ""
    """The code of a carrier that refuses the sender; empty where the message went."""


class Change(Struct):
    """What is to be written for one customer, all of it in the same commit.

    ledger      field -> value, None to remove.
    submissions to put into the outbox; cancels: activations to stop if they are not being sent yet;
    finished    activations whose outbox entry goes, each with the channel it was for, as far as that is known.
    notes       lines for `activations.v1`, in order; told: lines for `facts.v1`.
    counters    read-model counters to add to, without the merchant's prefix.
    answers     HTTP answers (JSON) by event id.
    asks        merchant:customer:activation -> what is asked of budgets for it, None to remove.
    wants       merchant:customer:voucher -> that it is to have a code of the shop's own, None to remove.
    entries     merchant:draw:customer -> what is drawn from, or what the draw still has to hear; None to remove.
    reviews     transaction -> its line in the list of what waits for a person, None to remove.
    issued      vouchers that were given, or opened again; withdrawn: those that were taken back; recoded: those that
                have another code now.
    stands      activation -> whether an outbox entry stands in the end: one may be finished and submitted anew.
    failures    (rule id, what it raised): the event was applied without that rule.
    reports     what the carrier found out of messages that it took.
    stamped     (rule, card, stamps that it put on, or of its own that went again).
    entered     (rule, draw, entries that it made, or of its own that went again).
    tiers       (rule, tier, whether it gave it or its reason went away).
    codes       code by which friends join -> whose it is, None for nobody's any more.
    tells       what other customers' streams are told, in order; gifts: (rule, reward) that friends are given by it.
    """

    state: Customer
    ledger: dict[bytes, bytes | None] = {}
    submissions: list[Submission] = []
    cancels: list[str] = []
    finished: dict[str, str] = {}
    stands: dict[str, bool] = {}
    notes: list[Note] = []
    told: list[AnyLine] = []
    counters: dict[str, int] = {}
    answers: dict[str, bytes] = {}
    failures: list[tuple[str, str]] = []
    reviews: dict[str, bytes | None] = {}
    issued: list[Voucher] = []
    withdrawn: list[Voucher] = []
    recoded: list[Voucher] = []
    reports: list[Report] = []
    stamped: list[tuple[str, str, int]] = []
    tiers: list[tuple[str, str, bool]] = []
    asks: dict[str, bytes | None] = {}
    codes: dict[str, str | None] = {}
    tells: list[FriendBought | FriendGiven | EntriesMoved] = []
    gifts: list[tuple[str, str]] = []
    entries: dict[str, bytes | None] = {}
    entered: list[tuple[str, str, int]] = []
    wants: dict[str, bytes | None] = {}

    def submit(self, submission: Submission) -> None:
        """Put an entry into the outbox."""
        self.submissions.append(submission)
        self.stands[submission.activation] = True

    def finish(self, activation: str, channel: str) -> None:
        """Take an activation's entry out of the outbox."""
        self.finished[activation] = channel
        self.stands[activation] = False


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
        self.said: list[int] = []
        """How it ended for the rules that this event asked, as they stand among the customer's answers."""

    def begin(self, at: Millis) -> None:
        """Another event, at that recorded time."""
        if self.said:
            self._remember_answers()
        self.at: Millis = at
        self.customer.recorded_at = at
        self.late = False
        self.receipt = ""
        self.foreseen: list[bytes] = []
        """Fields of occasions that may give something in this event."""
        self.left = Left()

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

    def answered(self, rule: CompiledRule, how: int) -> None:
        """Remember how it ended that the rule's trigger came."""
        self.said.append(rule.key + how)

    def finish(self) -> Change:
        """Return what all of it came to."""
        if self.said:
            self._remember_answers()
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
