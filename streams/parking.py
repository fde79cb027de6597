"""Events of a merchant without a bundle wait in the partition until its first barrier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from stamgast.state.keys import PartitionKeys
from stamgast.state.partitions import Writes
from streams.jobs import Record


class Parked(msgspec.Struct, array_like=True, frozen=True):
    """A record that waits."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0


decode_parked = msgspec.msgpack.Decoder(Parked).decode
_encode = msgspec.msgpack.Encoder().encode


def park(parked: Mapping[str, Sequence[Record]], unparked: Iterable[str], keys: PartitionKeys, writes: Writes) -> None:
    """Keep what waits for a bundle, and forget what does not wait any more."""
    for merchant in unparked:
        writes.do("DEL", keys.parked(merchant))
    for merchant, records in parked.items():
        values = [_encode(Parked(r.offset, r.key, r.value, r.timestamp)) for r in records]
        writes.do("RPUSH", keys.parked(merchant), *values)
