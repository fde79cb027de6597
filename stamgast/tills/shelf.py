"""What commands read of `connections.v1`, and append to it; returns once Kafka has it."""

from collections.abc import Sequence

from stamgast.log.appender import Appender
from stamgast.log.reading import LogReader
from stamgast.tills.record import ConnectionRecord, Name, connection_key, encode_connection
from stamgast.tills.table import ConnectionTable


async def read_connections(bootstrap: str, topic: str) -> ConnectionTable:
    """Everything that is in force now."""
    table = ConnectionTable()
    async with LogReader(bootstrap) as reader:
        async for records in reader.read_all(topic, 0):
            await table.apply(records, {})
    await table.open()
    return table


async def append_connections(bootstrap: str, topic: str, records: Sequence[ConnectionRecord]) -> None:
    """Bring connections into force. Raises `NotAppendedError`."""
    named = [(connection_key(Name(each.merchant, each.name)), encode_connection(each)) for each in records]
    await _append(bootstrap, topic, named)


async def remove_connection(bootstrap: str, topic: str, name: Name) -> None:
    """End a connection. Raises `NotAppendedError`."""
    await _append(bootstrap, topic, [(connection_key(name), None)])


async def _append(bootstrap: str, topic: str, records: Sequence[tuple[bytes, bytes | None]]) -> None:
    appender = Appender(bootstrap, {topic: 1}, client_id="stamgast-pos")
    try:
        await appender.append(topic, records)
    finally:
        await appender.close()
