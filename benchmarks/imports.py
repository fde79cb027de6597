"""How fast does a list of sales come in by `stamgast import`, in what memory, and what of it after a kill -9 half-way?

Each row is a receipt of its own, of one of a tenth as many members, whom nobody knows before. Kafka's records are
counted: each receipt is there, and what a killed process had not noted is there twice at most, as the same version.
`STAMGAST_IMPORT` says how many rows a last round has (2000000).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import redis

from benchmarks.export import MERCHANT, publish
from benchmarks.figures import Figure, table, tell
from benchmarks.latency import settings_of
from benchmarks.scene import PARTITIONS, ROOT, Scene, all_topics, measure
from stamgast.lists.bringing_in import BATCH
from stamgast.lists.progress import SUFFIX
from stamgast.log.reading import LogReader

_MOST_MB: Final = 300.0
_MOST_GROWTH: Final = 1.5
_BEGIN: Final = 1_750_000_000
_SPAN_S: Final = 300 * 86_400
_TIMEOUT_S: Final = 7_200


def run(scene: Scene) -> None:
    """Bring in a list, one of ten times its size, and that again with a kill in the middle."""
    few, many, most = scene.sized(20_000, 200), scene.sized(200_000, 2_000), int(os.environ.get("STAMGAST_IMPORT", "0"))
    rows, found = [], {}
    for count in filter(None, (few, many, most)):
        found[count] = whole = _brought_in(scene, count)
        rows.append((f"{count:,}", whole["seconds"], whole["cpu"], whole["per_cpu_second"], whole["peak_mb"]))
        if count > few:
            rest, twice = _killed(scene, count)
            name = f"{rest['events']:,} after a kill, {twice:,} told twice"
            rows.append((name, rest["seconds"], rest["cpu"], rest["per_cpu_second"], rest["peak_mb"]))
    table("A list of sales", ("rows", "seconds", "processor s", "a processor s", "peak MB"), rows)
    small, large = found[few], found[many]
    tell([
        Figure("import_rows", large["per_cpu_second"], "rows a CPU second"),
        Figure("import_memory", large["peak_mb"], "MB", peer="target, at most", peer_value=_MOST_MB),
        Figure("import_growth", large["peak_mb"] / small["peak_mb"], "of the peak at a tenth", peer="at most",
               peer_value=_MOST_GROWTH),
    ])  # fmt: skip


def _brought_in(scene: Scene, count: int) -> dict[str, Any]:
    with redis.Redis.from_url(scene.redis.url) as client, all_topics(scene) as topics, TemporaryDirectory() as place:
        client.flushall()
        asked = _asked(scene, topics, Path(place), count)
        found: dict[str, Any] = measure("benchmarks.import_job", asked, timeout=_TIMEOUT_S)
        told = asyncio.run(_told(scene, topics.purchases))
    if (found["accepted"], told) != (count, (count, count)):
        raise RuntimeError(f"of {count} rows it took {found['accepted']}; Kafka has (records, receipts) {told}")
    return found


def _killed(scene: Scene, count: int) -> tuple[dict[str, Any], int]:
    """What the second process took, and how many records there are too many."""
    with redis.Redis.from_url(scene.redis.url) as client, all_topics(scene) as topics, TemporaryDirectory() as place:
        client.flushall()
        asked = _asked(scene, topics, Path(place), count)
        _kill_half_way(asked, count)
        found: dict[str, Any] = measure("benchmarks.import_job", asked, timeout=_TIMEOUT_S)
        records, receipts = asyncio.run(_told(scene, topics.purchases))
    if (found["accepted"], receipts) != (count, count) or records > count + BATCH or not found["skipped"]:
        raise RuntimeError(f"after a kill: {found}, {records} records of {receipts} receipts")
    return found, records - receipts


def _kill_half_way(asked: dict[str, Any], count: int) -> None:
    command = [sys.executable, "-m", "benchmarks.import_job", json.dumps(asked)]
    noted, ends = Path(asked["file"] + SUFFIX), time.monotonic() + _TIMEOUT_S
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        while not noted.exists() or noted.read_bytes().count(b"\n") <= count // BATCH // 2:
            if process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"it ended before it was killed: {process.stdout and process.stdout.read()!r}")
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)


def _asked(scene: Scene, topics: Any, folder: Path, count: int) -> dict[str, Any]:
    publish(scene, topics)
    path = folder / "sales.csv"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(_rows(count))
    return {"file": str(path), "merchant": MERCHANT, "settings": settings_of(scene, topics.prefix, folder)}


def _rows(count: int) -> Iterator[str]:
    yield "Datum;Tijd;Bon;Klantnummer;Filiaal;Categorie;Artikel;Bedrag\n"
    for number in range(count):
        at = time.gmtime(_BEGIN + number * (_SPAN_S) // count)
        yield time.strftime("%d-%m-%Y;%H:%M;", at) + (
            f"B{number};M-{number * 7919 % max(1, count // 10)};hoek;brood;BROOD-{number % 40};{number % 90 + 1},50\n"
        )


async def _told(scene: Scene, topic: str) -> tuple[int, int]:
    """Records and receipts on Kafka."""
    records, receipts = 0, set()
    async with LogReader(scene.kafka.bootstrap) as reader:
        for partition in range(PARTITIONS):
            async for some in reader.read_all(topic, partition):
                records += len(some)
                receipts |= {each.key for each in some}
    return records, len(receipts)
