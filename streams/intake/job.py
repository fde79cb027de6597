"""Intake: deliveries of a transaction in, one *purchase changed (before -> after)* for its customer out.

Only canonical records are merged; any other is first appended again in canonical form, with its source.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec

from stamgast.clock.shop_time import Clock, RealClock
from stamgast.domain.claims import Answer, decode_answer, encode_answer, line_of
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.purchase_record import millis_of
from stamgast.domain.transactions import Transaction, decode_transaction
from stamgast.domain.units import Millis
from stamgast.log.many_partitions import partitions_for
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.pos.doubt import Doubt
from stamgast.pos.known import doubts_between
from stamgast.pos.warnings import Seen, doubts_about, unproven
from stamgast.state import keys
from stamgast.state.keys import PartitionKeys
from stamgast.state.partition_meta import NEWEST_PURCHASE, PROGRESS
from streams.intake.canonical import Read, UnreadableError, canonical, document_of, recorded_at_of
from streams.intake.claims import ReadClaim, claimed, read_any
from streams.intake.identity import Naming
from streams.intake.merge import NotMergedError, merged
from streams.intake.old_transactions import REMEMBERED_DAYS, OldTransactions, put_down, recent_entry
from streams.intake.proving import Proving
from streams.intake.record_mac import ANYBODYS, OTHERS, Proofs
from streams.metrics import Metrics
from streams.runtime.dead_letters import LayingAside
from streams.runtime.emission import Emission
from streams.runtime.job import THINK_S, TROUBLE, Effects, Owned, OwnedPartition, Record, own_of
from streams.runtime.position import Position

log = get_logger(__name__)

ANSWERED_S: Final = 2 * 86_400
"""Machine time until Redis collects the answer to a claim; by recorded time it holds for less."""
REMEMBERED_S: Final = REMEMBERED_DAYS * 86_400
"""Machine time until Redis collects a transaction: after its memory has ended by recorded time, which counts."""
_LONGER_S: Final = 2 * 86_400
"""A transaction that left its box outlives what that holds of it, and this long at least."""


class _Known(msgspec.Struct):
    """A transaction while its chunk is worked on."""

    key: str
    state: Transaction | None
    """None: what Redis holds cannot be read."""
    is_new: bool
    is_boxed: bool = False
    """It stands in a box, and under no key of its own."""
    changed: bytes | None = None
    """What to write in its place."""

    @classmethod
    def of(cls, key: str, value: bytes | None) -> _Known:
        """Read what Redis holds of it."""
        try:
            return cls(key, Transaction() if value is None else decode_transaction(value), value is None)
        except UNREADABLE:
            return cls(key, None, is_new=False)

    def expiry_s(self, now: Millis) -> int:
        """How long it is kept when it gets a key of its own."""
        if self.is_new or self.state is None or not self.state.first_at:
            return REMEMBERED_S
        return max(0, REMEMBERED_S - (now - self.state.first_at) // 1_000) + _LONGER_S


@dataclass(slots=True)
class _Step:
    """What one chunk comes to."""

    position: Position
    quiet: bool
    effects: Effects[Position] = field(init=False)
    merging: list[Read | ReadClaim] = field(default_factory=list)
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    """(merchant, request) -> what claims were answered, before this step or in it."""
    told: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """(merchant, request) -> what to write of it."""
    lines: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    """(merchant, transaction) -> its line in the list of claims that wait; None to remove it."""
    events: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Keys and values of the events for customers."""
    doubts: dict[str, list[Doubt]] = field(default_factory=dict)
    """merchant -> what looks wrong beside what was known."""
    unproven: dict[str, int] = field(default_factory=dict)
    """merchant -> records that anybody may have written."""
    newest: dict[str, Millis] = field(default_factory=dict)
    """merchant -> recorded time of its newest purchase."""
    turn: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.effects = Effects(self.position)

    async def rest(self) -> None:
        """Let others have their turn."""
        await asyncio.sleep(0)
        self.turn = time.perf_counter()


class IntakeJob:
    """See the module."""

    name = "intake"
    begins_late = True

    def __init__(
        self,
        *,
        topics: Topics,
        naming: Naming,
        proofs: Proofs,
        proving: Proving,
        aside: LayingAside,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.topic = topics.purchases
        self._topics = topics
        self._naming = naming
        self._proofs = proofs
        self._proving = proving
        self._aside = aside
        self._clock = clock
        self._real_time = isinstance(clock, RealClock)
        self._metrics = metrics
        self._old: dict[int, OldTransactions] = {}
        """Of each partition that is taken."""

    def keys(self, partition: int) -> PartitionKeys:
        """Name the partition's keys."""
        return keys.transactions(partition)

    async def taken(self, owned: Owned[Position], reader: LogReader) -> None:  # noqa: ARG002
        """Know the sources that were applied, and under which clock."""
        owned.own = Position.of(owned.lease.meta)
        owned.own.go_on_from(owned.lease.watermark + 1, real=self._real_time)
        old = OldTransactions(owned.lease, owned.own.time, real_time=self._real_time)
        self._old[owned.number] = owned.waiting = old

    async def step(self, owned: Owned[Position], records: Sequence[Record]) -> Effects[Position]:
        """Merge what is canonical, append again what is not, lay aside what cannot be read."""
        step = _Step(own_of(owned).copy(), owned.is_repeated(records))
        await self._read(owned, step, records)
        known = await self._look_up(owned, step)
        for read in step.merging:
            apply = self._claim if isinstance(read, ReadClaim) else self._merge
            apply(owned, step, read, known[read.merchant, read.transaction])  # type: ignore[arg-type]
            if time.perf_counter() - step.turn > THINK_S:
                await step.rest()
        await self._tell(step)
        topic, partitions = self._topics.customer_events, self._topics.partitions
        step.effects.emissions += [
            Emission(topic, partition_for(key, partitions), key, value) for key, value in step.events
        ]
        self._write(owned, step, known.values())
        return step.effects

    async def _read(self, owned: OwnedPartition, step: _Step, records: Sequence[Record]) -> None:
        places = partitions_for([record.key or b"" for record in records], self._topics.partitions)
        for record, place in zip(records, places, strict=True):
            try:
                is_here, real = record.key is not None and place == owned.number, self._real_time
                read = read_any(record, is_here=is_here, proofs=self._proofs, real_time=real, held=real)
            except UnreadableError as error:
                self._lay_aside(owned, step, record, str(error))
                continue
            except Exception as error:  # a fault of ours: one record may not end every worker in turn
                log.exception("a record could not be read", offset=record.offset)
                self._lay_aside(owned, step, record, f"not read: {type(error).__name__} on our side")
                continue
            if isinstance(read, ReadClaim):
                step.merging.append(read)
                continue
            if read.origin is ANYBODYS:
                step.unproven[read.merchant] = step.unproven.get(read.merchant, 0) + 1
            if read.source is None and not read.wanting:
                step.merging.append(read)
            else:
                await self._sort(owned, step, read)
            if time.perf_counter() - step.turn > THINK_S:
                await step.rest()

    async def _look_up(self, owned: OwnedPartition, step: _Step) -> dict[tuple[str, str], _Known]:
        names = list({(read.merchant, read.transaction): None for read in step.merging})
        answer = owned.lease.keys.answer
        asked = list({
            (read.merchant, request): None
            for read in step.merging
            if isinstance(read, ReadClaim)
            for request in (read.asked.id, read.asked.claim_id)
        })  # fmt: skip
        name_of = owned.lease.keys.transaction
        keys = [name_of(*each) for each in names]
        values, boxed = await self._old_in(owned).look_up(names, keys, [answer(*each) for each in asked])
        for each, value in zip(asked, values[len(names) :], strict=True):
            with suppress(*UNREADABLE):  # whose it is not: then it is answered anew
                step.answers[each] = decode_answer(value or b"")
        found = {name: _Known.of(key, value) for name, key, value in zip(names, keys, values, strict=False)}
        for at in boxed:
            found[names[at]].is_boxed = True
        return found

    def _old_in(self, owned: OwnedPartition) -> OldTransactions:
        known = self._old.get(owned.number)
        return known if known is not None else OldTransactions(owned.lease, 0, real_time=self._real_time)

    def _write(self, owned: Owned[Position], step: _Step, known: Iterable[_Known]) -> None:
        writes, keys, now = step.effects.writes, owned.lease.keys, step.position.time
        recent: list[bytes] = []
        begins = len(keys.transaction("", "")) - 1
        for each in known:
            if each.changed is None or each.state is None:
                continue
            if each.is_new or each.is_boxed:
                writes.do("SET", each.key, each.changed, "EX", each.expiry_s(now))
                recent.append(recent_entry(each.key[begins:], each.state.first_at or now))
            else:
                writes.do("SET", each.key, each.changed, "KEEPTTL")
        put_down(recent, keys, writes)
        for (merchant, name), line in step.lines.items():
            field_of = (keys.claims, f"{merchant}:{name}")
            writes.do("HDEL", *field_of) if line is None else writes.do("HSET", *field_of, line)
        for (merchant, request), value in step.told.items():
            writes.do("SET", keys.answer(merchant, request), value, "EX", ANSWERED_S)
        writes.meta |= step.position.changes_since(own_of(owned))
        writes.meta |= PROGRESS.written(step.position.time)
        writes.meta |= NEWEST_PURCHASE.written(step.newest)

    def passing_over(self, owned: Owned[Position], record: Record, reason: str) -> Effects[Position]:
        """Lay a record aside."""
        step = _Step(own_of(owned).copy(), owned.is_repeated([record]))
        self._lay_aside(owned, step, record, reason)
        self._write(owned, step, ())
        return step.effects

    def committed(self, owned: Owned[Position], effects: Effects[Position], cancelled: Sequence[str]) -> None:  # noqa: ARG002
        """Everything was emitted before it was committed."""
        owned.own = effects.kept
        owned.settled = owned.lease.watermark + 1
        if (old := self._old.get(owned.number)) is not None:
            old.committed(effects.kept.time)

    def released(self, owned: Owned[Position]) -> None:
        """Nothing goes on beside the steps."""
        self._old.pop(owned.number, None)

    async def _sort(self, owned: OwnedPartition, step: _Step, read: Read) -> None:
        if read.source is not None and step.position.is_repeat(read.source):
            self._metrics.skipped.labels(self.name, "repeat").inc()
        elif read.wanting:
            await self._append_again(owned, step, read)
        else:
            step.merging.append(read)

    async def _append_again(self, owned: OwnedPartition, step: _Step, read: Read) -> None:
        if step.quiet:
            return
        now = self._clock.now()
        source = (owned.topic_id, owned.number, read.record.offset, 0)
        try:
            if read.origin is OTHERS:
                await self._proving.check(read)
            document = document_of(read)
            program = await self._naming.program_in_force(read.merchant)
            named = await self._naming.customer_of(read, program, now)
            seen = Seen("", millis_of(read.purchase.data.end_date_time), read.purchase.data, named.misnamed)
            doubts = doubts_about([seen], program, recorded_at_of(read, now))
            again = canonical(
                read,
                document,
                named.customer,
                source,
                self._proofs,
                program=program,
                topic=self.topic,
                partitions=self._topics.partitions,
                now=now,
                warned=[doubt.noted for doubt in doubts],
            )
        except UnreadableError as error:
            self._lay_aside(owned, step, read.record, str(error))
            return
        except TROUBLE:
            raise
        except Exception as error:  # a fault of ours: one record may not end every worker in turn
            log.exception("a record could not be appended again", offset=read.record.offset)
            self._lay_aside(owned, step, read.record, f"not appended again: {type(error).__name__} on our side")
            return
        step.effects.emissions += again
        self._metrics.doubts.note(read.merchant, doubts)

    def _merge(self, owned: OwnedPartition, step: _Step, read: Read, known: _Known) -> None:
        recorded_at = max(step.position.time, read.recorded_at)
        step.position.time = recorded_at
        step.newest[read.merchant] = recorded_at
        if known.state is None:
            self._lay_aside(owned, step, read.record, "not applied: what is known of the transaction cannot be read")
            return
        try:
            new = merged(known.state, read, recorded_at, (owned.topic_id, owned.number))
        except NotMergedError as error:
            self._lay_aside(owned, step, read.record, str(error))
            return
        if known.state.first_at and not step.quiet:
            after = known.state if new is None else new.state
            told = doubts_between("", known.state, after, read.purchase.data, recorded_at)
            step.doubts.setdefault(read.merchant, []).extend(told)
        if new is None:
            return
        known.state, known.changed = new.state, new.value
        if new.state.claim is not None:
            step.lines[read.merchant, read.transaction] = line_of(new.state)
        if not step.quiet:
            step.events += new.events

    def _claim(self, owned: OwnedPartition, step: _Step, read: ReadClaim, known: _Known) -> None:
        at = max(step.position.time, read.recorded_at)
        step.position.time = at
        if known.state is None:
            self._lay_aside(owned, step, read.record, "not applied: what is known of the transaction cannot be read")
            return
        place, merchant = (owned.topic_id, owned.number), read.merchant
        try:
            made = claimed(known.state, read, at, place, lambda name: step.answers.get((merchant, name)))
        except NotMergedError as error:
            self._lay_aside(owned, step, read.record, str(error))
            return
        for name, answer in made.answers.items():
            step.answers[read.merchant, name] = answer
            step.told[read.merchant, name] = encode_answer(answer)
        step.lines[read.merchant, read.transaction] = line_of(made.state)
        if made.value is not None:
            known.state, known.changed = made.state, made.value
            if not step.quiet:
                step.events += made.events

    async def _tell(self, step: _Step) -> None:
        if not step.quiet:
            for merchant, records in step.unproven.items():
                step.doubts.setdefault(merchant, []).append(unproven(records))
        for merchant, doubts in step.doubts.items():
            if doubts and await self._naming.program_of(merchant) is not None:
                self._metrics.doubts.note(merchant, doubts)

    def _lay_aside(self, owned: OwnedPartition, step: _Step, record: Record, reason: str) -> None:
        self._metrics.dead_letters.labels(self.name).inc()
        if not step.quiet:
            step.effects.emissions.append(self._aside.letter(self.topic, owned.number, record, reason))
