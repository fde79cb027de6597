"""What does `stamgast verify` take beside the fold that it compares with? Target 1.3 times its CPU.

A shop's events are carried by the customers service over real Kafka and Redis; then two processes, in turn, read the
same log: one folds it, as `verify` does, and one verifies. Nothing may be found, or the run ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, Final

import redis

from benchmarks.bakery import ID_KEY, VOUCHER_KEY, stream
from benchmarks.carrying import Work
from benchmarks.customers import PER_CUSTOMER, publish
from benchmarks.figures import Figure, middle, table, tell
from benchmarks.meter import Meter
from benchmarks.scene import PARTITIONS, Scene, all_topics, fill, measure, per_partition
from stamgast.domain.events import encode_event, key_of
from stamgast.identity.veiling import Veils
from stamgast.lifecycle.garbage import collect_rarely
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.programs.history import BundleShelf
from streams.maintenance.replay import PartitionReplay
from streams.maintenance.verify import verify_all

TIMES: Final = 1.3


def run(scene: Scene) -> None:
    """Carry once; then fold and verify in turn."""
    count = scene.sized(40_000, 1_000)
    events = stream(count, customers=count // PER_CUSTOMER)
    with redis.Redis.from_url(scene.redis.url) as client, all_topics(scene) as topics:
        client.flushall()
        barriers = publish(scene, topics)
        keys = [key_of(event.merchant, event.customer) for event in events]
        fill(scene, topics.customer_events, zip(keys, map(encode_event, events), strict=True))
        ends = [barriers + each for each in per_partition(keys)]
        cold = [0] * PARTITIONS
        work = Work("customers", scene.kafka.bootstrap, scene.redis.url, topics.prefix, PARTITIONS, ends, cold)
        measure("benchmarks.carrying", work.as_dict())
        told = {"kafka": scene.kafka.bootstrap, "redis": scene.redis.url, "prefix": topics.prefix}
        jobs: dict[str, list[Any]] = {"fold": [], "verify": []}
        for _ in range(scene.sized(3, 1)):
            for job, found in jobs.items():
                found.append(measure("benchmarks.verify", told | {"job": job}, timeout=900))
    cpu = {job: middle([each["cpu"] for each in found]) for job, found in jobs.items()}
    rows = [(job, cpu[job], max(each["peak_mb"] for each in found)) for job, found in jobs.items()]
    table(f"{len(events)} events", ("what", "CPU s", "peak MB"), rows)
    tell([Figure("verify_times_fold", round(cpu["verify"] / cpu["fold"], 3), "times the fold's CPU").at_most(TIMES)])


def main(settings: dict[str, Any]) -> None:
    """Do one job, in this process, and tell what it took."""
    collect_rarely()
    topics, meter = Topics(PARTITIONS, settings["prefix"]), Meter()
    meter.start()
    job = _fold(settings, topics) if settings["job"] == "fold" else _verify(settings, topics)
    meter.tell(asyncio.run(job))


async def _fold(settings: dict[str, Any], topics: Topics) -> int:
    shelf, applied = BundleShelf(Veils(ID_KEY)), 0
    await shelf.load(settings["kafka"], topics.programs)
    async with LogReader(settings["kafka"]) as reader:
        for partition in range(PARTITIONS):
            replay = PartitionReplay(partition, VOUCHER_KEY, shelf.find)
            async for records in reader.read_all(topics.customer_events, partition):
                for record in records:
                    replay.apply(record.offset, record.value, record.timestamp)
                applied += len(records)
    return applied


async def _verify(settings: dict[str, Any], topics: Topics) -> int:
    report = await verify_all(settings["kafka"], settings["redis"], topics, ID_KEY, real_time=False)
    if report.differences or report.behind:
        raise RuntimeError(f"{len(report.differences)} differences, {report.behind} behind: {report.differences[:3]}")
    return report.customers


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
