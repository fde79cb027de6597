"""All connections in force and how far each was polled, in memory: a view of `connections.v1`."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from stamgast.domain.errors import UNREADABLE
from stamgast.pos.connections import Connection
from stamgast.state.views import NotLoadedError, Position
from stamgast.tills.record import CursorRecord, Name, decode_connection, decode_cursor, is_cursor, read_key


class ConnectionTable:
    """Followed by `stamgast.log.tail.Tail`."""

    def __init__(self) -> None:
        self._connections: dict[Name, Connection] = {}
        self._cursors: dict[Name, CursorRecord] = {}
        self.loaded = False

    async def positions(self) -> dict[Position, int]:
        """From the beginning, always: it is small."""
        self._connections.clear()
        self._cursors.clear()
        return {}

    async def apply(self, records: Sequence[Any], reached: Mapping[Position, int]) -> None:  # noqa: ARG002
        """Take in records."""
        for record in records:
            self.note(record.key, record.value)

    def note(self, key: bytes | None, value: bytes | None) -> None:
        """Take in one; what is nothing of ours, or is taken away, leaves nothing behind."""
        named = read_key(key)
        if named is None:
            return
        kind, name = named
        (self._cursors if is_cursor(kind) else self._connections).pop(name, None)
        with suppress(*UNREADABLE):
            if is_cursor(kind):
                self._cursors[name] = decode_cursor(value or b"")
                return
            found = decode_connection(value or b"")
            if (found.merchant, found.name) == name:
                self._connections[name] = found.connection

    async def open(self) -> None:
        """Answer from now on."""
        self.loaded = True

    def close(self) -> None:
        """Answer no more."""
        self.loaded = False

    async def intact(self) -> bool:
        """Memory forgets nothing."""
        return True

    def find(self, merchant: str, system: str, name: str = "") -> Connection | None:
        """A merchant's connection to a system: the named one, or the only one. Raises `NotLoadedError`."""
        found = [each for each in self.all(merchant) if each.system == system and name in ("", each.name)]
        return found[0] if len(found) == 1 else None

    def all(self, merchant: str = "") -> list[Connection]:
        """All of them, or a merchant's, by name. Raises `NotLoadedError`."""
        if not self.loaded:
            raise NotLoadedError("the connections to tills are still being read")
        named = sorted(self._connections.items())
        return [each for name, each in named if merchant in ("", name.merchant)]

    def cursor(self, name: Name) -> CursorRecord | None:
        """How far it was polled; None: never."""
        return self._cursors.get(name)
