"""`GET /app/report/{month}`: a month on one page, to be printed; `/report/{token}` shows it to who has the link."""

from __future__ import annotations

import asyncio
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.calendar import business_day
from stamgast.domain.day_sums import month_of
from stamgast.marketer.month_report import MonthError, MonthReport, month_report
from stamgast.marketer.overview import Seen
from stamgast.marketer.reading import UnknownMerchantError
from stamgast.users.rights import Right
from stamgast.web.access.doors import Way, open_to
from stamgast.web.access.visitors import signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.charts import bars
from stamgast.web.pages.marketer.showing import no_programme, reading_of, show
from stamgast.web.pages.rendering import answer
from stamgast.web.problem import Problem

_HERE: Final = "/app/report"
_WIDE: Final = 1_100


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
    seen = await _seen(request, visitor.merchant)
    model = await _report(request, seen, request.path_params["month"])
    return show(
        request, "month_report.html", model, visitor=visitor, program=seen.program, here=_HERE,
        drawn=await asyncio.to_thread(_drawn, model), link="",
    )  # fmt: skip


@open_to(Right.SEE_OVERVIEW)
async def post_link(request: Request) -> Response:
    """Make a link to it, and show that."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    deps = deps_of(request)
    seen = await _seen(request, visitor.merchant)
    model = await _report(request, seen, request.path_params["month"])
    token = deps.report_links.make(visitor.merchant, model.month, seen.now)
    about = About(visitor.merchant, words=f"report of {model.month}")
    await note(deps.audit, visitor.who, Did.REPORT_SHARED, about)
    link = f"{deps.public_url.rstrip('/') or request.base_url}/report/{token}"
    return show(
        request, "month_report.html", model, visitor=visitor, program=seen.program, here=_HERE,
        drawn=await asyncio.to_thread(_drawn, model), link=link,
    )  # fmt: skip


@open_to(Way.LINK)
async def get_shared(request: Request) -> Response:
    """Show it to whoever has the link."""
    deps = deps_of(request)
    shared = deps.report_links.read(request.path_params["token"], deps.clock.now())
    if shared is None:
        raise Problem(404, "no-report", "There is no report under this address, or its link is over.")
    seen = await _seen(request, shared.merchant)
    model, program = await _report(request, seen, shared.month), seen.program
    return answer(
        request, "marketer/month_report.html", model, usual=next(iter(program.languages), None), visitor=None,
        shop=program.name, currency=program.currency, zone=ZoneInfo(program.time_zone), here="", link="",
        drawn=await asyncio.to_thread(_drawn, model),
    )  # fmt: skip


async def _seen(request: Request, merchant: str) -> Seen:
    try:
        return await reading_of(request).seen(merchant, deps_of(request).clock.now())
    except UnknownMerchantError as error:
        raise no_programme(error) from None


async def _report(request: Request, seen: Seen, month: str) -> MonthReport:
    told = (await reading_of(request).in_force(seen.program.merchant)).told.rules
    try:
        return month_report(seen, month, told)
    except MonthError as error:
        raise Problem(404, "no-month", f"{error}.") from None


def _drawn(model: MonthReport) -> Markup | None:
    if not any(each.sums.spend for each in model.months):
        return None
    labels = [f"{int(each.month[5:])}/{each.month[2:4]}" for each in model.months]
    return bars(labels, [each.sums.purchases for each in model.months], height=200, width=_WIDE)
