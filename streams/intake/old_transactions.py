"""Old transactions of an owned partition leave their keys for boxes, a few between two steps (`stamgast.state.boxes`).

A transaction has a key of its own while its till may still change it every day. The list `recent` says in which order
they got theirs. `SETTLED` after it was first recorded one goes into its box, packed. Changed once more, it gets a key
of its own again, which counts and not what its box holds; and in its turn it takes the place of that.

What stands under a key of its own from before there was this list stays there until Redis collects it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from stamgast.domain.units import DAY, MINUTE, Millis
from stamgast.state.boxes import (
    LONGEST,
    MOST,
    PER_BOX,
    Box,
    Boxed,
    UnreadableBoxError,
    digest_of,
    number_of,
    packed,
    parent_of,
    read_box,
    unpacked,
    write_box,
)
from stamgast.state.errors import NoWritesError, SpoiltError
from stamgast.state.keys import PartitionKeys
from stamgast.state.partition_meta import BOXED, BOXES
from stamgast.state.partitions import Lease, Writes
from stamgast.state.scripts import Script
from stamgast.state.session import Word
from streams.runtime.job import Record

REMEMBERED_DAYS: Final = 430
"""After so many days a transaction is over: its memory has ended by recorded time long before."""
SETTLED: Final[Millis] = 14 * DAY
"""So long after it was first recorded a transaction goes into its box. Most that come back do so earlier."""
_OVERDUE: Final[Millis] = 120 * DAY
"""Where nothing was put away for so long, as in a rebuild or a shop that never pauses, it waits for no pause."""
_GATHERED: Final[Millis] = MINUTE
"""Those that settle within so long are put away together."""
_PIECE: Final = 32
"""Transactions that are put away between two steps."""
_NOW: Final = 2
"""`Waiting.wanted` for a piece before the next records of the log."""
_READ: Final = Script.named("read_transactions", "boxes")
_AT_ONCE: Final = 1_000
_SINCE: Final = struct.Struct(">I")
_LATEST_S: Final = 2**32 - 1


def recent_entry(name: str, since: Millis) -> bytes:
    """How a transaction (`merchant:id`) that was first recorded then stands in the list `recent`."""
    try:
        return _SINCE.pack(since // 1_000) + name.encode()
    except struct.error:  # no moment of this world
        return _SINCE.pack(_LATEST_S if since > 0 else 0) + name.encode()


def put_down(entries: Sequence[bytes], keys: PartitionKeys, writes: Writes) -> None:
    """Note transactions that get a key of their own."""
    for start in range(0, len(entries), _AT_ONCE):
        writes.do("RPUSH", keys.recent, *entries[start : start + _AT_ONCE])


def is_over(since: Millis, now: Millis) -> bool:
    """Whether nothing need be known any more of what was first recorded then."""
    return now - since > REMEMBERED_DAYS * DAY


class OldTransactions:
    """Of one owned partition: `streams.runtime.job.Waiting`, whose steps it takes itself."""

    def __init__(self, lease: Lease, time: Millis, *, real_time: bool) -> None:
        """`time`: up to when everything is applied. Under a driven clock nothing is over: machine time collects it."""
        self._lease = lease
        self._time = time
        self._real_time = real_time
        self._watermark = lease.watermark
        self._next: Millis = 0
        """Nothing is to be put away before; it may be later."""
        self.boxes = BOXES.of(lease.meta)
        self._boxed = BOXED.of(lease.meta)
        self.wanted = 1

    # -- looking up

    async def look_up(
        self, names: Sequence[tuple[str, str]], keys: Sequence[str], others: Sequence[str]
    ) -> tuple[list[bytes | None], frozenset[int]]:
        """The values of transactions and of other keys, and which of those stand in boxes. Raises SpoiltError."""
        if not self.boxes:
            return await self._lease.read([*keys, *others]), frozenset()
        digests = [digest_of(f"{merchant}:{name}") for merchant, name in names]
        words: list[Word] = [self._lease.watermark, len(keys), *keys, *digests, *others]
        values = await self._lease.run(_READ, [self._lease.keys.none], words)
        in_boxes = [at for at, value in enumerate(values) if type(value) is list]
        for at in in_boxes:
            boxed = _read(values[at][0]).get(digests[at])
            values[at] = None if boxed is None or self._is_over(boxed) else _unpacked(boxed)
        return values, frozenset(at for at in in_boxes if values[at] is not None)

    # -- putting away

    def committed(self, time: Millis) -> None:
        """Learn of a step of the log, and when it is now."""
        records, self._watermark = self._lease.watermark - self._watermark, self._lease.watermark
        self._time = time
        late = time - self._next
        self.wanted = 0 if late < 0 else 1 if late < _OVERDUE else _NOW + 2 * records // _PIECE

    async def next(self) -> Sequence[Record]:
        """Put a piece away; nothing of it is left for others to apply. Raises SpoiltError."""
        (entries,) = await self._lease.read([], ("LRANGE", self._lease.keys.recent, 0, _PIECE))
        head = [_entry(entry) for entry in entries]
        due = list(takewhile(lambda each: each[1] + SETTLED <= self._time, head[:_PIECE]))
        if due:
            try:
                await self._put_away(due)
            except NoWritesError:  # the next step of the log waits for Redis to take them again, and tells of it
                self.wanted = 0
                return ()
        rest = head[len(due) :]
        if rest and rest[0][1] + SETTLED <= self._time:
            self.wanted = max(self.wanted - 1, 1)
        else:  # so many more are then put away together
            self._next = max((rest[-1][1] if rest else self._time) + SETTLED, self._time + _GATHERED)
            self.wanted = 0
        return ()

    async def _put_away(self, head: Sequence[tuple[str, Millis]]) -> None:
        """Take the list's head into boxes. Who finds no place there keeps a key."""
        keys, before = self._lease.keys, self.boxes
        names = list(dict(head))
        values = await self._lease.read([keys.transaction(*_parts(name)) for name in names])
        found = {name: value for name, value in zip(names, values, strict=True) if value and len(value) <= LONGEST}
        after = max(before, -(-(self._boxed + len(found)) // PER_BOX), 1)
        boxes = await self._opened([digest_of(name) for name in found], after)
        counted = self._boxed - sum(map(self._without_those_over, boxes.values()))
        for number in range(before, after):
            boxes[number] = _part_of(boxes[parent_of(number)], number) if number else {}
        writes = Writes()
        for name, since in head:
            digest = digest_of(name)
            box = boxes[number_of(digest, after)] if name in found else {}
            if name in found and (digest in box or len(box) < MOST):
                counted += digest not in box
                box[digest] = Boxed(since // DAY, packed(found.pop(name)))
                writes.do("DEL", keys.transaction(*_parts(name)))
        for number, box in boxes.items():
            writes.do(*self._written(keys.box(number), box))
        writes.do("LTRIM", keys.recent, len(head), -1)
        writes.meta |= BOXES.written(after) | BOXED.written(counted)
        await self._lease.commit(self._lease.watermark, writes)
        self.boxes, self._boxed = after, counted

    async def _opened(self, digests: Sequence[bytes], after: int) -> dict[int, Box]:
        """Those of the boxes there are that change when these come, and when there are so many."""
        before = self.boxes
        if not before:
            return {}
        numbers = {number_of(digest, before) for digest in digests}
        numbers |= {parent_of(number) for number in range(before, after)} & set(range(before))
        values = await self._lease.read([self._lease.keys.box(number) for number in numbers])
        return {number: _read(value) for number, value in zip(numbers, values, strict=True)}

    def _without_those_over(self, box: Box) -> int:
        over = [digest for digest, boxed in box.items() if self._is_over(boxed)]
        for digest in over:
            del box[digest]
        return len(over)

    def _is_over(self, boxed: Boxed) -> bool:
        return self._real_time and is_over(boxed.day * DAY, self._time)

    def _written(self, key: str, box: Box) -> Sequence[Word]:
        if not box:
            return ("DEL", key)
        ends = (max(boxed.day for boxed in box.values()) + REMEMBERED_DAYS + 1) * DAY
        return ("SET", key, write_box(box), "EX", max(DAY, ends - self._time) // 1_000)


def _entry(entry: bytes) -> tuple[str, Millis]:
    """A transaction of the list, and when it was first recorded."""
    return entry[_SINCE.size :].decode(), _SINCE.unpack_from(entry)[0] * 1_000


def _parts(name: str) -> tuple[str, str]:
    merchant, _, transaction = name.partition(":")
    return merchant, transaction


def _part_of(parent: Box, number: int) -> Box:
    """What a new box takes over."""
    digests = [digest for digest in parent if number_of(digest, number + 1) == number]
    return {digest: parent.pop(digest) for digest in digests}


def _read(value: bytes | None) -> Box:
    try:
        return read_box(value)
    except UnreadableBoxError as error:
        raise SpoiltError(str(error)) from error


def _unpacked(boxed: Boxed) -> bytes:
    try:
        return unpacked(boxed)
    except UnreadableBoxError as error:
        raise SpoiltError(str(error)) from error
