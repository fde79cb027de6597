"""Health, judged from outside the loop: a thread looks at the loop's heartbeat and at what the services do.

It serves /healthz, /readyz and /metrics itself, so that a blocked loop is told and not merely felt, and ends the
process when there is no use in waiting any longer; a supervisor starts it anew.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NoReturn

from prometheus_client import generate_latest

from stamgast.clock.ticks import until_tick
from stamgast.lifecycle.listening import listening_on
from stamgast.lifecycle.who_looks import may_look
from stamgast.logs import get_logger
from streams.metrics import Metrics
from streams.runtime.partitions import PartitionService

log = get_logger(__name__)

_BEAT_S: Final = 0.4
_ASKED_S: Final = 0.1
"""So long the end waits at most for who asks for health."""
_SICK_S: Final = 5.0
_LOOK_S: Final = 1.0
_IDLE_LOOKS: Final = 5
EXIT_STUCK: Final = 70
_ASK_WITHIN_S: Final = 10.0
"""Who has connected and asks nothing holds a thread for no longer."""


class Watchdog:
    """Watches one worker. `beat` runs in its loop, everything else in a thread."""

    def __init__(
        self, services: Sequence[PartitionService[Any, Any]], metrics: Metrics, *,
        start_limit_s: float, stall_limit_s: float,
        measure: Callable[[], None] = lambda: None, notes: Callable[[], Sequence[str]] = tuple,
        missing: Callable[[], Sequence[str]] = tuple,
    ) -> None:  # fmt: skip
        self._services = services
        self._metrics = metrics
        self._start_limit_s = start_limit_s
        self._stall_limit_s = stall_limit_s
        self._measure = measure
        self._notes = notes
        self._missing = missing
        self._began = self._beaten = time.monotonic()
        self._looks_since_beat = 0
        self._idle_looks = 0
        self._server: ThreadingHTTPServer | None = None
        self._ended = threading.Event()

    async def beat(self) -> None:
        """Show that the loop runs, and how late it is."""
        while True:
            asked = time.monotonic()
            pause = until_tick(_BEAT_S, asked)
            await asyncio.sleep(pause)
            self._beaten = time.monotonic()
            self._looks_since_beat = 0
            self._metrics.loop_lag.set(max(0.0, self._beaten - asked - pause))

    def start(self, host: str, port: int, token: str = "") -> None:
        """Begin to watch, and to serve on a port unless it is 0; with a token, to those who have it.

        Raises:
            CannotListenError: somebody else has the port, or there is no such interface.
        """
        if port:
            with listening_on(host, port, settings="STAMGAST_METRICS_HOST and STAMGAST_METRICS_PORT"):
                self._server = _server_on(host)((host, port), _handler(self, token))
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        if self._server is not None:
            threading.Thread(target=self._server.serve_forever, args=(_ASKED_S,), name="health", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._ended.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def healthy(self) -> bool:
        """Say whether the loop runs and every service fetches."""
        return self._silence() < _SICK_S and not self._not_consuming()

    @property
    def ready(self) -> bool:
        """Say whether nothing is `missing` and every service is in its group and works all its partitions."""
        return self.healthy and not self._missing() and all(service.ready for service in self._services)

    def notes(self) -> str:
        """What is missing, and what is wrong with somebody's part of the work, a line each."""
        return "".join(f"{note}\n" for note in (*self._missing(), *self._notes()))

    def metrics(self) -> bytes:
        """Return the figures in Prometheus' text format."""
        self._measure()
        return generate_latest(self._metrics.registry)

    def _silence(self) -> float:
        return time.monotonic() - self._beaten

    def _not_consuming(self) -> list[str]:
        now = time.monotonic()
        if now - self._began < self._start_limit_s:
            return []
        return [
            service.job.name
            for service in self._services
            if (not service.joined.is_set() and now - service.left_at > self._start_limit_s)
            or now - service.polled_at > self._start_limit_s
        ]  # fmt: skip

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK_S):
            # Looks are counted, not only time: a process that was paused and woke has done nothing wrong.
            self._looks_since_beat += 1
            if self._silence() > self._stall_limit_s and self._looks_since_beat > self._stall_limit_s / _LOOK_S:
                _end("the loop stands still", EXIT_STUCK)
            idle = self._not_consuming()
            self._idle_looks = self._idle_looks + 1 if idle else 0
            if self._idle_looks > _IDLE_LOOKS:
                _end(f"not consuming: {', '.join(idle)}", EXIT_STUCK)


def end_within(seconds: float, code: int) -> threading.Timer:
    """End the process then, unless it ended or the timer was cancelled: a broken loop may never stop in order."""
    timer = threading.Timer(seconds, _end, ("it did not stop in time", code))
    timer.daemon = True
    timer.start()
    return timer


def _end(why: str, code: int) -> None:
    log.critical("the worker ends itself", why=why, threads=_where_threads_stand())
    end_process(code)


def _where_threads_stand() -> str:
    """There is no asking later."""
    with tempfile.TemporaryFile("w+") as told:
        faulthandler.dump_traceback(told)
        told.seek(0)
        return told.read()


def end_process(code: int) -> NoReturn:
    """End this process now, whatever its threads and tasks still do: none of them may keep a supervisor waiting."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


class _Server(ThreadingHTTPServer):
    """Says what went wrong with a request as everything is said; the standard library prints a traceback of its own."""

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  theirs is the signature
        """Be silent about whoever hung up before the answer was written."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            log.error("a probe or a scrape failed", why=repr(error), exc_info=error)


def _server_on(host: str) -> type[_Server]:
    class Server(_Server):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    return Server


def _handler(watchdog: Watchdog, token: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _ASK_WITHIN_S

        def do_GET(self) -> None:
            known = may_look(self.headers.get("Authorization", ""), token)
            answers: dict[str, Callable[[], tuple[int, bytes]]] = {
                "/healthz": lambda: _answer(watchdog.healthy),
                "/readyz": lambda: _answer(watchdog.ready, watchdog.notes() if known else ""),
                "/metrics": lambda: (200, watchdog.metrics()) if known else (401, b"send the token\n"),
            }
            status, body = answers.get(self.path.partition("?")[0], lambda: (404, b"not here\n"))()
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", "Bearer")
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Probes every few seconds are no news."""

    return Handler


def _answer(good: bool, notes: str = "") -> tuple[int, bytes]:
    status, word = (200, "ok") if good else (503, "not now")
    return status, f"{word}\n{notes}".encode()
