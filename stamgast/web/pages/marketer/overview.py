"""`GET /app`: how the shop's programme goes, on one page; `GET /app/live` says when it has changed."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from stamgast.domain.currencies import exponent_of
from stamgast.marketer.overview import Overview, overview
from stamgast.marketer.reading import UnknownMerchantError
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.charts import bars, rows
from stamgast.web.pages.formats import tenths
from stamgast.web.pages.marketer.live import changes
from stamgast.web.pages.marketer.showing import no_programme, reading_of, short_name, show, speaks

_MOST_SEGMENTS: Final = 12
_WIDE: Final = 1_100


@open_to(Right.SEE_OVERVIEW)
async def get_overview(request: Request) -> Response:
    """Show it."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    reading, now = reading_of(request), deps_of(request).clock.now()
    try:
        seen = await reading.seen(visitor.merchant, now)
    except UnknownMerchantError as error:
        raise no_programme(error) from None
    model, program = overview(seen), seen.program
    return show(
        request, "overview.html", model, visitor=visitor, program=program, here="/app", live=True,
        drawn=await asyncio.to_thread(_drawn, model, speaks(request, program)), exponent=exponent_of(model.currency),
    )  # fmt: skip


@open_to(Right.SEE_OVERVIEW)
async def get_live(request: Request) -> Response:
    """Say when the figures are others than before."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    reading, clock = reading_of(request), deps_of(request).clock

    async def figures() -> Overview:
        return msgspec.structs.replace(overview(await reading.seen(visitor.merchant, clock.now())), at=0)

    return changes(request, figures)


def _drawn(model: Overview, language: str) -> dict[str, Markup]:
    """The charts of the page, where there is anything to draw."""
    unit = 10 ** exponent_of(model.currency)
    found: dict[str, Any] = {}
    days = model.weeks.days
    if any(each.sums.purchases for each in days):
        found["days"] = bars(
            [_in_short(each.date) for each in days],
            [each.sums.purchases for each in days],
            every=7,
            width=_WIDE,
        )
    if any(each.customers for each in model.value):
        labels = [_bound(each.since, unit) for each in model.value]
        found["value"] = bars(labels, [each.customers for each in model.value])
    if any(each.customers for each in model.worth):
        labels = [_bound(each.since, unit) for each in model.worth]
        found["worth"] = bars(labels, [each.customers for each in model.worth])
    ratios = [each for each in model.segments if each.ratio is not None][:_MOST_SEGMENTS]
    if ratios:
        labels = [short_name(each.segment) for each in ratios]
        found["ratios"] = rows(labels, [each.ratio or 0.0 for each in ratios], tenths(language), line=model.enough)
    for each in model.cards:
        if any(each.holding):
            found[f"card:{each.card}"] = bars([str(n + 1) for n in range(len(each.holding))], each.holding, height=160)
    return found


def _in_short(date: str) -> str:
    """`2026-09-01` -> `1/9`, as all languages of pages write it."""
    return f"{int(date[8:])}/{int(date[5:7])}"


def _bound(since: int | None, unit: int) -> str:
    return "<0" if since is None else f"{since // unit:,}".replace(",", "\u00a0")
