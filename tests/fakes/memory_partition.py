"""An owned partition of customers whose Redis is a dict: the worker's own job, step by step, without Kafka and Redis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from stamgast.domain.alerts import STAFF_ROOM
from stamgast.domain.customer import Customer, decode_customer
from stamgast.service import Bundle
from stamgast.state import keys
from stamgast.state.outbox import TOLD
from stamgast.state.partitions import Writes
from stamgast.state.roll import customer_of
from stamgast.state.scripts import Script
from stamgast.state.session import Word
from streams.customers.bundles import UnknownBundleError, UnusableBundleError
from streams.customers.in_force import standing_of
from streams.customers.job import OwnedCustomers
from streams.customers.parking import TakingUp
from streams.maintenance.replay import PartitionReplay
from streams.runtime.emission import Emission
from streams.runtime.job import Record, own_of
from streams.runtime.step_size import thought_through
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.steps import customers_job, customers_own

NAMES = keys.customers(0)


class Shelf:
    """Bundles by merchant and hash; None for one that cannot be used. `number` is where it was published."""

    def __init__(self, bundles: Mapping[tuple[str, str], Bundle | None]) -> None:
        self.bundles = dict(bundles)
        self.newest: dict[str, tuple[int, str]] = {}

    async def get(self, merchant: str, content: str, number: int = -1) -> Bundle:
        """As `streams.customers.bundles.Bundles` does."""
        if (merchant, content) not in self.bundles:
            raise UnknownBundleError(content)
        bundle = self.bundles[merchant, content]
        if bundle is None:
            raise UnusableBundleError(content)
        return bundle

    def find(self, merchant: str, content: str, number: int) -> Bundle:
        """As `stamgast.programs.history.BundleShelf` does."""
        bundle = self.bundles[merchant, content]
        if bundle is None:
            raise LookupError(content)
        return bundle


class MemoryRedis:
    """The few commands that a partition of customers needs."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.hashes: defaultdict[str, dict[Any, Any]] = defaultdict(dict)
        self.scores: dict[str, int] = {}
        self.lists: defaultdict[str, list[bytes]] = defaultdict(list)
        self.note_ids: list[tuple[int, int]] = []
        self.notes: list[bytes] = []
        self.told: list[bytes] = []

    def apply(self, writes: Writes, watermark: int) -> None:
        """Do what `commit.lua` does."""
        meta = self.hashes[NAMES.meta]
        meta.update({name: str(value) for name, value in writes.meta.items()}, wm=str(watermark))
        self.values.update(zip(map(str, writes.values[::2]), writes.values[1::2], strict=True))
        words = iter(writes.commands)
        for count in words:
            command, key, *rest = (next(words) for _ in range(int(count)))
            getattr(self, f"_{str(command).lower()}")(str(key), rest)

    def ask(self, words: Sequence[Any]) -> Any:
        """Answer a command that reads."""
        command, key, *rest = words
        if command == "LLEN":
            return len(self.lists[key])
        if command == "HGETALL":
            return [word for pair in self.hashes[key].items() for word in pair]
        assert command == "HMGET", command
        return [self.hashes[key].get(name) for name in rest]

    def _hset(self, key: str, rest: list[Any]) -> None:
        self.hashes[key].update(zip(rest[::2], rest[1::2], strict=True))

    def _hdel(self, key: str, rest: list[Any]) -> None:
        for name in rest:
            self.hashes[key].pop(name, None)

    def _zadd(self, key: str, rest: list[Any]) -> None:
        if key == NAMES.timers:
            self.scores.update(zip(rest[1::2], rest[::2], strict=True))

    def _zrem(self, key: str, rest: list[Any]) -> None:
        for name in rest if key == NAMES.timers else ():
            self.scores.pop(name, None)

    def _rpush(self, key: str, rest: list[Any]) -> None:
        self.lists[key] += rest

    def _ltrim(self, key: str, rest: list[Any]) -> None:
        assert rest[1] == -1
        self.lists[key] = self.lists[key][rest[0] :]

    def _xadd(self, _: str, rest: list[Any]) -> None:
        first, second = map(int, rest[0].split("-"))
        assert self.note_ids == [] or (first, second) > self.note_ids[-1], "a stream's ids grow"
        self.note_ids.append((first, second))
        for word, value in zip(rest[1::2], rest[2::2], strict=True):
            (self.told if word == TOLD else self.notes).append(value)

    def _set(self, key: str, rest: list[Any]) -> None:
        self.values[key] = rest[0]

    def _sadd(self, key: str, rest: list[Any]) -> None:
        """Nothing asks for it."""

    _expire = _srem = _sadd


class _StoreLease(MemoryLease):
    """A lease over all that a step writes."""

    def __init__(self, redis: MemoryRedis) -> None:
        super().__init__(NAMES)
        self._store = redis

    async def read(self, keys: Sequence[Word], *commands: Sequence[Word]) -> list[Any]:
        return [self._store.values.get(str(name)) for name in keys] + [self._store.ask(words) for words in commands]

    async def run(self, script: Script, keys: Sequence[Word], args: Sequence[Word]) -> list[Any]:
        """Do what `list_head.lua` does."""
        found, (most, room) = self._store.lists[str(keys[0])], map(int, args)
        some: list[bytes] = []
        for element in found[:most]:
            room -= len(element)
            if some and room < 0:
                break
            some.append(element)
        return [len(found), *some]


class MemoryPartition(OwnedByTest[OwnedCustomers]):
    """An owner; `take` makes it anew from what Redis holds."""

    def __init__(self, shelf: Shelf, redis: MemoryRedis | None = None, settled: int = 0) -> None:
        self.redis = redis or MemoryRedis()
        super().__init__(_StoreLease(self.redis))
        self.shelf = shelf
        self.committed_to_kafka = settled
        self.emitted: list[Emission] = []
        self.noted: list[int] = []
        """Up to where everything had its effects, step by step."""
        self.commits: list[Writes] = []
        self.job = customers_job(shelf)

    async def take(self) -> None:
        """Know only what stands in Redis."""
        meta = dict(self.redis.hashes[NAMES.meta])
        shelf: Any = self.shelf
        standing = standing_of(meta)
        self.lease.watermark = int(meta.get("wm", -1))
        activations: Any = SimpleNamespace(note=lambda _notes, _told, _ids, up_to: self.noted.append(up_to))
        taking_up = TakingUp(self.lease, standing, shelf, self.committed_to_kafka)
        self.own = customers_own(standing, taking_up=taking_up, activations=activations)

    @property
    def wanted(self) -> int:
        """How many steps of what waits are wanted."""
        return own_of(self).taking_up.wanted

    async def step(self, records: Sequence[Record]) -> None:
        """Apply records of the log, in as many steps as it takes."""
        while records:
            records = await self._step(records)

    async def take_up(self) -> None:
        """Take up a piece of what waits."""
        await self._step(await own_of(self).taking_up.next())

    async def take_up_everything(self) -> None:
        """Go on until nothing waits any more."""
        while self.wanted:
            await self.take_up()

    async def _step(self, records: Sequence[Record]) -> Sequence[Record]:
        effects, done = await thought_through(self.job, self, records)
        self.emitted += effects.emissions
        self.lease.watermark = max(self.lease.watermark, done[-1].offset)
        self.redis.apply(effects.writes, self.lease.watermark)
        self.commits.append(effects.writes)
        self.job.committed(self, effects, [])
        back: list[Record] = []
        while not self.inbox.empty:
            back += self.inbox.take()
        return back

    # -- what it holds

    def state(self, merchant: str, customer: str) -> Customer | None:
        """A customer's state."""
        value = self.redis.values.get(NAMES.customer(merchant, customer))
        return None if value is None else decode_customer(value)

    def departs_from(self, replay: PartitionReplay) -> list[str]:
        """Where it departs from a recomputation."""
        wrong = []
        states = {NAMES.customer(*name): value for name, value in replay.fold.states.items()}
        live = {name: value for name, value in self.redis.values.items() if ":c:" in name}
        for key in states.keys() | live.keys():
            now, wanted = live.get(key), states.get(key)
            if now is None or wanted is None or decode_customer(now) != decode_customer(wanted):
                wrong.append(f"{key}: {now and decode_customer(now)}, should be {wanted and decode_customer(wanted)}")
        for name, entries in replay.fold.ledgers.items():
            if self.redis.hashes[NAMES.ledger(*name)] != entries:
                wrong.append(f"ledger of {name}")
        hashes = (self.redis.hashes[NAMES.stats], self.redis.hashes[NAMES.rule_months])
        counters = {name: by for each in hashes for name, by in each.items() if by}
        if counters != {name: by for name, by in replay.fold.counters.items() if by}:
            wrong.append(f"counters: {counters}, should be {replay.fold.counters}")
        due = {
            name.removeprefix("{c0}:c:"): min(timers.values())
            for name, v in states.items()
            if (timers := decode_customer(v).timers)
        }
        if self.redis.scores != due:
            wrong.append("timers")
        rolls = {key: entries for key, entries in self.redis.lists.items() if ":roll:" in key}
        on_roll = sorted(f"{key.partition(':roll:')[2]}:{customer_of(e)}" for key, some in rolls.items() for e in some)
        people = [(merchant, customer) for merchant, customer in replay.fold.states if customer != STAFF_ROOM]
        if on_roll != sorted(f"{merchant}:{customer}" for merchant, customer in people):
            wrong.append(f"rolls: {on_roll}")
        return wrong
