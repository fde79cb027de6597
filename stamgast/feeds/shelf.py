"""What commands read of `feeds.v1`, and append to it; returns once Kafka has it."""

from collections.abc import Sequence

from stamgast.feeds.record import Written
from stamgast.feeds.table import FeedTable
from stamgast.log.tables import append_records, read_table


async def read_feeds(bootstrap: str, topic: str) -> FeedTable:
    """Everything that is in force now."""
    return await read_table(FeedTable(), bootstrap, topic)


async def append_feeds(bootstrap: str, topic: str, records: Sequence[Written]) -> None:
    """Bring records into force. Raises `NotAppendedError`."""
    await append_records(bootstrap, topic, records, "stamgast-feeds")
