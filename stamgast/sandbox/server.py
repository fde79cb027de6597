"""Running a sandbox: uvicorn, whose connections can be broken on purpose."""

import asyncio
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from stamgast.lifecycle.ending import Ending
from stamgast.lifecycle.listening import listen, listening_on
from stamgast.lifecycle.who_looks import SHORTEST_TOKEN, is_loopback
from stamgast.sandbox.app import create_app
from stamgast.sandbox.live import Live
from stamgast.sandbox.live_page import PageServer
from stamgast.sandbox.options import SandboxOptions

_START_SECONDS: Final = 15.0


class Connections:
    """Open connections by the client's address, so that a fault can break the one a request came by."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def drop(self, request: Request) -> None:
        """Break the request's connection without an answer."""
        client = request.client
        transport = None if client is None else self._open.get((client.host, client.port))
        if transport is None:
            raise RuntimeError("this server's connections cannot be broken: run the sandbox by stamgast.sandbox.server")
        transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """Uvicorn's HTTP protocol, which also enters its connections here."""
        connections = self._open

        class TrackedProtocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                if self.client is not None:
                    connections[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    connections.pop(self.client, None)
                super().connection_lost(exc)

        return TrackedProtocol


def make_server(options: SandboxOptions, host: str = "127.0.0.1") -> PageServer:
    """A server for these options. Raises ValueError for a host off loopback without a token."""
    if not is_loopback(host) and len(options.token) < SHORTEST_TOKEN:
        raise ValueError(f"a sandbox that listens on {host} needs a token of at least {SHORTEST_TOKEN} characters")
    connections, live = Connections(), Live()
    return PageServer(
        create_app(options, connections.drop, live),
        live,
        http=connections.protocol(),
        lifespan="on",
    )


class SandboxServer:
    """A sandbox in a thread of this process, for trials and tests: `with SandboxServer(options) as sandbox:`."""

    def __init__(self, options: SandboxOptions | None = None, port: int = 0) -> None:
        self.options = options or SandboxOptions()
        self._port = port

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, and return when requests are answered."""
        self._listener = listen("127.0.0.1", self._port)
        self._port = self._listener.getsockname()[1]
        self._server = make_server(self.options)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop, and return when the thread has ended."""
        self._server.should_exit = True
        self._thread.join(_START_SECONDS)
        self._listener.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._listener])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def run_forever(options: SandboxOptions, ending: Ending, host: str, port: int, announce: Callable[[int], None]) -> None:
    """Serve until a signal; `announce(port)` is called once the port is taken."""
    server = make_server(options, host)
    with listening_on(host, port, settings="--host and --port, or STAMGAST_SANDBOX_HOST and STAMGAST_SANDBOX_PORT"):
        listener = listen(host, port)
    announce(listener.getsockname()[1])

    def end() -> None:
        server.should_exit = True

    try:
        with ending.asking(end):
            server.run(sockets=[listener])
    finally:
        listener.close()
