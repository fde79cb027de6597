"""What one run of `handle` works on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from rules.engine import CompiledRule
from rules.rule_set import RuleSet
from stamgast.domain import apart
from stamgast.domain.activation import Activation, Note
from stamgast.domain.budgets import Budget
from stamgast.domain.calendar import business_day
from stamgast.domain.customer import Charge, Customer, Voucher
from stamgast.domain.day_sums import month_of
from stamgast.domain.draws import stocks_of
from stamgast.domain.events import ActivationOutcome
from stamgast.domain.facts import AHEAD, Fact
from stamgast.domain.kept import NOTHING_KEPT
from stamgast.domain.ledger import (
    Entry,
    NotReadError,
    Part,
    decode_entry,
    encode_entry,
    field_of,
    is_of_transaction,
    written,
)
from stamgast.domain.program import Program
from stamgast.domain.rewards import Ground, by_ground, newest_used, unused_cards
from stamgast.domain.rule_answers import minute_of, renewed
from stamgast.domain.units import Day, Millis
from stamgast.domain.vocabulary import NoteKind
from stamgast.service.change import Change
from stamgast.service.left import Left


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


class Case:
    """One customer under work: state, ledger as read and as written so far, and the change so far."""

    __slots__ = (
        "_days",
        "_entries",
        "_grounds",
        "_read",
        "at",
        "change",
        "context",
        "customer",
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
        self.customer = customer
        self.customer_id = customer_id
        self.context = context
        self.program: Program = context.bundle.program
        self.change = Change(customer)
        self._read = ledger
        self._entries: dict[bytes, Entry] = {}
        self._grounds: dict[Ground, Voucher] | None = None
        self._days: dict[tuple[Day, str], int] | None = None
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
        month = month_of(business_day(at, self.program.time_zone))
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
        if change.month:
            known = [*change.earlier.values()]
            moved = {name: by - sum(each.get(name, 0) for each in known) for name, by in change.counters.items()}
            change.earlier[change.month] = {name: by for name, by in moved.items() if by}
        change.month = month

    def vouchers_by_ground(self) -> dict[Ground, Voucher]:
        """The vouchers at hand, to be found by what they were given for."""
        if self._grounds is None:
            self._grounds = by_ground(self.customer.vouchers)
        return self._grounds

    def vouchers_moved(self) -> None:
        """Other vouchers are at hand now."""
        self._grounds = None

    def stored(self, field: bytes) -> bytes | None:
        """What stands in the ledger now, empty if nothing does; None if it was not read."""
        if field in self.change.ledger:
            return self.change.ledger[field] or b""
        value = self._read.get(field)
        return b"" if value is None and not isinstance(self._read, Part) else value

    def store(self, field: bytes, value: bytes | None) -> None:
        """Put something that is no transaction's entry into the ledger; None takes it out."""
        self.change.ledger[field] = value

    def whole_ledger(self) -> Iterator[tuple[bytes, bytes]]:
        """Everything that stands in the ledger now. Raises NotReadError."""
        if isinstance(self._read, Part):
            raise NotReadError(None)
        yield from written(self._read, self.change.ledger).items()

    def vouchers_apart(self) -> Iterator[tuple[bytes, list[Voucher]]]:
        """All vouchers kept apart, by the field of what gave them. Raises NotReadError."""
        for field_, value in self.whole_ledger():
            if apart.is_of_vouchers(field_):
                yield field_, apart.decode_apart(value)

    def newest_used(self, card: str, up_to: int) -> int:
        """The newest card up to that number whose reward was used: it cannot be taken back; 0: none.

        Raises NotReadError.
        """
        known = self.customer.apart
        elsewhere = 0 if known is None else known.used.get(card, 0)
        if elsewhere > up_to:
            elsewhere = max((newest_used(those, card, up_to) for _, those in self.vouchers_apart()), default=0)
        return max(newest_used(self.customer.vouchers, card, up_to), elsewhere)

    def unused(self, card: str, up_to: int) -> list[int]:
        """The cards up to that number of which a reward is open and none was used, the newest first.

        Raises NotReadError.
        """
        found = unused_cards(self.customer.vouchers, card, self.at)
        known = self.customer.apart
        if known is not None and known.open:
            for _, those in self.vouchers_apart():
                found |= unused_cards(those, card, self.at)
        return sorted((number for number in found if number <= up_to), reverse=True)

    def entry(self, transaction: str) -> Entry | None:
        """What the ledger says of a transaction now."""
        key = field_of(transaction)
        known = self._entries.get(key)
        if known is None and key not in self.change.ledger:
            value = self._read.get(key)
            known = decode_entry(value, list(self.customer.cards)) if value else None
        return known

    def write_entry(self, transaction: str, entry: Entry | None) -> None:
        """Note what the transaction gives from now on; None forgets it."""
        key = field_of(transaction)
        if self._days is not None:
            self._add_stamps(self.entry(transaction), -1)
            self._add_stamps(entry, 1)
        if entry is None:
            self._entries.pop(key, None)
            self.change.ledger[key] = None
        else:
            self._entries[key] = entry
            self.change.ledger[key] = encode_entry(entry, list(self.customer.cards))

    def has_mark(self, transaction: str, mark: bytes) -> bool:
        """Whether the transaction's entry says that the rule of this mark has fired for it."""
        entry = self.entry(transaction)
        marks = b"" if entry is None else entry.fired
        return bool(marks) and any(marks[at : at + len(mark)] == mark for at in range(0, len(marks), len(mark)))

    def mark(self, transaction: str, mark: bytes) -> None:
        """Note that the rule of this mark has fired for the transaction."""
        entry = self.entry(transaction)
        if entry is not None:
            self.write_entry(transaction, replace(entry, fired=entry.fired + mark))

    def raw_stamps(self, card: str, day: Day) -> int:
        """What a day's purchases gave of a card, before its cap; `ledger_keys` has asked for the whole ledger then.

        It is gone through once, however many purchases of a step ask.
        """
        if self._days is None:
            self._days = {}
            cards = list(self.customer.cards)
            for key, value in self._read.items():
                if is_of_transaction(key) and key not in self.change.ledger:
                    self._add_stamps(decode_entry(value, cards), 1)
            for entry in self._entries.values():
                self._add_stamps(entry, 1)
        return self._days.get((day, card), 0)

    def _add_stamps(self, entry: Entry | None, times: int) -> None:
        if entry is not None and self._days is not None:
            for card, raw in entry.stamps.items():
                self._days[entry.day, card] = self._days.get((entry.day, card), 0) + times * raw

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
