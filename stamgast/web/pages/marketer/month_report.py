"""`GET /app/report/{month}`: a month on one page, to be printed; `/report/{token}` shows it to who has the link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.calendar import business_day
from stamgast.domain.day_sums import month_of
from stamgast.marketer.month_report import MonthError, MonthReport, checked, month_report
from stamgast.marketer.overview import Seen
from stamgast.marketer.reading import UnknownMerchantError
from stamgast.marketer.rule_files import conditions_said
from stamgast.users.rights import Right
from stamgast.web.access.doors import Way, open_to
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.charts import bars
from stamgast.web.pages.marketer.said import WITHHELD
from stamgast.web.pages.marketer.showing import no_programme, reading_of, show, speaks
from stamgast.web.pages.rendering import answer
from stamgast.web.problem import Problem

_HERE: Final = "/app/report"
_WIDE: Final = 1_100
_ON_PAPER: Final = 5
"""So many rules stand on paper, which is one page of A4."""


@open_to(Right.SEE_OVERVIEW)
async def get_newest(request: Request) -> Response:
    """Lead to the month that is going on."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    seen = await _seen(request, visitor.merchant)
    return RedirectResponse(f"{_HERE}/{month_of(business_day(seen.now, seen.program.time_zone))}", 303)


@open_to(Right.SEE_OVERVIEW)
async def get_report(request: Request) -> Response:
    """Show it."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    return await _shown(request, visitor, await _seen(request, visitor.merchant))


@open_to(Right.SEE_OVERVIEW)
async def post_link(request: Request) -> Response:
    """Make a link to it, and show that."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    deps = deps_of(request)
    seen, month = await _seen(request, visitor.merchant), request.path_params["month"]
    shown = await _shown(request, visitor, seen, lambda: deps.report_links.make(visitor.merchant, month, seen.now))
    await note(deps.audit, visitor.who, Did.REPORT_SHARED, About(visitor.merchant, words=f"report of {month}"))
    return shown


@open_to(Way.LINK)
async def get_shared(request: Request) -> Response:
    """Show it to whoever has the link."""
    deps = deps_of(request)
    shared = deps.report_links.read(request.path_params["token"], deps.clock.now())
    if shared is None:
        raise Problem(404, "no-report", "There is no report under this address, or its link is over.")
    seen = await _seen(request, shared.merchant)
    model, values = await _report(request, seen, shared.month)
    program = seen.program
    return answer(
        request, "marketer/month_report.html", model, usual=next(iter(program.languages), None), visitor=None,
        shop=program.name, currency=program.currency, zone=ZoneInfo(program.time_zone), here="", link="",
        withheld=WITHHELD, **values,
    )  # fmt: skip


async def _shown(request: Request, visitor: Visitor, seen: Seen, make: Callable[[], str] | None = None) -> Response:
    model, values = await _report(request, seen, request.path_params["month"])
    base = deps_of(request).public_url.rstrip("/") or str(request.base_url).rstrip("/")
    link = f"{base}/report/{make()}" if make is not None else ""
    return show(
        request, "month_report.html", model, visitor=visitor, program=seen.program, here=_HERE, link=link, **values
    )


async def _seen(request: Request, merchant: str) -> Seen:
    try:
        return await reading_of(request).seen(merchant, deps_of(request).clock.now())
    except UnknownMerchantError as error:
        raise no_programme(error) from None


async def _report(request: Request, seen: Seen, month: str) -> tuple[MonthReport, Mapping[str, Any]]:
    """The report, and what its page has besides."""
    merchant, reading = seen.program.merchant, reading_of(request)
    found = await reading.in_force(merchant)
    try:
        of_rules = await reading.rules_of_month(merchant, checked(month))
        model = month_report(seen, month, found.told.rules, of_rules)
    except MonthError as error:
        raise Problem(404, "no-month", f"{error}.") from None
    return model, await asyncio.to_thread(_beside, model, found.packed, speaks(request, seen.program))


def _beside(model: MonthReport, packed: bytes, language: str) -> Mapping[str, Any]:
    asked = {each.rule: conditions_said(packed, each.rule, language) for each in model.rules if each.why_not}
    return {"drawn": _drawn(model), "asked": asked, "on_paper": _ON_PAPER}


def _drawn(model: MonthReport) -> Markup | None:
    if not any(each.sums.spend for each in model.months):
        return None
    labels = [f"{int(each.month[5:])}/{each.month[2:4]}" for each in model.months]
    return bars(labels, [each.sums.purchases for each in model.months], height=200, width=_WIDE)
