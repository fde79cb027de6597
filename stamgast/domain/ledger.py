"""What one transaction gave a customer, kept apart from the state and read only when it changes.

Beside them stand vouchers that are kept apart from the state (`stamgast.domain.apart`), in fields of another length.

Entries live in one hash per customer: field = 8 bytes of the transaction id's BLAKE2b (within one
customer's some thousand transactions two alike have a chance of about 1e-13), value = MessagePack.

There is an entry a purchase, so their bytes are counted: a card is stored by its place among the customer's cards,
which never leave the state and keep their order, and what an ordinary purchase has for certain is left out.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from stamgast.domain.events import Purchase
from stamgast.domain.units import Day, Minor


class Part(dict[bytes, bytes]):
    """What was read of a ledger; a field that is not there has an empty value. Any other mapping is a whole ledger."""


class NotReadError(Exception):
    """Events turned out to need more of a ledger than was read: they are to be applied anew once that was read."""

    def __init__(self, fields: list[bytes] | None) -> None:
        super().__init__("more of the ledger is needed")
        self.fields = fields
        """None: all of it."""


class Agreed(Struct, array_like=True, frozen=True, gc=False):
    """How large a purchase was when a person confirmed it: pieces of a line, the largest amount, rewards."""

    pieces: int
    amount: Minor
    rewards: int


class Entry(Struct, gc=False):
    """A transaction's part in the customer's sums. `stamps` is raw stamps per card, before daily caps."""

    day: Day
    spend: Minor
    profit: Minor
    counts: int = 1
    refunds: Minor = 0
    stamps: dict[str, int] = {}
    held: bytes = b""
    """The purchase itself while it waits for a person (`stamgast.domain.review`): until then it gives nothing."""
    agreed: Agreed | None = None
    """What a person has confirmed of it."""
    fired: bytes = b""
    """Marks of the rules that fired for it, once per purchase (`stamgast.domain.occasions.mark_of`)."""
    bought: bytes = b""
    """Marks of the things that it held, where they are kept (`stamgast.domain.things`)."""


class _Stored(Struct, array_like=True, gc=False):
    day: Day
    spend: Minor
    profit: Minor
    stamps: dict[int, int] = {}
    counts: int = 1
    refunds: Minor = 0
    held: bytes = b""
    agreed: Agreed | None = None
    fired: bytes = b""
    bought: bytes = b""


_decode = msgspec.msgpack.Decoder(_Stored).decode
_encode = msgspec.msgpack.Encoder().encode
_NO_STAMPS: dict[int, int] = {}


def encode_entry(entry: Entry, cards: Iterable[str]) -> bytes:
    """Entry -> stored value. `cards` are the ids of the customer's cards in the state's order."""
    stamps = _by_place(entry.stamps, [*cards]) if entry.stamps else _NO_STAMPS
    if entry.counts == 1 and not (
        entry.refunds or entry.fired or entry.bought or entry.held or entry.agreed is not None
    ):  # what nearly every purchase is
        return _encode((entry.day, entry.spend, entry.profit, stamps))
    if entry.bought or entry.fired or entry.held or entry.agreed is not None:
        sums = (entry.day, entry.spend, entry.profit, stamps, entry.counts, entry.refunds)
        rest = (entry.held, entry.agreed, entry.fired, entry.bought)
        return _encode((*sums, *(rest if entry.bought else rest[:3] if entry.fired else rest[:2])))
    return _encode((entry.day, entry.spend, entry.profit, stamps, entry.counts, entry.refunds))


def _by_place(stamps: dict[str, int], cards: list[str]) -> dict[int, int]:
    if len(stamps) == 1:
        ((card, earned),) = stamps.items()
        return {cards.index(card): earned}
    return {cards.index(card): earned for card, earned in stamps.items()}


def decode_entry(value: bytes, cards: Sequence[str]) -> Entry:
    """Stored value -> entry. `cards` as in `encode_entry`; there may be more of them by now."""
    it = _decode(value)
    stamps = {cards[place]: stamps for place, stamps in it.stamps.items()}
    return Entry(it.day, it.spend, it.profit, it.counts, it.refunds, stamps, it.held, it.agreed, it.fired, it.bought)


def spent_of(value: bytes) -> tuple[Day, Minor]:
    """Stored value -> the day of the purchase and what is left of its spend; 0 of one that waits for a person."""
    it = _decode(value)
    return it.day, 0 if it.held else it.spend


def purchases_by_day(ledger: Mapping[bytes, bytes]) -> dict[Day, int]:
    """A whole ledger -> how many purchases count on each day."""
    found: dict[Day, int] = {}
    for field, value in ledger.items():
        if is_of_transaction(field):
            it = _decode(value)
            if it.counts:
                found[it.day] = found.get(it.day, 0) + it.counts
    return found


encode_held = msgspec.msgpack.Encoder().encode
"""Purchase -> what an entry keeps of it while it waits."""
decode_held = msgspec.msgpack.Decoder(Purchase).decode


def digest_of_held(held: bytes) -> str:
    """A short name of what waits: another state of the same transaction has another."""
    return hashlib.blake2b(held, digest_size=8).hexdigest()


def field_of(transaction: str) -> bytes:
    """The hash field under which a transaction's entry stands."""
    return hashlib.blake2b(transaction.encode(), digest_size=8).digest()


def is_of_transaction(field: bytes) -> bool:
    """Whether a transaction's entry stands under a field."""
    return len(field) == 8


def written(ledger: Mapping[bytes, bytes], changes: Mapping[bytes, bytes | None]) -> Mapping[bytes, bytes]:
    """A ledger, or a part of it, after changes."""
    merged = Part(ledger) if isinstance(ledger, Part) else dict(ledger)
    for name, value in changes.items():
        if value is not None:
            merged[name] = value
        elif isinstance(merged, Part):
            merged[name] = b""
        else:
            merged.pop(name, None)
    return merged
