"""After Kafka was away for 17 s, and something else was killed or stood still meanwhile: when does work go on?

Two workers, web, broker, Redis and a carrier run as processes; a till sells all the time. Counted is from the moment
when the last part is back (a process of ours: when it was started, a service: when it answers) until web takes
purchases, somebody in each partition sees a purchase in their figures, and each of them gets a message.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.figures import Figure, table, tell
from benchmarks.recovery_shop import NO_JSON, WORKERS, Deployment, Till, open_shop
from benchmarks.scene import Scene

AWAY_S: Final = 17.0
MOST_S: Final = 10.0
_START_S: Final = 4.0
"""So long a broker takes to start."""
_CALM_S: Final = 5.0


async def _kafka(deployment: Deployment, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
    """Kafka goes, something happens five seconds later, and Kafka is back when 17 s are over."""
    began = time.monotonic()
    deployment.broker.kill()
    await asyncio.sleep(5)
    if meanwhile is not None:
        await meanwhile()
    await asyncio.sleep(max(0.0, began + AWAY_S - _START_S - time.monotonic()))
    await asyncio.to_thread(deployment.broker.start)


async def _redis(deployment: Deployment, away_s: float = 0.0) -> None:
    deployment.redis.kill()
    await asyncio.sleep(away_s)
    await asyncio.to_thread(deployment.redis.start)


async def _kafka_alone(deployment: Deployment) -> None:
    await _kafka(deployment)


async def _with_worker(deployment: Deployment) -> None:
    async def meanwhile() -> None:
        deployment.kill(WORKERS[0])

    await _kafka(deployment, meanwhile)


async def _with_both_workers(deployment: Deployment) -> None:
    async def meanwhile() -> None:
        deployment.kill(*WORKERS)

    await _kafka(deployment, meanwhile)


async def _with_web(deployment: Deployment) -> None:
    async def meanwhile() -> None:
        deployment.kill("web")

    await _kafka(deployment, meanwhile)


async def _with_redis(deployment: Deployment) -> None:
    async def meanwhile() -> None:
        await _redis(deployment)

    await _kafka(deployment, meanwhile)


async def _with_empty_redis(deployment: Deployment) -> None:
    async def meanwhile() -> None:
        await asyncio.to_thread(deployment.redis.empty)

    await _kafka(deployment, meanwhile)


async def _redis_before(deployment: Deployment) -> None:
    """Redis goes first and comes back first, after ten seconds."""
    redis = asyncio.create_task(_redis(deployment, 10))
    await asyncio.sleep(3)
    await _kafka(deployment)
    await redis


async def _with_everything(deployment: Deployment) -> None:
    async def meanwhile() -> None:
        await _redis(deployment)
        deployment.kill("web", *WORKERS)

    await _kafka(deployment, meanwhile)


async def _with_worker_paused(deployment: Deployment) -> None:
    """It goes on five seconds after Kafka does."""

    async def pause() -> None:
        await asyncio.sleep(2)
        deployment.pause(WORKERS[0], on=True)
        await asyncio.sleep(20)
        deployment.pause(WORKERS[0], on=False)

    await asyncio.gather(_kafka(deployment), pause())


async def _then_worker(deployment: Deployment) -> None:
    """Kafka is back, and just when the groups form a worker dies."""
    await _kafka(deployment)
    await asyncio.sleep(2)
    deployment.kill(WORKERS[1])


async def _kills(deployment: Deployment) -> None:
    """For a minute, one upon the other, while the groups form anew for the one before."""
    draw, redis = random.Random(7), deployment.redis
    for _ in range(15):
        match draw.choice((*WORKERS, "web", "redis", "empty", "kafka")):
            case "redis":
                await _redis(deployment)
            case "empty":
                await asyncio.to_thread(redis.empty)
            case "kafka":
                deployment.broker.kill()
                await asyncio.sleep(draw.uniform(0, 5))
                await asyncio.to_thread(deployment.broker.start)
            case name:
                deployment.kill(name)
        await asyncio.sleep(draw.uniform(0, 4))


async def _kafka_paused(deployment: Deployment) -> None:
    """Its connections stay open and nothing answers."""
    deployment.broker.pause()
    await asyncio.sleep(AWAY_S)
    deployment.broker.go_on()


async def _redis_paused(deployment: Deployment) -> None:
    deployment.redis.pause()
    await asyncio.sleep(AWAY_S)
    deployment.redis.go_on()


async def _worker(deployment: Deployment) -> None:
    deployment.kill(WORKERS[0])


async def _web(deployment: Deployment) -> None:
    deployment.kill("web")


TROUBLES: Final[dict[str, Callable[[Deployment], Awaitable[None]]]] = {
    "worker killed": _worker,
    "web killed": _web,
    "Redis killed": _redis,
    "Redis stood still for 17 s": _redis_paused,
    "Kafka away for 17 s": _kafka_alone,
    "Kafka stood still for 17 s": _kafka_paused,
    "... and a worker killed": _with_worker,
    "... and both workers killed": _with_both_workers,
    "... and web killed": _with_web,
    "... and Redis killed": _with_redis,
    "... and Redis emptied": _with_empty_redis,
    "... Redis away for 10 s before": _redis_before,
    "... and a worker stood still for 20 s": _with_worker_paused,
    "... and everything killed": _with_everything,
    "... and 2 s later a worker killed": _then_worker,
    "a minute of kills, one upon the other": _kills,
}


def run(scene: Scene) -> None:
    """Let each trouble come once, some time after the one before it is over."""
    if not (scene.kafka.restartable and scene.redis.restartable):
        raise SystemExit("recovery needs a broker and a Redis of its own")
    with TemporaryDirectory(prefix="stamgast-recovery-") as folder:
        asyncio.run(_run(scene, Path(folder)))


async def _run(scene: Scene, folder: Path) -> None:
    rows: list[tuple[str, float, float, float, float]] = []
    async with open_shop(scene, folder) as (deployment, till):
        await till.went_on(time.monotonic())
        for name in list(TROUBLES)[: scene.sized(len(TROUBLES), 2)]:
            rows.append((name, *await _measure(deployment, till, TROUBLES[name])))
            print(time.strftime("%T", time.gmtime()), *rows[-1], flush=True)
            await asyncio.sleep(_CALM_S)
        lines = deployment.lines()
    heads = ("what happened", "purchases are taken", "figures move", "messages leave", "all is seen")
    table("Seconds after the last part is back until", heads, rows)
    table("What workers and web wrote meanwhile", ("level", "lines"), lines.most_common())
    slowest = max(max(figures[:3]) for _, *figures in rows)
    tell(
        [
            Figure("recovery", slowest, "s until work goes on, at worst", "target, at most", MOST_S),
            Figure("recovery_no_json", lines[NO_JSON], "lines of logs that are no JSON", "target, at most", 0),
        ]
    )


async def _measure(
    deployment: Deployment, till: Till, trouble: Callable[[Deployment], Awaitable[None]]
) -> tuple[float, float, float, float]:
    await trouble(deployment)
    back = time.monotonic()
    figures = await till.went_on(back)
    while till.behind():
        await asyncio.sleep(0.1)
    whole = time.monotonic() - back
    if ended := deployment.ended:
        raise RuntimeError(f"ended by themselves: {ended}")
    return *figures, whole
