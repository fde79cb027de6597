"""What do web and a worker take of a core while nothing happens at all, and what do they make Kafka take?

Each in a process of its own, as `stamgast` starts them, on a shop that is open and has people; nobody buys, and no
timer comes due. What they cost a machine that does nothing else is what a shop pays all night.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import redis

from benchmarks.figures import Figure, middle, table, tell
from benchmarks.latency import open_shop, settings_of, until_ready
from benchmarks.meter import cpu_seconds_of, pid_listening_at
from benchmarks.scene import ROOT, Scene, all_topics
from stamgast.local.processes import free_port

MOST_PERCENT: Final = {"web": 1.0, "worker": 2.0}
"""Of a core."""
MOST_OF_KAFKA: Final = 4.4
"""The same, of what both together make Kafka do."""
_SETTLES_S: Final = 15
"""What was begun at the start has ended by then, and nothing came for so long that all ask seldom."""
_DRIVEN: Final = ("clock", "clock_file")


class Spells(NamedTuple):
    """What was taken of a core in each of several spells, per cent."""

    of_it: list[float]
    of_kafka: list[float]
    """Empty where Kafka runs on another machine, or in a container."""


def run(scene: Scene) -> None:
    """One after the other, so that none pays for what the other one lets Redis and Kafka do."""
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    broker = pid_listening_at(int(scene.kafka.bootstrap.rpartition(":")[2]))
    with all_topics(scene) as topics, TemporaryDirectory() as folder:
        settings = settings_of(scene, topics.prefix, Path(folder))
        asyncio.run(open_shop(scene, settings, busy=False))
        for name in _DRIVEN:  # at night it is real time that goes by
            del settings[name]
        alone = asyncio.run(_spells(scene, broker, broker)).of_it if broker else []
        found = {name: asyncio.run(_measure(scene, name, settings, broker)) for name in MOST_PERCENT}
    rows: list[tuple[Any, ...]] = [
        (name, middle(told.of_it), min(told.of_it), MOST_PERCENT[name]) for name, told in found.items()
    ]
    figures = [
        Figure(f"idle_{name}_cpu", middle(told.of_it), "% of a core", "at most", MOST_PERCENT[name])
        for name, told in found.items()
    ]
    if alone:
        more = {name: middle(told.of_kafka) - middle(alone) for name, told in found.items()}
        rows += [(f"Kafka for {name}", each, min(found[name].of_kafka) - min(alone), "") for name, each in more.items()]
        figures.append(Figure("idle_kafka_cpu", sum(more.values()), "% of a core", "at most", MOST_OF_KAFKA))
    table("At night", ("who", "% of a core", "least", "at most"), rows)
    tell(figures)


async def _measure(scene: Scene, name: str, settings: dict[str, Any], broker: int | None) -> Spells:
    ports = {name: free_port() for name in ("metrics_port", "web_metrics_port")}
    words = ["--port", str(free_port())] if name == "web" else []
    health = ports["web_metrics_port" if name == "web" else "metrics_port"]
    with _running(name, *words, settings=settings | ports) as process:
        await until_ready({"metrics_port": health}, process)
        await asyncio.sleep(scene.sized(_SETTLES_S, 0))
        return await _spells(scene, process.pid, broker)


async def _spells(scene: Scene, process: int, broker: int | None) -> Spells:
    spells, seconds = scene.sized(5, 1), scene.sized(10, 2)
    found = Spells([], [])
    watched = [(process, found.of_it), *([(broker, found.of_kafka)] if broker else [])]
    for _ in range(spells):
        before = [cpu_seconds_of(pid) for pid, _ in watched]
        began = time.monotonic()
        await asyncio.sleep(seconds)
        took = time.monotonic() - began
        for (pid, told), used in zip(watched, before, strict=True):
            told.append((cpu_seconds_of(pid) - used) / took * 100)
    return found


@contextlib.contextmanager
def _running(*words: str, settings: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """A command, while the context is open."""
    env = os.environ | {f"STAMGAST_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "stamgast.cli", *words]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)
