"""What do `clv fit --merchant` and `clv segments --merchant` take of 300,000 live states?

Customers come as those of `benchmarks.clv_file` do; each one's state is a bakery's of `benchmarks.bakery`, with cards,
messages and timers, and with these days. It stands in Redis. Each job runs in a process of its own and does what its
command does between reading the bundle and publishing.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import redis

from benchmarks import bakery
from benchmarks.clv import TRUE
from benchmarks.clv_file import draw
from benchmarks.figures import Figure, table, tell
from benchmarks.meter import Meter
from benchmarks.scene import PARTITIONS, Scene, measure
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.customer import Customer, decode_customer, encode_customer
from stamgast.domain.days import encode_days
from stamgast.domain.events import key_of
from stamgast.domain.units import Day
from stamgast.fold import Fold
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics
from stamgast.state.keys import customers

CUSTOMERS = 300_000
_TODAY: Day = 20_454
"""The day that `draw` ends on, counted from 1 January 1970."""
_FROM_ORDINAL = 719_163
_AT_ONCE = 5_000
_PATTERNS = 500
_GOALS = {"fit": (250.0, 8.0), "segments": (250.0, 5.0)}
"""MB at the peak and seconds of CPU, at most."""


def run(scene: Scene) -> None:
    """Fill Redis, and let both jobs read it."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `stamgast clv` has it
    with redis.Redis.from_url(scene.redis.url) as client:
        client.flushall()
        count = fill(client, scene.sized(CUSTOMERS, 2_000))
    rows, figures = [], []
    for job, (most_mb, most_s) in _GOALS.items():
        found = measure("benchmarks.live_fit", {"redis": scene.redis.url, "job": job}, timeout=900)
        if found["customers"] != count:
            raise RuntimeError(f"{job} read {found['customers']} customers and not {count}")
        rows.append((job, found["cpu"], found["peak_mb"]))
        figures.append(Figure(f"{job}_live_cpu", found["cpu"], "s").at_most(most_s))
        figures.append(Figure(f"{job}_live_peak", found["peak_mb"], "MB").at_most(most_mb))
    table(f"{count} live states", ("what", "CPU s", "peak MB"), rows)
    tell(figures)


def fill(client: redis.Redis, count: int) -> int:
    """Write the states of so many customers; answers how many that were."""
    patterns = _patterns()
    written = 0
    with client.pipeline(transaction=False) as pipe:
        for name, days, spend in _drawn(count):
            value = encode_customer(_with_days(patterns[written % len(patterns)], days, spend))
            partition = partition_for(key_of(bakery.MERCHANT, name), PARTITIONS)
            pipe.set(customers(partition).customer(bakery.MERCHANT, name), value)
            written += 1
            if written % _AT_ONCE == 0:
                pipe.execute()
        pipe.execute()
    return written


def _patterns() -> list[bytes]:
    """States as they stand after some purchases with their messages."""
    fold = Fold(bakery.VOUCHER_KEY)
    rules = bakery.bundle()
    for event in bakery.stream(_PATTERNS * 10, customers=_PATTERNS):
        fold.apply(event, rules)
    return list(fold.states.values())


def _drawn(count: int) -> Any:
    """Names, purchase days with how often they came, and what each spent in minor units."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sales.csv"
        draw(file, count)
        bought: dict[str, tuple[Counter[Day], int]] = {}
        with file.open() as lines:
            next(lines)
            for line in lines:
                name, written, amount = line.rstrip().split(",")
                days, spent = bought.get(name) or (Counter(), 0)
                days[_day(written)] += 1
                bought[name] = (days, spent + round(float(amount) * 100))
    for name, (days, spent) in bought.items():
        yield bakery.customer_id(int(name[1:])), sorted(days.items()), spent


def _day(written: str) -> Day:
    return date.fromisoformat(written).toordinal() - _FROM_ORDINAL


def _with_days(pattern: bytes, days: list[tuple[Day, int]], spent: int) -> Customer:
    state = decode_customer(pattern)
    state.days, state.visits, state.purchases = encode_days(days), len(days), sum(count for _, count in days)
    state.first_day, state.last_day, state.spend, state.profit = days[0][0], days[-1][0], spent, spent // 2
    return state


def main(settings: dict[str, Any]) -> None:
    """Do one job, in this process, and tell what it took."""
    asyncio.run((_fit if settings["job"] == "fit" else _segments)(settings))


async def _fit(settings: dict[str, Any]) -> None:
    from stamgast.programs.refit import live_sample, refit  # noqa: PLC0415  each job's memory is its own
    from stamgast.state.nodes import Redis  # noqa: PLC0415

    meter = Meter()
    meter.start()
    program, client = bakery.bundle().program, Redis(settings["redis"])
    live = await live_sample(client, Topics(PARTITIONS), program, _TODAY, _TODAY)
    client.close()
    if live is None:
        raise RuntimeError("nobody was read")
    found = refit(live, program, {}, "best", "all")
    meter.tell(len(live.days), customers=found.customers)


async def _segments(settings: dict[str, Any]) -> None:
    from stamgast.clv.segments.live_segments import Book  # noqa: PLC0415
    from stamgast.domain.clv_parameters import ParameterSet  # noqa: PLC0415
    from stamgast.domain.models.gamma_gamma import Spend  # noqa: PLC0415
    from stamgast.domain.prospects import Horizon, prospects_of  # noqa: PLC0415
    from stamgast.people.sources import UnnamedSources  # noqa: PLC0415
    from stamgast.state.customer_states import live_states  # noqa: PLC0415
    from stamgast.state.nodes import Redis  # noqa: PLC0415

    meter = Meter()
    meter.start()
    fitted = ParameterSet("mbg_nbd", TRUE, Spend(5.0, 3.5, 14.0, "all"), margin=0.4)
    program = replace(bakery.bundle().program, prospects=prospects_of(fitted, 1.0, ClosedDays(), Horizon()))
    client = Redis(settings["redis"])
    book, unnamed = Book(program, _TODAY), UnnamedSources(program)
    async for piece in live_states(client, PARTITIONS, program.merchant):
        book.add(state for _, state in piece)
        unnamed.add(piece)
    client.close()
    segments = book.segments()
    meter.tell(len(book), customers=len(book), segments=sum(map(len, segments.values())))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
