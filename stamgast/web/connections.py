"""How many connections there are and how long one may wait: whoever says nothing costs others nothing.

A connection waits until a whole request is there, and again from its answer on. One that waits too long is closed. When
there are too many of one address, or of all, the one that has waited longest makes room for the one that comes.
"""

from __future__ import annotations

import asyncio
import ipaddress
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_S: Final = 10.0
"""Within this a whole request is there, or the connection is closed."""
BYTES_A_SECOND: Final = 100_000
"""What has come so fast earns a large body the time that it needs."""
_TO_ANSWER_S: Final = 2.0
"""So much longer is waited for a body: its reader says why it gives up."""
_SPARE_FILES: Final = 256


@dataclass(eq=False, slots=True)
class _Of:
    """The connections of one address; those that wait, longest first."""

    open: int = 0
    waiting: dict[Watched, None] = field(default_factory=dict)


class Connections:
    """All open connections of a server. `on_drop` is told why one was closed."""

    def __init__(
        self,
        *,
        most: int = 2_000,
        per_address: int = 100,
        proxies: Sequence[str] = (),
        request_s: float = REQUEST_S,
        on_drop: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._most = most
        self._per_address = per_address
        self._proxies = [ipaddress.ip_network(each) for each in proxies]
        self.request_s = request_s
        self._on_drop = on_drop
        self._by_address: dict[str, _Of] = {}
        self._waiting: dict[Watched, None] = {}
        self.open = 0

    def protocol(self, **given: Any) -> Watched:
        """Make the protocol of a connection to come, as uvicorn asks for it."""
        return Watched(self, **given)

    def admit(self, connection: Watched) -> bool:
        """Count a new connection, if there is room or room can be made."""
        of = self._by_address.setdefault(connection.address, _Of())
        crowded = of.open >= self._per_address and not self._is_proxy(connection.address)
        if (crowded and not self._make_room(of.waiting, "address")) or (
            self.open >= self._most and not self._make_room(self._waiting, "all")
        ):
            self._on_drop("busy")
            if not of.open:
                del self._by_address[connection.address]
            return False
        of = self._by_address.setdefault(connection.address, of)
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

    def drop(self, connection: Watched, why: str) -> None:
        """Close it at once."""
        self._on_drop(why)
        connection.leave()

    def _make_room(self, waiting: dict[Watched, None], why: str) -> bool:
        longest = next(iter(waiting), None)
        if longest is not None:
            self.drop(longest, why)
        return longest is not None

    def _is_proxy(self, address: str) -> bool:
        try:
            found = ipaddress.ip_network(address).network_address
        except ValueError:
            return False
        return any(found in network for network in self._proxies)


class Watched(H11Protocol):
    """Uvicorn's HTTP protocol, which also says whether it waits for a request."""

    def __init__(self, connections: Connections, **given: Any) -> None:
        super().__init__(**given)
        self._connections = connections
        self.address = ""
        self._admitted = False
        self._waits = False
        self._since = 0.0
        self._bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, or close it at once."""
        super().connection_made(transport)
        self.address = address_of(self.client[0] if self.client else "")
        self._admitted = self._connections.admit(self)
        if self._admitted:
            self._look()
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed."""
        self.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        if not self._admitted:
            return
        self._bytes += len(data)
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        """The other side does not read: not for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self._connections.request_s, self._connections.drop, self, "unread")

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._cancel(self._stalled)

    def leave(self) -> None:
        """Close it at once, if it is open, and be counted no more."""
        if not self._admitted:
            return
        self._admitted = self._waits = False
        self._cancel(self._deadline)
        self._cancel(self._stalled)
        self._connections.forget(self)
        self.transport.abort()

    def _look(self) -> None:
        cycle: Any = self.cycle  # None before the first request
        whole = cycle is not None and not cycle.response_complete and not cycle.more_body
        if whole == self._waits and self._admitted:
            self._waits = not whole
            self._cancel(self._deadline)
            if whole:
                self._connections.works(self)
                return
            self._since, self._bytes = self.loop.time(), 0
            self._connections.waits(self)
            self._watch_until(self._since + self._connections.request_s)

    def _watch_until(self, moment: float) -> None:
        self._deadline = self.loop.call_at(moment, self._judge)

    def _judge(self) -> None:
        limit = self._since + self._connections.request_s
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            limit += self._bytes / BYTES_A_SECOND + _TO_ANSWER_S
        if self.loop.time() < limit:
            self._watch_until(limit)
        else:
            self._connections.drop(self, "slow")

    @staticmethod
    def _cancel(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


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
