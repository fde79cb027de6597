"""What the timers, the limits and the watch of segments make of clocks that are wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

import streams.customers.timers
from stamgast.clock.bounded import BoundedClock
from stamgast.domain.activation import Note
from stamgast.domain.events import decode_event
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.programs.record import Glance
from stamgast.state import keys
from streams.customers.rate_limits import Limits
from streams.customers.timers import Timers
from streams.metrics import Metrics
from tests.builders import ANNA, BRAM, MERCHANT, T0

DUE = {f"{MERCHANT}:{ANNA}".encode(): T0 - 3 * HOUR, f"{MERCHANT}:{BRAM}".encode(): T0 - HOUR}


class Clock:
    def now(self) -> int:
        return T0


@pytest.mark.parametrize(("lag", "called"), [(0, [ANNA, BRAM]), (2 * HOUR, [ANNA])])
async def test_a_timer_waits_until_it_is_due_by_the_log_as_well(monkeypatch, lag, called):
    appended: list[Any] = []

    async def append(_emitters: Any, _topic: str, _partition: int, records: list[Any]) -> list[int]:
        appended.extend(decode_event(value) for _, value in records)
        return list(range(len(records)))

    async def call(*_: Any) -> list[Any]:
        earliest_first = sorted((when, member) for member, when in DUE.items())
        return [word for when, member in earliest_first for word in (member, str(when).encode())]

    async def look_elsewhere(*_: Any) -> bytes:
        return str(T0).encode()

    monkeypatch.setattr(streams.customers.timers, "append", append)
    clock = BoundedClock(Clock(), monotonic=lambda: 0.0)
    clock.bear_out(T0, 0.0)
    clock.log_lag = lag
    lease = SimpleNamespace(call=call, look_elsewhere=look_elsewhere, keys=keys.customers(0))
    await Timers(SimpleNamespace(lease=lease, number=0, emitters=None), "events", 1, clock, Metrics()).look({MERCHANT})
    assert [event.customer for event in appended] == called


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
    limits = Limits(Bundles(), Counts(), Clock(), 0)
    stamps = {"now": T0 - MINUTE, "next year": T0 + 365 * DAY, "long ago": T0 - 5 * DAY}
    await limits.recount([
        Note(kind="claimed", activation=name, merchant=MERCHANT, customer=ANNA, at=at, rule="hello")
        for name, at in stamps.items()
    ])  # fmt: skip
    assert counted == [("hello", T0 // DAY, ["now", "next year"])]
