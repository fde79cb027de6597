"""Reads back who did what at a merchant, newest first, a bounded piece of the log at a time."""

from __future__ import annotations

from contextlib import suppress
from typing import Final, NamedTuple

from stamgast.audit.book import AuditSeal
from stamgast.audit.record import Noted, decode
from stamgast.domain.errors import UNREADABLE
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader

_PIECE: Final = 2_000
"""Records of all merchants of the partition that are looked at for one page, at least."""
_MOST: Final = 20_000
"""And at most: a merchant of whom there is little beside one of whom there is much is read a few pages further."""


class Line(NamedTuple):
    """A note with its names opened."""

    noted: Noted
    name: str
    words: str


class Lines(NamedTuple):
    """Newest first; `before` is where the next page begins, None at the log's beginning."""

    lines: list[Line]
    before: int | None


class Place(NamedTuple):
    """Where the notes stand."""

    bootstrap: str
    topic: str
    partitions: int


async def read_notes(place: Place, seal: AuditSeal, merchant: str, *, most: int, before: int | None = None) -> Lines:
    """A merchant's notes that stand before an offset of its partition, at most so many.

    Raises:
        KafkaError: Kafka does not answer.
    """
    key = merchant.encode()
    pair = (place.topic, partition_for(key, place.partitions))
    found: list[tuple[int, Noted]] = []
    async with LogReader(place.bootstrap, client_id="stamgast-audit") as reader:
        begin = next(iter((await reader.begins([pair])).values()))
        end = next(iter((await reader.ends([pair])).values()))
        upto = lowest = end if before is None else max(begin, min(before, end))
        while lowest > begin and len(found) <= most and upto - lowest < _MOST:
            start = max(begin, lowest - _PIECE)
            piece: list[tuple[int, Noted]] = []
            async for _, records in reader.read_of(*pair, start, lowest, key):
                for record in records:
                    with suppress(*UNREADABLE):
                        piece.append((record.offset, decode(record.value or b"")))
            found, lowest = piece + found, start
    shown = found[-most:]
    more = shown[0][0] if len(found) > most else lowest if lowest > begin else None
    return Lines([_line(seal, noted) for _, noted in reversed(shown)], more)


def _line(seal: AuditSeal, noted: Noted) -> Line:
    return Line(noted, seal.open(noted.id, noted.sealed_name), seal.open(noted.id, noted.sealed_words))
