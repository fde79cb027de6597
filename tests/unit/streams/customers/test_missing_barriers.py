"""What an owner appends beside its steps is not appended again while it is still on its way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from streams.customers import missing_barriers
from streams.customers.in_force import Standing
from streams.customers.missing_barriers import MissingBarriers
from tests.fakes.clock import StillClock
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest


async def test_a_barrier_that_is_on_its_way_is_not_told_again(monkeypatch: pytest.MonkeyPatch):
    machine = [1_000.0]

    monkeypatch.setattr(missing_barriers, "time", SimpleNamespace(monotonic=lambda: machine[0]))
    owned = OwnedByTest[None](MemoryLease())
    log = owned.log.log
    bundles: Any = SimpleNamespace(newest={"m": (7, "hash")}, published=1)
    barriers, standing = MissingBarriers(owned, "events", bundles, StillClock()), Standing()
    for _ in range(5):
        await barriers.look(standing)
        machine[0] += 1_800
    assert len(log) == 1

    owned.lease.watermark = 0  # it was read, and yet the bundle is not in force
    standing.begin_taking_up("m", 0)
    await barriers.look(standing)
    assert len(log) == 1, "it stands behind what waits"

    standing.backlogs.clear()
    await barriers.look(standing)
    assert len(log) == 2
