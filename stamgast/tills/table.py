"""All connections in force and how far each was polled, in memory: a view of `connections.v1`."""

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.feed_health import FeedStats
from stamgast.log.tables import Table
from stamgast.pos.connections import Connection
from stamgast.state.views import NotLoadedError
from stamgast.tills.record import (
    DECODERS,
    CursorRecord,
    Name,
    RenewedRecord,
    SubscriptionRecord,
    cursor_key,
    decode_connection,
    feed_key,
    is_connection,
    read_key,
    renewed_key,
    subscription_key,
)


class ConnectionTable(Table):
    """Followed by `stamgast.log.tail.Tail`."""

    def __init__(self) -> None:
        super().__init__()
        self._filed: dict[str, dict[str, Connection]] = {}
        self._connections: dict[str, dict[str, Connection]] = {}
        """Of each merchant, by name, with what took the place of its secrets."""
        self._beside: dict[bytes, Any] = {}
        """The records beside the connections' own, by key."""

    def forget(self) -> None:
        """Begin anew."""
        self._filed.clear()
        self._connections.clear()
        self._beside.clear()

    def note(self, key: bytes | None, value: bytes | None) -> None:
        """Take in one; what is nothing of ours, or is taken away, leaves nothing behind."""
        named = read_key(key)
        if named is None or key is None:
            return
        kind, name = named
        if is_connection(kind):
            self._filed.get(name.merchant, {}).pop(name.connection, None)
            with suppress(*UNREADABLE):
                found = decode_connection(value or b"")
                if (found.merchant, found.name) == name:
                    self._filed.setdefault(name.merchant, {})[name.connection] = found.connection
        else:
            self._beside.pop(key, None)
            with suppress(*UNREADABLE):
                self._beside[key] = DECODERS[kind](value or b"")
        self._lay_over(name)

    def _lay_over(self, name: Name) -> None:
        filed = self._filed.get(name.merchant, {}).get(name.connection)
        renewed: RenewedRecord | None = self._beside.get(renewed_key(name))
        if filed is None:
            self._connections.get(name.merchant, {}).pop(name.connection, None)
            return
        theirs = self._connections.setdefault(name.merchant, {})
        theirs[name.connection] = filed if renewed is None else renewed.over(filed)

    def find(self, merchant: str, system: str, name: str = "") -> Connection | None:
        """A merchant's connection to a system: the named one, or the only one. Raises `NotLoadedError`."""
        self._check_loaded()
        theirs = self._connections.get(merchant, {})
        if name:
            named = theirs.get(name)
            return named if named is not None and named.system == system else None
        found = [each for each in theirs.values() if each.system == system]
        return found[0] if len(found) == 1 else None

    def all(self, merchant: str = "") -> list[Connection]:
        """All of them, or a merchant's, by name. Raises `NotLoadedError`."""
        self._check_loaded()
        merchants = [merchant] if merchant else sorted(self._connections)
        return [each for known in merchants for _, each in sorted(self._connections.get(known, {}).items())]

    def of(self, merchant: str) -> Collection[Connection]:
        """A merchant's in no order: a sale asks for them. Raises `NotLoadedError`."""
        self._check_loaded()
        return self._connections.get(merchant, {}).values()

    def _check_loaded(self) -> None:
        if not self.loaded:
            raise NotLoadedError("the connections to tills are still being read")

    def filed(self, merchant: str) -> list[Connection]:
        """A merchant's as their files have them, by name."""
        return [each for _, each in sorted(self._filed.get(merchant, {}).items())]

    def cursor(self, name: Name) -> CursorRecord | None:
        """How far it was polled; None: never."""
        return self._beside.get(cursor_key(name))

    def renewed(self, name: Name) -> RenewedRecord:
        """What took the place of its secrets."""
        return self._beside.get(renewed_key(name)) or RenewedRecord({}, {})

    def subscription(self, name: Name) -> SubscriptionRecord:
        """What is known of its webhooks."""
        return self._beside.get(subscription_key(name)) or SubscriptionRecord()

    def feed(self, merchant: str, store: str) -> FeedStats | None:
        """What was usual for a store when that was written down last; None: never."""
        return self._beside.get(feed_key(merchant, store))
