"""How long do a worker's partitions stand still after it was killed, and after it was ended in order?

Two workers; purchases are appended all the time. A partition resumes with the first record that the worker who is
left commits in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import redis

from benchmarks.bakery import MERCHANT, purchases
from benchmarks.figures import Figure, table, tell
from benchmarks.latency import open_shop, settings_of, until_ready, worker_of
from benchmarks.scene import PARTITIONS, Scene, all_topics
from stamgast.domain.events import encode_event, key_of
from stamgast.log.partitioning import partition_for
from stamgast.log.producers import Emitters

SESSION_S = 6.0
_RATE = 200
KILLED, ENDED = "killed (kill -9)", "ended (SIGTERM)"
TARGETS = {KILLED: SESSION_S + 1, ENDED: 1.0}


def run(scene: Scene) -> None:
    """Let one of two workers go, each way some times."""
    rows, figures = [], []
    for name, number in ((KILLED, signal.SIGKILL), (ENDED, signal.SIGTERM)):
        longest = [asyncio.run(_measure(scene, number)) for _ in range(scene.sized(3, 1))]
        rows.append((name, min(longest), max(longest), TARGETS[name], len(longest)))
        key = "takeover_killed" if name == KILLED else "takeover_ended"
        figures.append(
            Figure(key, max(longest), "s until its last partition resumed", "target, at most", TARGETS[name])
        )
    heads = ("one of two workers is", "best s", "worst s", "at most", "times")
    table(f"Takeover, session timeout {SESSION_S:.0f} s", heads, rows)
    tell(figures)


async def _measure(scene: Scene, number: signal.Signals) -> float:
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with contextlib.ExitStack() as stack:
        topics = stack.enter_context(all_topics(scene))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stays, goes = (settings_of(scene, topics.prefix, folder) for _ in range(2))
        people = await open_shop(scene, stays, busy=True)
        left = stack.enter_context(worker_of(stays, folder / "stays"))
        gone = stack.enter_context(worker_of(goes, folder / "goes"))
        feeding = asyncio.create_task(_feed(scene, topics.customer_events, people))
        await until_ready(stays, left)
        await until_ready(goes, gone)
        await asyncio.sleep(4)
        gone.send_signal(number)
        at = time.time()
        await asyncio.sleep(SESSION_S + 6)
        feeding.cancel()
        await asyncio.wait({feeding})
        await _end(left)
        return _last_resumed(folder / "stays", topics.customer_events, at)


async def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGTERM)
    await asyncio.to_thread(worker.wait, 40)


async def _feed(scene: Scene, topic: str, people: list[str]) -> None:
    emitters = Emitters(scene.kafka.bootstrap, client_id="feeder")
    emitter = await emitters.current()
    sold: list[Any] = [event for event in purchases(5_000, customers=10) if event.before is None]
    sent = 0
    try:
        while True:
            for _ in range(_RATE // 50):
                customer = people[sent * 7919 % len(people)]
                event = msgspec.structs.replace(
                    sold[sent % len(sold)], customer=customer, transaction=f"t:{sent}", at=time.time_ns() // 1_000_000
                )
                key = key_of(MERCHANT, customer)
                await emitter.send(topic, partition_for(key, PARTITIONS), key, encode_event(event))
                sent += 1
            await asyncio.sleep(0.02)
    finally:
        await emitters.close()


def _last_resumed(notes: Path, topic: str, at: float) -> float:
    """Seconds from `at` until the last of the other worker's partitions was worked by this one."""
    commits = [line.split() for line in notes.read_text().splitlines() if line.startswith(f"C {topic} ")]
    mine = {words[2] for words in commits if at - 1.5 < float(words[4]) < at}
    others = {str(partition) for partition in range(PARTITIONS)} - mine
    if not others or not mine:
        raise RuntimeError(f"the partitions were not shared out: this worker had {len(mine)} of {PARTITIONS}")
    resumed = {words[2]: float(words[4]) for words in reversed(commits) if float(words[4]) >= at}
    return max(resumed[partition] for partition in others) - at
