"""Old transactions leave their keys for boxes on a real Redis, and every answer stays what it was."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from stamgast.clock.shop_time import RealClock
from stamgast.domain.claims import Asked, encode_claim
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.transactions import Transaction, decode_transaction
from stamgast.domain.units import DAY, Millis
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from stamgast.state import keys
from stamgast.state.boxes import PER_BOX, digest_of, read_box, write_box
from stamgast.state.client import RedisClient, names_under
from stamgast.state.errors import SpoiltError
from stamgast.state.looks import look
from stamgast.state.partition_meta import BOXED, BOXES
from stamgast.state.partitions import Lease
from stamgast.state.transactions import KnownTransactions
from streams.intake.job import IntakeJob
from streams.intake.old_transactions import REMEMBERED_DAYS, SETTLED
from streams.maintenance.differences import Report
from streams.maintenance.verify import TransactionReplay, _Partition
from streams.metrics import Metrics
from streams.runtime.job import Effects, own_of
from streams.runtime.position import Position
from tests.builders import ANNA, BRAM, MERCHANT, T0, line, record, refund, snapshot
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.fakes.records import LogRecord
from tests.foreign_records import NOBODYS, PROOFS
from tests.integration.conftest import PLACE
from tests.steps import aside, written

KEYS = keys.transactions(0)
TOPICS = Topics(1)
NOBODY: Any = None
Sent = tuple[dict[str, Any] | Asked, Millis]
"""What a till or a person sent, and when it was recorded."""


def intake() -> IntakeJob:
    return IntakeJob(
        topics=TOPICS, naming=NOBODYS, proofs=PROOFS, proving=NOBODY,
        aside=aside(), clock=RealClock(), metrics=Metrics(),
    )  # fmt: skip


class Log:
    """`purchases.v1` as `verify` reads it."""

    def __init__(self, records: Sequence[LogRecord]) -> None:
        self._records = records

    async def begins(self, pairs: Sequence[Any]) -> dict[Any, int]:
        return dict.fromkeys(pairs, 0)

    async def behind_last(self, pairs: Sequence[Any]) -> dict[Any, int]:
        return dict.fromkeys(pairs, len(self._records))

    async def read(self, _topic: str, _partition: int, start: int, end: int) -> AsyncIterator[Sequence[LogRecord]]:
        yield self._records[start:end]


class Owner:
    """A worker that has the partition on a Redis, and one that has it as it was before there were boxes."""

    def __init__(self, redis: RedisClient) -> None:
        self.redis = redis
        self.replay = TransactionReplay(0, 1, PROOFS, real_time=True)
        self.log: list[LogRecord] = []
        self._next = 0
        lease = MemoryLease(KEYS)
        self._before: dict[str, bytes] = {}
        lease.stored = self._before
        self._old = OwnedByTest(lease, Position())
        self._old_job = intake()

    async def take(self) -> None:
        """Begin anew from what Redis holds."""
        self.job = intake()
        self.owned: OwnedByTest[Position] = OwnedByTest(await Lease.take(self.redis, KEYS, PLACE))
        await self.job.taken(self.owned, NOBODY)

    async def step(self, *sent: Sent) -> list[tuple[str, bytes | None, bytes]]:
        """Apply a chunk; says what it told. The worker of before says the same."""
        records = []
        for number, (each, at) in enumerate(sent):
            pair = encode_claim(MERCHANT, each, at) if isinstance(each, Asked) else record(each, at)
            records.append(LogRecord(self._next + number, pair[1], pair[0], timestamp=at))
        self._next += len(records)
        self.log += records
        effects = await self.job.step(self.owned, records)
        await self.owned.lease.commit(records[-1].offset, effects.writes)
        self.job.committed(self.owned, effects, [])
        before = await self._old_job.step(self._old, records)
        self._before |= written(before)
        self._old_job.committed(self._old, before, [])
        assert told_by(effects) == told_by(before)
        for each_record in records:
            self.replay.apply(each_record)
        return told_by(effects)

    async def rest(self, pieces: int = 10_000) -> None:
        """There is nothing else to do."""
        waiting = self.owned.waiting
        assert waiting is not None
        while waiting.wanted and pieces:
            assert await waiting.next() == ()
            pieces -= 1

    async def verified(self) -> list[str]:
        """What `stamgast verify` says of the partition."""
        report, replay = Report(), TransactionReplay(0, 1, PROOFS, real_time=True)
        log: Any = Log(self.log)
        await _Partition(log, await self.redis.session(), TOPICS.purchases, replay).compare(report)
        return report.differences

    async def state(self, name: str) -> Transaction | None:
        key = KEYS.transaction(MERCHANT, name)
        found = await look(await self.redis.session(), KEYS, value=key, digest=digest_of(f"{MERCHANT}:{name}"))
        return None if found.value is None else decode_transaction(found.value)

    async def own_keys(self) -> set[str]:
        """Who has a key of their own."""
        session = await self.redis.session()
        return {name async for name in names_under(session, KEYS.transaction(MERCHANT, ""))}

    async def boxes(self) -> dict[int, dict[bytes, Any]]:
        session = await self.redis.session()
        numbers = [int(name) async for name in names_under(session, KEYS.box(0)[:-1])]
        return {number: dict(read_box(await self.redis.get(KEYS.box(number)))) for number in numbers}


def told_by(effects: Effects[Any]) -> list[tuple[str, bytes | None, bytes]]:
    return [
        (each.topic, each.key, b"" if each.topic == TOPICS.dead_letters else each.value) for each in effects.emissions
    ]


@pytest.fixture
async def owner(redis_server: RedisServer) -> AsyncIterator[Owner]:
    redis = RedisClient(redis_server.url)
    await (await redis.session()).call("FLUSHALL")  # other tests leave partitions of other topics there
    found = Owner(redis)
    await found.take()
    yield found
    redis.close()


def sale(name: str, version: int = 1, when: Millis = T0, **more: Any) -> dict[str, Any]:
    lines = [line(str(n), 350 + n, sku=f"SKU{n:03d}", category="bread") for n in range(1 + version % 3)]
    return snapshot(name, version, when, more.pop("lines", lines), **more)


async def test_repeats_edits_and_refunds_of_boxed_transactions_are_answered_as_ever(owner: Owner) -> None:
    chance = random.Random(17)
    names: list[str] = []
    now = T0
    known = KnownTransactions(owner.redis, lambda _key: 0)
    for _ in range(250):
        chunk: list[Sent] = []
        for _ in range(chance.randrange(1, 12)):
            now += chance.randrange(DAY // 4)
            if chance.random() < 0.6 or not names:
                names.append(f"till{chance.randrange(3)}:{len(names)}")
                what: dict[str, Any] | Asked = sale(names[-1], when=now, customer=chance.choice([ANNA, BRAM, None]))
            else:
                name = chance.choice(names) if chance.random() < 0.7 else f"early:{len(names)}"
                what = chance.choice(CHANGES)(name, chance, now)
            chunk.append((what, now))
        await owner.step(*chunk)
        if chance.random() < 0.5:
            await owner.rest(chance.choice([1, 2, 10_000]))
        if chance.random() < 0.1:
            await owner.take()
    await owner.take()
    await owner.rest()
    states = {name: state for (_, name), state in owner.replay.states.items()}
    assert len(states) > 600
    boxes = await owner.boxes()
    assert len(boxes) > 20
    assert len(await owner.own_keys()) < len(states) / 5
    assert {name: await owner.state(name) for name in states} == states
    assert await known.of(MERCHANT, [*states, "never"]) == states
    assert await owner.verified() == []
    lease = await Lease.take(owner.redis, KEYS, PLACE)
    assert BOXED.of(lease.meta) == sum(map(len, boxes.values()))
    assert BOXES.of(lease.meta) == max(boxes) + 1
    assert 0 <= BOXES.of(lease.meta) - BOXED.of(lease.meta) / PER_BOX < 3


def _repeated(name: str, _chance: random.Random, _now: Millis) -> dict[str, Any]:
    return sale(name)


def _edited(name: str, chance: random.Random, now: Millis) -> dict[str, Any]:
    return sale(name, chance.randrange(1, 5), when=now, customer=chance.choice([ANNA, BRAM, None]))


def _voided(name: str, chance: random.Random, now: Millis) -> dict[str, Any]:
    return sale(name, chance.randrange(2, 6), when=now, status="voided")


def _refunded(name: str, chance: random.Random, now: Millis) -> dict[str, Any]:
    return refund(name, f"r{chance.randrange(3)}", 100 * chance.randrange(1, 4), now, [("0", "1", 100)])


def _claimed(name: str, chance: random.Random, _now: Millis) -> Asked:
    key = f"k{chance.randrange(50)}"
    return Asked(name, key, key, chance.choice([ANNA, BRAM]), request="by them", within=500 * DAY)


CHANGES: Sequence[Callable[[str, random.Random, Millis], dict[str, Any] | Asked]] = (
    _repeated, _edited, _voided, _refunded, _claimed,
)  # fmt: skip


async def test_what_settled_leaves_its_key_and_what_changes_then_gets_one_again(owner: Owner) -> None:
    await owner.step(*((sale(f"t{n}"), T0) for n in range(40)))
    await owner.rest()
    assert len(await owner.own_keys()) == 40
    await owner.step((sale("new", when=T0 + SETTLED), T0 + SETTLED))
    await owner.rest()
    assert await owner.own_keys() == {"new"}
    assert await owner.step((sale("t7"), T0 + SETTLED)) == [], "a repeat is a repeat"
    assert await owner.own_keys() == {"new"}
    assert len(await owner.step((refund("t7", "r1", 350, T0 + SETTLED), T0 + SETTLED))) == 1
    assert await owner.own_keys() == {"new", "t7"}
    left = await owner.redis.call("TTL", KEYS.transaction(MERCHANT, "t7"))
    assert (REMEMBERED_DAYS - 14) * 86_400 < left < REMEMBERED_DAYS * 86_400
    await owner.take()
    await owner.rest()
    await owner.step((sale("later", when=T0 + 2 * SETTLED), T0 + 2 * SETTLED))
    await owner.rest()
    assert await owner.own_keys() == {"later"}
    assert await owner.step((refund("t7", "r1", 350, T0 + SETTLED), T0 + 2 * SETTLED)) == []
    assert len(await owner.step((refund("t7", "r2", 1, T0 + SETTLED), T0 + 2 * SETTLED))) == 1


async def test_what_is_over_leaves_its_box_and_a_box_goes_with_the_last_in_it(owner: Owner) -> None:
    await owner.step(*((sale(f"t{n}"), T0) for n in range(12)))
    half = T0 + 200 * DAY
    await owner.step(*((sale(f"half{n}", when=half), half) for n in range(12)))
    await owner.step((sale("x", when=half + SETTLED), half + SETTLED))
    await owner.rest()
    assert sum(map(len, (await owner.boxes()).values())) == 24
    for number in await owner.boxes():
        left = await owner.redis.call("TTL", KEYS.box(number))
        assert 0 <= left - (REMEMBERED_DAYS - 14) * 86_400 <= 86_400
    over = T0 + (REMEMBERED_DAYS + 2) * DAY
    await owner.step((sale("y", when=over - SETTLED), over - SETTLED), (sale("z", when=over), over))
    await owner.rest()
    digests = {digest for box in (await owner.boxes()).values() for digest in box}
    assert {digest_of(f"{MERCHANT}:{name}") for name in ("half1", "x", "y")} <= digests
    assert (await owner.state("half11")) is not None
    lease = await Lease.take(owner.redis, KEYS, PLACE)
    assert BOXED.of(lease.meta) == len(digests)


async def test_transactions_from_before_there_were_boxes_are_found_and_stay_where_they_are(owner: Owner) -> None:
    await owner.step((sale("t1"), T0))
    await owner.redis.delete(KEYS.recent)  # whoever wrote it then had none
    await owner.take()
    await owner.step((sale("t2", when=T0 + 2 * SETTLED), T0 + 2 * SETTLED))
    await owner.rest()
    assert len(await owner.step((refund("t1", "r1", 350), T0 + 2 * SETTLED))) == 1
    assert await owner.own_keys() == {"t1", "t2"}
    assert await owner.redis.call("TTL", KEYS.transaction(MERCHANT, "t1")) > 0


async def test_a_large_transaction_and_one_that_is_gone_are_passed(owner: Owner) -> None:
    large = [line(str(n), 100 + n, sku=f"{n * 7919:08x}") for n in range(200)]
    await owner.step((sale("large", lines=large), T0), (sale("gone"), T0), (sale("plain"), T0))
    await owner.redis.delete(KEYS.transaction(MERCHANT, "gone"))
    await owner.step((sale("new", when=T0 + SETTLED), T0 + SETTLED))
    await owner.rest()
    assert await owner.own_keys() == {"large", "new"}
    assert await owner.redis.call("LLEN", KEYS.recent) == 1
    assert await owner.state("plain") == owner.replay.states[MERCHANT, "plain"]
    assert await owner.state("gone") is None


async def test_verify_tells_of_what_a_box_lacks_and_of_what_nobody_sold(owner: Owner) -> None:
    await owner.step((sale("t1"), T0), (sale("t2"), T0), (sale("t3", when=T0 + SETTLED), T0 + SETTLED))
    await owner.rest()
    assert await owner.verified() == []
    box = (await owner.boxes())[0]
    box[digest_of(f"{MERCHANT}:t9")] = box.pop(digest_of(f"{MERCHANT}:t2"))
    await owner.redis.set(KEYS.box(0), write_box(box))
    missing, foreign = await owner.verified()
    assert f"{MERCHANT}:t2" in missing
    assert "box 0 holds a transaction that the log does not know" in foreign


async def test_a_box_that_holds_something_else_is_filled_anew_from_the_log(owner: Owner) -> None:
    await owner.step((sale("t1"), T0), (sale("t2", when=T0 + SETTLED), T0 + SETTLED))
    await owner.rest()
    stored = await owner.redis.get(KEYS.box(0))
    assert stored is not None
    await owner.redis.set(KEYS.box(0), stored[:-3])
    with pytest.raises(SpoiltError):
        await owner.step((refund("t1"), T0 + SETTLED))
    with pytest.raises(UNREADABLE):  # as it is for `verify`, which tells it
        await owner.state("t1")
    await owner.owned.lease.wipe()
    session = await owner.redis.session()
    assert [name async for name in names_under(session, f"{{{KEYS.tag}}}:")] == ["meta"]


async def test_in_a_rebuild_old_transactions_are_put_away_before_it_is_over(owner: Owner) -> None:
    waiting = owner.owned.waiting
    assert waiting is not None
    for day in range(200):
        at = T0 + day * DAY
        await owner.step(*((sale(f"t{day}:{n}", when=at), at) for n in range(8)))
        while waiting.wanted > 1:  # there is always a next chunk
            await waiting.next()
    assert len(await owner.own_keys()) < 8 * 140
    assert own_of(owner.owned).time == T0 + 199 * DAY
