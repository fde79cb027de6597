"""A store that is not heard as is usual for it: every partition is told, once for each change, and staff once."""

from collections.abc import Mapping
from typing import Any

import pytest

import streams.customers.merchant_watch as module
from stamgast.domain.alerts import STORE_STALE, AlertKind
from stamgast.domain.events import StaffAlerted, decode_event
from stamgast.domain.feed_events import FeedsTurned
from stamgast.domain.feed_health import Health
from stamgast.domain.program import Program
from stamgast.domain.units import HOUR, Millis
from stamgast.log.topics import Topics
from stamgast.programs.record import BundleRecord, bundle_hash, encode_bundle
from stamgast.state.views import NotLoadedError
from stamgast.tills.hearing import Heard
from streams.customers.bundles import Bundles
from streams.customers.in_force import Standing
from streams.customers.store_watch import StoreWatch
from streams.metrics import Metrics
from tests.builders import T0
from tests.fakes.clock import StillClock
from tests.fakes.emitters import MemoryEmitters
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.fakes.records import log_of

PARTITIONS = 4
PROGRAM = """\
name: De Winkel
merchant: winkel
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {hoek: {}, plein: {}}
feed: {by_store: true}
staff: {anna: {phone: "+31612345670"}}
messaging: {sms_sender: "+31201234568"}
"""


class Shop:
    """A published programme, its watch, and stores of which it is known how they are heard."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, program: str = PROGRAM) -> None:
        self.emitters, self.clock, self.metrics = MemoryEmitters(), StillClock(), Metrics()
        self.loaded, self.heard = True, {"hoek": Heard(Health.HEALTHY, T0), "plein": Heard(Health.HEALTHY, T0)}
        self.standing, self._read = Standing(), 0
        monkeypatch.setattr(module, "_EVERY_S", 0.0)
        owned = OwnedByTest[None](MemoryLease(), emitters=self.emitters)
        self.bundles = Bundles()
        watching = (owned, Topics(PARTITIONS), self.bundles, self.clock, self.metrics)
        self.watch = StoreWatch(*watching, hears=self._hears)
        files = {"program.yaml": program}
        record = BundleRecord(merchant="winkel", hash=bundle_hash(files, {}), files=files)
        self.published = encode_bundle(record)

    async def _hears(self, _program: Program, _now: Millis) -> Mapping[str, Heard]:
        if not self.loaded:
            raise NotLoadedError("still being read")
        return self.heard

    @property
    def events(self) -> list[Any]:
        return [decode_event(value) for value in self.emitters.values("customer.events.v1")]

    @property
    def turns(self) -> list[FeedsTurned]:
        return [each for each in self.events if isinstance(each, FeedsTurned)]

    async def look(self) -> Program:
        """Look, and let the first partition read what was said; answers the programme as it is in force there then."""
        if not self.standing.in_force:
            await self.bundles.apply(log_of([self.published]), {("programs.v1", 0): 1})
            number, content = self.bundles.newest["winkel"]
            self.standing.in_force = {"winkel": await self.bundles.get("winkel", content, number)}
        await self.watch.look(self.standing)
        for event in self.turns[self._read :]:
            self.standing.note_feeds(event)
        self._read = len(self.turns)
        return self.standing.in_force["winkel"].program


async def test_every_partition_hears_once_that_a_store_is_quiet_stale_and_healthy_again(monkeypatch):
    shop = Shop(monkeypatch)
    assert (await shop.look()).store_feeds.unwell == {}
    assert shop.turns == [], "all is well, and nobody said otherwise"
    shop.heard["plein"] = Heard(Health.QUIET, T0)
    for _ in range(3):
        assert (await shop.look()).store_feeds.unwell == {"plein": Health.QUIET}
    assert len(shop.turns) == PARTITIONS
    assert shop.emitters.log[-1].partition == 0, "the one whose owner looks hears it last"
    shop.heard["plein"] = Heard(Health.STALE, T0)
    assert (await shop.look()).store_feeds.unwell == {"plein": Health.STALE}
    shop.heard["plein"] = Heard(Health.HEALTHY, T0 + HOUR)
    assert (await shop.look()).store_feeds.unwell == {}
    assert len(shop.turns) == 3 * PARTITIONS


async def test_staff_hear_once_of_a_silent_store_and_of_one_that_cannot_be_polled_its_connection_tells(monkeypatch):
    shop = Shop(monkeypatch)
    shop.heard["hoek"] = Heard(Health.QUIET, T0)
    shop.heard["plein"] = Heard(Health.STALE, T0, failing_since=T0)
    await shop.look()
    assert not [each for each in shop.events if isinstance(each, StaffAlerted)]
    shop.heard["hoek"] = Heard(Health.STALE, T0 - HOUR)
    for _ in range(3):
        await shop.look()
    [told] = [each for each in shop.events if isinstance(each, StaffAlerted)]
    assert (told.kind, told.how, told.what) == (AlertKind.FEED_STALE, STORE_STALE, "hoek")
    assert (told.found, told.mark) == (T0 - HOUR, str(T0 - HOUR))


async def test_nothing_is_said_of_a_shop_that_did_not_ask_or_while_nothing_is_known(monkeypatch):
    silent = Shop(monkeypatch, PROGRAM.replace("by_store: true", "stale_after: 2 days"))
    silent.heard["hoek"] = Heard(Health.STALE, T0)
    await silent.look()
    unknown = Shop(monkeypatch)
    unknown.loaded = False
    await unknown.look()
    assert silent.events == unknown.events == []


async def test_what_the_next_bundle_says_of_the_stores_is_what_was_said_last(monkeypatch):
    shop = Shop(monkeypatch)
    shop.heard["plein"] = Heard(Health.QUIET, T0)
    await shop.look()
    fields = shop.standing.changes_since(Standing())
    assert fields["h:winkel"] == '{"plein":"quiet"}'
