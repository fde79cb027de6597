"""Workers are seen by what they noted in Redis, by its own clock, until they leave or are forgotten."""

from contextlib import aclosing

import pytest

from stamgast.local.redis_server import RedisServer
from stamgast.state.client import RedisClient
from stamgast.state.keys import WORKERS
from stamgast.state.workers import Doing, Held, Part, WorkerWord, note_leaving, note_worker, workers_seen

A = WorkerWord(id="a", version="1.0", up_s=5, host="box", held=(Held(Part.INTAKE, 0, Doing.AT_WORK, 12),))
B = WorkerWord(id="b", version="1.1", up_s=9)


@pytest.fixture
async def redis(redis_server: RedisServer):
    async with aclosing(RedisClient(redis_server.url)) as client:
        await client.delete(WORKERS)
        yield client
        await client.delete(WORKERS)


async def test_who_noted_itself_is_seen_until_it_leaves(redis: RedisClient) -> None:
    assert await workers_seen(redis) == []
    await note_worker(redis, A)
    await note_worker(redis, B)
    await note_worker(redis, A)
    seen = await workers_seen(redis)
    assert {each.word.id: each.word for each in seen} == {"a": A, "b": B}
    assert all(0 <= each.ago < 60_000 for each in seen)
    await note_leaving(redis, "a")
    assert [each.word for each in await workers_seen(redis)] == [B]


async def test_who_was_silent_for_an_hour_is_forgotten_and_what_is_no_word_of_ours_is_passed_over(redis: RedisClient):
    await note_worker(redis, A)
    said = (await redis.hash(WORKERS))["a"]
    at, _, text = said.partition("|")
    for name, hours in (("old", 2), ("late", 0.5)):
        await redis.call("HSET", WORKERS, name, f"{int(at) - int(hours * 3_600_000)}|{text.replace('a', name, 1)}")
    await redis.call("HSET", WORKERS, "rubbish", f"{at}|nothing")
    seen = await workers_seen(redis)
    assert len(seen) == 3
    await note_worker(redis, A)
    assert set(await redis.hash(WORKERS)) == {"a", "late", "rubbish"}
