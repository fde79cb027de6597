"""Is what was forgotten really gone from Kafka's files?

A record that forgets (a tombstone, or an alias without its customer) leaves the older ones in the log's files until the
broker compacts them: a day or two later, and only in files that something has been appended after.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Millis
from stamgast.identity.records import Alias, decode_entry, split_key
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics

_WHAT: Final = {"k": "data key", "p": "profile", "a": "identifier"}


@dataclass(frozen=True, slots=True)
class Left:
    """What was forgotten and still stands in a log's files."""

    merchant: str
    what: str
    """`data key`, `profile` or `identifier`."""
    of: str
    """The customer's id; of an identifier its hash."""
    since: Millis
    """When Kafka had the record that forgets it."""


@dataclass(frozen=True, slots=True)
class _Entry:
    holds: bool
    """Something older in the log says more than the newest record."""
    forgotten_at: Millis | None


async def left_in_logs(reader: LogReader, topics: Topics) -> list[Left]:
    """Everything that was forgotten and can still be read in the logs, the longest forgotten first."""
    entries: dict[tuple[str, str, str], _Entry] = {}
    async for record in _records(reader, topics):
        try:
            name = split_key(record.key or b"")
        except ValueError:  # none of ours
            continue
        before = entries.get(name)
        if _says_something(record.value):
            entries[name] = _Entry(holds=True, forgotten_at=None)
        elif before is not None and before.holds:
            entries[name] = _Entry(holds=True, forgotten_at=before.forgotten_at or record.timestamp)
    return sorted(
        (
            Left(merchant, _WHAT[letter], whose, entry.forgotten_at)
            for (merchant, letter, whose), entry in entries.items()
            if entry.holds and entry.forgotten_at is not None and letter in _WHAT
        ),
        key=lambda left: (left.since, left.what, left.of),
    )


def _says_something(value: bytes | None) -> bool:
    """Whether a record tells of a person: a tombstone does not, and neither does an alias of nobody."""
    if not value:
        return False
    try:
        entry = decode_entry(value)
    except UNREADABLE:
        return True
    return not (isinstance(entry, Alias) and not entry.customer)


async def _records(reader: LogReader, topics: Topics) -> AsyncIterator[Any]:
    for name in (topics.identity_keys, topics.identities):
        for partition in range(topics.partitions):
            async for piece in reader.read_all(name, partition):
                for record in piece:
                    yield record
