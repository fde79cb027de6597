"""The report of a month goes out by itself: once, on a morning, to whom the shop has named, if anything was sold."""

from types import SimpleNamespace
from typing import Any

import pytest

from rules.loader import load_published
from stamgast.domain.calendar import at_local
from stamgast.domain.day_sums import Per, of_month
from stamgast.domain.events import StaffAlerted, decode_event
from stamgast.domain.units import HOUR, MINUTE, Millis
from stamgast.log.topics import Topics
from streams.maintenance.month_reports import MonthReports, month_to_report
from tests.fakes.clock import StillClock
from tests.fakes.lease import MemoryLease
from tests.fakes.ownership import OwnedByTest

ZONE = "Europe/Amsterdam"
FIRST = at_local(20_727, 0, ZONE)  # 2026-10-01
PROGRAM = """\
name: De Winkel
merchant: winkel
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {hoek: {}}
staff: {noor: {phone: "+31612345670"}, anna: {phone: "+31612345671"}}
messaging: {sms_sender: "+31201234568"}
"""
NAMED = "alerts: {month_report: {to: [noor]}}\n"


class Shop:
    """A worker that owns the first partition, and what it appends."""

    def __init__(self, more: str = NAMED, *, sold: int = 3) -> None:
        self.owned: Any = OwnedByTest[Any](MemoryLease())
        loaded = load_published({"program.yaml": PROGRAM + more}, "winkel", {})
        assert loaded.program is not None, loaded.problems
        standing = SimpleNamespace(to_compile={}, in_force={"winkel": SimpleNamespace(program=loaded.program)})
        self.owned.own = SimpleNamespace(standing=standing)
        self.sold, self.asked = sold, 0
        self.clock = StillClock(FIRST + 9 * HOUR)
        customers: Any = SimpleNamespace(owned={0: self.owned})
        bundles: Any = None
        self.reports = MonthReports(customers, Topics(4), bundles, self.clock, self._totals)

    async def _totals(self, _merchant: str) -> dict[str, int]:
        self.asked += 1
        return {of_month("2026-09", Per.PURCHASES, "hoek"): self.sold}

    @property
    def said(self) -> list[tuple[str, str, str]]:
        events = [decode_event(value) for value in self.owned.log.values("customer.events.v1")]
        return [(each.kind, each.what, each.mark) for each in events if isinstance(each, StaffAlerted)]


@pytest.mark.parametrize(
    ("after", "month"),
    [(9 * HOUR - MINUTE, None), (9 * HOUR, "2026-09"), (9 * 24 * HOUR, "2026-09"), (10 * 24 * HOUR, None)],
)
def test_a_month_is_reported_from_nine_on_the_first_until_the_tenth(after: Millis, month: str | None):
    assert month_to_report(FIRST + after, ZONE) == month


def test_the_month_before_january_is_of_last_year():
    assert month_to_report(at_local(20_819, 10 * 60, ZONE), ZONE) == "2026-12"


async def test_it_is_said_once():
    shop = Shop()
    for _ in range(3):
        await shop.reports.look()
    assert shop.said == [("month_report", "2026-09", "2026-09")]


async def test_nobody_hears_of_it_whom_the_shop_has_not_named():
    shop = Shop(more="")
    await shop.reports.look()
    assert (shop.said, shop.asked) == ([], 0)


async def test_a_month_in_which_nothing_was_sold_has_no_report_and_is_not_asked_about_at_each_look():
    shop = Shop(sold=0)
    for _ in range(3):
        await shop.reports.look()
    assert (shop.said, shop.asked) == ([], 1)


async def test_who_does_not_own_the_first_partition_says_nothing():
    shop = Shop()
    shop.reports._customers.owned.clear()
    await shop.reports.look()
    assert shop.said == []
