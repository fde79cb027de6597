"""What the marketer's pages have in common: who looks at which shop, its zone, and where else there is to go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from stamgast.domain.program import Program
from stamgast.marketer.reading import Reading, UnknownMerchantError
from stamgast.users.rights import Right
from stamgast.web.access.visitors import Visitor
from stamgast.web.deps import deps_of
from stamgast.web.pages.languages import language_of
from stamgast.web.pages.later import Read, answer_later
from stamgast.web.pages.marketer.said import WITHHELD
from stamgast.web.pages.places import ROLES, places_of
from stamgast.web.pages.rendering import CONNECTS, answer
from stamgast.web.problem import Problem, unavailable

SAME_ORIGIN: Final[Mapping[str, str]] = {"Referrer-Policy": "same-origin"}
"""Else a form of the page would not say where it comes from."""
_NO_SEGMENT: Final = "(none)"
_LONGEST: Final = 24


def reading_of(request: Request) -> Reading:
    """Where figures are read. Raises `Problem` 503."""
    found = deps_of(request).reading
    if not (found.segments.loaded and found.letters.loaded):
        raise unavailable("Not ready: what pages show is still being read.")
    return found


def no_programme(error: UnknownMerchantError) -> Problem:
    """Nothing of the merchant is in force."""
    return Problem(404, "no-programme", f"Nothing of {error} is in force yet. `stamgast publish` comes first.")


def short_name(segment: str) -> str:
    """A segment's name as charts have room for it; of those who have none, nothing that would be in one language."""
    return "\u2013" if segment == _NO_SEGMENT else segment[:_LONGEST]


def show(
    request: Request,
    template: str,
    model: Any,
    *,
    visitor: Visitor,
    program: Program,
    here: str,
    live: bool = False,
    status: int = 200,
    **values: Any,
) -> Response:
    """Answer with one of the marketer's pages, or with its figures as JSON. `here` is its place in the head's links."""
    how = _frame(visitor, program, here)
    allow = [CONNECTS] if live else []
    return answer(request, f"marketer/{template}", model, allow=allow, status=status, **how, **values)


async def show_later(
    request: Request, template: str, read: Read, *, visitor: Visitor, program: Program, here: str, **values: Any
) -> Response:
    """The same of what takes long to read: the page's head is out before (`answer_later`)."""
    return await answer_later(request, f"marketer/{template}", read, **_frame(visitor, program, here), **values)


def speaks(request: Request, program: Program) -> str:
    """The language in which a page of the shop is shown."""
    return language_of(request, _usual(program))


def _frame(visitor: Visitor, program: Program, here: str) -> dict[str, Any]:
    return {
        "usual": _usual(program),
        "headers": SAME_ORIGIN,
        "visitor": visitor,
        "may": lambda name: visitor.may(Right[name]),
        "shop": program.name,
        "currency": program.currency,
        "zone": ZoneInfo(program.time_zone),
        "here": here,
        "places": places_of(visitor.role),
        "roles": ROLES,
        "withheld": WITHHELD,
    }


def _usual(program: Program) -> str | None:
    return program.languages[0] if program.languages else None
