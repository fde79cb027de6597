"""What staff and whoever watches metrics hear of a connection to tills: what lasts an hour, and what was mended."""

from typing import Any

import pytest

from rules.loader import load_published
from stamgast.domain.alerts import AlertKind, Fails
from stamgast.domain.events import StaffAlerted, decode_event
from stamgast.domain.program import Program
from stamgast.domain.units import HOUR
from stamgast.log.topics import Topics
from stamgast.tills.reconcile import Looked
from stamgast.tills.record import CursorRecord, Name, SubscriptionRecord
from streams.customers.staff_news import ToStaff
from streams.maintenance.connection_news import ConnectionNews
from streams.metrics import Metrics
from tests.builders import T0
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest

PROGRAM = """\
name: De Winkel
merchant: winkel
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {hoek: {}}
staff: {anna: {phone: "+31612345670"}}
messaging: {sms_sender: "+31201234568"}
"""
FRONT = Name("winkel", "front")


class Told:
    """A worker's staff room, and what was appended to it."""

    def __init__(self, *, owns: bool = True) -> None:
        self.owned: Any = OwnedByTest[None](MemoryLease())
        self.program: Program | None = load_published({"program.yaml": PROGRAM}, "winkel", {}).program
        self.metrics = Metrics()
        self.staff = ToStaff(lambda: {0: self.owned} if owns else {}, Topics(4), self._program_of)
        self.news = ConnectionNews(self.metrics, self.staff)

    async def _program_of(self, _merchant: str) -> Program | None:
        return self.program

    @property
    def said(self) -> list[tuple[str, str, int]]:
        events = [decode_event(value) for value in self.owned.log.values("customer.events.v1")]
        return [(each.how, each.what, each.found) for each in events if isinstance(each, StaffAlerted)]

    def gauge(self, name: str) -> float | None:
        labels = {"merchant": "winkel", "connection": "front"}
        return self.metrics.registry.get_sample_value(f"stamgast_{name}", labels)


async def test_an_api_that_cannot_be_polled_is_told_once_after_an_hour():
    told, failing = Told(), CursorRecord("5", T0, failing_since=T0, trouble="the API answers 503")
    await told.news.polled(FRONT, failing, T0 + HOUR - 1)
    assert (told.said, told.gauge("connection_failing_since_seconds")) == ([], T0 / 1_000)
    for _ in range(3):
        await told.news.polled(FRONT, failing, T0 + HOUR)
    assert told.said == [(Fails.UNPOLLED, "front", T0)]
    await told.news.polled(FRONT, CursorRecord("6", T0 + HOUR), T0 + HOUR)
    assert told.gauge("connection_failing_since_seconds") == 0


async def test_webhooks_that_were_made_again_are_told_at_once_and_those_that_could_not_after_an_hour():
    told, seen = Told(), SubscriptionRecord(T0 - HOUR, T0 - HOUR)
    await told.news.looked(FRONT, Looked(seen, SubscriptionRecord(T0, T0)), T0)
    assert told.said == [(Fails.RENEWED, "front", T0)]
    assert (told.gauge("webhooks_made_total"), told.gauge("webhooks_missing")) == (1, 0)
    lost = SubscriptionRecord(T0, T0, "the API refuses the credential (403)", T0 + 1)
    await told.news.looked(FRONT, Looked(SubscriptionRecord(T0, T0), lost), T0 + 1)
    assert (len(told.said), told.gauge("webhooks_missing")) == (1, 1)
    for _ in range(2):
        await told.news.looked(FRONT, Looked(lost, lost), T0 + 1 + HOUR)
    assert told.said[1:] == [(Fails.LOST, "front", T0 + 1)]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (SubscriptionRecord(), SubscriptionRecord(0, 0, "no webhook calls this address")),
        (SubscriptionRecord(), SubscriptionRecord(T0, T0)),
        (SubscriptionRecord(T0, T0), SubscriptionRecord(T0 + 1, T0)),
    ],
)
async def test_webhooks_that_never_were_or_are_made_for_the_first_time_or_are_there_are_no_news(before, now):
    told = Told()
    await told.news.looked(FRONT, Looked(before, now), T0 + 9 * HOUR)
    await told.news.looked(FRONT, None, T0 + 9 * HOUR)
    assert told.said == []


async def test_a_shop_whose_staff_do_not_want_to_hear_of_it_hears_nothing():
    told = Told()
    silent = PROGRAM + f"alerts: {{{AlertKind.CONNECTION_FAILS}: false}}\n"
    told.program = load_published({"program.yaml": silent}, "winkel", {}).program
    failing = CursorRecord("5", T0, failing_since=T0)
    await told.news.polled(FRONT, failing, T0 + HOUR)
    nobody = Told(owns=False)
    await nobody.news.polled(FRONT, failing, T0 + HOUR)
    assert told.said == nobody.said == []
