"""An owned partition of customers on a real Redis: the worker's own job, step by step, without Kafka."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final

from stamgast.domain.activation import Note
from stamgast.domain.told import Line, decode_line
from stamgast.state.client import keys_like
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from stamgast.state.outbox import TOLD, decode_note
from stamgast.state.partitions import Lease
from streams.customers.in_force import standing_of
from streams.customers.job import OwnedCustomers
from streams.customers.parking import TakingUp
from streams.runtime.job import Record, own_of
from streams.runtime.step_size import thought_through
from tests.fakes.memory_partition import Shelf
from tests.fakes.ownership import OwnedByTest
from tests.steps import customers_job, customers_own

PLACE = {"cluster": "k1", "topic": "t1"}

OF_THE_CUTS: Final = {
    "token": "each owner has its own",
    "goal": "it says when it was taken",
    "turns": "it counts steps",
    "ended": "it names a step",
}
"""Fields of meta that say how it was done and not what came of it. So do `begun:…`, which name steps."""


class RedisPartition(OwnedByTest[OwnedCustomers]):
    """An owner; `take` makes it anew from what Redis holds."""

    def __init__(self, redis: Redis, lease: Lease, shelf: Shelf) -> None:
        super().__init__(lease)
        self.job = customers_job(shelf)
        self._redis = redis
        self._shelf = shelf
        self._know()

    @classmethod
    async def of(cls, redis: Redis, keys: PartitionKeys, shelf: Shelf) -> RedisPartition:
        """Take one."""
        return cls(redis, await Lease.take(redis, keys, PLACE), shelf)

    async def take(self) -> None:
        """Know only what stands in Redis."""
        self.lease = await Lease.take(self._redis, self.lease.keys, PLACE)
        self._know()

    def _know(self) -> None:
        standing, shelf = standing_of(self.lease.meta), self._shelf
        activations: Any = SimpleNamespace(note=lambda *_: None)
        bundles: Any = shelf
        self.own = customers_own(
            standing, taking_up=TakingUp(self.lease, standing, bundles, 0), activations=activations
        )

    async def step(self, records: Sequence[Record]) -> None:
        """Apply records of the log, in as many steps as it takes."""
        while records:
            records = await self._step(records)

    async def take_up_everything(self) -> None:
        """Go on until nothing waits any more."""
        while own_of(self).taking_up.wanted:
            await self._step(await own_of(self).taking_up.next())

    async def _step(self, records: Sequence[Record]) -> Sequence[Record]:
        effects, done = await thought_through(self.job, self, records)
        cancelled = await self.lease.commit(max(self.lease.watermark, done[-1].offset), effects.writes)
        self.job.committed(self, effects, cancelled)
        back: list[Record] = []
        while not self.inbox.empty:
            back += self.inbox.take()
        return back

    async def everything(self) -> dict[str, Any]:
        """Every key of the partition and what it holds."""
        session = await self._redis.session(self.lease.keys.meta)
        names = sorted({name async for name in keys_like(session, f"{{{self.lease.keys.tag}}}:*")})
        return {name.partition(":")[2]: await _held(session, name) for name in names}

    async def lives(self) -> dict[str, int]:
        """How many seconds each key has left; -1 for one that stays."""
        session = await self._redis.session(self.lease.keys.meta)
        names = sorted({name async for name in keys_like(session, f"{{{self.lease.keys.tag}}}:*")})
        return {name.partition(":")[2]: await session.call("TTL", name) for name in names}

    async def forget(self) -> None:
        """Leave nothing of it."""
        session = await self._redis.session(self.lease.keys.meta)
        names = [name async for name in keys_like(session, f"{{{self.lease.keys.tag}}}:*")]
        if names:
            await session.call("DEL", *names)


def came_of(everything: Mapping[str, Any]) -> dict[str, Any]:
    """The same for every way to cut a log into steps: all of it but what says how it was done."""
    found = dict(everything)
    fields = {name.decode(): value for name, value in found["meta"].items()}
    found["meta"] = {n: value for n, value in fields.items() if n not in OF_THE_CUTS and not n.startswith("begun:")}
    if "notes" in found:  # its ids are places; what is said of one customer stands in order
        lines: dict[tuple[str, str, bytes], list[Note | Line]] = {}
        for _, words in found["notes"]:
            for word, value in zip(words[::2], words[1::2], strict=True):
                line = decode_line(value) if word == TOLD else decode_note(value)
                lines.setdefault((line.merchant, line.customer, word), []).append(line)
        found["notes"] = lines
    for name, value in found.items():
        if name.startswith("queue:"):  # the score is where the step ended
            found[name] = set(value)
    found.pop("lanes", None)  # a lane stays named until its sender finds it empty
    return found


async def _held(session: Any, name: str) -> Any:
    match (await session.call("TYPE", name)).decode():
        case "string":
            return await session.call("GET", name)
        case "hash":
            return _pairs(await session.call("HGETALL", name))
        case "zset":
            return _pairs(await session.call("ZRANGE", name, 0, -1, "WITHSCORES"))
        case "set":
            return set(await session.call("SMEMBERS", name))
        case "list":
            return await session.call("LRANGE", name, 0, -1)
        case "stream":
            return await session.call("XRANGE", name, "-", "+")
        case other:
            raise AssertionError(f"{name} is a {other}")


def _pairs(flat: Sequence[Any]) -> dict[Any, Any]:
    words = iter(flat)
    return dict(zip(words, words, strict=True))
