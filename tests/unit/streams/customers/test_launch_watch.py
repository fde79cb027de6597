"""The owner of the first partition pauses what tripped a wire, for all partitions, and it is told."""

from __future__ import annotations

from typing import Any

import pytest

import streams.customers.merchant_watch as module
from rules.rule_set import RuleSet
from stamgast.domain.alerts import STAFF_ROOM
from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.events import StaffAlerted, decode_event
from stamgast.domain.trip_wires import Watched, watched_counter
from stamgast.domain.units import DAY, HOUR
from stamgast.log.topics import Topics
from stamgast.programs.launches import Launch
from stamgast.programs.record import BundleRecord, changed, decode_bundle, encode_bundle
from streams.customers import staff_news
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing
from streams.customers.launch_watch import LaunchWatch
from streams.metrics import Metrics
from tests.builders import T0
from tests.fakes.clock import StillClock
from tests.fakes.emitters import MemoryEmitters
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.fakes.records import log_of
from tests.unit.rules.small_shop import CALL_BACK, PROGRAM, RULE, WITH_STAFF, files_of

DRAFT = RULE.replace("status: live", "status: draft")


class Counting(MemoryLease):
    """A lease at which every partition has counted the same."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.room: bytes | None = None
        """The state of whoever is told of the shop."""

    async def look_elsewhere(self, *words: Any) -> Any:
        if words[0] == "GET":
            return self.room
        return [str(self.counts[name]).encode() if name in self.counts else None for name in words[2:]]


class Shop:
    """A rule that was launched at T0, and whoever watches it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, partition: int = 0, program: str = PROGRAM) -> None:
        monkeypatch.setattr(module, "_EVERY_S", 0.0)
        self.programs, self.clock, self.lease, self.bundles = MemoryEmitters(), StillClock(), Counting(), Bundles()
        self.clock.at = T0 + HOUR
        self.metrics = Metrics()
        owned = OwnedByTest[None](self.lease, emitters=self.programs)
        owned.number = partition
        self._made_of = (owned, Topics(4), self.bundles, self.clock, self.metrics)
        self.begin_anew()
        record = BundleRecord(
            merchant="shop", hash="", files=files_of(DRAFT, program, **(CALL_BACK if "staff:" in program else {}))
        )
        self.publish(changed(record, launched={"example": Launch("live", "draft", T0, 5)}))

    def begin_anew(self) -> None:
        """Another owner, who knows nothing of what the last one said."""
        self.watch = LaunchWatch(*self._made_of)

    def news(self) -> list[StaffAlerted]:
        """What was said to staff."""
        events = map(decode_event, self.programs.values("customer.events.v1"))
        return [event for event in events if isinstance(event, StaffAlerted)]

    def publish(self, record: BundleRecord) -> None:
        self.programs.append("programs.v1", 0, [(b"shop", encode_bundle(record))])

    def count(self, **counts: int) -> None:
        self.lease.counts = {f"shop|{watched_counter('example', T0, what)}": by for what, by in counts.items()}

    async def look(self) -> RuleSet:
        """Let what stands in the log come into force, and look, twice."""
        for _ in range(2):
            log = self.programs.values("programs.v1")
            await self.bundles.apply(log_of(log), {("programs.v1", 0): len(log)})
            number, content = self.bundles.newest["shop"]
            bundle = await self.bundles.get("shop", content, number)
            await self.watch.look(Standing(in_force={"shop": bundle}))
        return bundle.rules


async def test_a_rule_that_trips_a_wire_is_paused_once_and_told_in_history_notes_and_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop(monkeypatch)
    shop.count(sent=20, opted_out=0)
    assert (await shop.look()).by_id["example"].status == "live"
    shop.count(sent=20, opted_out=2)
    assert (await shop.look()).by_id["example"].status == "paused"
    await shop.look()
    first, second = (decode_bundle(value) for value in shop.programs.values("programs.v1"))
    why = "8 customers said STOP after its message, of 80 that went: more than 3%"
    assert (second.who, second.why, second.based) == ("stamgast", f"trip wire: {why}", 0)
    paused = Launch("paused", "draft", 0, 5, why, shop.clock.at, Watched.OPTED_OUT, (8, 80), T0)
    assert second.launched["example"] == paused
    assert second.files == first.files
    assert shop.bundles.tripped == [f"shop: example was paused: {why}"]
    assert (
        shop.metrics.registry.get_sample_value("stamgast_rules_tripped_total", {"merchant": "shop", "rule": "example"})
        == 1
    )


async def test_files_that_come_between_are_kept_and_the_rule_is_paused_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(monkeypatch)
    await shop.look()
    shop.count(sent=20, failed=10)
    (first,) = map(decode_bundle, shop.programs.values("programs.v1"))
    number, content = shop.bundles.newest["shop"]
    bundle = await shop.bundles.get("shop", content, number)
    edited = changed(first, files=first.files | {"rules/other.yaml": DRAFT.replace("example", "other")}, based=0)
    shop.publish(edited)  # which the watch has not read when it appends its own
    await shop.watch.look(Standing(in_force={"shop": bundle}))
    rules = await shop.look()
    rules = await shop.look()
    assert (rules.by_id["example"].status, set(rules.by_id)) == ("paused", {"example", "other"})


async def test_what_was_launched_long_ago_is_not_watched_nor_by_any_other_partition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop(monkeypatch, partition=1)
    shop.count(sent=20, failed=20)
    assert (await shop.look()).by_id["example"].status == "live"
    shop = Shop(monkeypatch)
    shop.count(sent=20, failed=20)
    shop.clock.at = T0 + 4 * DAY
    assert (await shop.look()).by_id["example"].status == "live"


async def tripped(shop: Shop) -> None:
    await shop.look()
    shop.count(sent=20, opted_out=2)
    await shop.look()


async def test_staff_are_told_of_it_once_by_whichever_owner_comes_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(monkeypatch, program=WITH_STAFF)
    await tripped(shop)
    (news,) = shop.news()
    assert (news.customer, news.kind, news.what, news.how, news.found, news.of, news.since) == (
        STAFF_ROOM, "rule_paused", "example", "opted_out", 8, 80, shop.clock.at,
    )  # fmt: skip
    await shop.look()
    assert len(shop.news()) == 1
    monkeypatch.setattr(staff_news, "_AGAIN_S", 0.0)
    shop.begin_anew()
    await shop.look()
    assert len(shop.news()) == 3, "nobody has heard it yet, at neither look"
    shop.lease.room = encode_customer(Customer(fired={"rule_paused:opted_out:example": [news.mark]}))
    shop.begin_anew()
    await shop.look()
    assert len(shop.news()) == 3, "it was heard"


@pytest.mark.parametrize("program", [PROGRAM, WITH_STAFF + "alerts: {rule_paused: false}\n"])
async def test_where_nobody_is_to_hear_it_nothing_is_said(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    shop = Shop(monkeypatch, program=program)
    await tripped(shop)
    assert shop.news() == []
    assert (await shop.look()).by_id["example"].status == "paused"


async def test_nobody_is_told_of_what_was_paused_days_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(monkeypatch, program=WITH_STAFF)
    await tripped(shop)
    shop.clock.at += 2 * DAY
    shop.begin_anew()
    await shop.look()
    assert len(shop.news()) == 1
