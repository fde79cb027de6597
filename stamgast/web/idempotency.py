"""Requests that may be repeated: one `Idempotency-Key` gets one answer, and is refused for another request."""

import asyncio
import hashlib
import re
from typing import Final

from starlette.requests import Request

from stamgast.pos.problems import RefusedError
from stamgast.web.deps import Deps
from stamgast.web.problem import Problem

WAIT_S: Final = 2.0
"""So long a till waits for an owner's answer."""
REMEMBERED_S: Final = 86_400
_POLL_S: Final = 0.01
_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


def key_of(request: Request) -> str:
    """The key that the request came with. Raises `RefusedError` without one."""
    key = request.headers.get("idempotency-key", "")
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        detail = "Send an Idempotency-Key of 1 to 200 printable characters, the same one when you repeat this request."
        raise RefusedError([{"pointer": "", "detail": detail}])
    return key


def id_of(key: str) -> str:
    """What stands for the key: 32 hexadecimal digits."""
    return digest(key.encode())[:32]


def digest(raw: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(raw).hexdigest()


async def refuse_other_request(deps: Deps, name: str, request: str) -> None:
    """Remember what was asked under a name. Raises `Problem` 422 if that was something else before."""
    known = await deps.redis.remember(name, request, REMEMBERED_S)
    if known is not None and known.decode() != request:
        raise reused()


def reused() -> Problem:
    """The key came with another request before."""
    detail = "This Idempotency-Key came with another request before. Use a new key for a new request."
    return Problem(422, "idempotency-key-reused", detail)


async def wait_for(deps: Deps, name: str, wait_s: float) -> bytes | None:
    """What an owner writes there, if it does so in time."""
    deadline = asyncio.get_running_loop().time() + wait_s
    while True:
        stored = await deps.redis.get(name)
        if stored is not None or asyncio.get_running_loop().time() >= deadline:
            return stored if isinstance(stored, bytes) else None
        await asyncio.sleep(_POLL_S)
