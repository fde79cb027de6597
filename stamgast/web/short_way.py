"""Requests that are there whole, answered without ASGI: no task, no messages, no request and response wrapped in each.

Most of what tills send is small and comes in one piece. An app that knows such a request by what it says (`at_once`)
takes it, and says the answer when it has one; every other request goes the long way, as uvicorn has it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

Headers = list[tuple[bytes, bytes]]
MOST_BYTES: Final = 20_000
"""Of a body: what is larger is read in pieces, and not at once."""


class Answer(NamedTuple):
    """To a request. Its body's length stands among its headers."""

    status: int
    headers: Headers
    body: bytes


Say = Callable[[Answer], None]
"""Sends the answer. Once."""


class AtOnce(Protocol):
    """Takes a request with its whole body; False: it was not looked at, and goes the long way."""

    def __call__(self, scope: Scope, body: bytes, say: Say) -> bool:
        """Say the answer sooner or later, if this is True."""
        ...


def at_once_of(app: Any) -> AtOnce | None:
    """How an app takes whole requests at once; None where it does not."""
    found: AtOnce | None = getattr(app, "at_once", None)
    return found


class ShortWay(HttpToolsProtocol):
    """Uvicorn's HTTP protocol, which hands whole requests to an app that takes them at once."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._own_app: Any = self.app
        self._at_once = at_once_of(self._own_app)
        self._reading = False
        self._held: Any = None
        """A request whose body may still come in what is being read."""

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        self._reading = self._at_once is not None
        try:
            super().data_received(data)
        finally:
            self._reading = False
            cycle, self._held = self._held, None
            if cycle is not None and not self._is_taken(cycle):
                super()._start_asgi_task(cycle, self._own_app)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        if self._reading and app is self._own_app and cycle.keep_alive and not cycle.waiting_for_100_continue:
            self._held = cycle
        else:
            super()._start_asgi_task(cycle, app)

    def _is_taken(self, cycle: Any) -> bool:
        if self._at_once is None or cycle.more_body or len(cycle.body) > MOST_BYTES or self.transport.is_closing():
            return False
        if self.flow.write_paused:  # it reads no answers: the long way waits until it does
            return False
        return self._at_once(cycle.scope, bytes(cycle.body), partial(self._say, cycle))

    def _say(self, cycle: Any, answer: Answer) -> None:
        """As uvicorn's cycle does it, in one write."""
        if not cycle.disconnected:
            try:
                written = _written(cycle, answer)
            except Exception:  # as uvicorn: nobody waits for what cannot be said
                self.transport.close()
                raise
            self.transport.write(written)
            cycle.response_started = cycle.response_complete = True
            if not cycle.keep_alive:  # the server is about to end
                self.transport.close()
            cycle.on_response()
        cycle.on_response = _nothing  # else both would hold each other


def _written(cycle: Any, answer: Answer) -> bytes:
    """Raises `ValueError`, `KeyError`: it is no answer in HTTP."""
    pieces = [STATUS_LINE[answer.status]]
    for name, value in [*cycle.default_headers, *answer.headers]:
        if b"\n" in value or b"\r" in value:
            raise ValueError("a header of more than one line")
        pieces += (name, b": ", value, b"\r\n")
    pieces += (b"\r\n", answer.body) if cycle.keep_alive else (b"connection: close\r\n\r\n", answer.body)
    return b"".join(pieces)


def _nothing() -> None:
    """It was answered."""
