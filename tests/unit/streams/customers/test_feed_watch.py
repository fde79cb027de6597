"""A till that tells of nothing for too long: its shop's bundle says so, and nobody is called absent meanwhile."""

from collections.abc import Sequence
from typing import Any

import pytest

import streams.customers.merchant_watch as module
from stamgast.domain.alerts import AlertKind
from stamgast.domain.events import StaffAlerted, TimerDue, decode_event
from stamgast.domain.program import Program
from stamgast.domain.units import DAY, HOUR
from stamgast.log.producers import Record
from stamgast.log.topics import Topics
from stamgast.programs.record import BundleRecord, bundle_hash, decode_bundle, encode_bundle
from streams.customers.bundles import Bundles
from streams.customers.feed_watch import FeedWatch
from streams.customers.in_force import Standing
from streams.metrics import Metrics
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, consent, hello_rule, program
from tests.fakes.clock import StillClock
from tests.fakes.emitters import MemoryEmitters
from tests.fakes.in_memory import Owner
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest
from tests.fakes.records import log_of

PROGRAM = """\
name: De Winkel
merchant: winkel
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {hoek: {}}
feed: {stale_after: 2 days}
closed: ["2026-10-04"]
"""
FILES = {"program.yaml": PROGRAM}


class Programs(MemoryEmitters):
    """`programs.v1` in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[bytes] = []
        """What somebody else publishes just before the watch does."""

    def append(self, topic: str, partition: int, records: Sequence[Record]) -> list[int]:
        if topic != "programs.v1":  # what staff are told
            return super().append(topic, partition, records)
        others, self.meanwhile = self.meanwhile, []
        super().append(topic, partition, [(b"winkel", value) for value in others])
        return super().append(topic, partition, records)


class Shop:
    """What is published, its watch, and a till of which the newest purchase is known."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs, self.clock, self.newest = Programs(), StillClock(), T0
        self.bundles = Bundles()
        self.lease = MemoryLease()
        monkeypatch.setattr(module, "_EVERY_S", 0.0)
        owned = OwnedByTest[None](self.lease, emitters=self.programs)
        self.watch = FeedWatch(owned, Topics(4), self.bundles, self.clock, Metrics())

    @property
    def log(self) -> list[bytes]:
        return self.programs.values("programs.v1")

    @property
    def told(self) -> list[StaffAlerted]:
        events = [decode_event(value) for value in self.programs.values("customer.events.v1")]
        return [event for event in events if isinstance(event, StaffAlerted)]

    def publish(self, value: bytes) -> None:
        self.programs.append("programs.v1", 0, [(b"winkel", value)])

    async def look(self) -> Program:
        """Let what stands in the log come into force, and look; answers what is in force afterwards."""
        in_force: dict[str, Any] = {}
        self.lease.elsewhere = str(self.newest).encode()
        for _ in range(2):
            await self.bundles.apply(log_of(self.log), {("programs.v1", 0): len(self.log)})
            number, content = self.bundles.newest["winkel"]
            in_force = {"winkel": await self.bundles.get("winkel", content, number)}
            await self.watch.look(Standing(in_force=in_force))
        return in_force["winkel"].program


def published(files: dict[str, str]) -> bytes:
    return encode_bundle(BundleRecord(merchant="winkel", hash=bundle_hash(files, {}), files=files))


async def test_two_open_days_without_a_purchase_make_a_feed_stale_and_the_next_purchase_mends_it(monkeypatch):
    shop = Shop(monkeypatch)
    shop.publish(published(FILES))
    shop.clock.at = T0 + 2 * DAY
    assert (await shop.look()).feed_healthy
    shop.clock.at = T0 + 3 * DAY - HOUR  # but the fourth of October was closed
    assert (await shop.look()).feed_healthy
    shop.clock.at = T0 + 3 * DAY + HOUR
    assert not (await shop.look()).feed_healthy
    assert not (await shop.look()).feed_healthy
    assert len(shop.log) == 2, "it is told once"
    shop.newest = shop.clock.at
    assert (await shop.look()).feed_healthy
    assert decode_bundle(shop.log[-1]).hash == decode_bundle(shop.log[0]).hash, "as if nothing had been"


async def test_staff_hear_of_a_stale_feed_once_with_the_moment_of_the_last_purchase(monkeypatch):
    staff = PROGRAM + 'staff: {anna: {phone: "+31612345670"}}\nmessaging: {sms_sender: "+31201234568"}\n'
    shop = Shop(monkeypatch)
    shop.publish(published({"program.yaml": staff}))
    shop.clock.at = T0 + 2 * DAY
    await shop.look()
    assert shop.told == []
    shop.clock.at = T0 + 4 * DAY
    for _ in range(3):
        await shop.look()
    [told] = shop.told
    assert (told.kind, told.found, told.mark) == (AlertKind.FEED_STALE, T0, str(T0))
    shop.newest = shop.clock.at
    await shop.look()
    shop.clock.at += 9 * DAY
    for _ in range(2):
        await shop.look()
    assert [each.found for each in shop.told] == [T0, shop.newest], "the next time is told again"


async def test_files_that_were_published_in_between_are_not_lost(monkeypatch):
    shop = Shop(monkeypatch)
    shop.publish(published(FILES))
    shop.clock.at = T0 + 9 * DAY
    newer = {"program.yaml": PROGRAM.replace("De Winkel", "De Nieuwe Winkel")}
    shop.programs.meanwhile = [published(newer)]
    for _ in range(2):
        program = await shop.look()
        assert program.name == "De Nieuwe Winkel", "not for a moment"
    assert not program.feed_healthy


async def test_a_merchant_who_did_not_ask_is_not_judged(monkeypatch):
    shop = Shop(monkeypatch)
    shop.publish(published({"program.yaml": PROGRAM.replace("feed: {stale_after: 2 days}\n", "")}))
    shop.clock.at = T0 + 90 * DAY
    assert (await shop.look()).feed_healthy
    assert len(shop.log) == 1


def test_nobody_is_called_absent_while_the_feed_is_stale_and_whoever_is_absent_is_the_day_after():
    owner = Owner(bundle(program(feed_healthy=False), hello_rule()))
    owner.apply(consent())
    owner.apply(bought("t1", T0))
    first = owner.state().timers["lapse"]
    owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=first, due=first))
    assert (owner.state().stage, owner.state().timers["lapse"]) == ("new", first + DAY)
    owner.bundle = bundle(program(), hello_rule(), number=2)
    owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=first + DAY, due=first + DAY))
    assert owner.state().stage == "lapsing"
