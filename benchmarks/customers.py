"""How many events can the customers service carry, with all its state, two cards, CLV and twenty listening rules?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import redis

from benchmarks.bakery import BEGIN, MERCHANT, RULES, files, share_that_speaks, stream
from benchmarks.carrying import Work
from benchmarks.core import events_per_cpu_second
from benchmarks.figures import Figure, middle, table, tell
from benchmarks.scene import PARTITIONS, Scene, all_topics, fill, measure, per_partition
from stamgast.domain.customer import decode_customer
from stamgast.domain.events import AnyEvent, Barrier, Enrolled, PurchaseChanged, encode_event, key_of
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from stamgast.state.keys import customers as keys_of

TARGET = 25_000
PER_CUSTOMER = 10


def run(scene: Scene) -> None:
    """Measure the pure core alone and the whole way from the topic to the commit; verify what stands in Redis."""
    count = scene.sized(100_000, 2_000)
    events = stream(count, customers=count // PER_CUSTOMER)
    values = [encode_event(event) for event in events]
    first = next(number for number, event in enumerate(events) if isinstance(event, PurchaseChanged))
    warm_up = scene.sized(first + len(events) // 10, 0)
    rounds = scene.sized(3, 1)
    core = [events_per_cpu_second(values, warm_up) for _ in range(rounds)]
    whole = [carry(scene, events, values, warm_up) for _ in range(rounds)]
    speed = middle([each["per_cpu_second"] for each in whole])
    rows = [
        ("the pure core: decode, think, encode", "", middle(core), ""),
        ("topic to commit, real Kafka and Redis", middle([each["per_second"] for each in whole]), speed,
         max(each["peak_mb"] for each in whole)),
    ]  # fmt: skip
    title = (
        f"The customers service, {len(RULES)} listening rules, {len(events)} events, "
        f"{share_that_speaks(events):.2f} messages a purchase"
    )
    table(title, ("what", "events/s", "events/cpu-s", "peak MB"), rows)
    unit = "events per CPU second"
    tell([
        Figure("customers_service", speed, unit, "target, at least", TARGET),
        Figure("customers_core", middle(core), unit, "customers_service", speed),
    ])  # fmt: skip


def carry(scene: Scene, events: Sequence[AnyEvent], values: Sequence[bytes], warm_up: int) -> dict[str, Any]:
    """Carry the stream once, from empty topics and an empty Redis."""
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with all_topics(scene) as topics:
        barriers = publish(scene, topics)
        keys = [key_of(event.merchant, event.customer) for event in events]
        fill(scene, topics.customer_events, zip(keys, values, strict=True))
        ends = [barriers + n for n in per_partition(keys)]
        warm = [barriers + n if warm_up else 0 for n in per_partition(keys[:warm_up])]
        work = Work("customers", scene.kafka.bootstrap, scene.redis.url, topics.prefix, PARTITIONS, ends, warm)
        result: dict[str, Any] = measure("benchmarks.carrying", work.as_dict())
        verify(scene, events)
        return result


def publish(scene: Scene, topics: Topics, content: Mapping[str, str] | None = None) -> int:
    """Put the bundle on `programs.v1` and its barrier first into every partition; answers how many a partition."""
    content = dict(content or files())
    digest = bundle_hash(content, {})
    record = BundleRecord(merchant=MERCHANT, hash=digest, files=content, published_at=BEGIN)
    fill(scene, topics.programs, [(MERCHANT.encode(), encode_bundle(record))], partitions=1)
    barrier = encode_event(Barrier(merchant=MERCHANT, customer="", at=BEGIN - 86_400_000, number=0, hash=digest))
    for partition in range(PARTITIONS):
        fill(scene, topics.customer_events, [(b"", barrier)], only=partition)
    return 1


def verify(scene: Scene, events: Iterable[AnyEvent]) -> None:
    """Compare purchases, spend and refunds in Redis with sums taken by hand. Raises RuntimeError."""
    wanted: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for event in events:
        if isinstance(event, Enrolled):
            wanted[event.customer]
        elif isinstance(event, PurchaseChanged) and event.after is not None:
            sums = wanted[event.customer]
            sums[0] += 0 if event.before else 1
            sums[1] += event.after.spend - (event.before.spend if event.before else 0)
            sums[2] += event.after.refunded
    with redis.Redis.from_url(scene.redis.url) as client:
        names = list(wanted)
        found: Any = client.mget([_key(name) for name in names])
    for name, value in zip(names, found, strict=True):
        state = decode_customer(value or b"\x90")
        if [state.purchases, state.spend, state.refunds] != wanted[name]:
            raise RuntimeError(
                f"{name}: {state.purchases} purchases, {state.spend}, {state.refunds}; not {wanted[name]}"
            )


def _key(customer: str) -> str:
    partition = partition_for(key_of(MERCHANT, customer), PARTITIONS)
    return keys_of(partition).customer(MERCHANT, customer)
