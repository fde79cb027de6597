"""What waits for a merchant's bundle stands in a list of the partition, and is taken up a piece at a time.

Until its first bundle is in force a merchant's events wait, however many there are. Its barrier does not apply them: it
begins a backlog. From then on whatever comes for that merchant, later barriers and pauses included, is put behind what
waits, so that each customer's events keep their order; and between two steps the owner applies a piece from the list's
head, which the same commit cuts off (docs/adr/0058). Which piece when, changes nothing: an event that waits has its
recorded time and its bundle from its place in the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Final

import msgspec

from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.state.backlogs import Backlog
from stamgast.state.errors import SpoiltError
from stamgast.state.keys import PartitionKeys
from stamgast.state.partitions import Lease, Writes
from stamgast.state.scripts import Script
from stamgast.state.session import Word
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing, bundle_of

log = get_logger(__name__)

PIECE: Final = 500
"""Records that one step takes up at most."""
_PIECE_BYTES: Final = 1 << 20
_AT_ONCE: Final = 1_000
"""Records that one command puts into a list."""
_NOW: Final = 2
"""`Waiting.wanted` for one step before the next records of the log."""
_HEAD: Final = Script.named("list_head")


class Parked(msgspec.Struct, array_like=True, frozen=True):
    """A record that waits. `at` is the recorded time that it had when it came."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0
    at: Millis = 0


_decode = msgspec.msgpack.Decoder(Parked).decode
_encode = msgspec.msgpack.Encoder().encode


def offset_of(value: bytes | None) -> int:
    """Where in the log an element of the list stands; -1 for none."""
    return -1 if value is None else _decode(value).offset


def park(parked: Mapping[str, Sequence[Parked]], keys: PartitionKeys, writes: Writes) -> int:
    """Put records behind what waits; return how many."""
    for merchant, records in parked.items():
        for start in range(0, len(records), _AT_ONCE):
            some = records[start : start + _AT_ONCE]
            writes.do("RPUSH", keys.parked(merchant), *(_encode(each) for each in some))
    return sum(map(len, parked.values()))


async def waits(lease: Lease, merchant: str) -> bool:
    """Say whether anything of a merchant's waits."""
    (count,) = await lease.read([], ("LLEN", lease.keys.parked(merchant)))
    return bool(count)


class TakingUp:
    """Takes up what waits in one owned partition: `streams.runtime.job.Waiting`."""

    def __init__(self, lease: Lease, standing: Standing, bundles: Bundles, settled: int) -> None:
        """Everything below `settled` had its effects outside Redis before this taking."""
        self._lease = lease
        self._bundles = bundles
        self._standing = standing
        self._settled = settled
        self.merchant = ""
        """Whose records `next` gave."""
        self._stand = 0
        self.wanted = _NOW if standing.taking_up else 0

    async def next(self) -> Sequence[Parked]:
        """Return the head of one merchant's list; they take turns. Nothing if no bundle of theirs can be had any more.

        Raises SpoiltError if what should wait there does not.
        """
        while merchants := self._standing.taking_up:
            self.merchant = merchants[self._standing.turns % len(merchants)]
            if await bundle_of(self._standing, self.merchant, self._bundles) is not None:
                break
        else:
            self.wanted = 0
            return []
        name = self._lease.keys.parked(self.merchant)
        self._stand, *values = await self._lease.run(_HEAD, [name], [PIECE, _PIECE_BYTES])
        if not values:
            raise SpoiltError(f"what waits of {self.merchant} is gone")
        records = [_decode(value) for value in values]
        first = self.is_settled(records[0])
        return list(takewhile(lambda each: self.is_settled(each) is first, records))

    def is_settled(self, record: Parked) -> bool:
        """Say whether a record's effects outside Redis were had before. It has them after the barrier it waited for."""
        return max(record.offset, self._standing.backlogs[self.merchant].barrier) < self._settled

    def cut_off(self, records: Sequence[Parked], standing: Standing) -> Sequence[Word]:
        """Move the standing behind the first of what waits; return the command that takes them off the list."""
        backlog = standing.backlogs[self.merchant]
        standing.turns += 1
        if len(records) == self._stand:
            del standing.backlogs[self.merchant]
            log.info("everything that waited is applied", merchant=self.merchant)
        else:
            reached = max(backlog.reached, records[-1].offset)
            standing.backlogs[self.merchant] = Backlog(backlog.barrier, backlog.at, reached)
        return ("LTRIM", self._lease.keys.parked(self.merchant), len(records), -1)

    def committed(self, standing: Standing, parked: int) -> None:
        """Learn of a step, and how many records it put behind what waits.

        One piece is taken up after each step of the log, so that neither waits for the other; and more of them while
        much is put behind what waits, for twice as much must be taken up, or that would never end.
        """
        if not standing.taking_up:
            self.wanted = 0
        elif standing.turns > self._standing.turns:
            self.wanted = max(self.wanted - 1, 1)
        else:
            self.wanted = _NOW + 2 * parked // PIECE
        self._standing = standing

    def settled(self, up_to: int) -> int:
        """Say below which offset everything has had its effects, if what was applied has below `up_to`.

        What is being taken up has them after its barrier, so that is as far as it goes until nothing waits any more.
        """
        backlogs = self._standing.backlogs
        return min([up_to, *(backlogs[merchant].barrier for merchant in self._standing.taking_up)])
