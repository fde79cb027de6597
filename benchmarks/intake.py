"""How many deliveries can intake carry: read, merge into the transaction's net state, emit what changed, commit?"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import redis

from benchmarks.bakery import purchases
from benchmarks.carrying import Work, asking
from benchmarks.figures import Figure, middle, table, tell
from benchmarks.scene import PARTITIONS, Scene, all_topics, fill, measure, per_partition, values_of
from stamgast.domain.events import PurchaseChanged
from stamgast.log.signatures import UNSIGNED
from stamgast.pos.reading import read_purchase
from stamgast.pos.record import to_record

TARGET = 30_000
_TWICE, _EDITED = 0.01, 0.02

Expected = dict[str, tuple[str, int]]
"""Transaction -> customer and spend in the end."""


def run(scene: Scene) -> None:
    """Measure from `purchases.v1` to the commit, and verify what stands on `customer.events.v1`."""
    count = scene.sized(100_000, 2_000)
    records, expected = deliveries(count)
    warm_up = scene.sized(len(records) // 10, 0)
    runs: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    for _ in range(scene.sized(3, 1)):  # in turn: the machine's other work is nobody's fault
        for asked, done in runs.items():
            done.append(carry(scene, records, expected, warm_up, asked=asked))
    speeds = {asked: middle([each["per_cpu_second"] for each in done]) for asked, done in runs.items()}
    rows = [
        (("whose they are is asked" if asked else "anybody is believed"), middle([each["per_second"] for each in done]),
         speeds[asked], max(each["peak_mb"] for each in done))
        for asked, done in runs.items()
    ]  # fmt: skip
    what = f"Intake, {len(records)} deliveries from purchases.v1 to customer.events.v1 and commit"
    table(what, ("what", "deliveries/s", "deliveries/cpu-s", "peak MB"), rows)
    tell([
        Figure("intake", speeds[False], "deliveries per CPU second", "target, at least", TARGET),
        Figure("intake_asked", speeds[True], "deliveries per CPU second", "anybody is believed", speeds[False]),
    ])  # fmt: skip


def deliveries(count: int) -> tuple[list[tuple[bytes, bytes]], Expected]:
    """Records as the web process writes them; some come twice, some sales are edited."""
    draw = random.Random(5)
    records: list[tuple[bytes, bytes]] = []
    expected: Expected = {}
    for event in purchases(count, customers=count // 10):
        if event.before is not None or event.after is None:
            continue
        records.append(as_record(event, 1))
        spend = event.after.spend
        if draw.random() < _TWICE:
            records.append(records[-1])
        if draw.random() < _EDITED:
            spend += 100
            records.append(as_record(event, 2, more=100))
        expected[event.transaction] = (event.customer, spend)
    return records, expected


def as_record(event: PurchaseChanged, version: int, more: int = 0) -> tuple[bytes, bytes]:
    """The sale as a till posts it and the web process appends it."""
    sold = event.after
    if sold is None:
        raise ValueError("no sale")
    body = {
        "transaction_id": event.transaction,
        "source_version": version,
        "status": "completed",
        "end_date_time": _rfc3339(sold.occurred_at),
        "store": {"retail_store_id": sold.store},
        "customer": {"customer_id": event.customer},
        "price_currency": sold.currency,
        "totals": {"gross_minor": sold.spend + more},
        "line_items": [
            {"line_id": line.id, "sku": line.sku, "category": line.category, "quantity": "1", "gross_minor": line.gross}
            for line in sold.lines
        ],
    }
    return to_record(read_purchase(body).purchase, event.merchant, event.customer, event.at)


def carry(
    scene: Scene, records: list[tuple[bytes, bytes]], expected: Expected, warm_up: int, *, asked: bool
) -> dict[str, Any]:
    """Carry the deliveries once, from empty topics and an empty Redis. `asked`: they are signed, and checked."""
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    with all_topics(scene) as topics:
        fill(scene, topics.purchases, records, signatures=asking(topics) if asked else UNSIGNED)
        keys = [key for key, _ in records]
        ends, warm = per_partition(keys), per_partition(keys[:warm_up])
        work = Work("intake", scene.kafka.bootstrap, scene.redis.url, topics.prefix, PARTITIONS, ends, warm, asked)
        result: dict[str, Any] = measure("benchmarks.carrying", work.as_dict())
        verify([json.loads(value) for value in values_of(scene, topics.customer_events)], expected)
        return result


def verify(changes: list[dict[str, Any]], expected: Expected) -> None:
    """A transaction's last change says what its last delivery said, nothing is said twice. Raises RuntimeError."""
    last: Expected = {}
    sources = [tuple(change["source"]) for change in changes]
    for change in changes:
        last[change["transaction"]] = (change["customer"], change["after"]["spend"])
    if len(set(sources)) != len(sources):
        raise RuntimeError("a change was emitted twice")
    if last != expected:
        wrong = [name for name in expected.keys() | last.keys() if last.get(name) != expected.get(name)]
        raise RuntimeError(f"{len(wrong)} transactions are not what was delivered, such as {min(wrong)}")


def _rfc3339(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
