"""What one transaction gave a customer, kept apart from the state and read only when it changes.

Entries live in one hash per customer: field = 8 bytes of the transaction id's BLAKE2b (within one
customer's some thousand transactions two alike have a chance of about 1e-13), value = MessagePack.

There is an entry a purchase, so their bytes are counted: a card is stored by its place among the customer's cards,
which never leave the state and keep their order, and what an ordinary purchase has for certain is left out.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from msgspec import Struct

from stamgast.domain.units import Day, Minor


class Entry(Struct, gc=False):
    """A transaction's part in the customer's sums. `stamps` is raw stamps per card, before daily caps."""

    day: Day
    spend: Minor
    profit: Minor
    counts: int = 1
    refunds: Minor = 0
    stamps: dict[str, int] = {}


class _Stored(Struct, array_like=True, gc=False):
    day: Day
    spend: Minor
    profit: Minor
    stamps: dict[int, int] = {}
    counts: int = 1
    refunds: Minor = 0


_decode = msgspec.msgpack.Decoder(_Stored).decode
_encode = msgspec.msgpack.Encoder().encode


def encode_entry(entry: Entry, cards: Sequence[str]) -> bytes:
    """Entry -> stored value. `cards` are the ids of the customer's cards in the state's order."""
    stamps = {cards.index(card): stamps for card, stamps in entry.stamps.items()}
    if entry.counts == 1 and not entry.refunds:
        return _encode((entry.day, entry.spend, entry.profit, stamps))
    return _encode((entry.day, entry.spend, entry.profit, stamps, entry.counts, entry.refunds))


def decode_entry(value: bytes, cards: Sequence[str]) -> Entry:
    """Stored value -> entry. `cards` as in `encode_entry`; there may be more of them by now."""
    it = _decode(value)
    stamps = {cards[place]: stamps for place, stamps in it.stamps.items()}
    return Entry(it.day, it.spend, it.profit, it.counts, it.refunds, stamps)


@lru_cache(maxsize=8192)
def field_of(transaction: str) -> bytes:
    """The hash field under which a transaction's entry stands."""
    return hashlib.blake2b(transaction.encode(), digest_size=8).digest()
