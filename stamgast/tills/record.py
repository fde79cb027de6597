"""Connections and their cursors as they stand on `connections.v1`: the newest of each counts; secrets are sealed."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from stamgast.domain.units import Millis
from stamgast.pos.connections import Connection

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

    @property
    def connection(self) -> Connection:
        """What adapters and doors work with."""
        return Connection(
            self.merchant, self.name, self.system, self.account, self.stores, self.sealed, api_url=self.api_url
        )


class CursorRecord(Struct, frozen=True):
    """How far a connection was polled: everything before it is in Kafka."""

    cursor: str
    at: Millis


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
