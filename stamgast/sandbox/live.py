"""Server-sent events: what happens goes to every open page at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

_WAITING: Final = 1000
_KEEP_ALIVE_SECONDS: Final = 15.0


class Live:
    """A page that falls behind is told to load everything again, rather than slowing the sandbox."""

    def __init__(self) -> None:
        self._open: set[asyncio.Queue[bytes | None]] = set()

    @property
    def watched(self) -> bool:
        """True while a page is open."""
        return bool(self._open)

    def publish(self, kind: str, data: Any) -> None:
        """Tell every page."""
        if not self._open:
            return
        event = b"data: " + msgspec.json.encode({"kind": kind, "data": data}) + b"\n\n"
        for queue in self._open:
            if not queue.full():
                queue.put_nowait(event)
                continue
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait(b'data: {"kind":"reload","data":null}\n\n')

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        for queue in self._open:
            while queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    async def events(self) -> AsyncIterator[bytes]:
        """The stream of one page."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING)
        self._open.add(queue)
        try:
            yield b"retry: 1000\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), _KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    event = b": still here\n\n"
                if event is None:
                    return
                yield event
        finally:
            self._open.discard(queue)
