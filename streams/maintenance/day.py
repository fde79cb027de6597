"""What one merchant's day came to, reckoned from the logs: nothing is kept for it that could be lost or count twice.

A day is that of recorded time, in the merchant's time zone: what came in then, whenever it took place. Warnings stand
in the records themselves (`stamgastwarnings`, `warned`), put there by whoever took them in; what does not go with what
was known of a transaction by then is found again by merging its deliveries as intake did.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, get_args

import msgspec

from stamgast.domain.activation import RANKS, Note
from stamgast.domain.calendar import business_day
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import (
    Enrolled,
    decode_event,
    key_of,
)
from stamgast.domain.net_purchase import SPEAKS_OF_REFUNDS
from stamgast.domain.program import Program
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.units import DAY, Day, Millis
from stamgast.domain.vocabulary import NoteKind
from stamgast.identity.sealing import SealError
from stamgast.log.dead_letters import DeadLetterSeal, Stored
from stamgast.log.reading import ConsumerRecord, LogReader
from stamgast.log.topics import Topics
from stamgast.pos.doubt import DoubtKind
from stamgast.pos.known import doubts_between
from stamgast.pos.misnamed import MisnamedKind
from stamgast.state.outbox import decode_note
from streams.intake.record_mac import Proofs
from streams.maintenance.verify import Merging, TransactionReplay

EXAMPLES: Final = 3
"""Of each kind of warning, and of the dead letters."""
_EARLIER: Final[Millis] = 2 * DAY
"""Records of a day stand in the log no earlier than so long before it begins in UTC, whatever the time zone."""
_KINDS: Final = frozenset((*get_args(DoubtKind), *get_args(MisnamedKind)))


@dataclass(slots=True)
class DayReport:
    """What came in on a day. It has at most `EXAMPLES` examples of each kind, and there are as many kinds as words."""

    purchases: int = 0
    """Sales that were told for the first time."""
    changes: int = 0
    """Later versions of sales."""
    refunds: int = 0
    """Refunds, and sales of which a later version says that they were given back."""
    enrolled: int = 0
    """Customers of whom an enrolment came, be it the first or not."""
    messages: Counter[str] = field(default_factory=Counter)
    """Status -> messages of which it was the day's last word."""
    warnings: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    dead_letters: int = 0
    dead_letter_examples: list[dict[str, str]] = field(default_factory=list)

    def warn(self, kind: str, example: dict[str, str]) -> None:
        """Count a warning; the first few stand as examples."""
        if kind not in _KINDS:
            return
        self.warnings[kind] += 1
        some = self.examples.setdefault(kind, [])
        if len(some) < EXAMPLES:
            some.append(example)

    def as_json(self) -> dict[str, Any]:
        """The figures by name."""
        return {
            "purchases": self.purchases,
            "changes": self.changes,
            "refunds": self.refunds,
            "enrolled": self.enrolled,
            "messages": dict(sorted(self.messages.items())),
            "warnings": {
                kind: {"count": count, "examples": self.examples[kind]} for kind, count in self.warnings.most_common()
            },
            "dead_letters": {"count": self.dead_letters, "examples": self.dead_letter_examples},
        }


class Reckoning:
    """Reads a merchant's day from the logs."""

    def __init__(
        self, reader: LogReader, topics: Topics, program: Program, day: Day, *, proofs: Proofs, seal: DeadLetterSeal,
        real_time: bool,
    ) -> None:  # fmt: skip
        self._reader = reader
        self._topics = topics
        self._program = program
        self._day = day
        self._proofs = proofs
        self._seal = seal
        self._real_time = real_time
        self._prefix = key_of(program.merchant, "")
        self.report = DayReport()

    async def run(self) -> DayReport:
        """Read every log that the day stands in."""
        for partition in range(self._topics.partitions):
            await self._read_purchases(partition)
        enrolled: set[str] = set()
        redeemed: set[str] = set()
        await self._read_since(self._topics.customer_events, lambda each: self._event(each, enrolled, redeemed))
        self.report.enrolled = len(enrolled)
        last: dict[str, Note] = {}
        await self._read_since(self._topics.activations, lambda each: self._message(each, last))
        self.report.messages.update(note.status for note in last.values())
        await self._read_dead_letters()
        return self.report

    def _is_today(self, at: Millis) -> bool:
        return business_day(at, self._program.time_zone) == self._day

    async def _read_purchases(self, partition: int) -> None:
        """From the beginning: what a delivery changed is known only beside what came before it."""
        replay = TransactionReplay(partition, self._topics.partitions, self._proofs, self._real_time)
        told: set[tuple[str, ...]] = set()
        async for records in self._reader.read_all(self._topics.purchases, partition):
            for record in records:
                if record.key is None or not record.key.startswith(self._prefix):
                    continue
                merging = replay.apply(record)
                if merging is not None and self._is_today(merging.recorded_at):
                    self._purchase(merging, told)
            await asyncio.sleep(0)

    def _purchase(self, merging: Merging, told: set[tuple[str, ...]]) -> None:
        read, recorded_at, before, after = merging
        delivery = read.purchase.data
        if after is not before:
            if delivery.refund_id is not None or delivery.status in SPEAKS_OF_REFUNDS:
                self.report.refunds += 1
            elif before.snapshot is None:
                self.report.purchases += 1
            else:
                self.report.changes += 1
        warned = list(read.purchase.stamgastwarnings)
        if before.first_at:
            warned += [doubt.noted for doubt in doubts_between("", before, after, delivery, recorded_at)]
        # A till that repeats itself says nothing new.
        version = (read.transaction, delivery.refund_id or "", str(delivery.source_version))
        for kind, place in warned:
            if (*version, kind, place) not in told:
                told.add((*version, kind, place))
                self.report.warn(kind, {"transaction": read.transaction, "pointer": place})

    def _event(self, record: ConsumerRecord, enrolled: set[str], redeemed: set[str]) -> None:
        if not record.key or not record.key.startswith(self._prefix):
            return
        try:
            event = decode_event(record.value or b"")
        except UNREADABLE:
            return
        if not self._is_today(event.at):
            return
        if isinstance(event, Enrolled):
            enrolled.add(event.customer)
        elif not isinstance(event, VoucherRedeemed) or event.id in redeemed:
            return
        else:
            redeemed.add(str(event.id))
        for kind, place in event.warned:
            self.report.warn(kind, {"customer": event.customer, "pointer": place})

    def _message(self, record: ConsumerRecord, last: dict[str, Note]) -> None:
        try:
            note = decode_note(record.value or b"")
        except UNREADABLE:
            return
        if note.staff or note.merchant != self._program.merchant or not self._is_today(note.at):
            return
        if note.kind not in {NoteKind.DECIDED, NoteKind.OUTCOME}:
            return
        known = last.get(note.activation)
        if known is None or RANKS.get(note.status, 0) >= RANKS.get(known.status, 0):
            last[note.activation] = note

    async def _read_dead_letters(self) -> None:
        async for records in self._reader.read_all(self._topics.dead_letters, 0):
            for record in records:
                letter = self._letter(record)
                if letter is not None and self._is_today(letter.at):
                    self.report.dead_letters += 1
                    if len(self.report.dead_letter_examples) < EXAMPLES:
                        self.report.dead_letter_examples.append({"id": letter.id, "reason": letter.reason})

    def _letter(self, record: ConsumerRecord) -> Stored | None:
        """A dead letter of the merchant's: whose it is says its key, which is sealed."""
        try:
            stored = msgspec.json.decode(record.value or b"", type=Stored)
            key, _ = self._seal.open(stored) if stored.sealed else (None, None)
        except (*UNREADABLE, SealError):
            return None
        return stored if key is not None and key.startswith(self._prefix) else None

    async def _read_since(self, topic: str, take: Callable[[ConsumerRecord], None]) -> None:
        async for records in self._records_since(topic):
            for record in records:
                take(record)
            await asyncio.sleep(0)

    async def _records_since(self, topic: str) -> AsyncIterator[Sequence[ConsumerRecord]]:
        """Where shop time is the machine's own, the broker knows where the day begins."""
        pairs = [(topic, partition) for partition in range(self._topics.partitions)]
        ends = await self._reader.ends(pairs)
        if self._real_time:
            starts = await self._reader.since(pairs, self._day * DAY - _EARLIER)
        else:
            starts = await self._reader.begins(pairs)
        for pair, start in starts.items():
            async for records in self._reader.read(pair.topic, pair.partition, start, ends[pair]):
                yield records
