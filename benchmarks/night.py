"""What do web and a worker take of a core while nothing happens at all?

Each in a process of its own, as `stamgast` starts them, on a shop that is open and has people; nobody buys, and no
timer comes due. What they cost a machine that does nothing else is what a shop pays all night.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import redis

from benchmarks.figures import Figure, middle, table, tell
from benchmarks.latency import open_shop, settings_of, until_ready
from benchmarks.meter import cpu_seconds_of
from benchmarks.scene import ROOT, Scene, all_topics
from stamgast.local.processes import free_port

MOST_PERCENT: Final = {"web": 1.0, "worker": 2.0}
"""Of a core."""
_DRIVEN: Final = ("clock", "clock_file")


def run(scene: Scene) -> None:
    """One after the other, so that none pays for what the other one lets Redis and Kafka do."""
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with all_topics(scene) as topics, TemporaryDirectory() as folder:
        settings = settings_of(scene, topics.prefix, Path(folder))
        asyncio.run(open_shop(scene, settings, busy=False))
        for name in _DRIVEN:  # at night it is real time that goes by
            del settings[name]
        found = {name: asyncio.run(_measure(scene, name, settings)) for name in MOST_PERCENT}
    rows = [(name, middle(told), min(told), MOST_PERCENT[name]) for name, told in found.items()]
    table("At night", ("who", "% of a core", "least", "at most"), rows)
    tell([
        Figure(f"idle_{name}_cpu", middle(told), "% of a core", "at most", MOST_PERCENT[name])
        for name, told in found.items()
    ])  # fmt: skip


async def _measure(scene: Scene, name: str, settings: dict[str, Any]) -> list[float]:
    """Per cent of a core, in each of several spells."""
    spells, seconds = scene.sized(5, 1), scene.sized(10, 2)
    port = free_port()
    words = ["--port", str(port)] if name == "web" else []
    told = settings | {"metrics_port": port}
    with _running(name, *words, settings=told) as process:
        await until_ready(told, process)
        found = []
        for _ in range(spells):
            before = cpu_seconds_of(process.pid)
            await asyncio.sleep(seconds)
            found.append((cpu_seconds_of(process.pid) - before) / seconds * 100)
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
