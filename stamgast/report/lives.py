"""What the topics tell of one customer, as far as a report asks. A line that is repeated changes nothing.

Lines come in the order of each topic's partition, so what stands first happened first.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct, field

from stamgast.domain.activation import RANKS, TAKEN, Note
from stamgast.domain.earning import NOTHING, entry_for
from stamgast.domain.event import Source
from stamgast.domain.events import PurchaseChanged, PurchaseReviewed, RateKnown
from stamgast.domain.ledger import Entry, decode_held, digest_of_held
from stamgast.domain.occasions import STEP
from stamgast.domain.program import Program
from stamgast.domain.review import rate_wanting, reweighed, size_of
from stamgast.domain.stamps import MOST_COMPLETED
from stamgast.domain.told import OF_QUESTION, TAKEN_BACK, Arm, Line, Moved, Told
from stamgast.domain.units import Millis, Minor
from stamgast.domain.vocabulary import NoteKind, Stage, Status, VoucherState
from stamgast.report.drawing import Drawn

_DECISION: Final = Told.DECISION.value
_VOUCHER: Final = Told.VOUCHER.value
_BUDGET: Final = Told.BUDGET.value
_REFERRAL: Final = Told.REFERRAL.value
_STAGE: Final = Told.STAGE.value
_ANSWER: Final = Told.ANSWER.value
_NOTICE: Final = Told.NOTICE.value
_LAPSING: Final = Stage.LAPSING.value
_OUTCOME: Final = NoteKind.OUTCOME
_PRICED: Final = NoteKind.PRICED
_READ: Final = Status.READ
_DELIVERED_RANK: Final = RANKS[Status.DELIVERED]
_LOOKED_ON: Final = frozenset({Arm.SHADOW, Arm.CANARY_EXCLUDED})


class Decision(Struct, gc=False):
    """One line about a firing."""

    at: Millis
    arm: str
    reason: str
    variant: str
    due: Millis


class Message(Struct, gc=False):
    """What became of an activation; 0 where it did not (yet)."""

    rule: str
    channel: str
    variant: str
    parts: int = 0
    cost: int | None = None
    """What was booked for it, where its line says so."""
    price: int | None = None
    """What it cost after all, once the carrier said it."""
    template: str = ""
    taken: Millis = 0
    delivered: Millis = 0
    read: Millis = 0

    def asks(self, template: str) -> bool:
        """Whether it went, with the words of that template."""
        return bool(self.taken) and self.template == template


class Redeemed(Struct, frozen=True, gc=False):
    """A reward of a rule was used (`times` 1), or that was taken back (-1)."""

    at: Millis
    rule: str
    times: int
    cost: Minor
    voucher: str
    total: Minor = 0
    """What the receipt came to that it was used on."""
    used_on: str = ""


class Charged(Struct, frozen=True, gc=False):
    """A budget paid so much (`mills`), or so much of it came back (below zero)."""

    at: Millis
    budget: str
    mills: int
    what: str
    """The activation or the voucher that it was for."""


class Answered(Struct, frozen=True, gc=False):
    """An answer to a question; of a free text `score_or_option` is empty."""

    at: Millis
    question: str
    rule: str
    """The one that asked."""
    score_or_option: str


class Bought(Struct, gc=False):
    """What is left of a purchase."""

    moment: Millis = 0
    entry: Entry = field(default_factory=lambda: NOTHING)
    source: Source | None = None
    store: str = ""


class Life(Struct):
    """One customer's."""

    firings: dict[tuple[str, str], list[Decision]] = {}
    """(rule, occasion) -> its lines."""
    asked: dict[str, Millis] = {}
    """Activation -> when it was decided."""
    messages: dict[str, Message] = {}
    arrived: list[Message] = []
    """Those that were delivered, in that order."""
    given: dict[str, Millis] = {}
    """Voucher -> when it was given."""
    redeemed: dict[Redeemed, None] = {}
    charged: dict[Charged, None] = {}
    bought: dict[str, Bought] = {}
    lapsing: dict[Millis, None] = {}
    """When they were called lapsing."""
    friends: dict[tuple[Millis, str, str, str], None] = {}
    """What became of invitations: when, what, why, and of which friend."""
    replies: list[Millis] = []
    answers: dict[Answered, None] = {}
    notices: dict[tuple[Millis, str], None] = {}
    """(when, about what) of what staff were told of them."""
    drawn: dict[Drawn, None] = {}
    """What draws did, and what became of vouchers that may be their prizes."""
    stops: list[tuple[Millis, bool]] = []
    """When they said STOP (true) or START."""

    # -- facts.v1

    def tell(self, line: Line) -> None:
        """Take in a line of `facts.v1`."""
        drawn = Drawn.of(line)
        if drawn is not None:
            self.drawn[drawn] = None
        self._tell_more(line)

    def _tell_more(self, line: Line) -> None:
        if line.kind == _DECISION and line.became not in _LOOKED_ON:
            self._decide(line)
        elif line.kind == _VOUCHER and line.rule and line.voucher:
            if line.became == "given":
                self.given.setdefault(line.voucher, line.at)
            elif line.became in {VoucherState.REDEEMED, TAKEN_BACK}:
                times = -1 if line.became == TAKEN_BACK else 1
                used = Redeemed(line.at, line.rule, times, line.cost or 0, line.voucher, line.total, line.used_on)
                self.redeemed[used] = None
        elif line.kind == _STAGE and line.became == _LAPSING:
            self.lapsing[line.at] = None
        elif line.kind == _ANSWER and line.cause.startswith(OF_QUESTION):
            question = line.cause.removeprefix(OF_QUESTION)
            self.answers[Answered(line.at, question, line.rule, line.became)] = None
        elif line.kind == _NOTICE and line.became == Arm.SENT:
            self.notices[line.at, line.cause or line.occasion] = None
        elif line.kind == _REFERRAL:
            self.friends[line.at, line.became, line.reason, line.occasion] = None
        elif line.kind == _BUDGET:
            mills = line.mills if line.became == Moved.SPENT else -line.mills
            self.charged[Charged(line.at, line.budget, mills, line.activation or line.voucher)] = None

    def _decide(self, line: Line) -> None:
        occasion = line.occasion.removesuffix(STEP + line.step) if line.step else line.occasion
        while (line.rule, occasion) not in self.firings and ">" in occasion:
            # Another channel, or later: an activation of its own of the same firing.
            before = occasion.rpartition(">")[0].removesuffix(STEP + line.step)
            if (line.rule, before) not in self.firings and ">" not in before:
                break
            occasion = before
        if line.activation:
            self.asked.setdefault(line.activation, line.at)
        found = Decision(line.at, line.became, line.reason, line.variant, line.due)
        self.firings.setdefault((line.rule, occasion), []).append(found)

    # -- activations.v1

    def note(self, note: Note) -> None:
        """Take in a line of `activations.v1`."""
        if note.staff or not note.rule or note.kind not in {_OUTCOME, _PRICED}:
            return  # answers of the house are no rule's
        known = self.messages.get(note.activation)
        if known is None:
            known = self.messages[note.activation] = Message(
                note.rule, note.channel, note.variant, template=note.template
            )
        if note.kind == _PRICED:
            known.price = note.cost
        elif note.status in TAKEN:
            if not known.taken:
                known.taken, known.parts, known.cost = note.at, note.parts, note.cost
            if RANKS[note.status] >= _DELIVERED_RANK and not known.delivered:
                known.delivered = note.at
                self.arrived.append(known)
            if note.status == _READ:
                known.read = known.read or note.at

    # -- customer.events.v1

    def buy(self, event: PurchaseChanged, program: Program) -> None:
        """A purchase came, or changed."""
        known = self.bought.setdefault(event.transaction, Bought())
        if _is_repeat(event.source, known.source):
            return
        known.source = event.source or known.source
        known.entry, _ = reweighed(event, program, known.entry)
        if event.after is not None:
            known.moment, known.store = event.after.occurred_at, event.after.store

    def hear(self, event: PurchaseReviewed | RateKnown, program: Program) -> None:
        """A person's word on a purchase that waits, or a rate for it."""
        known = self.bought.get(event.transaction)
        if known is None or not known.entry.held or digest_of_held(known.entry.held) != event.seen:
            return
        held = decode_held(known.entry.held)
        agreed = None
        if isinstance(event, PurchaseReviewed):
            if event.verdict == "void":
                known.entry = msgspec.structs.replace(known.entry, held=b"", agreed=None)
                return
            gives = entry_for(held, program)
            agreed = size_of(held, gives, program)
            if rate_wanting(held, gives, program) is not None or agreed.rewards > MOST_COMPLETED:
                return
        change = PurchaseChanged(
            merchant=event.merchant, customer=event.customer, at=event.at, transaction=event.transaction,
            before=held, after=held,
        )  # fmt: skip
        known.entry, _ = reweighed(change, program, known.entry, agreed)


def _is_repeat(source: Source | None, newest: Source | None) -> bool:
    return source is not None and newest is not None and source[:2] == newest[:2] and source[2:] <= newest[2:]
