"""A chain as a scene: 200 stores, 60 rules, 24 purchases each. What do a customer and a million purchases take?

Purchases and what becomes of their messages are carried by the customers service over real Kafka and Redis, as
`benchmarks.customers` does, and verified alike. Bytes and CPU go with the number of customers and purchases, so a few
thousand of them say what a million takes; `STAMGAST_CHAIN=100000` carries more. What `docs/sizing.md` says is reckoned
from this and from the figures of `http`, `intake`, `takeover` and `campaigns`.
"""

from __future__ import annotations

import os
from typing import Any, Final, NamedTuple

import redis

from benchmarks import bakery
from benchmarks.carrying import Work
from benchmarks.customers import publish, verify
from benchmarks.figures import Figure, table, tell
from benchmarks.meter import cpu_seconds
from benchmarks.scene import PARTITIONS, Scene, all_topics, fill, measure, per_partition, values_of
from rules.loader import load_bundle
from stamgast.domain.events import PurchaseChanged, encode_event, key_of
from stamgast.log.topics import Topics
from stamgast.service import Bundle

STORES: Final = 200
RULES: Final = 60
A_YEAR: Final = 24
_CUSTOMERS: Final = 2_000
_OF_RECORDS: Final = 40
"""Bytes of Kafka's own for a record of ours in a batch, with its key: see `benchmarks/README.md`."""


def files() -> dict[str, str]:
    """The bakery's files with the stores and rules of a chain."""
    found = bakery.files()
    more = "".join(f"  shop{number}: {{}}\n" for number in range(STORES - 2))
    found["program.yaml"] = found["program.yaml"].replace("cards:\n", f"{more}cards:\n", 1)
    for number in range(RULES - len(bakery.RULES)):
        found[f"rules/chain-{number:02}.yaml"] = (
            f"rule: chain-{number:02}\ndescription: One of many.\nstatus: live\nwhen: purchase\n"
            f"if:\n  - store: shop{number}\n  - visits: {{at_least: {number}}}\nthen:\n  - send: hello\n    by: [sms]\n"
        )
    return found


def bundle() -> tuple[Bundle, float]:
    """The chain, compiled, and the CPU seconds that this took."""
    began = cpu_seconds()
    loaded = load_bundle(files())
    if not loaded.ok:
        raise RuntimeError("; ".join(map(str, loaded.problems)))
    return Bundle(0, "benchmark", loaded.program, loaded.rules), cpu_seconds() - began


def run(scene: Scene) -> None:
    """Carry a year of some customers and of ten times as many; what each one more takes is between the two."""
    customers = int(os.environ.get("STAMGAST_CHAIN", scene.sized(_CUSTOMERS, 40)))
    rules, published = bundle()
    few, many = (_weigh(scene, rules, number) for number in (customers // 10, customers))
    more = customers - customers // 10
    in_redis, in_kafka = (many.in_redis - few.in_redis) / more, (many.in_kafka - few.in_kafka) / more
    rows = [
        ("bytes a customer in Redis after a year", in_redis),
        ("bytes a customer in Kafka after a year, uncompressed, one copy", in_kafka),
        ("CPU seconds a million purchases, customers service; a rebuild likewise", many.million_cpu),
        ("CPU seconds to check and compile the rules", published),
    ]
    table(f"A chain: {customers} customers, {A_YEAR * customers} purchases", ("what", "value"), rows)
    tell([
        Figure("chain_redis_customer", in_redis, "bytes"),
        Figure("chain_kafka_customer", in_kafka, "bytes"),
        Figure("chain_million_purchases_cpu", many.million_cpu, "s of a core"),
        Figure("chain_publish_cpu", published, "s of a core"),
    ])  # fmt: skip


class Weighed(NamedTuple):
    """Bytes of all customers, and CPU seconds of the service a million purchases with all that follows from them."""

    in_redis: int
    in_kafka: int
    million_cpu: float


def _weigh(scene: Scene, rules: Bundle, customers: int) -> Weighed:
    events = bakery.stream(customers * A_YEAR, customers=customers, merchant=rules)
    sold = sum(isinstance(event, PurchaseChanged) for event in events)
    with redis.Redis.from_url(scene.redis.url) as client, all_topics(scene) as topics:
        client.flushall()
        empty = _memory(client)
        found = _carry(scene, topics, events)
        verify(scene, events)
        million = found["cpu"] / found["events"] * len(events) / sold * 1e6
        return Weighed(_memory(client) - empty, _kafka_bytes(scene, topics), million)


def _carry(scene: Scene, topics: Topics, events: list[Any]) -> dict[str, Any]:
    barriers = publish(scene, topics, files())
    keys = [key_of(event.merchant, event.customer) for event in events]
    fill(scene, topics.customer_events, zip(keys, map(encode_event, events), strict=True))
    ends = [barriers + count for count in per_partition(keys)]
    nothing = [0] * PARTITIONS
    work = Work("customers", scene.kafka.bootstrap, scene.redis.url, topics.prefix, PARTITIONS, ends, nothing)
    found: dict[str, Any] = measure("benchmarks.carrying", work.as_dict(), timeout=3_600)
    return found


def _memory(client: Any) -> int:
    return int(client.info("memory")["used_memory_dataset"])


def _kafka_bytes(scene: Scene, topics: Topics) -> int:
    """What stands in the topics that grow with purchases, of ours alone."""
    grown = (topics.customer_events, topics.activations, topics.facts)
    return sum(len(value) + _OF_RECORDS for topic in grown for value in values_of(scene, topic))
