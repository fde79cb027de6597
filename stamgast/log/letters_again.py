"""What it takes to play dead letters again, for whoever is no command: to find them, and what to append."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

import msgspec

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Millis
from stamgast.identity.sealing import SealError
from stamgast.log.dead_letters import DeadLetter, DeadLetterSeal, Stored, as_news, note_of
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics


class NotPlayableError(Exception):
    """It cannot be played again from here; the text says what can be done."""


async def find_letters(
    bootstrap: str, topics: Topics, seal: DeadLetterSeal, wanted: Collection[str]
) -> dict[str, DeadLetter]:
    """Open those of these that are there and can be opened. Raises what Kafka does."""
    found: dict[str, DeadLetter] = {}
    async with LogReader(bootstrap, client_id="stamgast-letters") as reader:
        async for records in reader.read_all(topics.dead_letters, 0):
            for record in records:
                if (record.key or b"").decode(errors="replace") not in wanted:
                    continue
                with contextlib.suppress(SealError, *UNREADABLE):
                    stored = msgspec.json.decode(record.value or b"", type=Stored)
                    if stored.sealed:
                        where = (stored.topic, stored.partition, stored.offset)
                        found[stored.id] = DeadLetter(*where, *seal.open(stored), stored.reason, stored.at)
    return found


def again(topics: Topics, letter: DeadLetter) -> tuple[str, bytes, bytes | None]:
    """Topic, key and value to append. Raises NotPlayableError."""
    if letter.topic not in {name for name, _topic in topics}:
        raise NotPlayableError("it did not come from a topic of ours: send it again at its source")
    if letter.key is None:
        raise NotPlayableError(f"it has no key: `stamgast dead-letters replay {letter.id}` puts it where it was")
    return letter.topic, letter.key, as_news(topics, letter.topic, letter.value)


def played(letter: DeadLetter, now: Millis) -> tuple[bytes, bytes]:
    """The note that it was played again, to be appended to the dead letters."""
    return note_of(letter, now)
