"""`/app/rules/{rule}/backtest`: what a rule would have done with the shop's past, played beside the web process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from rules.yaml.words import WordError, parse_date
from stamgast.backtest.words import in_words
from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.program import Program
from stamgast.domain.units import Day, Millis
from stamgast.marketer.backtests import Asked, Backtests, BusyError, Run, Stands
from stamgast.marketer.reading import InForce
from stamgast.marketer.rule_files import record_of
from stamgast.programs.editing import MOST_TEXT, check_edit, plain
from stamgast.programs.record import BundleRecord, changed
from stamgast.programs.versions import file_of_rule
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.marketer.rules import in_force_or_refuse, rule_in
from stamgast.web.pages.marketer.showing import show
from stamgast.web.problem import Problem, unavailable

_HERE: Final = "/app/rules"
_USUAL_DAYS: Final = 30
_MOST_DAYS: Final = 400
_MOST_FORM: Final = 4 * MOST_TEXT
_LOOK_EVERY_S: Final = 1.0
_OPEN_FOR_S: Final = 55.0


class Played(Struct, frozen=True):
    """`run` is the newest one that is known, `words` what `rules backtest` says of it, in English. Days as dates."""

    rule: str
    first: str
    last: str
    run: Run | None
    words: list[str]


@open_to(Right.EDIT_RULES)
async def get_backtest(request: Request) -> Response:
    """Show how the newest one stands, and ask for another."""
    visitor = await signed_in(request, Right.EDIT_RULES)
    found = await in_force_or_refuse(request, visitor)
    rule = rule_in(found, request.path_params["rule"]).rule
    known = await _backtests(request).known(visitor.merchant, rule)
    first, last = _usual(found.program, deps_of(request).clock.now())
    if known is not None:
        first, last = known.first, known.last
    return await _shown(request, visitor, found, _page(rule, str(date_of(first)), str(date_of(last)), known))


@open_to(Right.EDIT_RULES)
async def post_backtest(request: Request) -> Response:
    """Begin one; with a `text`, of that instead of what is in force."""
    visitor = await signed_in(request, Right.EDIT_RULES, most=_MOST_FORM)
    found, now, form = await in_force_or_refuse(request, visitor), deps_of(request).clock.now(), visitor.form
    rule = rule_in(found, request.path_params["rule"]).rule
    first, last = (str(form.get(name, "")).strip() for name in ("first", "last"))
    usual = _usual(found.program, now)
    try:
        span = (parse_date(first) if first else usual[0], parse_date(last) if last else usual[1])
    except WordError as error:
        return await _refused(request, visitor, found, _page(rule, first, last, None), str(error))
    if not 0 <= span[1] - span[0] < _MOST_DAYS or span[1] > usual[1] + 1:
        return await _refused(request, visitor, found, _page(rule, first, last, None), "")
    record, is_edited = await _record(found, rule, visitor, now)
    try:
        await _backtests(request).begin(Asked(record, rule, *span, edited=is_edited), now)
    except BusyError:
        raise unavailable("Another backtest is being played here. Ask again when that has ended.") from None
    return RedirectResponse(f"{_HERE}/{rule}/backtest", 303)


@open_to(Right.EDIT_RULES)
async def get_live(request: Request) -> Response:
    """Say `changed` whenever it is further."""
    visitor = await signed_in(request, Right.EDIT_RULES)
    found = await in_force_or_refuse(request, visitor)
    rule = rule_in(found, request.path_params["rule"]).rule
    told = _changes(request, _backtests(request), visitor.merchant, rule)
    return StreamingResponse(told, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _changes(request: Request, backtests: Backtests, merchant: str, rule: str) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    known = await backtests.known(merchant, rule)
    loop = asyncio.get_running_loop()
    ends = loop.time() + _OPEN_FOR_S
    while loop.time() < ends and not await request.is_disconnected():
        await asyncio.sleep(_LOOK_EVERY_S)
        found = await backtests.known(merchant, rule)
        yield "event: changed\ndata: \n\n" if found != known else ": nothing new\n\n"
        known = found


async def _record(found: InForce, rule: str, visitor: Visitor, now: Millis) -> tuple[BundleRecord, bool]:
    """What is played. Raises `Problem` 422 for a text that could not come into force."""
    record, text = record_of(found.packed), plain(str(visitor.form.get("text", "")))
    if not text or record.files[file_of_rule(record, rule)] == text:
        return record, False
    checked = await asyncio.to_thread(check_edit, record, rule, text, now)
    if not checked.ok:
        first = checked.problems[0]
        raise Problem(
            422, "invalid", f"{first.file}:{first.line}:{first.column}: {first.message}. {first.hint}".strip()
        )
    return changed(record, files={**record.files, checked.file: text}), True


def _page(rule: str, first: str, last: str, run: Run | None) -> Played:
    return Played(rule, first, last, run, [] if run is None or run.found is None else list(in_words(run.found)))


async def _shown(request: Request, visitor: Visitor, found: InForce, model: Played, **values: Any) -> Response:
    status = 422 if values else 200
    running = model.run is not None and model.run.stands is Stands.RUNNING
    return show(
        request, "rule_backtest.html", model, visitor=visitor, program=found.program, here=_HERE, live=running,
        status=status, running=running, **({"wrong": None} | values),
    )  # fmt: skip


async def _refused(request: Request, visitor: Visitor, found: InForce, model: Played, why: str) -> Response:
    return await _shown(request, visitor, found, model, wrong=why)


def _usual(program: Program, now: Millis) -> tuple[Day, Day]:
    """The month that ended yesterday."""
    yesterday = business_day(now, program.time_zone) - 1
    return yesterday - _USUAL_DAYS + 1, yesterday


def _backtests(request: Request) -> Backtests:
    found = deps_of(request).backtests
    if found is None:
        raise unavailable("This process plays no backtests. `stamgast rules backtest` does.")
    return found
