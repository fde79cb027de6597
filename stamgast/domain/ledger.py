"""What one transaction gave a customer, kept apart from the state and read only when it changes.

Entries live in one hash per customer: field = 8 bytes of the transaction id's BLAKE2b (within one
customer's some thousand transactions two alike have a chance of about 1e-13), value = MessagePack.
"""

import hashlib
from functools import lru_cache

import msgspec
from msgspec import Struct

from stamgast.domain.units import Day, Minor


class Entry(Struct, array_like=True, omit_defaults=True, gc=False):
    """A transaction's part in the customer's sums. `stamps` is raw stamps per card, before daily caps."""

    day: Day
    spend: Minor
    profit: Minor
    counts: int = 1
    refunds: Minor = 0
    stamps: dict[str, int] = {}


decode_entry = msgspec.msgpack.Decoder(Entry).decode
_encode = msgspec.msgpack.Encoder().encode


def encode_entry(entry: Entry) -> bytes:
    """Entry -> stored value."""
    return _encode(entry)


@lru_cache(maxsize=8192)
def field_of(transaction: str) -> bytes:
    """The hash field under which a transaction's entry stands."""
    return hashlib.blake2b(transaction.encode(), digest_size=8).digest()
