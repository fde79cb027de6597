"""Lets a page that is looked at show what is new: `changed`, by server-sent events, whenever its figures are others."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

LOOK_EVERY_S: Final = 4.0
"""How long after a sale a page that is open shows it, at most, beside what the worker takes."""
_OPEN_FOR_S: Final = 55.0
"""Then the browser asks again: who was shut out meanwhile is not told any more."""


def changes(request: Request, figures: Callable[[], Awaitable[Any]]) -> Response:
    """Say `changed` whenever `figures` (what JSON can say) are others than before, as long as a request may take."""
    told = _changes(request, figures)
    return StreamingResponse(told, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _changes(request: Request, figures: Callable[[], Awaitable[Any]]) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    known = _mark(await figures())
    loop = asyncio.get_running_loop()
    ends = loop.time() + _OPEN_FOR_S
    while loop.time() < ends and not await request.is_disconnected():
        await asyncio.sleep(LOOK_EVERY_S)
        found = _mark(await figures())
        yield "event: changed\ndata: \n\n" if found != known else ": nothing new\n\n"
        known = found


def _mark(figures: Any) -> bytes:
    return hashlib.blake2b(msgspec.json.encode(figures), digest_size=16).digest()
