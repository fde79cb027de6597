"""A worker with one partition whose log is a list: what its owner says stands in it, and customers who buy bread."""

from __future__ import annotations

from typing import Any

from stamgast.domain.events import (
    AnyEvent,
    Barrier,
    ConsentChanged,
    Enrolled,
    PurchaseChanged,
    decode_event,
    encode_event,
)
from stamgast.domain.units import HOUR
from stamgast.service import Bundle
from streams.customers.in_force import Standing
from streams.runtime.job import own_of
from tests.budgeted_shop import NOON
from tests.fakes.clock import StillClock
from tests.fakes.memory_partition import MemoryPartition, MemoryRedis, Shelf
from tests.fakes.records import log_of
from tests.unit.rules.small_shop import bought


class DeskWorker:
    """What stands with the first partition stands with it too. `waits`: the hash of what waits for its word."""

    def __init__(self, waits: str, *bundles: Bundle) -> None:
        self.bundles = bundles
        self.shelf = Shelf({("shop", each.hash): each for each in bundles})
        self.log: list[bytes] = []
        self.applied = 0
        self.clock = StillClock(NOON)
        self._waits = waits
        self.begin(MemoryRedis())
        self.say(Barrier(merchant="shop", customer="", at=NOON - 2 * HOUR, number=0, hash="hash0"))

    def begin(self, redis: MemoryRedis) -> None:
        """Somebody owns the partition who knows only what stands in Redis."""
        self.partition = MemoryPartition(self.shelf, redis)
        lease: Any = self.partition.lease
        lease.call = self._call
        self.sit_down()

    def sit_down(self) -> None:
        """Make the desk anew."""
        raise NotImplementedError

    async def look_at(self, standing: Standing) -> None:
        """Let the desk look once."""
        raise NotImplementedError

    async def _call(self, *words: Any) -> Any:
        redis = self.partition.redis
        if words[0] == "LRANGE":
            return [each.encode() for each in redis.lists[words[1]][words[2] : words[3] + 1]]  # type: ignore[attr-defined]
        if words[0] == "HGET":
            return redis.hashes[words[1]].get(words[2])
        assert words[0] == "HSCAN"
        return b"0", [word for pair in redis.hashes[words[1]].items() for word in pair]

    def say(self, *events: AnyEvent) -> None:
        self.log += map(encode_event, events)

    def come(self, count: int, begin: int = 0) -> None:
        """Customers agree, and buy bread."""
        for number in range(begin, begin + count):
            who: dict[str, Any] = {"merchant": "shop", "customer": f"c{number}"}
            self.say(
                ConsentChanged(**who, at=NOON - HOUR, purpose="marketing", channel="sms", granted=True),
                Enrolled(**who, at=NOON - HOUR, language="nl"),
                PurchaseChanged(
                    **who, at=NOON + number, transaction=f"t{number}", happened_at=NOON + number,
                    after=bought("dok-noord", NOON, category="bread"),
                ),
            )  # fmt: skip

    async def apply(self) -> None:
        """Apply what stands in the log; what is emitted stands there after it."""
        if self.partition.own is None:
            await self.partition.take()
        records = list(log_of(self.log[self.applied :], start=self.applied, key=b"k"))
        self.applied = len(self.log)
        await self.partition.step(records)
        self.log += [each.value for each in self.partition.emitted]
        self.partition.emitted.clear()

    async def look(self) -> list[AnyEvent]:
        """Let the owner answer; returns what it said."""
        said = len(self.partition.log.values())
        await self.look_at(own_of(self.partition).standing)
        new = self.partition.log.values()[said:]
        self.log += new
        return [decode_event(value) for value in new]

    async def work(self) -> None:
        """Go on until nothing waits."""
        for _ in range(100):
            await self.apply()
            if not self.partition.redis.hashes[self._waits]:
                return
            await self.look()
        raise AssertionError("somebody is never answered")
