"""A page whose head goes out at once, while what takes longer is read; that follows in the same answer.

What decides the status (who may see it, whether it is there) is asked before: of an answer that has begun only words
can say that the rest of it could not be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from aiokafka.errors import KafkaError
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from stamgast.log.reading import LogTruncatedError
from stamgast.logs import get_logger
from stamgast.web.pages.rendering import answer, render, wants_json

log = get_logger(__name__)

WITHIN_S: Final = 15.0
"""As long as a request may take that has not begun to be answered (`stamgast.web.timeout`)."""
_HERE: Final = Markup("<!--later-->")
"""Where it will stand. Nothing that is shown can say this: all else is escaped."""
_FAILED: Final = "later_failed.html"
_OF_KAFKA: Final = (KafkaError, LogTruncatedError, TimeoutError, OSError)
_AT_ONCE: Final = (b"x-accel-buffering", b"no")
"""Else nginx keeps the head until all of it is there."""

Read = Callable[[], Awaitable[Any]]


async def answer_later(
    request: Request, template: str, read: Read, *, within_s: float = WITHIN_S, **how: Any
) -> Response:
    """Answer as `answer` does, with what `read` reads once the page's head is out.

    The template says `{{ later }}` where `<its name>_later.html` will stand, which finds what was read as `model`;
    both find the values of `how`. `Accept: application/json` waits for it, and is refused as ever; HEAD reads nothing.
    """
    if wants_json(request):
        return answer(request, template, await read(), **how)
    frame = answer(request, template, None, later=_HERE, **how)
    head, here, foot = bytes(frame.body).partition(_HERE.encode())
    if not here:
        raise ValueError(f"{template} does not say where `later` stands")

    async def pieces() -> AsyncIterator[bytes]:
        if request.method != "HEAD":
            yield head
            part = template.removesuffix(".html") + "_later.html"
            yield (await _part(request, part, read, within_s, how)).encode() + foot

    streamed = StreamingResponse(pieces(), frame.status_code)
    streamed.raw_headers = [each for each in frame.raw_headers if each[0] != b"content-length"] + [_AT_ONCE]
    return streamed


async def _part(request: Request, template: str, read: Read, within_s: float, how: dict[str, Any]) -> str:
    """What follows, whole; or the words that it could not be read, and nothing of it."""
    try:
        async with asyncio.timeout(within_s):
            model = await read()
        return render(request, template, model=model, **how)
    except _OF_KAFKA as error:
        log.warning("the rest of a page could not be read", page=template, kind=type(error).__name__)
    except Exception as error:  # our own mistake: the answer has begun, and nobody else can end it well
        log.error("the rest of a page failed", page=template, kind=type(error).__name__, exc_info=error)
    return render(request, _FAILED, **how)
