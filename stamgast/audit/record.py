"""Who did what, and when, as it stands on `audit.v1`: kept, under the merchant's name; names of people are sealed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from stamgast.domain.units import Millis

HOUSE: Final = "-"
"""Where it stands what concerns no merchant: a sign-in with a passkey that nobody knows."""


class Actor(StrEnum):
    """What kind of somebody did it."""

    USER = "user"
    KEY = "key"
    """An API key."""
    TILL = "till"
    COMMAND = "command"
    CUSTOMER = "customer"
    """By a link of their own."""
    NOBODY = "nobody"
    """Nobody who could be told: a sign-in that failed."""


class Did(StrEnum):
    """What was done. What is new goes to the end of its group."""

    SIGNED_IN = "signed in"
    SIGN_IN_FAILED = "sign-in failed"
    SIGNED_OUT = "signed out"
    SESSION_ENDED = "session ended"
    SESSIONS_ENDED = "sessions ended"
    PASSKEY_ADDED = "passkey added"
    PASSKEY_REMOVED = "passkey removed"
    USER_INVITED = "user invited"
    USER_REVOKED = "user revoked"
    ROLE_CHANGED = "role changed"
    TILL_PAIRED = "till paired"
    TILL_REVOKED = "till revoked"
    KEY_MADE = "key made"
    KEY_REVOKED = "key revoked"
    PUBLISHED = "published"
    LAUNCHED = "launched"
    ROLLED_BACK = "rolled back"
    RULE_EDITED = "rule edited"
    CAMPAIGN_STARTED = "campaign started"
    CAMPAIGN_STOPPED = "campaign stopped"
    EXPORTED = "exported"
    CUSTOMER_EXPORTED = "customer exported"
    CUSTOMER_ERASED = "customer erased"
    CUSTOMERS_MERGED = "customers merged"
    CUSTOMER_ENROLLED = "customer enrolled"
    REDEEMED = "redeemed"
    REDEMPTION_TAKEN_BACK = "redemption taken back"
    STAMPS_GIVEN = "stamps given"
    VOUCHER_VOIDED = "voucher voided"
    VOUCHER_REISSUED = "voucher reissued"
    SALE_ATTRIBUTED = "sale attributed"
    REPLAYED = "replayed"
    REVIEWED = "reviewed"
    """Confirmed or refused what waited for a person."""
    REPORT_SHARED = "report shared"
    """A link to it was made."""
    IMPORTED = "imported"
    FEED_CHANGED = "feed changed"
    """Another system is told what happens, or no more, or signs with another secret."""
    CONNECTION_CHANGED = "connection changed"


class Who(NamedTuple):
    """Who did it. `id` is a user's, a key's, a till's or a customer's; `name` is what people call them: sealed."""

    actor: Actor
    id: str = ""
    name: str = ""
    """A till's: the operator who named themselves there. A command's: the account of the machine it ran under."""


class About(Struct, frozen=True, omit_defaults=True):
    """What it was about: ids only; `words` (a reason, a status, a name) are sealed."""

    merchant: str = ""
    customer: str = ""
    rule: str = ""
    user: str = ""
    key: str = ""
    till: str = ""
    store: str = ""
    voucher: str = ""
    """A voucher's id, never its code: whoever knows that can redeem it."""
    reward: str = ""
    card: str = ""
    purchase: str = ""
    session: str = ""
    version: str = ""
    stamps: int = 0
    words: str = ""


class Noted(Struct, frozen=True, omit_defaults=True):
    """One deed."""

    at: Millis
    actor: Actor
    did: Did
    id: str
    """Of this note: the seals in it open for it alone."""
    who: str = ""
    sealed_name: str = ""
    about: Mapping[str, str | int] = {}
    """The fields of `About` that are set, but for `merchant`, which is the key, and `words`."""
    sealed_words: str = ""


encode = Encoder().encode
decode = Decoder(Noted).decode
"""bytes -> record. Raises `UNREADABLE`."""
