"""The owner's pen on `activations.v1` and `facts.v1`.

On the first stand notes, claims and what closes them, in order, and nobody else's unseen. On the second stands what
happened to customers; nobody of us reads it.

The owner knows its partition of the log up to `known_end`. If an acknowledged record lands further on, somebody else
(a paused process that woke) wrote in between, and that is read before the claim counts: only the first open record
of an activation allows a submission (invariant 10).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from stamgast.clock.ticks import until_tick
from stamgast.domain.activation import Note
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import key_of
from stamgast.domain.told import decode_line
from stamgast.domain.vocabulary import ActivationState, NoteKind, Status
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.state.outbox import Outbox, decode_note, encode_note
from stamgast.state.partition_meta import LOG
from streams.runtime.emission import append
from streams.runtime.job import TROUBLE, OwnedPartition

log = get_logger(__name__)

_AT_ONCE: Final = 1_000
_NOTES_AT_ONCE: Final = 2
"""Entries of the stream of notes; each may hold a thousand."""
_GATHER_S: Final = 0.1
"""So long notes wait for others that nobody waits for either: they stand in Redis already."""
_WORTH_WRITING: Final = 100
"""Records of one step that are written without that."""
_OPEN_STILL: Final[frozenset[str]] = frozenset({Status.IN_DOUBT, Status.NOT_SUBMITTED, Status.HELD, Status.SUBMITTED})
_OF_ATTEMPTS: Final[frozenset[str]] = frozenset({NoteKind.CLAIMED, NoteKind.CLOSED})

_Record = tuple[bytes | None, bytes]
Line = tuple[str, str, str]
"""Kind (`claimed`, `closed`, `ended` or empty), activation, attempt."""

OnClaims = Callable[[Sequence[Note]], Awaitable[None]]
"""Told of claims that are read, not of those that are written here."""


class ClaimLostError(Exception):
    """The partition was lost, or nobody knows whether the claim is in the log: do not submit."""


@dataclass(slots=True)
class _Entry:
    records: Sequence[_Record]
    told: Sequence[_Record] = ()
    line: Line | None = None
    done: asyncio.Future[str] | None = None
    stream_ids: Sequence[str] = ()
    up_to: int = 0
    offsets: list[int] = field(default_factory=list)

    @property
    def is_urgent(self) -> bool:
        """Say whether somebody waits for it, or there is as much of it as is worth a write of its own."""
        return self.line is not None or len(self.records) + len(self.told) >= _WORTH_WRITING


class ActivationLog:
    """One owned partition of the log of activations."""

    def __init__(
        self, owned: OwnedPartition, outbox: Outbox, topics: Topics, bootstrap: str, on_claims: OnClaims
    ) -> None:
        self._owned = owned
        self._outbox = outbox
        self._topic = topics.activations
        self._facts = topics.facts
        self._bootstrap = bootstrap
        self._on_claims = on_claims
        self._known_end = 0
        self._pending: deque[_Entry] = deque()
        self._left = ""
        """The newest note that the last owner left to be written; empty once it is."""
        self._under_way = 0
        self._woken = asyncio.Event()
        self._urgent = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self, reader: LogReader) -> None:
        """Read up to the end, take over what is still to be noted, and begin to write."""
        pair = (self._topic, self._owned.number)
        start = LOG.of(self._owned.lease.meta)
        end = next(iter((await reader.ends([pair])).values()))
        await self._read(reader, start, end)
        self._known_end = end
        self._left = await self._outbox.last_note()
        self._task = self._owned.spawn(self._write(), "activations")

    def close(self) -> None:
        """Write no more; claims that wait are lost."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
        while self._pending:
            _fail(self._pending.popleft())

    @property
    def idle(self) -> bool:
        """Say whether everything is written."""
        return not self._pending and not self._under_way and not self._left

    def note(self, records: Sequence[_Record], told: Sequence[_Record], stream_ids: Sequence[str], up_to: int) -> None:
        """Write what a committed step left in time; then everything below `up_to` has had its effects."""
        if not records and not told and self.idle:
            self._owned.settled = up_to
        else:
            self._put(_Entry(records, told, stream_ids=stream_ids, up_to=up_to))

    async def claim(self, note: Note) -> bool:
        """Record an attempt; say whether it is the first one that stands open. Raises ClaimLostError."""
        return await self._line(note, NoteKind.CLAIMED) == note.attempt

    async def close_attempt(self, note: Note) -> None:
        """Record that an attempt was certainly not submitted. Raises ClaimLostError."""
        await self._line(note, NoteKind.CLOSED)

    async def _line(self, note: Note, kind: NoteKind) -> str:
        if self._closed or self._task is None or self._task.done():
            raise ClaimLostError
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        record = (key_of(note.merchant, note.customer), encode_note(note))
        self._put(_Entry([record], line=(kind, note.activation, note.attempt), done=done))
        return await done

    def _put(self, entry: _Entry) -> None:
        self._pending.append(entry)
        self._woken.set()
        if entry.is_urgent:
            self._urgent.set()

    async def _write(self) -> None:
        try:
            await self._write_what_was_left()
            while True:
                self._woken.clear()
                while self._pending:
                    await self._gather()
                    await self._write_some()
                await self._woken.wait()
        except TROUBLE as error:
            self._owned.take_again(f"the log of activations could not be written: {error}")

    async def _gather(self) -> None:
        """Few notes of one step after another are written together: an acknowledged write costs as much as a step.

        Those of all partitions are, at one tick: what goes to one broker at one moment goes in one request.
        """
        if any(entry.is_urgent for entry in self._pending):
            return
        self._urgent.clear()
        enough = asyncio.get_running_loop().call_later(until_tick(_GATHER_S, time.monotonic()), self._urgent.set)
        try:
            await self._urgent.wait()
        finally:
            enough.cancel()

    async def _write_what_was_left(self) -> None:
        """A piece at a time; it stands before whatever is committed from now on."""
        while self._left:
            notes = await self._outbox.notes(self._left, _NOTES_AT_ONCE)
            await self._write_all(
                [
                    _Entry(
                        [(_key(each), each) for each in noted.notes],
                        [(_key_of_line(each), each) for each in noted.told],
                        stream_ids=[noted.id],
                    )
                    for noted in notes
                ]
            )
            self._left = self._left if notes else ""

    async def _write_some(self) -> None:
        entries = []
        count = 0
        while self._pending and count < _AT_ONCE:
            entries.append(self._pending.popleft())
            count += len(entries[-1].records) + len(entries[-1].told)
        self._under_way = len(entries)
        try:
            await self._write_all(entries)
        except (
            BaseException
        ):  # being cancelled too: whoever waits holds a turn of its sender, and would hold it for ever
            for entry in entries:
                _fail(entry)
            raise
        finally:
            self._under_way = 0

    async def _write_all(self, entries: list[_Entry]) -> None:
        records = [record for entry in entries for record in entry.records]
        told = [record for entry in entries for record in entry.told]
        written_at = await self._append(records, told) if records or told else []
        if records:
            offsets = iter(written_at)
            for entry in entries:
                entry.offsets = [next(offsets) for _ in entry.records]
            await self._take_in(entries)
        written = [name for entry in entries for name in entry.stream_ids]
        if written:
            await self._outbox.notes_written(written)
        up_to = max((entry.up_to for entry in entries), default=0)
        if up_to:
            self._owned.settled = up_to

    async def _append(self, records: list[_Record], told: list[_Record]) -> list[int]:
        """Append to both logs, each in its order; return where the records of the first stand. Raises EmitError."""
        emitters, number = self._owned.emitters, self._owned.number
        if not told:
            return await append(emitters, self._topic, number, records)
        if not records:
            await append(emitters, self._facts, number, told)
            return []
        both = (append(emitters, self._topic, number, records), append(emitters, self._facts, number, told))
        offsets, others = await asyncio.gather(*both, return_exceptions=True)
        for result in (offsets, others):
            if isinstance(result, BaseException):
                raise result
        return cast(list[int], offsets)

    async def _take_in(self, entries: list[_Entry]) -> None:
        """Bring the index of attempts up to what was just written, other people's records in between included."""
        waiting: list[_Entry] = []
        lines: list[Line] = []
        for entry in entries:
            for offset, (_, value) in zip(entry.offsets, entry.records, strict=True):
                if offset != self._known_end:
                    await self._flush(lines, waiting)
                    async with LogReader(self._bootstrap) as reader:
                        await self._read(reader, self._known_end, offset)
                self._known_end = offset + 1
                lines.append(entry.line or _line_of(decode_note(value)))
                if entry.line is not None:
                    waiting.append(entry)
        await self._flush(lines, waiting)

    async def _flush(self, lines: list[Line], waiting: list[_Entry]) -> None:
        told = [line for line in lines if line[0]]
        lines.clear()
        if told:
            claimed = iter(await self._outbox.logged(self._known_end, told))
        for entry in waiting:
            answer = next(claimed) if entry.line is not None and entry.line[0] == NoteKind.CLAIMED else ""
            if entry.done is not None and not entry.done.done():
                entry.done.set_result(answer)
        waiting.clear()

    async def _read(self, reader: LogReader, start: int, end: int) -> None:
        async for records in reader.read(self._topic, self._owned.number, start, end):
            notes = [note for record in records if (note := _note_of(record.value)) is not None]
            await self._on_claims([note for note in notes if note.kind == NoteKind.CLAIMED])
            lines = [_line_of(note) for note in notes]
            await self._outbox.logged(records[-1].offset + 1, [line for line in lines if line[0]])


async def open_attempts(reader: LogReader, topic: str, partition: int, end: int) -> dict[str, str]:
    """The first attempt of each activation that stands open in the log before an offset (`outbox_logged.lua`)."""
    attempts: dict[str, str] = {}
    begins = await reader.begins([(topic, partition)])
    async for records in reader.read(topic, partition, max(begins.values()), end):
        for note in (each for record in records if (each := _note_of(record.value)) is not None):
            kind, activation, attempt = _line_of(note)
            if kind == NoteKind.CLAIMED:
                attempts.setdefault(activation, attempt)
            elif kind and (kind == ActivationState.ENDED or attempts.get(activation) == attempt):
                attempts.pop(activation, None)
    return attempts


def _note_of(value: Any) -> Note | None:
    try:
        return decode_note(value or b"")
    except UNREADABLE:
        return None


def _line_of(note: Note) -> Line:
    if note.kind == NoteKind.OUTCOME:
        return ("", "", "") if note.status in _OPEN_STILL else (ActivationState.ENDED, note.activation, "")
    return (note.kind, note.activation, note.attempt) if note.kind in _OF_ATTEMPTS else ("", "", "")


def _key(value: bytes) -> bytes:
    note = decode_note(value)
    return key_of(note.merchant, note.customer)


def _key_of_line(value: bytes) -> bytes:
    line = decode_line(value)
    return key_of(line.merchant, line.customer)


def _fail(entry: _Entry) -> None:
    if entry.done is not None and not entry.done.done():
        entry.done.set_exception(ClaimLostError())
