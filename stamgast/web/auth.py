"""Who may come in, for which merchant, how often, and with how much."""

import asyncio
import math
import re
from typing import Final, Protocol

from msgspec import Struct
from starlette.requests import Request

from stamgast.api_keys.model import ApiKey, Scope
from stamgast.audit.record import Actor, Who
from stamgast.domain.program import Program
from stamgast.web.connections import BYTES_A_SECOND, REQUEST_S, WHOLE, address_of
from stamgast.web.deps import Deps, deps_of
from stamgast.web.limits import TokenBuckets
from stamgast.web.problem import Problem, unavailable

CUSTOMER: Final = re.compile(r"c[a-z2-7]{24}")
_NEW_KEY_WAIT_S: Final = 1.0
"""A key that was created a moment ago may not have reached this process yet."""
_SET_RIGHT_S: Final = 30
_MADE_ROOM_S: Final = 10
"""When to come back to a Redis that a person, or a machine, has to put right."""
_JSON: Final = frozenset({"application/json"})
_AS_IT_IS: Final = b"identity"


class Holder(Protocol):
    """Who asks: an API key, or a paired till. Wrong codes are counted by its id."""

    @property
    def id(self) -> str:
        """What stands for it."""

    def allows(self, scope: Scope) -> bool:
        """Say whether it is good for this."""


class Entrance(Struct, frozen=True):
    """A request that may come in: its merchant's programme, and who asks."""

    merchant: str
    program: Program
    key: Holder
    who: Who
    """As `stamgast.audit.book.note` wants to know it."""


async def enter(request: Request, scope: Scope) -> Entrance:
    """Check key, merchant and rate. Raises `Problem` (401, 403, 404, 429, 503)."""
    deps = deps_of(request)
    key = await _key_of(request, deps)
    merchant = request.path_params["merchant"]
    seconds = deps.by_key.take(key.id)
    request.state.rate_limit = deps.by_key.told(key.id)
    if seconds:
        raise too_many("requests with this key", seconds)
    if key.merchant != merchant:
        raise Problem(403, "other-merchant", "This key is for another merchant. Use the path of its own merchant.")
    if not key.allows(scope):
        held = ", ".join(key.scopes)
        raise Problem(403, "scope", f"This key may do {held}; this asks for {scope}. Use a key with that scope.")
    if not deps.merchants.loaded:
        raise unavailable("Not ready: the programmes are still being read.")
    program = await deps.merchants.get(merchant)
    if program is None:
        detail = f"{merchant} has no programme in force yet. Publish it with `stamgast publish`, then send this again."
        raise Problem(404, "no-programme", detail)
    return Entrance(merchant, program, key, Who(Actor.KEY, key.id))


async def enter_to_change(request: Request, scope: Scope) -> Entrance:
    """The same for what has to be remembered in Redis. Raises `Problem` 503 too while Redis cannot be relied on."""
    entrance = await enter(request, scope)
    check_fit(deps_of(request))
    return entrance


def check_fit(deps: Deps) -> None:
    """Raise `Problem` 503 while Redis cannot be relied on."""
    fitness = deps.fitness
    if not fitness.trusted:
        why = ". ".join(fitness.distrust) or "Redis has not answered yet"
        raise unavailable(f"{why}. Nothing was taken. Send the same request again later.", after_s=_SET_RIGHT_S)
    if refusals := fitness.refusals:
        raise unavailable(f"{refusals[0]}. Send the same request again later.", after_s=_MADE_ROOM_S)


def is_fit(deps: Deps) -> bool:
    """Whether Redis can be relied on now."""
    return deps.fitness.trusted and not deps.fitness.refusals


def take_or_refuse(buckets: TokenBuckets, name: str, what: str) -> None:
    """Take one token. Raises `Problem` 429 that says when to come back."""
    seconds = buckets.take(name)
    if seconds:
        raise too_many(what, seconds)


def too_many(what: str, seconds: float) -> Problem:
    """429, and when to come back."""
    wait = max(1, math.ceil(seconds))
    return Problem(429, "too-many", f"Too many {what}. Wait {wait} s.", headers={"Retry-After": str(wait)})


async def read_body(request: Request, limit: int, types: frozenset[str] = _JSON) -> bytes:
    """The raw body. Raises `Problem` 415 for another type, 413 for more than `limit` bytes."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in types:
        raise Problem(
            415, "media-type", f"The body is {given or 'of no stated type'}; send {' or '.join(sorted(types))}."
        )
    return await read_raw(request, limit)


async def read_raw(request: Request, limit: int) -> bytes:
    """The raw body, whatever its type. Raises `Problem` 413 for more than `limit` bytes, 415 for an encoding."""
    headers = dict(reversed(request.scope["headers"]))  # of one that comes twice the first counts
    if headers.get(b"content-encoding", _AS_IT_IS).lower() != _AS_IT_IS:
        raise Problem(415, "encoding", "Send the body as it is, without Content-Encoding.")
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    if WHOLE in request.scope.get("state", ()):
        return await _read_pieces(request, limit)
    try:
        async with asyncio.timeout(REQUEST_S) as until:
            return await _read_pieces(request, limit, until)
    except TimeoutError:
        raise Problem(408, "too-slow", f"The body did not arrive within {REQUEST_S:.0f} s. Send it again.") from None


async def _read_pieces(request: Request, limit: int, until: asyncio.Timeout | None = None) -> bytes:
    """The body; each piece that has come earns the next ones some time (`until`)."""
    started = (until.when() or 0.0) if until is not None else 0.0
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "cut-off", "The connection ended before the body did. Send it again.")
        piece, more = message.get("body", b""), message.get("more_body", False)
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        pieces.append(piece)
        if more and until is not None:
            until.reschedule(started + size / BYTES_A_SECOND)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _too_large(limit: int) -> Problem:
    return Problem(413, "too-large", f"The body is larger than {limit:,} bytes. Send it in several requests.")


async def _key_of(request: Request, deps: Deps) -> ApiKey:
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not text:
        raise _unauthorized(
            "There is no API key. Send `Authorization: Bearer <key>`; `stamgast keys create` makes one."
        )
    key = deps.api_keys.find(text.strip())
    if key is None:
        client = address_of(request.client.host) if request.client else ""
        take_or_refuse(deps.refusals, client, "requests with a wrong key")
        key = await deps.api_keys.find_soon(text.strip(), _NEW_KEY_WAIT_S)
    if key is None:
        raise _unauthorized("This API key is not known, or it was revoked.")
    return key


def _unauthorized(detail: str) -> Problem:
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})
