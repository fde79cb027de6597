"""A customer's running state: one compact value per customer, schema-versioned, upcast on read.

Everything in it is either a sum over what the customer's transactions gave (so that the order of arrival
does not matter) or the record of a decision. It holds no personal data.
"""

from typing import Any, Final, cast

import msgspec
from msgspec import Struct

from stamgast.domain import past_messages
from stamgast.domain.activation import Activation
from stamgast.domain.contacts import Contacts
from stamgast.domain.conversation import Conversation
from stamgast.domain.draws import Entered
from stamgast.domain.measuring import Delivered, Watched
from stamgast.domain.older_states import OlderStates
from stamgast.domain.referrals import Referral
from stamgast.domain.units import Day, Millis, Minor
from stamgast.domain.vocabulary import Stage, VoucherState
from stamgast.domain.voucher_terms import Terms

SCHEMA = 4
UNKNOWN_PHONE: Final = "?"
"""Stands for a phone of which nobody told which one it was: whichever is known by now."""


LEVEL: Final = "@"
"""Stands before the number of stamps at which a card gives something; no id of a rule begins with it."""


class Card(Struct, array_like=True, gc=False):
    """One stamp card: `balance` stamps on it now (below zero: owed), `completed` cards so far.

    `sizes` are the sizes of the completed cards as runs `[size, how many]`, by their numbers, so that a refund
    gives back what that card took; `gaps` the numbers below the highest that were taken out, as runs
    `[first, how many]` (`stamgast.domain.full_cards`). `day` and `day_raw` are the newest day with stamps and what was
    earned on it before the daily cap. What is below them is of stamps that run out (`stamgast.domain.card_expiry`).
    """

    balance: int = 0
    completed: int = 0
    sizes: list[list[int]] = []
    day: Day = 0
    day_raw: int = 0
    gaps: list[list[int]] = []
    stamped: Day = 0
    """The newest day on which a stamp came, where that may be another one than `day`."""
    warned_at: Millis = 0
    """When a message arrived that says that the stamps run out; 0: none did since the newest stamp."""
    until: Day = 0
    """The last day that it named."""
    expired: int = 0
    """Stamps that ran out, less those that were taken back since."""
    expired_day: Day = 0
    """The newest day on which any of those came."""
    by_day: bytes | None = None
    """What was earned on each of the days before `day`, where the card has a daily cap: see
    `stamgast.domain.stamp_days`. None: not known."""


class Voucher(Struct, array_like=True, gc=False):
    """An issued reward. `state` is a `VoucherState`."""

    code: str
    reward: str
    state: str
    issued_at: Millis
    expires_at: Millis
    cause: str
    """Occasion that gave it, such as `card:bread:3`."""
    rule: str
    """Rule that gave it; empty if the card itself did, `@5` if that did on its way, at five stamps."""
    redeemed_by: str = ""
    """Id of the request that redeemed it, so that its repeat gets the same answer."""
    refused: list[str] = []
    """Ids of requests that were taken back (the newest few; the ledger knows the others): they redeem nothing, however
    late they come."""
    void: bool = False
    """What it was given for was taken back after it had been used: it does not open again."""
    occasion: str = ""
    """What its rule happens once per, where that is another than the cause (`day:20728`)."""
    terms: Terms | None = None
    """None: it is used once, for what its reward says."""

    @property
    def known_as(self) -> str:
        """The code that it was given under: what it is an occasion for is named by that, whatever its code is now."""
        return self.terms.formerly[0] if self.terms is not None and self.terms.formerly else self.code

    @property
    def of_rule(self) -> str:
        """The rule that gave it, by its id; empty if a card did."""
        return "" if self.of_level else self.rule

    @property
    def of_level(self) -> bool:
        """Whether a card gave it before it was full."""
        return self.rule.startswith(LEVEL)

    @property
    def was_used(self) -> bool:
        """Whether somebody has had something for it."""
        return self.state == VoucherState.REDEEMED or (self.terms is not None and bool(self.terms.used))


class Apart(Struct, array_like=True, gc=False):
    """What a state knows of the vouchers that are kept apart from it: see `stamgast.domain.apart`."""

    count: int = 0
    look_at: int = 64
    """So many there are when those of the distant past are looked for."""
    open: dict[Day, dict[str, int]] = {}
    """Day at whose beginning (UTC) they have ended -> reward -> how many."""
    used: dict[str, int] = {}
    """Card -> the newest of its numbers for which one was redeemed."""
    numbers: dict[str, int] | None = None
    """Card -> the highest of its numbers for which any is apart; None: not known, as of before it was kept."""


class Spending(Struct, array_like=True, gc=False):
    """What was spent on each of the last `days` days, as pairs: days since the one before, amount."""

    days: Day
    numbers: list[int] = []


class Bought(Struct, array_like=True, gc=False):
    """When something was bought last, and how many purchases held it."""

    day: Day
    times: int


class TierHeld(Struct, array_like=True, gc=False):
    """The tier that a customer is on, and since when."""

    name: str
    since: Day


class GivenTier(Struct, array_like=True, gc=False):
    """A tier that a rule gave: see `stamgast.domain.tiers`."""

    name: str
    since: Day
    rule: str
    cause: str
    occasion: str
    until: Millis = 0
    """0: until what the customer bought has earned it."""
    back: bool = False
    """Its reason went away, and may come again."""


class Notice(Struct, array_like=True, gc=False):
    """Something that somebody of the staff is told about the customer: see `stamgast.service.notices`."""

    id: str
    rule: str
    occasion: str
    cause: str
    template: str
    staff: str
    decided_at: Millis
    expires_at: Millis
    data: dict[str, Any] = {}
    rank: int = 0
    """Of its status; from that of `submitted` on it is in the outbox, or has been."""


class Charge(Struct, array_like=True, gc=False):
    """Money that was asked for, or had, for a message or a voucher; in thousandths of a minor unit."""

    to: list[str]
    """The budgets that pay it, each with the time it is for (`stamgast.domain.budgets.charged_to`)."""
    message: int = 0
    """For the message, or for the voucher itself."""
    rewards: int = 0
    """For what is given with the message, as long as it was not given."""
    asked: bool = False
    """Nobody has answered yet."""
    otherwise: bool = False
    """It is for what the rule does where its `if` does not hold."""
    beside: list[str] = []
    """Budgets that it is counted against, and that hold nothing back."""


class Membership(Struct, array_like=True, gc=False):
    """Whether somebody is in a segment. `mark` stands for the definition by which that was found out."""

    mark: int
    since: Day = 0
    """The business day on which they came in; 0: they are not in it."""


class Customer(Struct, array_like=True, gc=False):
    """See the module. Days are business days of the store of each purchase; money is minor units."""

    schema: int = SCHEMA
    purchases: int = 0
    spend: Minor = 0
    profit: Minor = 0
    refunds: Minor = 0
    visits: int = 0
    first_day: Day = 0
    last_day: Day = 0
    days: bytes = b""
    """Purchase days, as `stamgast.domain.days` writes them."""
    gaps: int = 0
    """Sum of the logarithms of the gaps between visit days, in 2**-20; exact under any order."""
    stage: str = Stage.NEW
    stage_at: Millis = 0
    recorded_at: Millis = 0
    """Recorded time of the newest event applied."""
    lapse_day: Day = 0
    """The last visit day after which a lapse was noticed; 0: never."""
    lapsed_day: Day = 0
    cards: dict[str, Card] = {}
    vouchers: list[Voucher] = []
    """Those at hand."""
    timers: dict[str, Millis] = {}
    """`TimerKind` (for `held` and `voucher` with a colon and which one) -> due."""
    tags: list[str] = []
    language: str = ""
    source: str = ""
    """What stands for the acquisition source, or its name: as the event told it."""
    birthday: str = ""
    """As the event told it: `program.veil.birthday` reads it."""
    joined_at: Millis = 0
    consents: dict[str, Millis] = {}
    """`purpose:channel` -> since when."""
    stopped_at: Millis = 0
    inbound_at: Millis = 0
    """Last message from the customer over a channel where it opens a window for free text."""
    contacts: Contacts = {}
    """Messages submitted in the last 31 days (`stamgast.domain.contacts`); without a purpose, offers that came without
    a message, if their rule has a `cool_down`."""
    moving: list[Activation] = []
    """Messages that have not ended, or are in doubt; beside them those of `past` that were asked for."""
    fired: dict[str, list[str]] = {}
    """Rule -> occasions it has fired for (newest last, bounded), for `once_per`: see `stamgast.domain.occasions`."""
    erased_at: Millis = 0
    """When the person behind it was forgotten; from then on no rule is asked."""
    contact_cost: int = 0
    """What messages to the customer have cost, in thousandths of a minor unit."""
    risk_day: Day = 0
    """The last visit day after which it was noticed that the customer is later than usual; 0: never."""
    apart: Apart | None = None
    """None: all vouchers are at hand."""
    moved: bool = False
    """A transaction that a rule fired for went to somebody else: it may come back, and its entry says what fired."""
    dead_phone: str = ""
    """What stands for the phone that no message reaches; empty: they may. Another phone ends it, or a reply from it."""
    spending: Spending | None = None
    """Where rules or tiers ask what was spent within a span of time."""
    bought: dict[str, Bought] = {}
    """Thing (`stamgast.domain.things`) -> what is known of it, where rules or `watch:` ask for it."""
    tier: TierHeld | None = None
    rule_answers: dict[int, int] = {}
    """Before schema 3: rule -> how it ended the last time that its trigger came."""
    watched: dict[str, Watched] = {}
    """Rule -> what is known of the customer in its comparison; only rules that hold somebody out have one."""
    delivered: list[Delivered] = []
    """The newest messages that arrived, oldest first: what is bought after one is attributed to it."""
    segments: dict[str, Membership] = {}
    """Those whose coming and going a running rule listens to."""
    posted: list[tuple[bytes, Millis]] = []
    """What stands for the ids of the merchant's own events that may be posted again, and until when."""
    added_stamps: bool = False
    """Rules have put stamps on cards: the ledger says which, and for what."""
    given_tiers: list[GivenTier] = []
    """Those that rules gave, beside the one that purchases earned (`tier`): the highest counts."""
    notices: list[Notice] = []
    """What staff are told about the customer, until it is known what became of it."""
    charges: dict[str, Charge] = {}
    """Id of an activation, or code of a voucher -> what budgets pay for it; of rules with a budget alone."""
    answers: bytes = b""
    """How it ended the last time that the rules' triggers came: see `stamgast.domain.rule_answers`."""
    conversation: Conversation | None = None
    """What is remembered of what they wrote to us; None: nothing was written since that is remembered."""
    left: dict[str, Millis] = {}
    """Topic that they left (`stamgast.domain.topics`) -> since when."""
    lately: bytes = b""
    """Which products were bought last, and when, where rules recommend any (`stamgast.domain.recommendations`)."""
    referral: Referral | None = None
    """Who invited them, and which friends they brought, where the programme has `referral`."""
    draws: dict[str, Entered] = {}
    """Draw -> the entries, and what came of them."""
    past: list[bytes] = []
    """The last few messages that have ended (`stamgast.domain.past_messages`)."""

    @property
    def activations(self) -> list[Activation]:
        """Those not ended, and behind which they stand, the last few ended ones: all of them are read."""
        if self.past:
            past, self.past = self.past, []
            self.moving = [*map(past_messages.unpacked, past), *self.moving]
        return self.moving

    @activations.setter
    def activations(self, those: list[Activation]) -> None:
        self.moving, self.past = those, []

    def activation(self, activation_id: str) -> Activation | None:
        """The one of that id; None: it is not remembered."""
        for each in self.moving:
            if each.id == activation_id:
                return each
        place = past_messages.place_of(self.past, activation_id) if self.past else None
        if place is None:
            return None
        found = past_messages.unpacked(self.past[place])
        self.past = [*self.past[:place], *self.past[place + 1 :]]
        self.moving = [found, *self.moving]
        return found


_decode = msgspec.msgpack.Decoder(Customer).decode
_older = OlderStates(Customer, SCHEMA)
_encode = msgspec.msgpack.Encoder().encode


def encode_customer(state: Customer) -> bytes:
    """State -> stored value. Messages that have ended go to the others that have."""
    if state.moving:
        put_past(state)
    return _encode(state)


def put_past(state: Customer) -> None:
    """Have messages that have ended where they are stored."""
    ended = [each for each in state.moving if past_messages.is_past(each)]
    if ended:
        for each in ended:
            state.past = past_messages.with_one_more(state.past, each)
        state.moving = [each for each in state.moving if not past_messages.is_past(each)]


def decode_customer(value: bytes) -> Customer:
    """Stored value -> state, upcast from any earlier schema. Raises `msgspec.DecodeError` if it is none.

    New fields are appended with a default, so an older, shorter array decodes as it is; a change that is
    more than that gets its step here.
    """
    try:
        state = _decode(value)
    except msgspec.ValidationError:  # contacts were a list
        state = cast(Customer, _older.upcast(value))
        put_past(state)
        return state
    if state.schema != SCHEMA:
        raise msgspec.ValidationError(f"a state of schema {state.schema}; a newer version may have written it")
    return state
