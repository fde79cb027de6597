"""Whatever a trial waits for, it ends when it is told to: no client of ours keeps a cancellation to itself."""

import asyncio
import itertools

from redis.asyncio import Redis

from stamgast.demo.stage import Stage
from stamgast.log.reading import LogReader

PATIENCE_S = 60


async def keep_looking(redis: Redis) -> None:
    while True:
        pipeline = redis.pipeline(transaction=False)
        pipeline.get("nothing")
        await pipeline.execute()


async def keep_reading(reader: LogReader, topic: str) -> None:
    while True:
        await reader.ends([(topic, 0)])


async def end_after(turns: int, task: asyncio.Task[None]) -> None:
    """Cancel a task once the loop has turned so often; fail if it goes on."""
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=PATIENCE_S)
    assert task.done(), f"cancelled after {turns} turns of the loop, and it goes on"


async def test_a_look_at_redis_can_be_cancelled_in_any_turn_of_the_loop(settings):
    redis = Stage(settings, {}, [], settings.clock_file.parent).open_redis()
    async with redis:
        for turns in range(200):
            await end_after(turns, asyncio.create_task(keep_looking(redis)))


async def test_a_look_at_a_log_can_be_cancelled_in_any_turn_of_the_loop_and_its_reader_closed(settings, topics):
    for turns in itertools.chain(range(40), range(40, 400, 20)):
        async with asyncio.timeout(PATIENCE_S), LogReader(settings.kafka_bootstrap) as reader:
            await end_after(turns, asyncio.create_task(keep_reading(reader, topics.purchases)))
