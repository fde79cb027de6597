"""What commands read of `feeds.v1`, and append to it; returns once Kafka has it."""

from collections.abc import Sequence

from stamgast.feeds.record import Written
from stamgast.feeds.table import FeedTable
from stamgast.log.appender import Appender
from stamgast.log.reading import LogReader


async def read_feeds(bootstrap: str, topic: str) -> FeedTable:
    """Everything that is in force now."""
    table = FeedTable()
    async with LogReader(bootstrap) as reader:
        async for records in reader.read_all(topic, 0):
            await table.apply(records, {})
    await table.open()
    return table


async def append_feeds(bootstrap: str, topic: str, records: Sequence[Written]) -> None:
    """Bring records into force. Raises `NotAppendedError`."""
    appender = Appender(bootstrap, {topic: 1}, client_id="stamgast-feeds")
    try:
        await appender.append(topic, records)
    finally:
        await appender.close()
