"""How many connections there are and how long one may wait: whoever says nothing costs others nothing.

A connection waits until a whole request is there, and again from its answer on. One that has a request half said and
waits too long is closed. When there are too many of one address, or of all, those that have waited longest make room.
Requests are bounded too: of one address and of all only so many are answered at once, and others get 503. Urgent ones
stand outside of that: a carrier posts a STOP once, and what tills fill must not keep it out.
"""

from __future__ import annotations

import asyncio
import fcntl
import ipaddress
import resource
import termios
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from starlette.types import Receive, Scope, Send

from stamgast.web.one_write import OneWrite
from stamgast.web.problem import unavailable
from stamgast.web.short_way import ShortWay

WHOLE: Final = "whole"
"""In a request's state, once all of its body has come: who reads it need not watch the time."""
REQUEST_S: Final = 10.0
"""Within this a whole request is there, or the connection is closed."""
BYTES_A_SECOND: Final = 100_000
"""What has come so fast earns a large body the time that it needs."""
_TO_ANSWER_S: Final = 2.0
"""So much longer is waited for a body: its reader says why it gives up."""
_SETTLING_S: Final = 2.0
"""Whoever came so lately is about to say something, and makes no room; nor does whoever has said what is not read yet,
however long ago that was.
"""
_LARGEST_HEAD: Final = 65_536
"""Bytes of a request's line and headers."""
_MOST_AHEAD: Final = 16
"""Requests that one connection has sent ahead of their answers."""
_SPARE_FILES: Final = 256


@dataclass(eq=False, slots=True)
class _Of:
    """The connections of one address; those that wait, longest first; how many requests of it are being answered."""

    open: int = 0
    waiting: dict[Watched, None] = field(default_factory=dict)
    asking: int = 0


class Connections:
    """All open connections of a server. `on_drop` is told why one was closed; `is_urgent` judges a request's path.

    `most` and `per_address` bound the requests that are answered at once, but for urgent ones, and the connections that
    wait; all of them together are at most `open_at_most`.
    """

    def __init__(
        self,
        *,
        most: int = 2_000,
        per_address: int = 100,
        open_at_most: int | None = None,
        proxies: Sequence[str] = (),
        request_s: float = REQUEST_S,
        settling_s: float = _SETTLING_S,
        is_urgent: Callable[[bytes], bool] = lambda _: False,
        on_drop: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._most = most
        self._per_address = per_address
        self._open_at_most = open_at_most or most
        self._proxies = [ipaddress.ip_network(each) for each in proxies]
        self.request_s = request_s
        self._settling_s = settling_s
        self.is_urgent = is_urgent
        self._on_drop = on_drop
        self._by_address: dict[str, _Of] = {}
        self._waiting: dict[Watched, None] = {}
        self.open = 0
        self._asking = 0

    def protocol(self, **given: Any) -> Watched:
        """Make the protocol of a connection to come, as uvicorn asks for it."""
        return Watched(self, **given)

    def admit(self, connection: Watched) -> bool:
        """Count a new connection, if there is room or room can be made."""
        of = self._by_address.get(connection.address) or _Of()
        now = connection.loop.time()
        if not self._is_proxy(connection.address):
            self._make_room(of.waiting, of.open + 1 - self._per_address, now, "address")
        self._make_room(self._waiting, self.open + 1 - self._most, now, "all")
        if self.open >= self._open_at_most:
            self._on_drop("busy")
            return False
        of = self._by_address.setdefault(connection.address, of)  # it went, if the last of its address made room
        of.open += 1
        self.open += 1
        return True

    def forget(self, connection: Watched) -> None:
        """It is closed."""
        self.works(connection)
        of = self._by_address[connection.address]
        of.open -= 1
        self.open -= 1
        if not of.open:
            del self._by_address[connection.address]

    def waits(self, connection: Watched) -> None:
        """From now on it waits for a request."""
        self._waiting[connection] = self._by_address[connection.address].waiting[connection] = None

    def works(self, connection: Watched) -> None:
        """It waits no longer."""
        self._waiting.pop(connection, None)
        self._by_address[connection.address].waiting.pop(connection, None)

    def takes(self, connection: Watched) -> bool:
        """Count a request that is to be answered, if it may be: `settles` follows."""
        of = self._by_address[connection.address]
        crowded = of.asking >= self._per_address and not self._is_proxy(connection.address)
        if crowded or self._asking >= self._most:
            self._on_drop("busy")
            return False
        of.asking += 1
        self._asking += 1
        return True

    def settles(self, connection: Watched) -> None:
        """It is answered, or nobody waits for the answer any more."""
        self._by_address[connection.address].asking -= 1
        self._asking -= 1

    def drop(self, connection: Watched, why: str) -> None:
        """Close it at once."""
        self._on_drop(why)
        connection.leave()

    def _make_room(self, waiting: dict[Watched, None], too_many: int, now: float, why: str) -> None:
        for _ in range(len(waiting)):
            longest = next(iter(waiting), None)
            if too_many <= 0 or longest is None or now - longest.since < self._settling_s:
                return
            if longest.has_spoken():
                self.works(longest)
                self.waits(longest)  # behind all others: its turn to be read is to come
            else:
                self.drop(longest, why)
                too_many -= 1

    def _is_proxy(self, address: str) -> bool:
        if not self._proxies:
            return False
        try:
            found = ipaddress.ip_network(address).network_address
        except ValueError:
            return False
        return any(found in network for network in self._proxies)


class Watched(ShortWay):
    """Uvicorn's HTTP protocol with a short way, which also says whether it waits for a request."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._connections = connections
        self.address = ""
        self._admitted = False
        self._waits = False
        self._asks = False
        self._messages = 0
        self._beside = 0
        """Bytes of this request that are not its body: its line, its headers, what frames chunks."""
        self._body = 0
        self.since = 0.0
        """Since when it waits, or since when something of the request has come (the loop's time)."""
        self._bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, or close it at once."""
        self._writes = OneWrite(transport)
        super().connection_made(cast("asyncio.Transport", self._writes))
        self.address = address_of(self.client[0] if self.client else "")
        self._admitted = self._connections.admit(self)
        if self._admitted:
            self._look()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        self.leave()
        self._cancel(self.timeout_keep_alive_task)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if not self._admitted:
            return
        if not self._bytes and self.cycle is not None:
            self.since = self.loop.time()  # it was kept and said nothing, and now it begins to say something
        self._bytes += len(data)
        messages = self._messages
        super().data_received(data)
        if messages == self._messages:
            self._beside += len(data)
            if self._beside > _LARGEST_HEAD + self._body and not self.transport.is_closing():
                self.send_400_response("The request's headers are too large.")
        self._look()

    def on_headers_complete(self) -> None:
        """Answer it; with 503 where too many others are being answered, unless it is urgent."""
        if len(self.pipeline) >= _MOST_AHEAD:
            raise ValueError("too many requests ahead of their answers")  # the parser says so, and 400 is answered
        self.app = self._own_app
        if not self._asks and not self._connections.is_urgent(self.url):
            self._asks = self._connections.takes(self)
            if not self._asks:
                self.app = _too_busy
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of it is there."""
        self._body += len(body)
        self._beside -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it is there; what comes next is another request."""
        self._messages += 1
        self._beside = self._body = 0
        self.scope["state"][WHOLE] = True
        if self.cycle.response_complete:  # its answer did not wait for it
            self.since, self._bytes = self.loop.time(), 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._writes.flush()
        if self.pipeline:
            super().on_response_complete()  # it is begun
        else:
            self._settle()
            self._rest()
        self._look()

    def timeout_keep_alive_handler(self) -> None:
        """Close it if it has said nothing since its last answer, for so long; else look again when it may be time."""
        self.timeout_keep_alive_task = None
        if not self._waits or self._bytes:
            return  # it is at work, and begins to rest when that is answered
        left = self.since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def pause_writing(self) -> None:
        """The other side does not read: not for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self._connections.request_s, self._connections.drop, self, "unread")

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._cancel(self._stalled)

    def has_spoken(self) -> bool:
        """Whether something has come that is not read yet: where thousands come at once, that takes its time."""
        there = bytearray(4)
        try:
            fcntl.ioctl(self.transport.get_extra_info("socket").fileno(), termios.FIONREAD, there)
        except (OSError, AttributeError):  # it is closed, or no socket
            return False
        return any(there)

    def leave(self) -> None:
        """Close it at once, if it is open, and be counted no more."""
        if not self._admitted:
            return
        self._settle()
        self._admitted = self._waits = False
        self._cancel(self._deadline)
        self._cancel(self._stalled)
        self._connections.forget(self)
        self.transport.abort()

    def _rest(self) -> None:
        """As uvicorn does it, without a timer that each request sets anew: one in 75 s looks how long it has rested."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _unset_keepalive_if_required(self) -> None:
        """It looks by itself."""

    def _settle(self) -> None:
        if self._asks:
            self._asks = False
            self._connections.settles(self)

    def _look(self) -> None:
        cycle: Any = self.cycle  # None before the first request
        whole = bool(self.pipeline) or (cycle is not None and not cycle.response_complete and not cycle.more_body)
        if whole == self._waits and self._admitted:
            self._waits = not whole
            if whole:
                self._connections.works(self)
                return
            self.since, self._bytes = self.loop.time(), 0
            self._connections.waits(self)
            if self._deadline is None:
                self._watch_until(self.since + self._connections.request_s)

    def _watch_until(self, moment: float) -> None:
        self._deadline = self.loop.call_at(moment, self._judge)

    def _judge(self) -> None:
        """Close it if a request is half said for too long. Looked at as often as that, so that no request sets a timer.

        One that was answered and says nothing more is uvicorn's to close: it may stay for longer.
        """
        self._deadline = None
        if not self._waits:
            return
        now, limit = self.loop.time(), self.since + self._connections.request_s
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            limit += self._bytes / BYTES_A_SECOND + _TO_ANSWER_S
        elif cycle is not None and not self._bytes:
            limit = now + self._connections.request_s
        if now < limit:
            self._watch_until(limit)
        else:
            self._connections.drop(self, "slow")

    @staticmethod
    def _cancel(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


async def _too_busy(scope: Scope, receive: Receive, send: Send) -> None:
    problem = unavailable("Too many requests are being answered now. Nothing of this one was taken. Send it again.")
    problem.headers["Connection"] = "close"
    await problem.response()(scope, receive, send)


def address_of(host: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host
    if found.version == 4:
        return str(found)
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))


def allow_files(wanted: int) -> int:
    """Raise this process's limit of open files as far as is needed; say how many connections fit under it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _SPARE_FILES
    if soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, min(wanted, soft - _SPARE_FILES))
