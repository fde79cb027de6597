"""What pages of who is signed in have in common: the shop's name and zone, and where else there is to go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stamgast.domain.program import Program
from stamgast.web.access.visitors import Visitor
from stamgast.web.deps import Deps, deps_of
from stamgast.web.pages.languages import language_of, texts
from stamgast.web.pages.later import Read, answer_later
from stamgast.web.pages.places import ROLES, places_of
from stamgast.web.pages.rendering import CONNECTS, answer

SAME_ORIGIN: Final[Mapping[str, str]] = {"Referrer-Policy": "same-origin"}
"""Else browsers do not say from where a form was sent."""


def said(request: Request, usual: str | None, text: str) -> str:
    """A text in the language of the page."""
    return texts(language_of(request, usual)).gettext(text)


async def program_of(deps: Deps, merchant: str) -> Program | None:
    """A merchant's programme; None before anything is published, when people may be invited already."""
    return await deps.merchants.get(merchant) if deps.merchants.loaded else None


async def show(
    request: Request, template: str, model: Any, visitor: Visitor, here: str, *, status: int = 200, **values: Any
) -> Response:
    """Answer with a page, or with its model as JSON."""
    how = await _frame(request, visitor, here)
    return answer(request, f"account/{template}", model, status=status, **how, **values)


async def show_later(
    request: Request, template: str, read: Read, visitor: Visitor, here: str, **values: Any
) -> Response:
    """The same of what takes long to read: the page's head is out before (`answer_later`)."""
    how = await _frame(request, visitor, here)
    return await answer_later(request, f"account/{template}", read, **how, **values)


async def _frame(request: Request, visitor: Visitor, here: str) -> dict[str, Any]:
    program = await program_of(deps_of(request), visitor.merchant)
    return {
        "usual": program.languages[0] if program is not None and program.languages else None,
        "allow": [CONNECTS],
        "headers": SAME_ORIGIN,
        "visitor": visitor,
        "shop": program.name if program is not None else visitor.merchant,
        "zone": ZoneInfo(program.time_zone if program is not None else "UTC"),
        "places": places_of(visitor.role),
        "roles": ROLES,
        "here": here,
    }


def back_to(where: str, done: str = "") -> Response:
    """Show a page anew after something was changed, so that loading it again changes nothing twice."""
    return RedirectResponse(f"{where}?done={done}" if done else where, 303)
