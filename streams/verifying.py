"""Live transactions against the log, as `stamgast.verifying` does it for customers.

A log whose beginning is gone (retention) cannot be folded; its transactions are then not compared, and not counted.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from stamgast.clock_marks import FIELD, is_bounded_at, is_real_at
from stamgast.domain.purchases import Transaction, decode_transaction
from stamgast.identity.source_key import derive_source_key
from stamgast.identity.voucher_key import derive_voucher_key
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.state.client import names_under
from stamgast.state.keys import transactions
from stamgast.state.nodes import Redis
from stamgast.state.session import Session
from stamgast.verifying import Report, verify_customers
from streams.canonical import UnreadableError, read_record
from streams.customer_partition import Standing
from streams.jobs import Record
from streams.merging import NotMergedError, merged
from streams.proofs import Proofs

Name = tuple[str, str]
"""Merchant and transaction."""


@dataclass(slots=True)
class TransactionReplay:
    """One partition of `purchases.v1` folded from its records alone."""

    partition: int
    partitions: int
    proofs: Proofs
    real_time: bool
    """Whether the deployment's clock is the machine's own, as for `streams.canonical.read_record`."""
    clocks: str | None = None
    """Where it was another one: see `stamgast.clock_marks`."""
    watermark: int = -1
    states: dict[Name, Transaction] = field(default_factory=dict)
    standing: Standing = field(default_factory=Standing)

    def apply(self, record: Record) -> None:
        """Apply one record as intake does."""
        self.watermark = record.offset
        real_time = is_real_at(self.clocks, record.offset, otherwise=self.real_time)
        try:
            here = record.key is not None and partition_for(record.key, self.partitions) == self.partition
            held = is_bounded_at(self.clocks, record.offset)
            read = read_record(record, is_here=here, proofs=self.proofs, real_time=real_time, held=held)
        except UnreadableError:
            return
        if (read.source is not None and self.standing.is_repeat(read.source)) or read.wanting:
            return
        name = (read.merchant, read.transaction)
        self.standing.time = max(self.standing.time, read.recorded_at)
        with suppress(NotMergedError):
            new = merged(self.states.get(name, Transaction()), read, self.standing.time, ("", self.partition))
            if new is not None:
                self.states[name] = new.state


async def verify_all(bootstrap: str, redis_url: str, topics: Topics, id_key: bytes, *, real_time: bool) -> Report:
    """Compare everything: customers, ledgers, counters, transactions."""
    report = Report()
    await verify_customers(bootstrap, redis_url, topics, derive_voucher_key(id_key), report)
    redis, proofs = Redis(redis_url), Proofs(derive_source_key(id_key))
    try:
        async with LogReader(bootstrap) as reader:
            for partition in range(topics.partitions):
                session = await redis.session(transactions(partition).meta)
                replay = TransactionReplay(partition, topics.partitions, proofs, real_time)
                await _compare(reader, session, topics, replay, report)
    finally:
        redis.close()
    return report


async def _compare(
    reader: LogReader, session: Session, topics: Topics, replay: TransactionReplay, report: Report
) -> None:
    partition = replay.partition
    begins = await reader.begins([(topics.purchases, partition)])
    if max(begins.values()) > 0:
        return
    keys = transactions(partition)

    async def fold_on() -> None:
        wm, clocks = await session.call("HMGET", keys.meta, "wm", FIELD)
        watermark, replay.clocks = int(wm or -1), clocks.decode() if clocks else None
        start = replay.watermark + 1
        async for records in reader.read(topics.purchases, partition, start, watermark + 1):
            for record in records:
                replay.apply(record)

    async def differs(name: str) -> bool:
        merchant, _, transaction = name.partition(":")
        value = await session.call("GET", keys.transaction(merchant, transaction))
        live = None if value is None else decode_transaction(value)
        return live != replay.states.get((merchant, transaction))

    await fold_on()
    live = {name async for name in names_under(session, keys.transaction("", "")[:-1])}
    suspects = {name for name in live | {":".join(name) for name in replay.states} if await differs(name)}
    if suspects:  # perhaps only because a worker went on meanwhile
        await fold_on()
        suspects = {name for name in suspects if await differs(name)}
    report.transactions += len(replay.states)
    ends = await reader.ends([(topics.purchases, partition)])
    report.behind += max(0, *ends.values()) - replay.watermark - 1
    report.differences += [f"partition {partition}, transaction {name} differs" for name in sorted(suspects)]
