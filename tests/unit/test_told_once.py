"""What an owner appends beside its steps is not appended again while it is still on its way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import streams.customers
from stamgast.log.topics import Topics
from streams.customers import CustomersJob
from streams.metrics import Metrics
from tests.builders import T0


async def test_a_barrier_that_is_on_its_way_is_not_told_again(monkeypatch: pytest.MonkeyPatch):
    log: list[Any] = []
    machine = [1_000.0]

    async def append(_emitters: Any, _topic: str, _partition: int, records: list[Any]) -> list[int]:
        log.extend(records)
        return [len(log) - 1]

    monkeypatch.setattr(streams.customers, "append", append)
    monkeypatch.setattr(streams.customers, "time", SimpleNamespace(monotonic=lambda: machine[0]))
    owned: Any = SimpleNamespace(number=0, lease=SimpleNamespace(watermark=-1), emitters=None)
    own: Any = SimpleNamespace(standing=SimpleNamespace(numbers={}), asked={}, all_in_force=-1)
    clock: Any = SimpleNamespace(now=lambda: T0)
    bundles: Any = SimpleNamespace(newest={"m": (7, "hash")}, published=1)
    nothing: Any = None
    job = CustomersJob(
        bootstrap="", topics=Topics(4), bundles=bundles, aside=nothing, clock=clock, voucher_key=b"", metrics=Metrics()
    )
    for _ in range(5):
        await job._append_barriers(owned, own)
        machine[0] += 1_800
    assert len(log) == 1

    owned.lease.watermark = 0  # it was read, and yet the bundle is not in force
    await job._append_barriers(owned, own)
    assert len(log) == 2
