"""The closed sets of words that the house decides by, each said once.

Their values are what stands in states, on topics and in counters: they never change. What decoded states and records
hold are plain strings; they are equal to the members.
"""

from enum import StrEnum


class Channel(StrEnum):
    """A way to people, in the order in which rules try them (`stamgast.domain.channels`: what each is)."""

    WHATSAPP = "whatsapp"
    SMS = "sms"


class Purpose(StrEnum):
    """What a message is for: consent, hours and caps are by purpose."""

    MARKETING = "marketing"
    UTILITY = "utility"


class IfUnproven(StrEnum):
    """What becomes of a message that nobody can prove."""

    SEND_AGAIN = "send_again"
    NEVER = "never"


class RuleStatus(StrEnum):
    """Whether a rule listens, and whom it speaks to."""

    DRAFT = "draft"
    SHADOW = "shadow"
    CANARY = "canary"
    LIVE = "live"
    PAUSED = "paused"


class OncePer(StrEnum):
    """What a rule fires once per."""

    CARD = "card"
    PURCHASE = "purchase"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    QUIET_SPELL = "quiet_spell"
    CUSTOMER = "customer"
    REWARD = "reward"
    """One voucher."""
    TIER = "tier"
    """One stay on a tier."""
    SEGMENT = "segment"
    """One stay in a segment, or outside it."""
    EVENT = "event"
    """One event of the merchant's own making."""
    OCCASION = "occasion"
    """One occasion of a schedule."""
    FRIEND = "friend"
    """One friend who bought."""
    DRAW = "draw"
    """One draw, or one entry of an instant win."""


class Outside(StrEnum):
    """What becomes of a message that may not go out at this hour."""

    WAIT = "wait"
    DROP = "drop"


class ClvMethod(StrEnum):
    """A method of lifetime value that rules may ask for (`stamgast.domain.clv`)."""

    HISTORIC = "historic"
    SIMPLE = "simple"
    PREDICTED = "predicted"
    NET = "net"


class Stage(StrEnum):
    """Where a customer stands in their life with the shop. Without any purchase that counts they are new too."""

    NEW = "new"
    ACTIVE = "active"
    AT_RISK = "at_risk"
    LAPSING = "lapsing"
    LAPSED = "lapsed"
    WON_BACK = "won_back"


class TimerKind(StrEnum):
    """What a customer's timer is for; those of one message or voucher have its id or code after a colon."""

    RISK = "risk"
    LAPSE = "lapse"
    LAPSED = "lapsed"
    HELD = "held"
    VOUCHER = "voucher"
    VOUCHERS = "vouchers"
    """Of those kept apart from the state."""
    UNSEEN = "unseen"
    """Of rules, as are the next ones, with a number of days after a colon (`stamgast.domain.awaited`)."""
    BIRTHDAY = "birthday"
    ANNIVERSARY = "anniversary"
    ENDING = "ending"
    """Of the next voucher that is about to end."""
    TIER = "tier"
    """The figure that a tier is held by falls below it, and the grace is over."""
    GIVEN_TIER = "given_tier"
    """The time is over for which a rule gave a tier."""
    NOTICE = "notice"
    """Something that staff are told waits for their hours, or for room; its id after a colon."""
    EXPIRING = "expiring"
    """Of rules: the stamps on a card are about to run out; the card and a number of days after colons."""
    STAMPS = "stamps"
    """Stamps of which a message has warned run out; the card after a colon."""
    TURN = "turn"
    """Of an occasion that is spread, with rule and occasion after colons."""


class VoucherState(StrEnum):
    """What may still be done with a voucher."""

    OPEN = "open"
    REDEEMED = "redeemed"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    VOIDED = "voided"
    """By a person, for good."""


class StepKind(StrEnum):
    """How a stamp card moves."""

    STAMPED = "stamped"
    COMPLETED = "completed"
    UNCOMPLETED = "uncompleted"
    TAKEN = "taken"
    EXPIRED = "expired"
    """Its stamps ran out."""
    WARNED = "warned"
    """A message that says when they do has arrived."""


class FactName(StrEnum):
    """What a change of state can mean (`stamgast.domain.facts`: when, and what each carries)."""

    PURCHASE = "purchase"
    REFUNDED = "refunded"
    STAMPS_CHANGED = "stamps_changed"
    STAMPS_TAKEN = "stamps_taken"
    STAMP_CARD_COMPLETED = "stamp_card_completed"
    STAMP_CARD_UNCOMPLETED = "stamp_card_uncompleted"
    VISITS_CHANGED = "visits_changed"
    SPEND_CHANGED = "spend_changed"
    CLV_CHANGED = "clv_changed"
    SIMPLE_CLV_CHANGED = "simple_clv_changed"
    PREDICTED_CLV_CHANGED = "predicted_clv_changed"
    NET_CLV_CHANGED = "net_clv_changed"
    AT_RISK = "at_risk"
    LAPSING = "lapsing"
    LAPSED = "lapsed"
    WON_BACK = "won_back"
    JOINED = "joined"
    REWARD_REDEEMED = "reward_redeemed"
    REPLIED = "replied"
    ANSWERED = "answered"
    WINDOW_SPEND_CHANGED = "window_spend_changed"
    NOT_SEEN = "not_seen"
    BIRTHDAY = "birthday"
    ANNIVERSARY = "anniversary"
    REWARD_GIVEN = "reward_given"
    REWARD_ENDING = "reward_ending"
    REWARD_EXPIRED = "reward_expired"
    BOUGHT = "bought"
    TIER_CHANGED = "tier_changed"
    SEGMENT_ENTERED = "segment_entered"
    SEGMENT_LEFT = "segment_left"
    OWN_EVENT = "own_event"
    SCHEDULED = "scheduled"
    FRIEND_BOUGHT = "friend_bought"
    DRAWN = "drawn"
    STAMPS_EXPIRING = "stamps_expiring"


class ActivationState(StrEnum):
    """Where an activation is: with the customer, in the outbox, or done."""

    HELD = "held"
    SUBMITTED = "submitted"
    ENDED = "ended"


class Status(StrEnum):
    """What became of a message (`stamgast.domain.activation.RANKS`: which of two is further)."""

    HELD = "held"
    SUBMITTED = "submitted"
    NOT_SUBMITTED = "not_submitted"
    IN_DOUBT = "in_doubt"
    NOT_FOUND = "not_found"
    """No status of a message: it says of an attempt in doubt that the carrier's own list does not know it."""
    ACCEPTED = "accepted"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    READ = "read"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"


class NoteKind(StrEnum):
    """A line in the public life of an activation."""

    DECIDED = "decided"
    CLAIMED = "claimed"
    CLOSED = "closed"
    """An attempt that was certainly not submitted, or that the carrier does not know after the last look-up."""
    OUTCOME = "outcome"
    PRICED = "priced"
    """The carrier said what it cost."""


class Verdict(StrEnum):
    """What the gate says of a message."""

    SUBMIT = "submit"
    HOLD = "hold"
    SUPPRESS = "suppress"


class Reason(StrEnum):
    """Why a message was held, withheld or not delivered. `stamgast.people.why` has the sentence for each."""

    # What the gate says, and what happens while a message waits.
    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    HOLDOUT = "holdout"
    COOL_DOWN = "cool_down"
    FREQUENCY_CAP = "frequency_cap"
    OUTRANKED = "outranked"
    QUESTION_OPEN = "question_open"
    ASKED_BEFORE = "asked_before"
    ALREADY_KNOWN = "already_known"
    COMPLAINED = "complained"
    TOPIC_LEFT = "topic_left"
    QUIET_HOURS = "quiet_hours"
    ONE_IN_FLIGHT = "one_in_flight"
    GAVE_UP = "gave_up"
    LATE = "late"
    TOO_MANY = "too_many"
    NO_LONGER_TRUE = "no_longer_true"
    TAKEN_BACK = "taken_back"
    EARNED_AGAIN = "earned_again"
    ERASED = "erased"
    RULE_NOT_LIVE = "rule_not_live"
    RULE_OVER = "rule_over"
    UNDO_WINDOW = "undo_window"
    UNDONE = "undone"
    NOT_YET = "not_yet"
    CALLED_OFF = "called_off"
    RULE_CHANGED = "rule_changed"
    STOPPED = "stopped"
    BUDGET = "budget"
    AWAITS_CODE = "awaits_code"
    NO_CODES = "no_codes"
    NOTHING_TO_RECOMMEND = "nothing_to_recommend"
    # What keeps a message from being submitted.
    RULE_LIMIT = "rule_limit"
    STAFF_LIMIT = "staff_limit"
    FOLDED = "folded"
    EXPIRED = "expired"
    NO_CHANNEL = "no_channel"
    NO_ADDRESS = "no_address"
    NO_TEMPLATE = "no_template"
    NO_WORDING = "no_wording"
    # What becomes of an attempt.
    ANOTHER_ATTEMPT = "another_attempt"
    NOT_FOUND = "not_found"
    OTHER_CHANNEL = "other_channel"
    # What a channel finds wrong (`channels.model.Fault`).
    NONE = "none"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    BAD_NUMBER = "bad_number"
    OPT_OUT = "opt_out"
    NOT_ON_CHANNEL = "not_on_channel"
    WINDOW = "window"
    TEMPLATE = "template"
    CONTENT = "content"
    TOO_LONG = "too_long"
    COSTLY = "costly"
    CONFIG = "config"
    POLICY = "policy"
    UNKNOWN = "unknown"


class Treatment(StrEnum):
    """What is to be done about a fault: by the one who sends (`RETRY_NOW`), or by what decides for the customer."""

    NONE = "none"
    RETRY_NOW = "retry_now"
    """Was not processed: try again after a pause."""
    RETRY_LATER = "retry_later"
    """Was accepted and failed: once more, some hours later."""
    FALLBACK = "fallback"
    """Not this way: this person, or these words, may go over another channel."""
    OPT_OUT = "opt_out"
    """The person said STOP at the carrier: remember it."""
    BAD_NUMBER = "bad_number"
    """No message will ever reach this address: none goes there until it is another."""
    CONFIG = "config"
    """Our account, sender or template is at fault: that sender stops, and a person is told."""
    PERMANENT = "permanent"
    """Do not try again."""


class Letters(StrEnum):
    """What becomes of letters that an SMS has no place for in its cheap alphabet, where that saves a part."""

    PLAIN = "plain"
    """The nearest plain ones: Zoe for Zoë."""
    KEEP_NAMES = "keep_names"
    """The nearest plain ones, but in the customer's name."""
    KEEP = "keep"
    """They stay, whatever it costs."""


class Happened(StrEnum):
    """What a rule can do, as its tests and simulations say it."""

    GIVE = "give"
    SEND = "send"
    WITHDRAW = "withdraw"
    TAG = "tag"
    UNTAG = "untag"
    ADD_STAMPS = "add_stamps"
    TAKE_STAMPS = "take_stamps"
    SET_TIER = "set_tier"
    TAKE_TIER = "take_tier"
    NOTIFY = "notify"
    ENTER_DRAW = "enter_draw"
    LEAVE_DRAW = "leave_draw"
    RUN_OUT = "run_out"
    """A card's stamps did: its own doing, once a warning of the rule's has arrived."""
    WITHHELD = "withheld"
