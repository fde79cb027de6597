"""Everything that happens to a customer, as it stands on `customer.events.v1`.

Each record is one JSON object with a `type`. `at` is the recorded time (milliseconds UTC), stamped by
the producer from its injected clock. `source` names the record that this one was made from, so that a
reader can recognise a repeat (topic id, partition, offset, index among that record's outputs).
"""

from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import Meta, Struct

from stamgast.domain import units
from stamgast.domain.alerts import LONGEST
from stamgast.domain.budget_events import BudgetAnswered, BudgetLeased, BudgetWished
from stamgast.domain.campaign_events import (
    AudienceFixed,
    AudienceListed,
    CampaignDone,
    CampaignStarted,
    CampaignStopped,
)
from stamgast.domain.code_events import CodeGiven, CodesBrought, CodesDealt, CodesWished
from stamgast.domain.draw_events import (
    DrawCalled,
    DrawDrawn,
    DrawnFor,
    DrawOpened,
    DrawTicketed,
    DrawWished,
    EntriesMoved,
    PrizeDeclined,
    PrizePassed,
)
from stamgast.domain.event import EXACT, Count, Event, Millis, Minor, Quantity
from stamgast.domain.feed_events import FeedsTurned
from stamgast.domain.referral_events import FriendBought, FriendGiven
from stamgast.domain.till_events import (
    RedemptionTakenBack,
    StampsHanded,
    StampsHandedBack,
    VoucherRedeemed,
    VoucherVoided,
)

FieldValue = Annotated[str, Meta(max_length=64)] | Annotated[int, EXACT] | bool

ReviewVerdict = Literal["confirm", "void"]
"""A person's word on a purchase that waits."""


ScheduleEnd = Literal["begun", "walked", "late", "over"]


class Line(Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of a purchase, net of refunds; quantity in thousandths, money in minor units."""

    id: str
    gross: Minor
    quantity: Quantity = 1000
    sku: str | None = None
    category: str | None = None
    kind: str = "sale"
    cost: Minor | None = None
    """Net of tax."""
    tax: Minor | None = None
    """What of `gross` is tax; None where the till does not say."""


class ForeignRefund(Struct, frozen=True, omit_defaults=True, gc=False):
    """What one refund gave back in another currency than its sale's: what that comes to, the rates say."""

    currency: str
    gross: Minor
    lines: tuple[Line, ...] = ()


class Purchase(Struct, frozen=True, omit_defaults=True, gc=False):
    """The net state of one transaction: what is left of it after edits, voids and refunds.

    `spend` is gross after refunds; `refunded` is what was given back. `peak` holds each line at the most
    it ever was, and is there only where that differs from `lines` (for cards that never take stamps back).
    `counts` is false for a voided, open, test or fully refunded transaction, and for a return without a sale.
    """

    occurred_at: Millis
    store: str
    currency: str
    spend: Minor
    refunded: Minor = 0
    counts: bool = True
    lines: tuple[Line, ...] = ()
    peak: tuple[Line, ...] | None = None
    peak_spend: Minor | None = None
    foreign: tuple[ForeignRefund, ...] = ()
    """Refunds that are still to be taken off, because they are in another currency."""
    day: Annotated[units.Day, EXACT] | None = None
    """The business day, where the till says it; None: that of `occurred_at` in its store."""
    history: bool = False
    """It comes from a list of what was before: no rule is asked, and it stamps cards that count history alone."""


class PurchaseChanged(Event, frozen=True, kw_only=True, tag="purchase_changed", gc=False):
    """A transaction's net state went from `before` to `after` for this customer.

    `before` is None when this customer sees the transaction for the first time; `after` is None when the
    transaction left this customer (it was attached to another one).
    """

    transaction: str
    after: Purchase | None
    before: Purchase | None = None
    happened_at: Millis | None = None
    """When the sale, or the refund that changed it, took place; tells late news from new."""


class PurchaseReviewed(Event, frozen=True, kw_only=True, tag="purchase_reviewed", gc=False):
    """A person looked at a purchase that waits. The answer is written under the event's `id`.

    `seen` names the state that they saw (`stamgast.domain.ledger.digest_of_held`); of another one nothing is said.
    """

    transaction: str
    verdict: ReviewVerdict
    seen: str


class RateKnown(Event, frozen=True, kw_only=True, tag="rate_known", gc=False):
    """The bundle in force has the rate that a purchase waits for. `seen` is as in `PurchaseReviewed`."""

    transaction: str
    seen: str


class Enrolled(Event, frozen=True, kw_only=True, tag="enrolled", gc=False):
    """The customer joined, or their profile changed. Empty fields leave what is known as it is."""

    language: str | None = None
    acquisition_source: str | None = None
    """What stands for it (`stamgast.domain.veil`); its name in records from before that."""
    birthday: str | None = None
    """Month and day only, behind the merchant's veil; `MM-DD` in records from before that."""
    phone: str = ""
    """What stands for the phone that was given (its hash), so that it is known when it is another one."""
    warned: tuple[tuple[str, str], ...] = ()
    """Kind and place of what was taken although it looked wrong, for the day's report."""
    since: Millis = 0
    """They joined then, before they were told of here: no rule is asked. 0: they join now."""
    tags: tuple[str, ...] = ()
    """What they said of themselves as somebody who has become this customer."""
    asked: dict[str, Millis] = {}  # noqa: RUF012 - msgspec makes each event its own
    """Question -> when that somebody was asked it last."""
    invited_by: Annotated[str, Meta(max_length=64)] = ""
    """The customer by whose code they joined."""
    invited_through: tuple[Annotated[str, Meta(max_length=64)], ...] = ()
    """Who invited that one, and so on: none of them can be their friend."""
    invitation_refused: Annotated[str, Meta(max_length=32)] = ""
    """Why the code brings nothing, where the door can tell (`stamgast.domain.referrals.Refused`)."""


class ConsentChanged(Event, frozen=True, kw_only=True, tag="consent_changed", gc=False):
    """Consent for one purpose over one channel was given or withdrawn, with its proof."""

    purpose: str
    channel: str
    granted: bool
    wording: str = ""
    """In the clear in records from before `proof`; empty since. So is `origin`."""
    origin: str = ""
    proof: str = ""
    """Which wording was shown, and where: sealed under the customer's data key (`stamgast.identity.proofs`)."""
    since: Millis = 0
    """As of `Enrolled`: they said so then."""
    topic: str = ""
    """It is about this topic of the shop's alone (`stamgast.domain.topics`), left or come back to: no consent moves."""


class OptedOut(Event, frozen=True, kw_only=True, tag="opted_out", gc=False):
    """STOP (or a carrier's opt-out): no more messages over any channel to this phone."""

    channel: str = ""


class OptedIn(Event, frozen=True, kw_only=True, tag="opted_in", gc=False):
    """START: lifts an earlier STOP. It gives no consent that was not there before."""

    channel: str = ""


class Erased(Event, frozen=True, kw_only=True, tag="erased", gc=False):
    """The customer asked to be forgotten: what stays of them is figures under an id that nobody can trace."""

    into: str = ""
    """They are this other customer, who has from now on what they bought (`stamgast.people.merger`)."""


class Replied(Event, frozen=True, kw_only=True, tag="replied", gc=False):
    """The customer wrote to us. The text itself is kept sealed elsewhere; `keyword` is what it meant."""

    channel: str
    keyword: str | None = None
    phone: str = ""
    """What stands for the phone it came from."""
    answers: bool = False
    """The house may answer it for this customer: of those with one phone one does, and the carrier has not yet."""
    media: Count = 0
    """How many photos, sounds or files came with it."""
    read: dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=64)]] = {}  # noqa: RUF012
    """Question -> what it would mean as an answer to it (`stamgast.domain.questions`)."""
    topics: tuple[Annotated[str, Meta(max_length=64)], ...] = ()
    """Topics that the keyword is about."""
    code: Annotated[str, Meta(max_length=64)] = ""
    """Of a JOIN (`stamgast.domain.joining`)."""
    fills: Annotated[str, Meta(max_length=64)] = ""
    """The field of their profile that the door has filled with it (`stamgast.domain.preferences`)."""
    proof: str = ""
    """Which question they answered with it, and where: sealed as that of a consent."""


class CodeAsked(Event, frozen=True, kw_only=True, tag="code_asked", gc=False):
    """On their card's page they ask for something that the phone has to confirm: a code goes there, which follows from
    the event's `id` and stands nowhere (`Veil.code`).
    """

    channel: str


class ActivationOutcome(Event, frozen=True, kw_only=True, tag="activation_outcome", gc=False):
    """What became of a submission: by answer, callback, look-up, refusal, cancellation or expiry.

    `rank` orders statuses (see `stamgast.domain.activation.RANKS`); a lower one never replaces a higher.
    `parts` is the number of SMS parts.
    """

    activation: str
    status: str
    rank: Count
    attempt: str = ""
    reason: str = ""
    code: str = ""
    provider_id: str = ""
    channel: str = ""
    parts: Count = 0
    treatment: str = ""
    """What is to be done about it (`Treatment`); empty in records from before it was told: nothing."""
    address: str = ""
    """What stands for the address that it went to, where that turned out to be no good."""
    country: str = ""
    """Where it went, if messages there have a price of their own."""


class MessagePriced(Event, frozen=True, kw_only=True, tag="message_priced", gc=False):
    """The carrier says what a message cost. It is told of an activation once; `cost` is what was booked for it."""

    activation: str
    rule: str
    channel: str
    variant: str = ""
    price: Annotated[int, EXACT]
    """In millionths of a unit of `currency`."""
    currency: Annotated[str, Meta(max_length=3)]
    cost: Annotated[int, EXACT] = 0
    """In thousandths of a minor unit of the merchant's."""
    paid_by: tuple[str, ...] = ()
    """The budgets that paid it, each with the time it is for."""
    counted_by: tuple[str, ...] = ()
    """Those that it was counted against, and that hold nothing back."""


class OwnEvent(Event, frozen=True, kw_only=True, tag="own_event", gc=False):
    """Something of the merchant's own making happened to the customer (`stamgast.domain.own_events`).

    `id` is the merchant's, so that what is posted again is known.
    """

    name: Annotated[str, Meta(max_length=64)]
    happened_at: Millis
    fields: dict[str, FieldValue] = {}  # noqa: RUF012 - msgspec makes each event its own


class TimerDue(Event, frozen=True, kw_only=True, tag="timer_due", gc=False):
    """The earliest timer of the customer came due at `due`; applies only if the state still holds it."""

    due: Millis


class Reviewed(Event, frozen=True, kw_only=True, tag="reviewed", gc=False):
    """By the bundle in force a timer of the customer's belongs earlier than it stands: it is planned anew."""


class Scheduled(Event, frozen=True, kw_only=True, tag="scheduled", gc=False):
    """An occasion of a rule's schedule, for a customer who was found to match. It is asked again when it is applied."""

    rule: Annotated[str, Meta(max_length=64)]
    occasion: Millis


class ScheduleDue(Event, frozen=True, kw_only=True, tag="schedule_due", gc=False):
    """An occasion of a rule's schedule has come in this partition: its customers are walked. `customer` is empty."""

    rule: str
    occasion: Millis
    about: ClassVar[str] = "merchant"


class ScheduleDone(Event, frozen=True, kw_only=True, tag="schedule_done", gc=False):
    """Occasions of a rule's schedule up to that moment are done with in this partition. `how` says why.

    `begun`: the rule has just come into force; `walked`; `late`: by more than is allowed; `over`: it is in force no
    more. `looked` and `matched` count customers.
    """

    rule: str
    occasion: Millis
    how: ScheduleEnd
    looked: Count = 0
    matched: Count = 0
    about: ClassVar[str] = "merchant"


class CalledOff(Event, frozen=True, kw_only=True, tag="campaign_called_off", gc=False):
    """A person stopped a campaign: what still waits of it for this customer ends."""

    rule: Annotated[str, Meta(max_length=64)]
    occasion: Millis


class StaffAlerted(Event, frozen=True, kw_only=True, tag="staff_alerted", gc=False):
    """Something happened that staff are told about the shop itself. `customer` is `alerts.STAFF_ROOM`.

    `what` names the rule, the budget or the segment, `how` what tripped, what becomes of what costs money, or what the
    segment is by. It is told once for each `mark` that differs from the last ones of the same.
    """

    kind: Annotated[str, Meta(max_length=32)]
    what: Annotated[str, Meta(max_length=LONGEST)]
    how: Annotated[str, Meta(max_length=32)]
    mark: Annotated[str, Meta(max_length=64)]
    since: Millis
    """When it came to be so."""
    found: Annotated[int, EXACT] = 0
    of: Annotated[int, EXACT] = 0
    """What it is compared with: a limit, or what it was before."""


class Barrier(Event, frozen=True, kw_only=True, tag="barrier", gc=False):
    """A merchant's bundle comes into force in this partition. `customer` is empty."""

    number: int
    hash: str
    about: ClassVar[str] = "merchant"


class RulePaused(Event, frozen=True, kw_only=True, tag="rule_paused", gc=False):
    """A rule rests in this partition until the next bundle: under the one `number` it raised, or cost too much."""

    number: int
    rule: str
    reason: str
    about: ClassVar[str] = "merchant"


AnyEvent = (
    PurchaseChanged | PurchaseReviewed | RateKnown | Enrolled | ConsentChanged | OptedOut | OptedIn | Erased
    | Replied | CodeAsked | VoucherRedeemed | RedemptionTakenBack | ActivationOutcome | MessagePriced | OwnEvent
    | TimerDue | Reviewed | Scheduled | ScheduleDue | ScheduleDone | CalledOff | AudienceListed | AudienceFixed
    | CampaignStarted | CampaignStopped | CampaignDone | BudgetWished | BudgetLeased | BudgetAnswered | StaffAlerted
    | Barrier | RulePaused | FeedsTurned | FriendBought | FriendGiven | DrawOpened | DrawWished | DrawCalled
    | DrawTicketed | DrawDrawn | PrizePassed | DrawnFor | PrizeDeclined | EntriesMoved
    | StampsHanded | StampsHandedBack | VoucherVoided
    | CodesBrought | CodesWished | CodesDealt | CodeGiven
)  # fmt: skip

OF_A_PARTITION: Final = frozenset({
    Barrier, RulePaused, ScheduleDue, ScheduleDone, AudienceListed, AudienceFixed, CampaignStarted, CampaignStopped,
    CampaignDone, BudgetWished, BudgetLeased, FeedsTurned,
    DrawOpened, DrawWished, DrawCalled, DrawTicketed, DrawDrawn, PrizePassed,
    CodesBrought, CodesWished, CodesDealt,
})  # fmt: skip
"""Events that are no customer's."""

decode_event = msgspec.json.Decoder(AnyEvent).decode
"""bytes -> event. Raises `msgspec.DecodeError` (or its subclass `ValidationError`) for what is none."""

encode_event = msgspec.json.Encoder().encode
"""event -> bytes."""


def is_history(event: AnyEvent) -> bool:
    """Whether it tells what was before it was told: that changes what is known, and asks no rule."""
    if type(event) is PurchaseChanged:
        purchase = event.after or event.before
        return purchase is not None and purchase.history
    return isinstance(event, Enrolled | ConsentChanged) and event.since > 0


def key_of(merchant: str, customer: str) -> bytes:
    """The Kafka key of a customer's records."""
    return f"{merchant}:{customer}".encode()
