"""What happened to a customer, as it stands on `facts.v1`: pseudonymous, and all that a report needs."""

import hashlib
import re
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from stamgast.domain.units import Millis, Minor

_OF_VOUCHERS: Final = ("voucher:", "given:", "ending:", "expired:")
_CODE: Final = re.compile(r"[0-9A-F]+-[A-Z2-7]{16}")
OF_QUESTION: Final = "question:"
"""How the cause of an answer to a question begins."""
REISSUED: Final = "reissued"
"""What became of a voucher that has another code now; `reason` says why, as of one that was `voided`."""
TAKEN_BACK: Final = "taken_back"
"""What became of a voucher whose redemption did not count after all: it is as it was before."""


class Told(StrEnum):
    """What a line of `facts.v1` is about."""

    STAMPS = "stamps"
    VOUCHER = "voucher"
    STAGE = "stage"
    TIER = "tier"
    SEGMENT = "segment"
    ENTRY = "entry"
    ANSWER = "answer"
    DECISION = "decision"
    NOTICE = "notice"
    BUDGET = "budget"
    REFERRAL = "referral"
    DRAW = "draw"
    BY_HAND = "by_hand"


class Moved(StrEnum):
    """What became of a budget's money."""

    SPENT = "spent"
    """Also what is put by for a message at its dearest, until it is known what it costs."""
    CAME_BACK = "came_back"


class Arm(StrEnum):
    """What a rule came to for a customer: which side of a comparison they are on, or why on none."""

    SENT = "sent"
    WAITS = "waits"
    GIVEN = "given"
    """It did what it does, without a message."""
    HELD_OUT = "held_out"
    CANARY_EXCLUDED = "canary_excluded"
    SHADOW = "shadow"
    WITHHELD = "withheld"


class Line(Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """A line of `facts.v1` (JSON): one thing that happened to a customer. Money is minor units of the merchant.

    `kind` and `became` say what:

    | kind | became | with |
    |---|---|---|
    | `stamps` | `stamped`, `completed`, `uncompleted`, `taken` | `card`, `ordinal`, `before`, `after`; `count` cards |
    | | `expired`: they ran out; full cards stay | `card`, `ordinal`, `before` |
    | | `warned`: a message arrived that says when they do | `card`, `ordinal`, `before`, `after`: what lies on it |
    | `voucher` | `given`, `withdrawn`, `expired`, `redeemed`, `taken_back` | `reward`, `voucher`, `rule`, `cost` … |
    | | by a person: `voided`, `reissued` (another code, the same `voucher`) | `reason` |
    | | of `redeemed` and `taken_back` | `used_on`, `discount`, `total` |
    | `stage` | the new stage | `was` |
    | `tier` | the new tier, `none` for none | `was`; `rule` if a rule gave it, or lost its reason to |
    | `segment` | `entered`, `left` | `segment`; told of those that a running rule listens to |
    | `entry` | `joined` | |
    | `answer` | the keyword it meant, if any; of a question the option or score | `channel`; `rule`, `cause` |
    | `decision` | the arm | `rule`, `occasion`, `reason`, `activation` where there is one, `variant`, `due` |
    | `notice` | `sent`, `waits`, `withheld` | `staff`, `rule`, `occasion`, `cause`, `reason`, `activation` |
    | `referral` | `invited`, `refused`; of who invited `counted`, `taken_back`, `refused` | `reason`, `occasion` |
    | `budget` | `spent`, `came_back` | `budget`, `mills`, `rule`; `activation` or `voucher`, which it was for |
    | `by_hand` | `given`, `taken_back`: stamps of a till; the card moves besides | `card`, `count`, `reason`, `till` |
    | `draw` | `entered`, `left`, `won`, `lost`, `passed` | `draw`, `entry`, `rule`, `occasion`; `reward` of who won |

    A notice about the shop itself has `staff` as its customer, which is no customer's id.

    A voucher that was redeemed and whose redemption was taken back is as it was before; if it has ended or was
    withdrawn meanwhile, a line behind says so. Those beyond the twenty newest that end are told together, by `reward`
    and `count`, without their names.

    The arms of a decision are `sent` (put into the outbox), `waits` (another line follows; with `due` if the rule
    itself waits so long, as `held_out` has it then), `given` (done, without a message), `held_out`, `canary_excluded`,
    `shadow` and `withheld` (`reason` says why). Behind a `sent` there may come `withheld`, if it never left.

    A line may stand there again, byte for byte, as on `activations.v1`: when Redis or a worker has lost its last
    seconds, the events since then are applied once more. `at` never falls for a customer, so whoever remembers the
    lines of the newest moments passes over it; a line that differs in anything is news.
    """

    kind: str
    became: str
    merchant: str
    customer: str
    at: Millis
    receipt: str = ""
    """The transaction that brought it, or the till's request to redeem."""
    rule: str = ""
    """The rule that gave or decided; empty if a card itself gave, or what was bought."""
    card: str = ""
    ordinal: int = 0
    """The card's number: 1 is the customer's first of that kind."""
    before: int = 0
    after: int = 0
    reward: str = ""
    voucher: str = ""
    """A name of the voucher; its code, which is as good as money, cannot be made of it."""
    cause: str = ""
    """The occasion that a voucher was given for; of a notice what it is about, if that is another one."""
    cost: Minor | None = None
    """What the reward costs the shop, as its programme says at that moment."""
    value: Minor | None = None
    """What the customer would have paid for it."""
    ends: Millis = 0
    """When a voucher that was given ends."""
    count: int = 1
    was: str = ""
    channel: str = ""
    occasion: str = ""
    reason: str = ""
    activation: str = ""
    variant: str = ""
    """Which of several messages that are compared."""
    step: str = ""
    """Which of several things that its rule does: `occasion` ends in it; empty for the first."""
    due: Millis = 0
    """When the time comes that a rule waits for before it does anything."""
    segment: str = ""
    staff: str = ""
    """Who of the staff is told something, by the name in program.yaml; no message to the customer."""
    budget: str = ""
    """A budget in one of its times (`rule:win-back/month@2026-11`)."""
    mills: int = 0
    """How much of it, in thousandths of a minor unit."""
    draw: str = ""
    entry: str = ""
    """An entry of it: its ticket is made of the customer and this."""
    till: str = ""
    operator_id: str = ""
    """At which till, and who stood there, of what is done by hand and of redemptions; empty where nobody said so."""
    used_on: str = ""
    """The transaction that a voucher was used on, where the till says it."""
    discount: Minor | None = None
    """What it took off the receipt: its `cost` too."""
    total: Minor = 0
    """What the receipt came to before that; 0: the till did not say."""


class StampsLine(Struct, frozen=True, omit_defaults=True, gc=False):
    """A `Line` about stamps, byte for byte, with nothing but what such a one has: most purchases bring one."""

    kind: str
    became: str
    merchant: str
    customer: str
    at: Millis
    receipt: str = ""
    card: str = ""
    ordinal: int = 0
    before: int = 0
    after: int = 0
    count: int = 1


class StageLine(Struct, frozen=True, omit_defaults=True, gc=False):
    """A `Line` about the stage, likewise."""

    kind: str
    became: str
    merchant: str
    customer: str
    at: Millis
    receipt: str = ""
    was: str = ""


class DecisionLine(Struct, frozen=True, omit_defaults=True, gc=False):
    """A `Line` about a decision, likewise."""

    kind: str
    became: str
    merchant: str
    customer: str
    at: Millis
    receipt: str = ""
    rule: str = ""
    channel: str = ""
    occasion: str = ""
    reason: str = ""
    activation: str = ""
    variant: str = ""
    step: str = ""
    due: Millis = 0


AnyLine = Line | StampsLine | StageLine | DecisionLine

encode_line = msgspec.json.Encoder().encode
decode_line = msgspec.json.Decoder(Line).decode


def as_line(line: AnyLine) -> Line:
    """The line as whoever reads the topic has it."""
    return decode_line(encode_line(line))


def name_of_voucher(code: str) -> str:
    """What a voucher is called where everybody may read: the same for the same code."""
    return hashlib.blake2b(code.encode(), digest_size=8).hexdigest()


def public(occasion: str) -> str:
    """An occasion as everybody may read it: one of a voucher carries its name, not its code."""
    if occasion.startswith(_OF_VOUCHERS):
        return _CODE.sub(lambda code: name_of_voucher(code[0]), occasion)
    return occasion
