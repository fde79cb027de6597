"""What stands in Redis is what the log says, every key and value of it, wherever its steps were cut."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from unittest.mock import AsyncMock, patch

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stamgast.domain import apart
from stamgast.domain.events import AnyEvent, Barrier, RulePaused, encode_event
from stamgast.domain.program import Program
from stamgast.local.redis_server import RedisServer
from stamgast.service import Bundle
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from streams.maintenance.replay import PartitionReplay
from streams.maintenance.verify_beside import beside_differences
from tests.builders import ANNA, BRAM, KEY, MERCHANT, T0, bought, bundle, card, card_rule, hello_rule, program, tag_rule
from tests.fakes.in_memory import Owner
from tests.fakes.memory_partition import Shelf
from tests.fakes.records import LogRecord, log_of
from tests.fakes.redis_partition import RedisPartition, came_of
from tests.random_histories import History
from tests.random_sales import programs

KEYS: Final = PartitionKeys("c3")
"""The partition that `Owner` plays."""
OTHER: Final = "elders"


LATER_S: Final = 60
"""Keys that go by themselves were written so much later at most."""


def in_force(of: Program, number: int) -> Bundle:
    rules = [hello_rule(priority=10), tag_rule("quiet", "lapsing", "quiet", per="quiet_spell")]
    return bundle(of, *rules, *(card_rule(f"full-{id_}", id_) for id_ in of.cards), number=number)


def merged(data: st.DataObject, lives: Sequence[Sequence[AnyEvent]], number: int) -> list[AnyEvent]:
    """One log of all of it, with a pause, a second barrier, records that come twice, and somebody who has to wait."""
    events = sorted((event for life in lives for event in life), key=lambda event: event.at)
    log: list[AnyEvent] = [Barrier(merchant=MERCHANT, customer="", at=T0, number=1, hash="hash1")]
    for place, lived in enumerate(events):
        event = msgspec.structs.replace(lived, source=("p", 0, place, 0))
        log.append(event)
        match data.draw(st.integers(0, 24)):
            case 0:
                log.append(event)
            case 1:
                log.append(RulePaused(merchant=MERCHANT, customer="", at=event.at, number=1, rule="hello", reason="x"))
            case 2:
                log.append(Barrier(merchant=MERCHANT, customer="", at=event.at, number=number, hash=f"hash{number}"))
            case 3:
                waiting = bought(f"w{place}", event.at, recorded=event.at)
                log.append(msgspec.structs.replace(waiting, merchant=OTHER))
            case 4:
                log.append(Barrier(merchant=OTHER, customer="", at=event.at, number=1, hash="hash1"))
    return log


async def applied(
    redis: Redis, shelf: Shelf, records: Sequence[LogRecord], cuts: Sequence[int], *, anew: int
) -> tuple[dict[str, Any], dict[str, int]]:
    """Apply the log in steps that end there, with another owner before every so-manieth of them."""
    partition = await RedisPartition.of(redis, KEYS, shelf)
    await partition.forget()
    await partition.take()
    for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(records)], strict=True), start=1):
        if number % anew == 0:
            await partition.take()
        await partition.step(records[start:end])
        await partition.take_up_everything()
    assert await found_by_verify(redis, shelf, records) == []
    return came_of(await partition.everything()), await partition.lives()


async def found_by_verify(redis: Redis, shelf: Shelf, records: Sequence[LogRecord]) -> list[str]:
    """What `stamgast verify` finds beside customers, ledgers and counters."""
    replay = PartitionReplay(KEYS.number, KEY, shelf.find)
    for record in records:
        replay.apply(record.offset, record.value)
    session = await redis.session(KEYS.meta)
    return [each async for each in beside_differences(session, KEYS, replay.beside, AsyncMock())]


async def compare(url: str, shelf: Shelf, log: Sequence[AnyEvent], ways: Sequence[Sequence[int]]) -> None:
    redis = Redis(url)
    try:
        records = log_of([encode_event(event) for event in log], key=b"k")
        singly, lives = await applied(redis, shelf, records, range(1, len(records)), anew=1_000)
        for cuts in ways:
            found, left = await applied(redis, shelf, records, cuts, anew=3)
            assert found.keys() == singly.keys(), cuts
            for name, value in found.items():
                assert value == singly[name], (name, cuts)
                assert abs(left[name] - lives[name]) < LATER_S, (name, cuts)
    finally:
        redis.close()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100, derandomize=True
)
@given(st.data(), programs, programs)
def test_wherever_a_log_is_cut_all_of_redis_is_the_same(redis_server: RedisServer, data: st.DataObject, shop, later):
    with patch.object(apart, "AT_HAND", data.draw(st.sampled_from((0, 2, apart.AT_HAND)))):
        first = in_force(shop, 1)
        lives = []
        for customer in (ANNA, BRAM):
            history = History(Owner(first), customer)
            history.play(data, 25)
            lives.append(history.events)
        elders = in_force(program(card(), merchant=OTHER), 1)
        shelf = Shelf({(MERCHANT, "hash1"): first, (MERCHANT, "hash2"): in_force(later, 2), (OTHER, "hash1"): elders})
        log = merged(data, lives, 2)
        some = sorted(data.draw(st.sets(st.integers(1, max(1, len(log) - 1)), max_size=8)))
        ways = [[], [at for at in some if at < len(log)]]
        asyncio.run(compare(redis_server.url, shelf, log, ways))
