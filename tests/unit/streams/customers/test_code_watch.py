"""Staff hear when a tenth of the shop's own codes is left, and once none is."""

from __future__ import annotations

from typing import Any

import pytest

import streams.customers.merchant_watch as module
from stamgast.domain.alert_words import alert_variables
from stamgast.domain.events import StaffAlerted, decode_event
from stamgast.domain.shop_codes import Pool
from stamgast.log.topics import Topics
from stamgast.service import Bundle
from streams.customers.bundles import Bundles
from streams.customers.code_pools import CodePools
from streams.customers.code_watch import CodeWatch
from streams.customers.in_force import Standing
from streams.metrics import Metrics
from tests.builders import T0
from tests.fakes.clock import StillClock
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.unit.rules.small_shop import CALL_BACK, WITH_STAFF, load


class Given(MemoryLease):
    """What each of four partitions has given."""

    each = b"0"

    async def look_elsewhere(self, *words: Any) -> Any:
        return self.each if words[0] == "HGET" else None


async def told(monkeypatch: pytest.MonkeyPatch, given_each: int) -> list[tuple[str, str, int, int]]:
    monkeypatch.setattr(module, "_EVERY_S", 0.0)
    loaded = load(program=WITH_STAFF.replace("coffee: {names", "coffee: {codes: imported, names"), more=CALL_BACK)
    assert loaded.ok, loaded.problems
    clock, lease = StillClock(), Given()
    clock.at, lease.each = T0, str(given_each).encode()
    owned = OwnedByTest[None](lease)
    standing = Standing(in_force={"shop": Bundle(0, "", loaded.program, loaded.rules)})
    standing.codes = CodePools({("shop", "coffee"): Pool(brought=100)})
    await CodeWatch(owned, Topics(4), Bundles(), clock, Metrics()).look(standing)
    events = [decode_event(value) for value in owned.log.values("customer.events.v1")]
    return [(each.what, each.how, each.found, each.of) for each in events if isinstance(each, StaffAlerted)]


async def test_few_are_told_before_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await told(monkeypatch, 22) == []
    assert await told(monkeypatch, 23) == [("coffee", "codes_low", 8, 100)]
    assert await told(monkeypatch, 25) == [("coffee", "codes_out", 0, 100)]


def test_it_reads_as_a_person_would_say_it() -> None:
    program = load(program=WITH_STAFF, more=CALL_BACK).program
    data = {"alert": "codes_low", "about": "coffee", "how": "codes_low", "mark": "100", "found": 12, "of": 100}
    assert alert_variables(program, data, "en")["why"] == "12 left of 100; bring in more"
