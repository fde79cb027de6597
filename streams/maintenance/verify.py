"""Live transactions against the log, as `streams.maintenance.verify_customers` does it for customers.

A log whose beginning is gone (retention) cannot be folded; its transactions are then not compared, and not counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from stamgast.domain.claims import Answer, line_of
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.transactions import Transaction, decode_transaction
from stamgast.domain.units import Millis
from stamgast.identity.sealing import derive_source_key
from stamgast.log.address import signatures_at
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.state.boxes import UnreadableBoxError, digest_of, read_box
from stamgast.state.client import names_under
from stamgast.state.clock_marks import is_bounded_at, is_real_at
from stamgast.state.keys import transactions
from stamgast.state.looks import Look, look
from stamgast.state.nodes import Redis
from stamgast.state.session import Session
from streams.intake.canonical import Read, UnreadableError
from streams.intake.claims import ReadClaim, claimed, read_any
from streams.intake.merge import NotMergedError, merged
from streams.intake.old_transactions import is_over
from streams.intake.record_mac import Proofs
from streams.maintenance.differences import Report, departing, plain, said
from streams.maintenance.verify_customers import WentBackError, verify_customers
from streams.runtime.job import Record
from streams.runtime.position import Position

Name = tuple[str, str]
"""Merchant and transaction."""


class Merging(NamedTuple):
    """A delivery, when it counts as recorded, and what it made of its transaction."""

    read: Read
    recorded_at: Millis
    before: Transaction
    after: Transaction


@dataclass(slots=True)
class TransactionReplay:
    """One partition of `purchases.v1` folded from its records alone."""

    partition: int
    partitions: int
    proofs: Proofs
    real_time: bool
    """Whether the deployment's clock is the machine's own, as for `streams.intake.canonical.read_record`."""
    clocks: str | None = None
    """Where it was another one: see `stamgast.state.clock_marks`."""
    watermark: int = -1
    aside: Collection[int] = ()
    """Offsets of records that intake laid aside because they ended it."""
    states: dict[Name, Transaction] = field(default_factory=dict)
    answers: dict[Name, Answer] = field(default_factory=dict)
    """(merchant, request) -> what claims were answered."""
    position: Position = field(default_factory=Position)

    def apply(self, record: Record) -> Merging | None:
        """Apply one record as intake does; None for one that is not merged."""
        self.watermark = record.offset
        if record.offset in self.aside:
            return None
        real_time = is_real_at(self.clocks, record.offset, otherwise=self.real_time)
        try:
            here = record.key is not None and partition_for(record.key, self.partitions) == self.partition
            held = is_bounded_at(self.clocks, record.offset)
            read = read_any(record, is_here=here, proofs=self.proofs, real_time=real_time, held=held)
        except UnreadableError:
            return None
        if isinstance(read, ReadClaim):
            self._claim(read)
            return None
        if (read.source is not None and self.position.is_repeat(read.source)) or read.wanting:
            return None
        name = (read.merchant, read.transaction)
        self.position.time = max(self.position.time, read.recorded_at)
        before = self.states.get(name, Transaction())
        try:
            new = merged(before, read, self.position.time, ("", self.partition))
        except NotMergedError:
            return None
        if new is not None:
            self.states[name] = new.state
        return Merging(read, self.position.time, before, before if new is None else new.state)

    def _claim(self, read: ReadClaim) -> None:
        merchant, name = read.merchant, (read.merchant, read.transaction)
        self.position.time = max(self.position.time, read.recorded_at)
        known = self.states.get(name, Transaction())
        where, at = ("", self.partition), self.position.time
        try:
            made = claimed(known, read, at, where, lambda request: self.answers.get((merchant, request)))
        except NotMergedError:
            return
        self.answers |= {(merchant, request): each for request, each in made.answers.items()}
        if made.value is not None:
            self.states[name] = made.state


async def verify_all(
    bootstrap: str, redis_url: str, topics: Topics, id_key: bytes, *, real_time: bool, share: tuple[int, int] = (0, 1)
) -> Report:
    """Compare everything: customers, ledgers, counters, transactions.

    `share`: of so many that share the partitions, which one this is; partitions need nothing of each other.
    """
    part, parts = share
    report, partitions = Report(), range(part, topics.partitions, parts)
    await verify_customers(bootstrap, redis_url, topics, id_key, report, partitions=partitions)
    redis, proofs = Redis(redis_url), Proofs(derive_source_key(id_key), signatures_at(bootstrap), topics.purchases)
    try:
        async with LogReader(bootstrap) as reader:
            for partition in partitions:
                session = await redis.session(transactions(partition).meta)
                replay = TransactionReplay(partition, topics.partitions, proofs, real_time)
                await _Partition(reader, session, topics.purchases, replay).compare(report)
    finally:
        redis.close()
    return report


class _Partition:
    """One partition of transactions, live and folded."""

    def __init__(self, reader: LogReader, session: Session, topic: str, replay: TransactionReplay) -> None:
        self._reader = reader
        self._session = session
        self._topic = topic
        self._replay = replay
        self._keys = transactions(replay.partition)

    async def compare(self, report: Report) -> None:
        replay, pair = self._replay, (self._topic, self._replay.partition)
        if max((await self._reader.begins([pair])).values()) > 0:
            return
        name = f"transactions {replay.partition}"
        try:
            async for what in self._differences():
                report.note(self._keys, name, what)
        except WentBackError as error:
            report.note(self._keys, name, f"{error}: verify again when it is done")
        report.transactions += len(replay.states)
        ends = await self._reader.behind_last([pair])
        report.behind += max(0, max(ends.values()) - replay.watermark - 1)

    async def _differences(self) -> AsyncIterator[str]:
        now = await look(self._session, self._keys)
        if now.spoilt:
            yield f"its state cannot be trusted ({now.spoilt}); its next owner fills it anew"
            return
        await self._fold_on(now)
        live = {name async for name in names_under(self._session, self._keys.transaction("", "")[:-1])}
        expected = {":".join(name) for name in self._replay.states}
        names = sorted(live | expected)
        async for what in departing(names, self._look, self._fold_on, self._compare):
            yield what
        async for what in self._listed():
            yield what
        async for what in self._boxed(set(map(digest_of, expected))):
            yield what

    async def _boxed(self, digests: Collection[bytes]) -> AsyncIterator[str]:
        """What stands in boxes of which the log knows nothing."""
        async for name in names_under(self._session, self._keys.box(0)[:-1]):
            try:
                box = read_box(await self._session.call("GET", self._keys.box(int(name))))
            except UnreadableBoxError as error:
                yield f"box {name} cannot be read: {error}"
                continue
            for digest in box.keys() - digests:
                yield f"box {name} holds a transaction that the log does not know: {digest.hex()}"

    async def _listed(self) -> AsyncIterator[str]:
        """The claims that wait for a person."""
        seen = await look(self._session, self._keys, entries=self._keys.claims)
        await self._fold_on(seen)
        found = {name.decode(): value for name, value in seen.entries.items()}
        lines = {":".join(name): line_of(state) for name, state in self._replay.states.items()}
        expected = {name: line for name, line in lines.items() if line is not None}
        for name in sorted(found.keys() | expected.keys()):
            if found.get(name) != expected.get(name):
                is_now, should_be = found.get(name, b"none").decode(), expected.get(name, b"none").decode()
                yield f"claim to review {name}: is {is_now}, should be {should_be}"

    async def _look(self, name: str) -> Look:
        merchant, _, transaction = name.partition(":")
        key = self._keys.transaction(merchant, transaction)
        return await look(self._session, self._keys, value=key, digest=digest_of(name))

    async def _fold_on(self, to: Look) -> None:
        """Fold what the partition had applied at the moment of a look, no more and no less."""
        replay = self._replay
        if to.watermark < replay.watermark or to.spoilt:
            raise WentBackError(f"it went back from {replay.watermark} to {to.watermark} meanwhile")
        replay.clocks, replay.aside = to.clocks, to.aside
        async for records in self._reader.read(self._topic, replay.partition, replay.watermark + 1, to.watermark + 1):
            for record in records:
                replay.apply(record)
            await asyncio.sleep(0)
        replay.watermark = to.watermark  # markers stand there as well, and are not read

    def _compare(self, name: str, seen: Look) -> list[str]:
        """Say how a transaction departs from what the log says."""
        merchant, _, transaction = name.partition(":")
        state = self._replay.states.get((merchant, transaction))
        try:
            live = None if seen.value is None else decode_transaction(seen.value)
        except UNREADABLE as error:
            return [f"cannot be read: {error}"]
        if live is None and state is not None and is_over(state.first_at, self._replay.position.time):
            return []
        return [] if live == state else said(plain(live), plain(state))
