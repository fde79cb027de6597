"""What commands read of `connections.v1`, and append to it; returns once Kafka has it."""

from collections.abc import Sequence
from typing import Final

from stamgast.log.tables import append_records, read_table
from stamgast.tills.record import ConnectionRecord, Name, connection_key, encode_connection
from stamgast.tills.table import ConnectionTable

_CLIENT: Final = "stamgast-pos"


async def read_connections(bootstrap: str, topic: str) -> ConnectionTable:
    """Everything that is in force now."""
    return await read_table(ConnectionTable(), bootstrap, topic)


async def append_connections(bootstrap: str, topic: str, records: Sequence[ConnectionRecord]) -> None:
    """Bring connections into force. Raises `NotAppendedError`."""
    named = [(connection_key(Name(each.merchant, each.name)), encode_connection(each)) for each in records]
    await append_records(bootstrap, topic, named, _CLIENT)


async def remove_connection(bootstrap: str, topic: str, name: Name) -> None:
    """End a connection. Raises `NotAppendedError`."""
    await append_records(bootstrap, topic, [(connection_key(name), None)], _CLIENT)
