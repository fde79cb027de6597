"""`GET /app/health`: whether the engine is at work, what waits, and what to do; `/live` says when it changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from stamgast.domain.program import Program
from stamgast.marketer.health import HealthPage, health_page
from stamgast.marketer.reading import UnknownMerchantError
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.marketer.live import changes
from stamgast.web.pages.marketer.showing import no_programme, reading_of, show

_HERE = "/app/health"


@open_to(Right.SEE_CONNECTIONS)
async def get_health(request: Request) -> Response:
    """Show it."""
    visitor = await signed_in(request, Right.SEE_CONNECTIONS)
    program, model = await _look(request, visitor)
    return show(request, "health.html", model, visitor=visitor, program=program, here=_HERE, live=True)


@open_to(Right.SEE_CONNECTIONS)
async def get_live(request: Request) -> Response:
    """Say when something is otherwise."""
    visitor = await signed_in(request, Right.SEE_CONNECTIONS)

    async def figures() -> Any:
        _, model = await _look(request, visitor)
        steady = [msgspec.structs.replace(each, heard_ago=0, up=0) for each in model.workers]
        return msgspec.structs.replace(model, at=0, workers=steady)

    return changes(request, figures)


async def _look(request: Request, visitor: Visitor) -> tuple[Program, HealthPage]:
    deps, reading = deps_of(request), reading_of(request)
    try:
        found = await reading.in_force(visitor.merchant)
    except UnknownMerchantError as error:
        raise no_programme(error) from None
    looked = await deps.health.look(found.program, deps.clock.now())
    standing = await reading.stands_still(found)
    return found.program, health_page(replace(looked, attention=standing))
