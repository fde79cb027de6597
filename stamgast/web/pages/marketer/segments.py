"""`GET /app/segments`, and one at `/app/segments/{by}/{segment}`: what customers of a tag or source are worth."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from rules.yaml.problems import suggest
from stamgast.domain.calendar import date_of
from stamgast.domain.currencies import exponent_of
from stamgast.domain.customer import decode_customer
from stamgast.domain.events import key_of
from stamgast.domain.program import Program
from stamgast.domain.units import DAY
from stamgast.filling import NotFilledError
from stamgast.marketer.reading import UnknownMerchantError
from stamgast.marketer.segments import Kind, SegmentPage, SegmentsPage, segment_page, segments_page
from stamgast.people.view import show_customer
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.deps import Deps, deps_of
from stamgast.web.pages.charts import bars, rows
from stamgast.web.pages.formats import tenths
from stamgast.web.pages.marketer.showing import no_programme, reading_of, short_name, show, speaks
from stamgast.web.problem import Problem

_HERE: Final = "/app/segments"
_MOST_DRAWN: Final = 15
_WIDE: Final = 1_100


@open_to(Right.SEE_OVERVIEW)
async def get_segments(request: Request) -> Response:
    """Show those of a kind."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    program, by = await _program(request, visitor), request.query_params.get("by")
    known = reading_of(request).segments
    model = segments_page(
        program, known.of(visitor.merchant), known.valued_at(visitor.merchant), None if by is None else _kind(by)
    )  # fmt: skip
    drawn = await asyncio.to_thread(_ratios, model, speaks(request, program))
    return show(request, "segments.html", model, visitor=visitor, program=program, here=_HERE, drawn=drawn)


@open_to(Right.SEE_OVERVIEW)
async def get_segment(request: Request) -> Response:
    """Show one, with a sample of its customers to who may see customers."""
    visitor = await signed_in(request, Right.SEE_OVERVIEW)
    program, by, name = await _program(request, visitor), _kind(request.path_params["by"]), request.path_params["name"]
    known = reading_of(request).segments
    worth = known.find(visitor.merchant, by, name)
    if worth is None:
        names = [each.segment for each in known.of(visitor.merchant) if each.by == by]
        hint = suggest(name, names)
        raise Problem(404, "no-segment", f"Nothing is known of a segment {name!r} by {by}. {hint}".strip())
    sample, filling = None, False
    if visitor.may(Right.READ_CUSTOMERS):
        try:
            sample = await _sample(deps_of(request), program, worth.sample)
        except NotFilledError:
            filling = True
    model = segment_page(program, worth, known.valued_at(visitor.merchant), sample)
    drawn = await asyncio.to_thread(_line, model)
    return show(
        request, "segment.html", model, visitor=visitor, program=program, here=_HERE, drawn=drawn, filling=filling
    )  # fmt: skip


async def _program(request: Request, visitor: Visitor) -> Program:
    try:
        return (await reading_of(request).in_force(visitor.merchant)).program
    except UnknownMerchantError as error:
        raise no_programme(error) from None


def _kind(text: str) -> Kind:
    if text not in set(Kind):
        hint = suggest(text, list(Kind))
        raise Problem(404, "no-kind", f"{text!r} is no kind of segments: {', '.join(Kind)}. {hint}".strip())
    return Kind(text)


async def _sample(deps: Deps, program: Program, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Those of them who are still there, as they are now. Raises NotFilledError and StateError."""

    async def one(name: str) -> dict[str, Any] | None:
        slot = deps.slot_of(key_of(program.merchant, name))
        value = await deps.filling.value(slot, slot.customer(program.merchant, name))
        return None if value is None else show_customer(name, decode_customer(value), program, deps.clock.now())

    found = await asyncio.gather(*map(one, names))
    return [each for each in found if each is not None and not each["erased"]]


def _ratios(model: SegmentsPage, language: str) -> Markup | None:
    known = [each for each in model.rows if each.ratio is not None][:_MOST_DRAWN]
    if not known:
        return None
    labels = [short_name(each.segment) for each in known]
    return rows(labels, [each.ratio or 0.0 for each in known], tenths(language), line=model.enough)


def _line(model: SegmentPage) -> Markup | None:
    """What a new customer was worth, week by week."""
    points = [each for each in model.past if each.value_of_new is not None]
    if len(points) < 2:
        return None
    unit = 10 ** exponent_of(model.currency)
    labels = [_in_short(each.at) for each in points]
    return bars(
        labels, [(each.value_of_new or 0) / unit for each in points], every=max(1, len(points) // 8), width=_WIDE
    )


def _in_short(at: int) -> str:
    day = date_of(at // DAY)
    return f"{day.day}/{day.month}"
