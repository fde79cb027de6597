"""What people wrote to a merchant: on a topic of its own, sealed, and gone after thirty days.

It is sealed under a key of its own that derives from the customer's data key: forgetting the person forgets what they
wrote. The customer's stream says only that they wrote, and which keyword it was.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import key_of
from stamgast.domain.units import Millis
from stamgast.identity.sealing import DataKey, SealError, derive_key
from stamgast.log.topics import REPLIES_KEPT

_PURPOSE = "replies"


class Words(Struct, frozen=True, omit_defaults=True):
    """What stood in the message. Personal data: only ever stored sealed; never log it."""

    text: str = ""
    button: str = ""
    media: int = 0
    """How many pictures or recordings came with it."""
    files: tuple[str, ...] = ()
    """What those are called with us that are fetched (`stamgast.media`)."""

    def __repr__(self) -> str:
        return "Words(...)"


class Sealed(Struct, frozen=True):
    """A reply as it stands on `replies.v1` under its customer's key. `id` is the carrier's, to tell repeats."""

    id: str
    at: Millis
    channel: str
    data_key: str
    sealed: str


class Reply(Struct, frozen=True):
    """A reply, opened."""

    at: Millis
    channel: str
    words: Words


def seal_reply(key: DataKey, customer: tuple[str, str], reply: Reply, reply_id: str) -> tuple[bytes, bytes]:
    """The record to append to `replies.v1`; `customer` is merchant and id."""
    about = _about(customer, reply_id)
    sealed = _own_key(key).seal(msgspec.json.encode(reply.words), about)
    stored = Sealed(reply_id, reply.at, reply.channel, key.id, sealed)
    return key_of(*customer), msgspec.json.encode(stored)


def replies_in(
    values: Iterable[bytes | None], customer: tuple[str, str], key: DataKey | None, now: Millis
) -> list[Reply]:
    """The replies in a customer's records on `replies.v1`, each once, oldest first.

    What they wrote in the last thirty days, that is; nothing of one who was forgotten and has no key.
    """
    if key is None:
        return []
    found: dict[str, Reply] = {}
    for value in values:
        if (reply := _opened(value, customer, key, now)) is not None:
            found.setdefault(*reply)
    return sorted(found.values(), key=lambda reply: reply.at)


def _opened(value: bytes | None, customer: tuple[str, str], key: DataKey, now: Millis) -> tuple[str, Reply] | None:
    try:
        stored = msgspec.json.decode(value or b"", type=Sealed)
        if now - stored.at > REPLIES_KEPT or stored.data_key != key.id:
            return None
        words = msgspec.json.decode(_own_key(key).open(stored.sealed, _about(customer, stored.id)), type=Words)
    except (*UNREADABLE, SealError):
        return None  # not of our making
    return stored.id, Reply(stored.at, stored.channel, words)


def _own_key(key: DataKey) -> DataKey:
    return DataKey(key.id, derive_key(key.secret, _PURPOSE))


def _about(customer: tuple[str, str], reply_id: str) -> str:
    return f"{customer[0]}:{customer[1]}:{reply_id}"
