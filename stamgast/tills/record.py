"""Connections, their cursors and what else is known of them, as it stands on `connections.v1`: the newest counts."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from stamgast.domain.feed_health import FeedStats
from stamgast.domain.units import DAY, Millis
from stamgast.pos.connections import Connection
from stamgast.pos.roles import Role

BACK: Final = 4 * DAY
"""So far a long look goes back, at least, once there is so much behind it."""
_DAYS_KEPT: Final = 6
_CONNECTION: Final = "connection"
_CURSOR: Final = "cursor"
_RENEWED: Final = "renewed"
_SUBSCRIPTION: Final = "subscription"
_FEED: Final = "feed"
_KINDS: Final = (_CONNECTION, _CURSOR, _RENEWED, _SUBSCRIPTION, _FEED)


class Name(NamedTuple):
    """Which connection of which merchant."""

    merchant: str
    connection: str


class ConnectionRecord(Struct, frozen=True, omit_defaults=True):
    """A connection, and since when it stands so."""

    merchant: str
    name: str
    system: str
    at: Millis
    account: str = ""
    stores: Mapping[str, str] = {}
    sealed: Mapping[str, tuple[str, ...]] = {}
    api_url: str = ""
    mapping: dict[str, Any] | None = None
    role: Role = Role.SALE

    @property
    def connection(self) -> Connection:
        """What adapters and doors work with."""
        own = (self.merchant, self.name, self.system, self.account, self.stores, self.sealed)
        return Connection(*own, api_url=self.api_url, mapping=self.mapping, role=self.role)


class CursorRecord(Struct, frozen=True, omit_defaults=True):
    """How far a connection was polled: everything before it is in Kafka."""

    cursor: str
    at: Millis
    """When it was polled last."""
    days: tuple[tuple[Millis, str], ...] = ()
    """Where it stood on the days before, oldest first: a long look begins there."""
    nightly_at: Millis = 0
    failing_since: Millis = 0
    """When polling began to fail; 0 if it does not."""
    trouble: str = ""

    def moved(self, cursor: str, at: Millis) -> "CursorRecord":
        """The same, after a look that ended there."""
        days = self.days
        if not days or at - days[-1][0] >= DAY:
            days = (*days, (at, self.cursor))[-_DAYS_KEPT:]
        return CursorRecord(cursor, at, days, self.nightly_at)

    def begin(self, at: Millis) -> str:
        """Where a long look begins: where a look began `BACK` ago, or the oldest that is known."""
        before = [cursor for moment, cursor in self.days if at - moment >= BACK]
        return before[-1] if before else (self.days[0][1] if self.days else self.cursor)


class RenewedRecord(Struct, frozen=True, omit_defaults=True):
    """Secrets that took the place of those that the shop gave, sealed; each as long as the shop gives no other."""

    of: Mapping[str, str]
    """By name, which sealed secret of the connection's record it took the place of; empty where there was none."""
    sealed: Mapping[str, str]

    def over(self, connection: Connection) -> Connection:
        """The connection with these ahead of its own."""
        sealed = dict(connection.sealed)
        for name, secret in self.sealed.items():
            own = connection.sealed.get(name, ())
            if self.of.get(name, "") == (own[0] if own else ""):
                sealed[name] = (secret, *own)
        return replace(connection, sealed=sealed)


class SubscriptionRecord(Struct, frozen=True, omit_defaults=True):
    """What is known of a connection's webhooks at its system."""

    seen_at: Millis = 0
    """When they were there last; 0: never, so that nobody makes them again."""
    made_at: Millis = 0
    """When they were made last by us."""
    trouble: str = ""
    failing_since: Millis = 0
    """When that began; 0: there is none."""


def record_of(connection: Connection, at: Millis) -> ConnectionRecord:
    """What is appended for a connection."""
    return ConnectionRecord(
        connection.merchant,
        connection.name,
        connection.system,
        at,
        connection.account,
        dict(connection.stores),
        dict(connection.sealed),
        connection.api_url,
        None if connection.mapping is None else dict(connection.mapping),
        connection.role,
    )


def connection_key(name: Name) -> bytes:
    """The key of a connection's record."""
    return _key(_CONNECTION, name)


def cursor_key(name: Name) -> bytes:
    """The key of its cursor's record."""
    return _key(_CURSOR, name)


def renewed_key(name: Name) -> bytes:
    """The key of what took the place of its secrets."""
    return _key(_RENEWED, name)


def subscription_key(name: Name) -> bytes:
    """The key of what is known of its webhooks."""
    return _key(_SUBSCRIPTION, name)


def feed_key(merchant: str, store: str) -> bytes:
    """The key of what is usual for a store."""
    return _key(_FEED, Name(merchant, store))


def _key(kind: str, name: Name) -> bytes:
    return f"{kind}:{name.merchant}:{name.connection}".encode()


def read_key(key: bytes | None) -> tuple[str, Name] | None:
    """Which kind of record it is, and whose; None for nothing of ours."""
    kind, _, rest = (key or b"").decode(errors="replace").partition(":")
    merchant, _, connection = rest.partition(":")
    return (kind, Name(merchant, connection)) if kind in _KINDS and connection else None


def is_connection(kind: str) -> bool:
    """Whether a kind of record is a connection's own."""
    return kind == _CONNECTION


encode_connection = Encoder().encode
decode_connection = Decoder(ConnectionRecord).decode
encode_cursor = Encoder().encode
encode_renewed = Encoder().encode
encode_subscription = Encoder().encode
encode_feed = Encoder().encode

DECODERS: Final[Mapping[str, Callable[[bytes], Any]]] = {
    _CURSOR: Decoder(CursorRecord).decode,
    _RENEWED: Decoder(RenewedRecord).decode,
    _SUBSCRIPTION: Decoder(SubscriptionRecord).decode,
    _FEED: Decoder(FeedStats).decode,
}
"""What reads the records beside the connections' own, by their kind."""
