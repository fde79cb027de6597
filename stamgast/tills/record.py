"""Connections and their cursors as they stand on `connections.v1`: the newest of each counts; secrets are sealed."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from stamgast.domain.units import DAY, Millis
from stamgast.pos.connections import Connection, Role

BACK: Final = 4 * DAY
"""So far a long look goes back, at least, once there is so much behind it."""
_DAYS_KEPT: Final = 6
_CONNECTION: Final = "connection"
_CURSOR: Final = "cursor"


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
    return f"{_CONNECTION}:{name.merchant}:{name.connection}".encode()


def cursor_key(name: Name) -> bytes:
    """The key of its cursor's record."""
    return f"{_CURSOR}:{name.merchant}:{name.connection}".encode()


def read_key(key: bytes | None) -> tuple[str, Name] | None:
    """Which kind of record it is, and whose; None for nothing of ours."""
    kind, _, rest = (key or b"").decode(errors="replace").partition(":")
    merchant, _, connection = rest.partition(":")
    return (kind, Name(merchant, connection)) if kind in (_CONNECTION, _CURSOR) and connection else None


def is_cursor(kind: str) -> bool:
    """Whether a kind of record is a cursor's."""
    return kind == _CURSOR


encode_connection = Encoder().encode
decode_connection = Decoder(ConnectionRecord).decode
encode_cursor = Encoder().encode
decode_cursor = Decoder(CursorRecord).decode
