"""`stamgast verify --jobs N`: the partitions shared out to as many processes."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from stamgast.commands.answering import fail, kafka_of

if TYPE_CHECKING:
    from stamgast.settings import Settings
    from streams.maintenance.differences import Report


async def look(settings: Settings, jobs: int) -> Report:
    """Compare everything, on so many processes; one is this one. More than there are partitions have nothing to do.

    Raises KafkaError or StateError; exits where a process was ended from outside.
    """
    parts = min(jobs, settings.partitions)
    if parts == 1:
        return await asyncio.to_thread(look_at_share, settings, (0, 1))
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(parts, multiprocessing.get_context("spawn")) as pool:
        shares = [loop.run_in_executor(pool, look_at_share, settings, (part, parts)) for part in range(parts)]
        try:
            reports = await asyncio.gather(*shares)
        except BrokenProcessPool:
            fail("a process of `verify` was ended from outside (out of memory?): ask for fewer --jobs")
    for other in reports[1:]:
        reports[0].merge(other)
    return reports[0]


def look_at_share(settings: Settings, share: tuple[int, int]) -> Report:
    """Compare one share of the partitions in this process. Raises KafkaError or StateError."""
    from stamgast.bootstrap import id_key_of
    from stamgast.clock.shop_time import is_real
    from stamgast.lifecycle.garbage import collect_rarely
    from stamgast.log.topics import Topics
    from streams.maintenance.verify import verify_all

    collect_rarely()  # states that are folded go round in no circles, and looking for such took a fifth
    topics, key = Topics(settings.partitions, settings.topic_prefix), id_key_of(settings)
    real_time = is_real(settings.clock)
    return asyncio.run(
        verify_all(kafka_of(settings), settings.redis_url, topics, key, real_time=real_time, share=share)
    )
