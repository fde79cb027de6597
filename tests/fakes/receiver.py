"""The other side of a feed: a real HTTP server on loopback, which fails, throttles, hangs and dies as it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

import msgspec


class Arrived(NamedTuple):
    """One request that was answered with 2xx."""

    id: str
    type: str
    data: dict[str, Any]


class Asked(NamedTuple):
    """One request, as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = msgspec.json.decode(self.body)["data"]
        return data


Says = int | tuple[int, dict[str, str]] | None
"""Status, with headers; None: no answer until `end`."""


def _firsts(arrived: list[Arrived]) -> list[Arrived]:
    seen: dict[str, Arrived] = {}
    for each in arrived:
        seen.setdefault(each.id, each)
    return [*seen.values()]


class Receiver:
    """`says` decides about each request."""

    def __init__(self, port: int = 0) -> None:
        self.says: Callable[[Asked], Says] = lambda _asked: 204
        self.asked: list[Asked] = []
        self.arrived: list[Arrived] = []
        self._lock = Lock()
        self._end = Event()
        self._connections: set[socket] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                receiver._connections.add(self.connection)

            def finish(self) -> None:
                receiver._connections.discard(self.connection)
                super().finish()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.answer(self, Asked({name.lower(): each for name, each in self.headers.items()}, body))

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/loyalty"
        self._thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        with self._lock:
            self.asked.append(asked)
            said = self.says(asked)
            status, headers = said if isinstance(said, tuple) else (said, {})
            if status is not None and 200 <= status < 300:
                read = msgspec.json.decode(asked.body)
                self.arrived.append(Arrived(asked.headers["webhook-id"], read["type"], read["data"]))
        if status is None:
            self._end.wait(30)
            return
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if status != 204:
            handler.send_header("content-length", "0")
        handler.end_headers()

    def first(self) -> list[Arrived]:
        """What arrived, without what came again."""
        with self._lock:
            arrived = [*self.arrived]
        return _firsts(arrived)

    def ordinals(self, customer: str) -> list[int]:
        """The numbers of a customer's lines, as they arrived first."""
        return self.of_each().get(customer, [])

    def of_each(self) -> dict[str, list[int]]:
        """The same of every customer."""
        with self._lock:
            arrived = [*self.arrived]
        found: dict[str, list[int]] = {}
        for each in _firsts(arrived):
            found.setdefault(each.data["customer"], []).append(each.data["at"] - 1_000)
        return found

    def times(self) -> Counter[str]:
        """How often each arrived."""
        with self._lock:
            return Counter(each.id for each in self.arrived)

    def end(self) -> None:
        if self._end.is_set():
            return
        self._end.set()
        self.server.shutdown()
        self.server.server_close()
        for each in [*self._connections]:
            with suppress(OSError):
                each.shutdown(SHUT_RDWR)
        self._thread.join()
