"""Live state against the log: what Redis holds must be what the records alone lead to.

Each partition is folded up to its watermark. While a worker runs, customers may change between the fold and the
look; those that differ are looked at again after folding on, so that only what stays different is told.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import msgspec

from stamgast.bundle_shelf import BundleShelf
from stamgast.clock_marks import FIELD, is_bounded_at
from stamgast.domain.customer import decode_customer
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.replay import PartitionReplay
from stamgast.state.client import names_under
from stamgast.state.keys import PartitionKeys, customers
from stamgast.state.nodes import Redis
from stamgast.state.session import Session

ROUNDS = 8
"""How often what differs is looked at again before it counts as different."""


@dataclass
class Report:
    """The outcome; `equal` is true only if nothing at all differs."""

    customers: int = 0
    transactions: int = 0
    behind: int = 0
    """Records of the log that live state has not applied yet; what is compared is state and log at the watermark."""
    differences: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether live state is what the log says."""
        return not self.differences


async def verify_customers(bootstrap: str, redis_url: str, topics: Topics, voucher_key: bytes, report: Report) -> None:
    """Compare every customer, ledger and read-model counter of every partition."""
    shelf = BundleShelf()
    await shelf.load(bootstrap, topics.programs)
    redis = Redis(redis_url)
    try:
        async with LogReader(bootstrap) as reader:
            for partition in range(topics.partitions):
                session = await redis.session(customers(partition).meta)
                replay = PartitionReplay(partition, voucher_key, shelf.find)
                await _Partition(reader, session, topics.customer_events, partition, replay).compare(report)
    finally:
        redis.close()


class _Partition:
    """One partition of customers, live and folded."""

    def __init__(self, reader: LogReader, session: Session, topic: str, number: int, replay: PartitionReplay) -> None:
        self._reader = reader
        self._session = session
        self._topic = topic
        self._number = number
        self._keys: PartitionKeys = customers(number)
        self._replay = replay

    async def compare(self, report: Report) -> None:
        await self._fold_on()
        live = {name async for name in names_under(self._session, self._keys.customer("", "")[:-1])}
        suspects = {name for name in live | self._folded() if not await self._is_equal(name)}
        for _ in range(ROUNDS):
            if not suspects:
                break
            await self._fold_on()
            suspects = {name for name in suspects if not await self._is_equal(name)}
        report.customers += len(self._replay.fold.states)
        report.differences += [await self._describe(name) for name in sorted(suspects)]
        if not suspects:
            report.differences += await self._counters() + await self._reviews()
        ends = await self._reader.ends([(self._topic, self._number)])
        report.behind += max(0, *ends.values()) - self._replay.watermark - 1

    async def _fold_on(self) -> None:
        wm, clocks = await self._session.call("HMGET", self._keys.meta, "wm", FIELD)
        watermark, clocks = int(wm or -1), clocks.decode() if clocks else None
        start = self._replay.watermark + 1
        async for records in self._reader.read(self._topic, self._number, start, watermark + 1):
            for record in records:
                held = is_bounded_at(clocks, record.offset)
                self._replay.apply(record.offset, record.value, record.timestamp if held else 0)
            await asyncio.sleep(0)

    def _folded(self) -> set[str]:
        return {f"{merchant}:{customer}" for merchant, customer in self._replay.fold.states}

    async def _is_equal(self, name: str) -> bool:
        state, ledger, expected, entries = await self._both(name)
        return bool(state == expected and ledger == entries)

    async def _both(self, name: str) -> tuple[Any, Any, Any, Any]:
        merchant, _, customer = name.rpartition(":")
        live = await self._session.call("GET", self._keys.customer(merchant, customer))
        ledger = _pairs(await self._session.call("HGETALL", self._keys.ledger(merchant, customer)))
        folded = self._replay.fold.states.get((merchant, customer))
        entries = self._replay.fold.ledgers.get((merchant, customer), {})
        return _plain(live), ledger, _plain(folded), entries

    async def _describe(self, name: str) -> str:
        state, ledger, expected, entries = await self._both(name)
        where = f"partition {self._number}, {name}"
        if state is None or expected is None:
            return f"{where}: {'missing in Redis' if state is None else 'not in the log'}"
        fields = [
            f"{key} is {state[key]!r}, should be {expected[key]!r}" for key in expected if state[key] != expected[key]
        ]
        if ledger != entries:
            fields.append(f"its ledger has {len(ledger)} entries, should have {len(entries)} (or they differ)")
        return f"{where}: {'; '.join(fields)}"

    async def _counters(self) -> list[str]:
        """Counters can only be compared while nothing moves; a partition at work is passed over."""
        stats = _pairs(await self._session.call("HGETALL", self._keys.stats))
        found = {name.decode(): int(value) for name, value in stats.items()}
        if int(await self._session.call("HGET", self._keys.meta, "wm") or -1) != self._replay.watermark:
            return []
        expected = self._replay.fold.counters
        return [
            f"partition {self._number}, counter {name}: is {found.get(name, 0)}, should be {expected.get(name, 0)}"
            for name in sorted(found.keys() | expected.keys())
            if found.get(name, 0) != expected.get(name, 0)
        ]

    async def _reviews(self) -> list[str]:
        """What waits for a person; as with counters, only while nothing moves."""
        listed = _pairs(await self._session.call("HGETALL", self._keys.review))
        if int(await self._session.call("HGET", self._keys.meta, "wm") or -1) != self._replay.watermark:
            return []
        found = {name.decode(): value for name, value in listed.items()}
        expected = self._replay.fold.reviews
        return [
            f"partition {self._number}, purchase to review {name}: "
            + ("not in Redis" if name not in found else "not in the log" if name not in expected else "it differs")
            for name in sorted(found.keys() | expected.keys())
            if found.get(name) != expected.get(name)
        ]


def _plain(value: bytes | None) -> dict[str, Any] | None:
    if value is None:
        return None
    state = decode_customer(value)
    plain: dict[str, Any] = {name: msgspec.to_builtins(getattr(state, name)) for name in state.__struct_fields__}
    return plain


def _pairs(flat: list[bytes]) -> dict[bytes, bytes]:
    words = iter(flat)
    return dict(zip(words, words, strict=True))
