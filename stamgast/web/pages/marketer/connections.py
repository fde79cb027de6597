"""`GET /app/connections`: when each store was heard last, whether that is usual, and what could not be read."""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from stamgast.log.letter_table import Letter
from stamgast.marketer.reading import UnknownMerchantError
from stamgast.tills.status import rows_of
from stamgast.users.rights import Right
from stamgast.web.access.doors import open_to
from stamgast.web.access.visitors import signed_in
from stamgast.web.deps import deps_of
from stamgast.web.pages.marketer.showing import no_programme, reading_of, show

_HERE = "/app/connections"
_MOST_LETTERS = 100


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
    try:
        program = (await reading.in_force(visitor.merchant)).program
    except UnknownMerchantError as error:
        raise no_programme(error) from None
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
    return show(request, "connections.html", model, visitor=visitor, program=program, here=_HERE)
