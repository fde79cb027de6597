"""`Idempotency-Key`: one key is for one request, and whoever mixed two up is told (ADR 155).

That a repeat changes nothing is no work of the key: versions, ids and identities do that, for as long as they are
known. So no answer is kept: a repeat is worked out again. A key is held against other requests for an hour.
"""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from starlette.requests import Request

from stamgast.pos.problems import RefusedError
from stamgast.state.errors import StateError
from stamgast.state.keys import known_request
from stamgast.web.deps import deps_of
from stamgast.web.problem import Problem

HEADER: Final = "Idempotency-Key"
_HELD_S: Final = 3_600
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_SHORT: Final = 32


def idempotency_key(request: Request) -> str:
    """The key that a request came with. Raises `RefusedError` if there is none, or one that cannot be."""
    key = request.headers.get(HEADER, "")
    if not _KEY.fullmatch(key):
        detail = f"Send an {HEADER} of 1 to 200 printable characters, the same one when you repeat this request."
        raise RefusedError([{"pointer": "", "detail": detail}])
    return key


@asynccontextmanager
async def one_request(request: Request, merchant: str, body: bytes = b"") -> AsyncIterator[None]:
    """Work on a request whose key, if it has one, came with no other. Whatever was refused may be mended under it.

    Raises:
        Problem: 422, the key came with another request within the hour.
        RefusedError: it cannot be a key.
        StateError: Redis does not answer.
    """
    if HEADER not in request.headers:
        yield
        return
    redis = deps_of(request).redis
    name = known_request(merchant, _digest(idempotency_key(request).encode()))
    asked = _digest(f"{request.method} {request.url.path}\n".encode() + body)
    known = await redis.remember(name, asked, _HELD_S)
    if known is not None and known.decode() != asked:
        raise reused()
    try:
        yield
    except Exception:
        if known is None:
            with suppress(StateError):
                await redis.delete(name)
        raise


def reused() -> Problem:
    """The key came with another request before."""
    detail = f"This {HEADER} came with another request before. Use a new key for a new request."
    return Problem(422, "idempotency-key-reused", detail)


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:_SHORT]
