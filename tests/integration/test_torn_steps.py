"""A server that is cut off while it writes a step to its file: what of it comes back at a later restart counts once."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from stamgast.domain.events import AnyEvent, Barrier, encode_event
from stamgast.domain.units import HOUR
from stamgast.local.redis_server import RedisServer, find_program
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from stamgast.state.partitions import ask_for_rebuild
from tests.builders import ANNA, BRAM, MERCHANT, T0, bought, bundle, card, card_rule, consent, hello_rule, program
from tests.conftest import RUN_DIR
from tests.fakes.memory_partition import Shelf
from tests.fakes.records import LogRecord, log_of
from tests.fakes.redis_partition import RedisPartition, came_of

KEYS = PartitionKeys("c3")
SHELF = Shelf({(MERCHANT, "hash1"): bundle(program(card()), card_rule(), hello_rule())})
STEPS = [range(start, start + 8) for start in range(0, 40, 8)]


NEWCOMER = "cc" + "c" * 23


def log() -> list[LogRecord]:
    events: list[AnyEvent] = [Barrier(merchant=MERCHANT, customer="", at=T0, number=1, hash="hash1"), consent(when=T0)]
    for number in range(38):
        when = T0 + number * HOUR
        customer = (ANNA, BRAM)[number % 3 == 0] if number % 4 or number < 14 else NEWCOMER
        event = bought(f"t{number}", when, customer=customer, recorded=when)
        events.append(event)
    return log_of([encode_event(event) for event in events], key=b"k")


class Torn(RedisServer):
    """A server whose power went while it wrote its last step."""

    def tear(self, part: float) -> None:
        """Cut its file in the middle of a command, after this part of the last step's; start it with that."""
        self._wait_until_appended()
        self.kill()
        [file] = (self._folder / "appendonlydir").glob("*.incr.aof")
        written = file.read_bytes()
        begin = written.rindex(b"MULTI\r\n")
        commands = [match.start() + 2 for match in re.finditer(rb"\r\n\*", written[begin:])]
        file.write_bytes(written[: begin + commands[int(part * len(commands))] + 9])
        self.start()


@pytest.fixture
def server() -> Iterator[Torn]:
    program_ = find_program()
    if "redis-server" not in program_:
        pytest.skip("how the file of another server looks is not known here")
    folder = RUN_DIR / f"torn-{uuid.uuid4().hex[:8]}"
    server = Torn(program_, folder)
    server.start()
    yield server
    server.kill()
    shutil.rmtree(folder, ignore_errors=True)


async def apply(url: str, records: Sequence[LogRecord], steps: Sequence[range]) -> dict[str, Any]:
    """Take the partition, apply these steps of what it has not applied yet, and say what it holds."""
    redis = Redis(url)
    try:
        partition = await RedisPartition.of(redis, KEYS, SHELF)
        if partition.lease.spoilt:  # as its owner does
            await partition.lease.wipe()
            await partition.take()
        for step in steps:
            some = [records[n] for n in step if n > partition.lease.watermark]
            if some:
                await partition.step(some)
        return came_of(await partition.everything())
    finally:
        redis.close()


@pytest.mark.parametrize("part", [0.01, 0.2, 0.4, 0.6, 0.8, 0.98])
async def test_the_beginning_of_a_step_that_comes_back_before_the_whole_step_counts_once(
    server: Torn, redis_server: RedisServer, part: float
):
    records = log()
    await apply(server.url, records, STEPS[:3])
    server.tear(part)
    await apply(server.url, records, STEPS[:4])
    server.restart()
    assert await apply(server.url, records, STEPS) == await clean(redis_server.url, records)


@pytest.mark.parametrize("part", [0.01, 0.2, 0.4, 0.6, 0.8, 0.98])
async def test_it_does_where_that_step_was_applied_in_pieces_and_not_to_its_end(
    server: Torn, redis_server: RedisServer, part: float
):
    records = log()
    await apply(server.url, records, STEPS[:3])
    server.tear(part)
    await apply(server.url, records, [range(16, 17)])
    server.restart()
    assert await apply(server.url, records, [range(n, n + 1) for n in range(40)]) == await clean(
        redis_server.url, records
    )


@pytest.mark.parametrize("part", [0.01, 0.2, 0.4, 0.6, 0.8, 0.98])
async def test_it_does_where_the_partition_is_being_filled_anew_when_it_comes_back(
    server: Torn, redis_server: RedisServer, part: float
):
    records = log()
    await apply(server.url, records, STEPS[:3])
    server.tear(part)
    await have_it_filled_anew(server.url)
    await apply(server.url, records, STEPS[:2])  # not as far yet as what came of the step that was torn
    server.restart()
    assert await apply(server.url, records, STEPS) == await clean(redis_server.url, records)


async def have_it_filled_anew(url: str) -> None:
    redis = Redis(url)
    await ask_for_rebuild(redis, KEYS)
    redis.close()


async def clean(url: str, records: Sequence[LogRecord]) -> dict[str, Any]:
    redis = Redis(url)
    partition = await RedisPartition.of(redis, KEYS, SHELF)
    await partition.forget()
    redis.close()
    return await apply(url, records, STEPS)
