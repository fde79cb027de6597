"""What the timers, the limits and the watch of segments make of clocks that are wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from stamgast.clock.bounded import BoundedClock
from stamgast.domain.activation import Note
from stamgast.domain.events import decode_event
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.programs.record import Glance
from streams.customers.rate_limits import Limits
from streams.customers.timers import Timers
from streams.metrics import Metrics
from tests.builders import ANNA, BRAM, MERCHANT, T0
from tests.fakes.clock import StillClock
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest

DUE = {f"{MERCHANT}:{ANNA}".encode(): T0 - 3 * HOUR, f"{MERCHANT}:{BRAM}".encode(): T0 - HOUR}


@pytest.mark.parametrize(("lag", "called"), [(0, [ANNA, BRAM]), (2 * HOUR, [ANNA])])
async def test_a_timer_waits_until_it_is_due_by_the_log_as_well(lag, called):
    earliest_first = sorted((when, member) for member, when in DUE.items())
    timers = [word for when, member in earliest_first for word in (member, str(when).encode())]
    owned = OwnedByTest[None](MemoryLease(answers={"ZRANGE": timers}, elsewhere=str(T0).encode()))
    clock = BoundedClock(StillClock(), monotonic=lambda: 0.0)
    clock.bear_out(T0, 0.0)
    clock.log_lag = lag
    await Timers(owned, "events", 1, clock, Metrics()).look({MERCHANT})
    assert [decode_event(value).customer for value in owned.log.values("events")] == called


async def test_a_claim_that_a_wrong_clock_noted_for_next_year_takes_from_todays_limit():
    class Counts:
        async def recount_limit(self, merchant: str, rule: str, day: int, activations: list[str]) -> None:
            counted.append((rule, day, activations))

    class Bundles:
        newest: ClassVar = {MERCHANT: (1, "hash")}

        def glance(self, *_: Any) -> Glance:
            return Glance()

        async def get(self, *_: Any) -> Any:
            rules = SimpleNamespace(by_id={"hello": SimpleNamespace(per_day=3)})
            return SimpleNamespace(rules=rules, program=SimpleNamespace(time_zone="Etc/UTC"))

    counted: list[Any] = []
    bundles: Any = Bundles()
    counts: Any = Counts()
    limits = Limits(bundles, counts, StillClock(), 0)
    stamps = {"now": T0 - MINUTE, "next year": T0 + 365 * DAY, "long ago": T0 - 5 * DAY}
    await limits.recount([
        Note(kind="claimed", activation=name, merchant=MERCHANT, customer=ANNA, at=at, rule="hello")
        for name, at in stamps.items()
    ])  # fmt: skip
    assert counted == [("hello", T0 // DAY, ["now", "next year"])]
