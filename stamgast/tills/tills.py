"""Everything that doors and polls need of connected tills, in one place."""

from dataclasses import dataclass, field
from typing import Final

from stamgast.pos.adapter import Adapter
from stamgast.pos.connections import Connection, PosSeal
from stamgast.pos.registry import Registry
from stamgast.tills.client import Apis
from stamgast.tills.feeds import FeedBook
from stamgast.tills.letters import Letters
from stamgast.tills.table import ConnectionTable

_MOST_OPENED: Final = 10_000


@dataclass
class Tills:
    """See the module."""

    registry: Registry
    connections: ConnectionTable
    seal: PosSeal
    letters: Letters
    apis: Apis
    feeds: FeedBook
    _opened: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = field(default_factory=dict)

    def secrets(self, connection: Connection, name: str) -> list[str]:
        """A connection's secrets of a name, opened once; none where it has none. Raises `SecretError`."""
        sealed = connection.sealed.get(name)
        if sealed is None:
            return []
        key = (connection.merchant, connection.name, name, sealed)
        if key not in self._opened:
            if len(self._opened) >= _MOST_OPENED:
                self._opened.clear()
            self._opened[key] = self.seal.open(connection, name)
        return self._opened[key]

    def is_signed(self, adapter: Adapter, connection: Connection) -> bool:
        """Whether this connection's webhooks are signed: its system can, and its secret is there."""
        return adapter.capabilities.signed and bool(connection.sealed.get("webhook"))
