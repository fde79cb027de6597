"""A small slice of a benchmark, again and again, in a process of its own: what `benchmarks.against` drives.

It is run by its path on the tree that is measured, whose `benchmarks` and code it imports, and which may know nothing
of this file: `python -P slices.py NAME EVENTS BOOTSTRAP REDIS_URL`, in that tree. Says READY when its input is made,
then carries one slice for each line that it reads and says `SLICE` and the slice's events per CPU second.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from benchmarks import customers as customers_bench
from benchmarks import intake as intake_bench
from benchmarks.bakery import stream
from benchmarks.core import events_per_cpu_second
from stamgast.domain.events import PurchaseChanged, encode_event

Slice = Callable[[], float]


def core(_scene: Any, count: int) -> Slice:
    """The core alone, without a broker."""
    _, values, warm_up = _stream(count)
    return lambda: events_per_cpu_second(values, warm_up)


def customers(scene: Any, count: int) -> Slice:
    """The customers service, from the topic to the commit."""
    events, values, warm_up = _stream(count)
    return lambda: float(customers_bench.carry(scene, events, values, warm_up)["per_cpu_second"])


def intake(scene: Any, count: int) -> Slice:
    """Intake where anybody is believed."""
    records, expected = intake_bench.deliveries(count)
    warm_up = len(records) // 10
    return lambda: float(intake_bench.carry(scene, records, expected, warm_up, asked=False)["per_cpu_second"])


SLICED: dict[str, Callable[[Any, int], Slice]] = {"core": core, "customers": customers, "intake": intake}


def _stream(count: int) -> tuple[Sequence[Any], list[bytes], int]:
    events = stream(count, customers=max(1, count // 10))
    first = next(number for number, event in enumerate(events) if isinstance(event, PurchaseChanged))
    return events, [encode_event(event) for event in events], first + len(events) // 10


def main() -> None:
    """Make the input, then a slice for each line."""
    name, count, bootstrap, url = sys.argv[1:]
    kafka, redis = SimpleNamespace(bootstrap=bootstrap, is_kafka=True), SimpleNamespace(url=url)
    scene = SimpleNamespace(kafka=kafka, redis=redis, quick=False, peers=False)
    carried = SLICED[name](scene, int(count))
    print("READY", flush=True)
    for _ in sys.stdin:
        print("SLICE", carried(), flush=True)


if __name__ == "__main__":
    main()
