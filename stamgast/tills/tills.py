"""Everything that doors and polls need of connected tills, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError

from stamgast.pos.adapter import Adapter
from stamgast.pos.connections import WEBHOOK, Connection, PosSeal
from stamgast.pos.registry import BadAdapterError, Registry
from stamgast.tills.client import Apis
from stamgast.tills.feeds import FeedBook
from stamgast.tills.gathering import Gathering
from stamgast.tills.letters import Letters
from stamgast.tills.payments import Payments
from stamgast.tills.record import Name
from stamgast.tills.renewal import Append
from stamgast.tills.subscriptions import Subscriptions
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
    payments: Payments
    gathering: Gathering = field(default_factory=Gathering)
    _mapped: dict[Name, tuple[Mapping[str, Any], Adapter]] = field(default_factory=dict)
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

    def adapter(self, connection: Connection) -> Adapter:
        """What reads a connection's system, or its mapping. Raises `UnknownSystemError`, `BadAdapterError`."""
        if connection.mapping is None:
            return self.registry.get(connection.system)
        name = Name(connection.merchant, connection.name)
        known = self._mapped.get(name)
        if known is None or known[0] is not connection.mapping:
            known = self._mapped[name] = (connection.mapping, mapped_till(connection.mapping))
        return known[1]

    def is_signed(self, adapter: Adapter, connection: Connection) -> bool:
        """Whether this connection's webhooks are signed: its system can, and its secret is there."""
        can = adapter.capabilities.signed and not is_proven_by_address(adapter)
        return can and bool(connection.sealed.get(WEBHOOK))

    def is_believed(self, adapter: Adapter, connection: Connection) -> bool:
        """Whether what they say counts without being read again."""
        return self.is_signed(adapter, connection) or is_proven_by_address(adapter)

    def subscriptions(self, append: Append, topic: str, public_url: str) -> Subscriptions | None:
        """What looks after webhooks at this address; None where new secrets could not be kept."""
        renewals = self.apis.renewals
        if renewals is None:
            return None
        return Subscriptions(self.connections, self.seal, renewals, append, topic, public_url)


def is_proven_by_address(adapter: Adapter) -> bool:
    """Whether a mapping says that its secret address is proof enough."""
    return bool(getattr(adapter, "by_address", False))


def mapped_till(mapping: Mapping[str, Any]) -> Adapter:
    """The adapter of a mapping. Raises `BadAdapterError`: it was written by a later version."""
    # Imported here: only who has a mapping needs a library for paths.
    from stamgast.pos.generic.adapter import MappedTill  # noqa: PLC0415
    from stamgast.pos.mapping import Mapping as Model  # noqa: PLC0415

    try:
        return MappedTill(Model.model_validate(mapping))
    except ValidationError as error:
        raise BadAdapterError(f"the mapping cannot be used: {error.error_count()} mistakes") from None
