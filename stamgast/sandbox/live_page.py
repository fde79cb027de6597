"""A page of our own that shows what happens as it happens: the trial's, and the sandbox's phones.

News reaches it as server-sent events. The sandbox's is one file with one script and one style.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import uvicorn
from starlette.responses import Response, StreamingResponse

_WAITING: Final = 1_000
_KEEP_ALIVE_S: Final = 15.0


class News:
    """The event stream of every open page. One that falls behind slows nobody: it skips what it has not read."""

    def __init__(self, after_a_gap: bytes | None = None) -> None:
        """`after_a_gap` is what such a page is told; None: the newest news say all there is to know."""
        self._after_a_gap = after_a_gap
        self._open: set[asyncio.Queue[bytes | None]] = set()
        self._closed = False

    @property
    def watched(self) -> bool:
        """Say whether a page is open."""
        return bool(self._open)

    def publish(self, event: bytes) -> None:
        """Tell every page."""
        for queue in self._open:
            if queue.full():
                _empty(queue)
                queue.put_nowait(self._after_a_gap or event)
            else:
                queue.put_nowait(event)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        for queue in self._open:
            _empty(queue)
            queue.put_nowait(None)

    def response(self, first: Callable[[], bytes] | None = None) -> Response:
        """Answer a page with its stream, which begins with what `first` says then."""
        return StreamingResponse(
            self._events(first), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def _events(self, first: Callable[[], bytes] | None) -> AsyncIterator[bytes]:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)
        if first is not None:
            queue.put_nowait(first())
        self._open.add(queue)
        try:
            yield b"retry: 1000\n\n"
            while not self._closed:
                try:
                    async with asyncio.timeout(_KEEP_ALIVE_S):
                        event = await queue.get()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if event is not None:
                    yield b"data: " + event + b"\n\n"
        finally:
            self._open.discard(queue)


class PageServer(uvicorn.Server):
    """Ends its pages' streams first, so that stopping does not wait for them; leaves signals to the command."""

    def __init__(self, app: Any, news: News, **options: Any) -> None:
        """`options` are uvicorn's."""
        super().__init__(
            uvicorn.Config(
                app,
                ws="none",
                loop="asyncio",
                log_config=None,
                log_level="warning",
                access_log=False,  # its lines hold phone numbers
                proxy_headers=False,  # a client's address is the one it has
                server_header=False,
                timeout_graceful_shutdown=2,
                **options,
            )
        )
        self._news = news

    def capture_signals(self) -> Any:
        """Take none."""
        return contextlib.nullcontext()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self._news.close()
        await super().shutdown(sockets)


def page_response(page: str) -> Response:
    """Answer with a page. Its one script and one style carry a fresh nonce; nothing else may run or load."""
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(page.replace("__NONCE__", nonce), headers=headers, media_type="text/html")


def _empty(queue: asyncio.Queue[bytes | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
