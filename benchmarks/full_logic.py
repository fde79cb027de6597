"""The customers service with all it does, beside the same use case inside Quix Streams, exactly once.

Both carry the stream of `benchmarks.customers` (twenty rules, two cards, messages that are told of) through
`stamgast.service.handle` over the same Kafka. Ours keeps states in Redis; Quix Streams keeps them in RocksDB with
changelog topics, in its documented way (`benchmarks/full_logic_quix.py`). Each is verified: ours state by state in
Redis, the peer by what its counters and its messages add up to.
"""

from __future__ import annotations

import shutil
import sysconfig
import uuid
from collections.abc import Sequence
from typing import Any

from benchmarks.bakery import stream
from benchmarks.core import CHUNK, Core
from benchmarks.customers import PER_CUSTOMER, carry
from benchmarks.figures import Figure, middle, table, tell
from benchmarks.peers import peers_python
from benchmarks.scene import RUN_DIR, Scene, few_topics, fill, measure
from stamgast.domain.events import AnyEvent, PurchaseChanged, encode_event, key_of

TIMES = 3.0
_PEER = "Quix Streams, exactly once"


def run(scene: Scene) -> None:
    """In turns; the peer needs `.venv-bench`."""
    if not scene.peers:
        print("full_logic: left out, for it is nothing without its peer", flush=True)
        return
    count = scene.sized(40_000, 1_000)
    events = stream(count, customers=count // PER_CUSTOMER)
    values = [encode_event(event) for event in events]
    first = next(number for number, event in enumerate(events) if isinstance(event, PurchaseChanged))
    warm = scene.sized(first + len(events) // 10, 0)
    wanted = expected(events, values)
    ours, theirs = [], []
    for _ in range(scene.sized(3, 1)):
        ours.append(carry(scene, events, values, warm))
        theirs.append(_quix(scene, events, values, warm, wanted))
    speed, peer = (middle([each["per_cpu_second"] for each in found]) for found in (ours, theirs))
    rows = [
        (name, middle([each["per_second"] for each in found]), per_cpu, max(each["peak_mb"] for each in found))
        for name, found, per_cpu in (("ours", ours, speed), (_PEER, theirs, peer))
    ]
    table(f"The whole service, {len(events)} events", ("what", "events/s", "events/cpu-s", "peak MB"), rows)
    tell([
        Figure("full_logic", speed, "events per CPU second", _PEER, peer),
        Figure("full_logic_times", round(speed / peer, 3), "times Quix Streams").at_least(TIMES),
    ])  # fmt: skip


def expected(events: Sequence[AnyEvent], values: Sequence[bytes]) -> dict[str, int]:
    """What the counters and messages have to add up to: sums by hand, and messages as the core alone has them."""
    core = Core()
    for start in range(0, len(values), CHUNK):
        core.apply(values[start : start + CHUNK])
    sold = [event for event in events if isinstance(event, PurchaseChanged)]
    spend = sum(
        (event.after.spend if event.after else 0) - (event.before.spend if event.before else 0) for event in sold
    )
    return {
        "purchases": sum(event.before is None for event in sold),
        "spend": spend,
        "submissions": core.submissions,
    }


def _quix(
    scene: Scene, events: Sequence[AnyEvent], values: Sequence[bytes], warm: int, wanted: dict[str, int]
) -> dict[str, Any]:
    name = uuid.uuid4().hex[:8]
    folder = RUN_DIR / f"full-{name}"
    with few_topics(scene, f"full-{name}", f"full-out-{name}") as _:
        keys = (key_of(event.merchant, event.customer) for event in events)
        fill(scene, f"full-{name}", zip(keys, values, strict=True))
        settings = {
            "bootstrap": scene.kafka.bootstrap, "topic": f"full-{name}", "out": f"full-out-{name}", "group": name,
            "folder": str(folder), "events": len(values), "warm": warm, "libraries": sysconfig.get_paths()["purelib"],
        }  # fmt: skip
        try:
            found: dict[str, Any] = measure("benchmarks.full_logic_quix", settings, python=peers_python(), timeout=900)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    told = {what: found[what] for what in wanted}
    if told != wanted:
        raise RuntimeError(f"{_PEER} came to {told} and not to {wanted}")
    return found
