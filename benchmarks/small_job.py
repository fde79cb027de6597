"""How much of a bare client's speed does the engine keep, and how does it stand beside Quix Streams and Faust?"""

from __future__ import annotations

import json
import shutil
import uuid
from collections import defaultdict
from typing import Any

import redis

from benchmarks.figures import Figure, middle, table, tell
from benchmarks.peers import peers_python
from benchmarks.scene import PARTITIONS, RUN_DIR, Scene, few_topics, fill, measure, values_of
from benchmarks.small.purchases import expected_messages, purchases
from benchmarks.small.settings import Settings

ENGINE, BARE, QUIX, FAUST = "engine", "bare confluent-kafka + CAS", "Quix Streams, exactly once", "Faust Tables"
TARGETS = {BARE: 0.7, QUIX: 4.0, FAUST: 35.0}
NEED_PEERS = {BARE, QUIX}
MODULES = {ENGINE: "engine", BARE: "bare", QUIX: "quix", FAUST: "faust_tables"}


class WrongResultError(RuntimeError):
    """A variant did not do the work it was measured doing."""


def run(scene: Scene) -> None:
    """Interleave the variants for some rounds, verify each, and tell the medians."""
    many, few = scene.sized(200_000, 4_000), scene.sized(30_000, 2_000)
    # The slow ones get fewer events (and as many a customer): a figure per CPU second does not need more.
    sizes = {ENGINE: many, BARE: many, QUIX: scene.sized(100_000, 2_000), FAUST: few}
    if not scene.peers:
        sizes = {name: size for name, size in sizes.items() if name not in NEED_PEERS}
    rounds = scene.sized(3, 1)
    results: dict[str, list[dict[str, Any]]] = defaultdict(list)
    inputs = {size: f"small-{uuid.uuid4().hex[:6]}-{size}" for size in sizes.values()}
    with few_topics(scene, *inputs.values()):
        for size, topic in inputs.items():
            fill(scene, topic, purchases(size))
        wanted = {size: expected_messages(size) for size in inputs}
        for turn in range(rounds):
            for name, size in sizes.items():
                if turn < 2 or name != FAUST:
                    results[name].append(run_one(scene, name, inputs[size], size, wanted[size]))
    _report(results)


def run_one(scene: Scene, name: str, topic: str, size: int, wanted: set[Any]) -> dict[str, Any]:
    """Measure one variant once, on an empty Redis, and compare what it said with what it must say."""
    run_id = uuid.uuid4().hex[:8]
    out, folder = f"out-{run_id}", RUN_DIR / f"small-{run_id}"
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
    settings = Settings(
        scene.kafka.bootstrap, scene.redis.url, topic, out, f"group-{run_id}", size, PARTITIONS, str(folder)
    )
    python = {"python": peers_python()} if name in NEED_PEERS else {}
    with few_topics(scene, out):
        result: dict[str, Any] = measure(f"benchmarks.small.{MODULES[name]}", settings.as_dict(), **python)
        said = [json.loads(value) for value in values_of(scene, out) if value]
    shutil.rmtree(folder, ignore_errors=True)
    got = [(m["customer"], m["kind"], m["number"], m["spend"], m["cause"]) for m in said]
    missing, extra, doubled = len(wanted - set(got)), len(set(got) - wanted), len(got) - len(set(got))
    if missing or extra or doubled:
        raise WrongResultError(f"{name}: {missing} messages missing, {extra} extra, {doubled} doubled")
    return result | {"messages": len(got)}


def _report(results: dict[str, list[dict[str, Any]]]) -> None:
    speed = {name: middle([r["per_cpu_second"] for r in runs]) for name, runs in results.items()}
    rows = [
        (name, middle([r["per_second"] for r in runs]), speed[name], speed[ENGINE] / speed[name],
         max(r["peak_mb"] for r in runs), runs[0]["messages"], runs[0]["events"], len(runs))
        for name, runs in results.items()
    ]  # fmt: skip
    heads = ("small job", "events/s", "events/cpu-s", "engine is x times", "peak MB", "messages", "events", "rounds")
    table("The small common job, every variant verified: none missing, extra or doubled", heads, rows)
    unit = "events per CPU second"
    tell(Figure("small_job", speed[ENGINE], unit, peer, speed[peer]) for peer in TARGETS if peer in speed)
