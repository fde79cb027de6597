"""What does it take a worker to start where many merchants are in force, of whom none has anything to do just then?

Each merchant's files are its own, so that nothing is saved because all are alike. A worker brings them into force and
ends; the next one is measured until it is ready, in time and in processor time of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import redis

from benchmarks.bundles import files_of
from benchmarks.figures import Figure, table, tell
from benchmarks.latency import settings_of, worker_of
from benchmarks.scene import PARTITIONS, Scene, all_topics, fill
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from stamgast.state import keys

_WITHIN_S = 300.0
_MOST_CPU_S = 3.0


def run(scene: Scene) -> None:
    """Start among one merchant, among some and among many."""
    rows, figures = [], []
    for merchants in (1, 50, 500) if not scene.quick else (1, 3):
        seconds, busy = _measure(scene, merchants)
        rows.append((f"{merchants} merchants", seconds, busy))
        figures += [
            Figure(f"start_{merchants}_merchants", seconds, "s until ready"),
            Figure(f"start_{merchants}_merchants_cpu", busy, "s of a core until ready").at_most(_MOST_CPU_S),
        ]
    table("A worker that starts", ("where there are", "ready after s", "processor s"), rows)
    tell(figures)


def _measure(scene: Scene, merchants: int) -> tuple[float, float]:
    with redis.Redis.from_url(scene.redis.url) as client, contextlib.ExitStack() as stack:
        client.flushall()
        topics = stack.enter_context(all_topics(scene))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        fill(scene, topics.programs, _published(merchants), partitions=1)
        with worker_of(settings_of(scene, topics.prefix, folder), folder / "first") as first:
            _until(lambda: _in_force(client) == merchants * PARTITIONS, "all are in force")
            first.send_signal(signal.SIGTERM)
            first.wait(30)
        settings, began = settings_of(scene, topics.prefix, folder), time.monotonic()
        with worker_of(settings, folder / "second") as second:
            _until(lambda: _is_ready(settings, second), "it is ready")
            return time.monotonic() - began, _busy_s(second.pid)


def _published(merchants: int) -> Iterator[tuple[bytes, bytes]]:
    for number in range(merchants):
        merchant = f"shop-{number}"
        theirs = files_of(merchant)
        record = BundleRecord(merchant=merchant, hash=bundle_hash(theirs, {}), files=theirs)
        yield merchant.encode(), encode_bundle(record)


def _in_force(client: Any) -> int:
    metas = (client.hkeys(keys.customers(partition).meta) for partition in range(PARTITIONS))
    return sum(field.startswith(b"b:") for meta in metas for field in meta)


def _is_ready(settings: dict[str, Any], worker: subprocess.Popen[bytes]) -> bool:
    if worker.poll() is not None:
        raise RuntimeError(f"the worker ended with {worker.returncode}")
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{settings['metrics_port']}/readyz").status_code == 200
    return False


def _busy_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _until(holds: Any, what: str) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {_WITHIN_S:.0f} s: {what}")
        time.sleep(0.1)
