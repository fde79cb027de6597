"""A walk over customers: nobody is passed over when Kafka does not take what was found, and none is told twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.events import AnyEvent, Scheduled, ScheduleDone, decode_event
from stamgast.log.producers import EmitError, Emitter
from streams.customers.walks import Walk, Walker
from tests.builders import MERCHANT, T0
from tests.fakes.clock import StillClock
from tests.fakes.emitters import MemoryEmitters
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest

STATE = encode_customer(Customer(visits=1))


class Members:
    """So many customers, ten at a time."""

    def __init__(self, count: int) -> None:
        self._left = [f"c{number}" for number in range(count)]

    async def some(self, _merchant: str) -> tuple[list[str], bool]:
        found, self._left = self._left[:10], self._left[10:]
        return found, not self._left


class FailingEmitters(MemoryEmitters):
    """Kafka does not take the first few."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    async def current(self) -> Emitter:
        if self.failures:
            self.failures -= 1
            raise EmitError("the broker restarts")
        return await super().current()


class Lease(MemoryLease):
    """Everybody has the same state."""

    async def call(self, *words: Any) -> Any:
        return [STATE] * (len(words) - 1) if words[0] == "MGET" else 1


def ask(customer: str, _state: bytes, now: int) -> tuple[bool, AnyEvent | None]:
    return True, Scheduled(merchant=MERCHANT, customer=customer, at=now, rule="weekly", occasion=T0)


def done(walk: Walk, now: int) -> AnyEvent:
    return ScheduleDone(
        merchant=MERCHANT, customer="", at=now, rule="weekly", occasion=T0, how="walked", looked=walk.looked,
        matched=walk.matched,
    )  # fmt: skip


@pytest.mark.parametrize("failures", [0, 1, 3])
async def test_what_kafka_did_not_take_is_said_again_and_nobody_is_passed_over(failures: int):
    owned = OwnedByTest[None](Lease(), emitters=FailingEmitters(failures))
    walker = Walker(owned, "events", clock=StillClock(T0), turns=asyncio.Lock())
    walk, failed, is_over = Walk(MERCHANT, "weekly", T0, Members(3_456)), 0, False
    while not is_over:
        try:
            is_over = await walker.go_on(walk, ask, done)
        except EmitError:
            failed += 1
        owned.lease.watermark = len(owned.log.log) - 1  # what was said is applied
    assert failed == failures
    events = [decode_event(value) for value in owned.log.values()]
    assert Counter(event.customer for event in events) == Counter([*(f"c{number}" for number in range(3_456)), ""])
    assert isinstance(events[-1], ScheduleDone)
    assert (events[-1].looked, events[-1].matched) == (3_456, 3_456)


async def test_no_more_is_said_than_is_applied_meanwhile():
    owned = OwnedByTest[None](Lease())
    walker = Walker(owned, "events", clock=StillClock(T0), turns=asyncio.Lock())
    walk = Walk(MERCHANT, "weekly", T0, Members(5_000))
    for _ in range(5):
        assert not await walker.go_on(walk, ask, done)
        assert not walker.is_heard
    assert 1_000 <= len(owned.log.log) < 1_020
