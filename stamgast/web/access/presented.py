"""What a browser shows a cookie for: a session or a paired till, looked up alike."""

from collections.abc import Callable
from typing import Final, TypeVar

from starlette.requests import Request

from stamgast.domain.units import Millis
from stamgast.users.record import PairedDevice, Session
from stamgast.users.table import UserTable
from stamgast.users.tokens import Token, read_token
from stamgast.web.access.cookies import Cookie, read_cookie
from stamgast.web.auth import take_or_refuse
from stamgast.web.connections import address_of
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import unavailable

NEW_WAIT_S: Final = 1.0
"""What another process wrote a moment ago may not have reached this one yet."""

Held = TypeVar("Held", Session, PairedDevice)


async def presented(
    request: Request, cookie: Cookie, find: Callable[[UserTable, Token, Millis], Held | None]
) -> tuple[Held, Token] | None:
    """What is held for the cookie that came; None: it brought none, or one that is over. `find` looks up what is now.

    Raises:
        Problem: 429 for a network that shows wrong ones; 503 while they are being read.
    """
    token = read_token(read_cookie(request, cookie))
    if token is None:
        return None
    deps = deps_of(request)
    check_loaded(deps)
    table = deps.roster.table
    found = find(table, token, deps.clock.now())
    if found is None and not table.knows(token.id):
        client = address_of(request.client.host) if request.client else ""
        take_or_refuse(deps.refusals, client, "requests with a wrong cookie")
        await table.until_known(token.id, NEW_WAIT_S)
        found = find(table, token, deps.clock.now())
    return None if found is None else (found, token)


def check_loaded(deps: Deps) -> None:
    """Raise `Problem` 503 while users and tills, which stand on one topic, are being read."""
    if not deps.roster.table.loaded:
        raise unavailable("Not ready: the users and tills are still being read.")
