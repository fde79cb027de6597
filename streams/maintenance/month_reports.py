"""On the first of a month, from nine on: whoever a shop names gets a link to the report of the month that is over.

The owner of the first partition of customers looks. What is told goes the way of all that staff are told
(`streams.customers.staff_news`): the entry that stands for them remembers the month, so it is told once, whatever dies
meanwhile, and their hours and limits hold. The link is made when the message is, and stands on no log.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from mode import Service

from stamgast.clock.shop_time import Clock
from stamgast.domain.alerts import MONTHLY, STAFF_ROOM, AlertKind
from stamgast.domain.calendar import date_of, local_time
from stamgast.domain.day_sums import Kept, Per, month_of
from stamgast.domain.events import StaffAlerted
from stamgast.domain.program import Program
from stamgast.domain.units import Day, Millis
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.state.partitions import Lease
from streams.customers.bundles import Bundles
from streams.customers.in_force import concerned
from streams.customers.job import OwnedCustomers
from streams.customers.staff_news import StaffNews
from streams.customers.writes import Written
from streams.runtime.job import TROUBLE
from streams.runtime.partitions import PartitionService

log = get_logger(__name__)

Totals = Callable[[str], Awaitable[Mapping[str, int]]]

WATCHING: Final = 0
"""The partition of customers whose owner looks."""
FROM_MINUTE: Final = 9 * 60
LAST_DAY: Final = 10
"""Of the month: whoever was not told by then asks for no report of it any more."""
_LOOK_EVERY_S: Final = 10.0
_TROUBLE_PAUSE_S: Final = 60.0
_AGAIN_S: Final = 600.0
"""Between two looks at whether a month of which nothing was sold yet has something by now."""


def month_to_report(now: Millis, zone: str) -> str | None:
    """The month whose report is to be sent now (`2026-09`); None: none is."""
    local = local_time(now, zone)
    today = date_of(local.day)
    if today.day > LAST_DAY or (today.day == 1 and local.minute < FROM_MINUTE):
        return None
    return month_of(_day_before_first(local.day))


def _day_before_first(day: Day) -> Day:
    return day - date_of(day).day


class MonthReports(Service):
    """See the module."""

    def __init__(
        self,
        customers: PartitionService[OwnedCustomers, Written],
        topics: Topics,
        bundles: Bundles,
        clock: Clock,
        totals: Totals,
        **options: Any,
    ) -> None:
        """`totals` reads a merchant's counters; it raises StateError."""
        super().__init__(**options)
        self._customers = customers
        self._topics = topics
        self._bundles = bundles
        self._clock = clock
        self._totals = totals
        self._of: Lease | None = None
        self._news: StaffNews | None = None
        self._told: set[tuple[str, str]] = set()
        self._rests: dict[tuple[str, str], float] = {}
        """Merchant and month -> until when (monotonic) it is not asked whether anything was sold."""

    @Service.task
    async def _keep(self) -> None:
        while not self.should_stop:
            await self.sleep(_LOOK_EVERY_S)
            try:
                await self.look()
            except TROUBLE as error:
                log.warning("reports of the month wait", why=repr(error))
                await self.sleep(_TROUBLE_PAUSE_S)

    async def look(self) -> None:
        """Tell what is to be told by now. Raises StateError or EmitError."""
        owned = self._customers.owned.get(WATCHING)
        if owned is None or not owned.caught_up or owned.own is None:
            return
        if self._news is None or self._of is not owned.lease:
            self._of, self._news = owned.lease, StaffNews(owned, self._topics)
            self._told.clear()
        for bundle in await concerned(owned.own.standing, self._bundles, lambda seen: seen.may_report_months, most=1):
            await self._report(bundle.program, self._news, self._clock.now())

    async def _report(self, program: Program, news: StaffNews, now: Millis) -> None:
        if AlertKind.MONTH_REPORT not in program.alerts:
            return
        month = month_to_report(now, program.time_zone)
        if month is None or (program.merchant, month) in self._told or not await self._sold(program.merchant, month):
            return
        said = StaffAlerted(
            merchant=program.merchant,
            customer=STAFF_ROOM,
            at=now,
            kind=AlertKind.MONTH_REPORT,
            what=month,
            how=MONTHLY,
            mark=month,
            since=now,
        )
        if await news.tell(program, said):
            self._told.add((program.merchant, month))

    async def _sold(self, merchant: str, month: str) -> bool:
        """Whether there is anything to report: a shop that began today gets no empty page."""
        name, machine = (merchant, month), time.monotonic()
        if self._rests.get(name, 0.0) > machine:
            return False
        months = Kept.of(await self._totals(merchant)).months.get(month, {})
        sold = any(sums.get(Per.PURCHASES) for sums in months.values())
        if not sold:
            self._rests[name] = machine + _AGAIN_S
        return sold
