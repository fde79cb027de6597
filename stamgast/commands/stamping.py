"""What time it is, for commands that write it down for good: never by a clock that others contradict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stamgast.commands.answering import fail, kafka_of

if TYPE_CHECKING:
    from stamgast.clock.watch import Verdict
    from stamgast.domain.units import Millis
    from stamgast.settings import Settings


def stamp_of(settings: Settings) -> Millis:
    """Return shop time; say so and exit if this machine's clock is wrong by Redis's and Kafka's.

    If neither answers, what is to be written fails for that, or the machine is believed.
    """
    import asyncio

    return asyncio.run(stamp(settings))


async def stamp(settings: Settings) -> Millis:
    """Do that where a loop runs already."""
    from stamgast.clock.shop_time import is_real

    if is_real(settings.clock) and (verdict := await _judged(settings)) is not None and verdict.trouble:
        fail(f"{verdict.trouble}; nothing was written: set it first")
    return settings.make_clock().now()


async def _judged(settings: Settings) -> Verdict | None:
    """Ask Redis, and Kafka only if that leaves a doubt: it takes longer."""
    from stamgast.bootstrap import topics_of
    from stamgast.clock.bounded import TOLERANCE
    from stamgast.clock.watch import ahead_of, judge
    from stamgast.log.append_time import AppendTime
    from stamgast.state.client import RedisClient

    redis = RedisClient(settings.redis_url, patience_s=1)
    kafka = AppendTime(kafka_of(settings), topics_of(settings).clock)
    try:
        by_redis = await ahead_of(redis.time)
        if by_redis is not None and abs(by_redis) <= TOLERANCE:
            return None
        return judge(by_redis, await ahead_of(kafka.ask))
    finally:
        redis.close()
        await kafka.close()
