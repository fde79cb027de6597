"""Customers who bring friends: their code, and what is known of who invited whom.

A code is an HMAC of the customer, so that every reading of the log comes to the same one; it begins with their
partition, so that whoever is asked for it knows where to look. Ten letters and digits that cannot be taken for each
other: `05K7P-M4XQ9`.
"""

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from stamgast.domain.typed_codes import ALPHABET, letters_of_partition, partition_in, read_typed
from stamgast.domain.units import DAY, Millis, Minor

_OF_PARTITION: Final = 2
_RANDOM: Final = 8
LENGTH: Final = _OF_PARTITION + _RANDOM
MOST_BETWEEN: Final = 8
"""Inviters of inviters that are looked through for a circle."""
WINDOW: Final[Millis] = 90 * DAY
REFERRAL: Final = "referral"
"""Under which a message's data and words have the customer's own code."""
FRIEND: Final = "friend:"
"""How the occasions begin that are a friend's purchase, by the friend."""
INVITED: Final = "invited:purchase"
"""The occasion of what a friend is given for their own purchase."""


class Refused(StrEnum):
    """Why an invitation brings nothing. Staff read it (`stamgast.people.referral`), and it stands on the log."""

    NOBODYS = "nobodys"
    OWN = "own"
    HOUSEHOLD = "household"
    CIRCLE = "circle"
    NOT_NEW = "not_new"
    INVITED_ALREADY = "invited_already"
    TOO_MANY = "too_many"
    """Whoever invited has brought as many friends this month as count."""
    NO_PROGRAMME = "no_programme"


class Became(StrEnum):
    """What became of an invitation, as `facts.v1` tells it."""

    INVITED = "invited"
    COUNTED = "counted"
    TAKEN_BACK = "taken_back"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ReferralRules:
    """`referral:` of program.yaml. Amounts in minor units."""

    reward: str | None = None
    """What whoever invited is given for each friend."""
    friend_reward: str | None = None
    least: Minor = 0
    """What the friend has to spend in one purchase."""
    window: Millis = WINDOW
    """So long after they were invited."""
    most_per_month: int | None = None
    """Friends of one customer that count in a month of the shop's calendar."""
    join: str = ""
    """The code of `join` as whose reader a friend joins who writes JOIN and a customer's code; empty: nobody does."""


class Referral(Struct, array_like=True, gc=False):
    """What a state knows: who invited this customer, and which friends they brought."""

    by: str = ""
    through: list[str] = []
    """Who invited those: nobody of them can be a friend."""
    refused: str = ""
    invited_at: Millis = 0
    transaction: str = ""
    """The purchase that counts."""
    told: int = 0
    """The number of what whoever invited was told last."""
    friends: int = 0
    """Friends of theirs who count now."""
    month: int = 0
    """Year times twelve and month, in which `in_month` friends were counted."""
    in_month: int = 0
    code: str = ""
    """Theirs, by which they bring friends; it can be looked up as long as it stands here."""
    into: str = ""
    """They are this other customer now, who hears what their friends do."""


class Friend(Struct, array_like=True, gc=False):
    """What the ledger of whoever invited keeps of a friend."""

    id: str
    number: int
    """The newest that was heard of them."""
    counts: bool
    month: int = 0
    """In which they were counted."""


encode_friend = msgspec.msgpack.Encoder().encode
decode_friend = msgspec.msgpack.Decoder(Friend).decode


def field_of_friend(friend: str) -> bytes:
    """The ledger field under which a friend stands."""
    return b"w" + hashlib.blake2b(friend.encode(), digest_size=10).digest()


def is_of_friend(field: bytes) -> bool:
    """Whether a friend stands under a ledger field."""
    return len(field) == 11 and field[:1] == b"w"


def occasion_of(friend: str) -> str:
    """What a friend's purchase is once per."""
    return FRIEND + friend


def code_of(key: bytes, partition: int, merchant: str, customer: str) -> str:
    """The code of a customer, as it is written."""
    digest = hmac.digest(key, f"referral\x1f{merchant}\x1f{customer}".encode(), "sha256")
    number = int.from_bytes(digest[:5], "big")
    letters = [ALPHABET[number >> 5 * place & 31] for place in range(_RANDOM)]
    plain = letters_of_partition(partition) + "".join(letters)
    return f"{plain[:5]}-{plain[5:]}"


def read_code(text: str) -> str:
    """A code as somebody typed it, as it is written; empty for what cannot be one."""
    plain = read_typed(text, LENGTH)
    return f"{plain[:5]}-{plain[5:]}" if plain else ""


def partition_of(code: str) -> int:
    """The partition that a code begins with."""
    return partition_in(code)
