"""`GET /app/connections`: when each store was heard last, whether that is usual, and what could not be read.

`/app/connections/replay` plays dead letters again: one, or all of them, once somebody has said so.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from stamgast.audit.book import note
from stamgast.audit.record import About, Did
from stamgast.domain.program import Program
from stamgast.log.letter_table import Letter
from stamgast.marketer.reading import UnknownMerchantError
from stamgast.tills.status import rows_of
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import Visitor, signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.marketer.showing import no_programme, reading_of, show
from stamgast.web.problem import Problem
from stamgast.web.replays import MOST_AT_ONCE, play_again

_HERE = "/app/connections"
_MOST_LETTERS = 100
_SHOWN = 10
_DIGITS = 6
ALL = "all"


class Connected(Struct, frozen=True):
    """`connections` are the rows of `GET /v1/merchants/{merchant}/pos`, `letters` the newest dead letters."""

    merchant: str
    connections: list[dict[str, Any]]
    letters: list[Letter]
    more_letters: int


@open_to(Right.SEE_CONNECTIONS)
async def get_connections(request: Request) -> Response:
    """Show them."""
    visitor = await signed_in(request, Right.SEE_CONNECTIONS)
    deps, reading = deps_of(request), reading_of(request)
    program = await _program(request, visitor)
    tills, now = deps.tills, deps.clock.now()
    rows: list[dict[str, Any]] = []
    if tills is not None:
        for connection in tills.connections.all(visitor.merchant):
            beside = (tills.connections, tills.feeds)
            rows += await rows_of(connection, program, *beside, payments=tills.payments, now=now)
    letters = list(reading.letters.of(visitor.merchant))[::-1]
    model = Connected(
        visitor.merchant, rows, letters[:_MOST_LETTERS], max(0, len(letters) - _MOST_LETTERS)
    )  # fmt: skip
    asked = request.query_params
    return show(
        request, "connections.html", model, visitor=visitor, program=program, here=_HERE,
        played=_number(asked.get("played")), left=_number(asked.get("left")),
    )  # fmt: skip


@open_to(Right.MEND)
async def get_replay(request: Request) -> Response:
    """Ask whether that is meant."""
    visitor = await signed_in(request, Right.MEND)
    program = await _program(request, visitor)
    return _asking(request, visitor, program, _chosen(request, visitor, request.query_params.get("letter", ALL)))


@open_to(Right.MEND)
async def post_replay(request: Request) -> Response:
    """Play them again, and note each."""
    visitor = await signed_in(request, Right.MEND)
    deps, program = deps_of(request), await _program(request, visitor)
    letters = _chosen(request, visitor, str(visitor.form.get("letter", "")))
    found = await play_again(deps, program, [each.id for each in letters])
    for each in found:
        if each.is_played:
            await note(deps.audit, visitor.who, Did.REPLAYED, About(visitor.merchant, words=each.id))
    failed = [each for each in found if not each.is_played]
    if failed and len(letters) == 1:
        return _asking(request, visitor, program, letters, refused=failed[0].why)
    return RedirectResponse(f"{_HERE}?played={len(found) - len(failed)}&left={len(failed)}#letters", 303)


def _chosen(request: Request, visitor: Visitor, letter: str) -> list[Letter]:
    """Those that are meant, the oldest first: of all of them as many as are played at once."""
    mine = reading_of(request).letters.of(visitor.merchant)
    found = list(mine[:MOST_AT_ONCE]) if letter == ALL else [each for each in mine if each.id == letter]
    if not found:
        what = "Nothing waits to be played again" if letter == ALL else f"There is no dead letter {letter!r} of yours"
        raise Problem(404, "no-letter", f"{what}: /app/connections has those there are.")
    return found


def _asking(
    request: Request, visitor: Visitor, program: Program, letters: list[Letter], *, refused: str = ""
) -> Response:
    model = {"letters": letters[:_SHOWN], "count": len(letters), "letter": letters[0].id if len(letters) == 1 else ALL}
    return show(
        request, "letters_replay.html", model, visitor=visitor, program=program, here=_HERE, refused=refused,
        status=422 if refused else 200,
    )  # fmt: skip


async def _program(request: Request, visitor: Visitor) -> Program:
    try:
        return (await reading_of(request).in_force(visitor.merchant)).program
    except UnknownMerchantError as error:
        raise no_programme(error) from None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < _DIGITS else None
