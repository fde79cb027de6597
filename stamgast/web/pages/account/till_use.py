"""`/app/tills/use`: stamps by hand and redemptions of a week, per till and who stood there, beside the usual."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.counters import BETWEEN, Counter
from stamgast.marketer.till_use import till_use
from stamgast.state.counters import totals_of_merchant
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.account.showing import program_of, show
from stamgast.web.pages.account.tills import HERE, tills_of
from stamgast.web.problem import Problem

_LONGEST: Final = 8


@open_to(Right.MANAGE_TILLS)
async def get_till_use(request: Request) -> Response:
    """Show this week, or `?week=2026-W48`. Raises `Problem` 404, 422, `NotFilledError`."""
    visitor = await signed_in(request, Right.MANAGE_TILLS)
    deps = deps_of(request)
    program = await program_of(deps, visitor.merchant)
    if program is None:
        raise Problem(404, "no-programme", f"Nothing of {visitor.merchant} is in force yet: publish it first.")
    today = date_of(business_day(deps.clock.now(), program.time_zone))
    monday = _monday(request.query_params.get("week", ""), today)
    await deps.filling.check()
    totals = await totals_of_merchant(deps.redis, deps.topics.partitions, visitor.merchant)
    roster = deps.roster
    operators = {words[2] for name in totals if (words := name.split(BETWEEN))[0] == Counter.TILL and len(words) > 2}
    names = await asyncio.to_thread(lambda: {each: roster.operator_name(each) for each in operators})
    tills = {each.id: each.name or each.id for each in tills_of(deps, visitor.merchant)}
    model = till_use(totals, monday, today, (tills, names))
    return await show(request, "till_use.html", model, visitor, HERE)


def _monday(said: str, today: date) -> date:
    """The Monday of a week. Raises `Problem` 422."""
    if not said:
        return today - timedelta(days=today.weekday())
    try:
        found = date.fromisoformat(f"{said[:_LONGEST]}-1")
    except ValueError:
        found = None
    if found is None or found > today:
        raise Problem(422, "week", "week is one that has begun, as 2026-W48.")
    return found
