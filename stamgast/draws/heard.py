"""What the logs say of draws: each partition's own events, and every entry as `facts.v1` tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from stamgast.domain.draw_events import DrawCalled, DrawDrawn, DrawOpened, DrawTicketed
from stamgast.domain.draws import LOST, PASSED, WON
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import decode_event
from stamgast.domain.told import Line, Told, decode_line
from stamgast.domain.units import Millis
from stamgast.domain.urns import Name
from stamgast.log.reading import ConsumerRecord, LogReader
from stamgast.log.topics import Topics

ENTERED: Final = "entered"
LEFT: Final = "left"
_OF_DRAWS: Final = b"draw"
"""Stands in every record that is about one, as everything else that is read here does not."""


class Made(NamedTuple):
    """An entry that stands: the partition of its customer, and the log's time of the line that told it first."""

    partition: int
    appended_at: Millis


@dataclass(slots=True)
class Heard:
    """What was said of one draw; of what a partition said twice the first time counts."""

    opened: dict[int, tuple[str, Millis]] = field(default_factory=dict)
    """Partition -> the hash of the seed, and the log's time of it."""
    called: dict[int, DrawCalled] = field(default_factory=dict)
    told: dict[int, DrawTicketed] = field(default_factory=dict)
    drawn: dict[int, dict[int, DrawDrawn]] = field(default_factory=dict)
    """Number -> partition -> what was drawn."""
    entries: dict[tuple[str, str], Made] = field(default_factory=dict)
    """(customer, entry) -> when and where it was told."""
    first_entry: dict[int, Millis] = field(default_factory=dict)
    """Partition -> the log's time of the first line about an entry there."""
    won: dict[str, list[str]] = field(default_factory=dict)
    """Customer -> rewards that they were given."""
    hits: dict[tuple[str, str], str] = field(default_factory=dict)
    """Of an instant win: (customer, entry) -> the reward; empty for nothing."""
    out_of_stock: set[tuple[str, str]] = field(default_factory=set)
    """Entries that hit a prize of which there was none left."""

    @property
    def newest(self) -> DrawDrawn | None:
        """What holds now; None before it is drawn."""
        numbers = sorted(self.drawn)
        return next(iter(self.drawn[numbers[-1]].values())) if numbers else None


async def hear(bootstrap: str, topics: Topics, merchant: str = "") -> dict[Name, Heard]:
    """Read the logs to their ends.

    Raises:
        KafkaError, LogTruncatedError: they cannot be read.
    """
    found: dict[Name, Heard] = {}
    async with LogReader(bootstrap, client_id="stamgast-draws") as reader:
        for partition in range(topics.partitions):
            async for records in reader.read_all(topics.customer_events, partition):
                for record in records:
                    if _OF_DRAWS in record.value and _is_of(record, merchant):
                        _note_event(found, partition, record)
            async for records in reader.read_all(topics.facts, partition):
                for record in records:
                    if _OF_DRAWS in record.value and _is_of(record, merchant):
                        _note_fact(found, partition, record)
    return found


def _is_of(record: ConsumerRecord, merchant: str) -> bool:
    return not merchant or (record.key or b"").startswith(f"{merchant}:".encode())


def _note_event(found: dict[Name, Heard], partition: int, record: ConsumerRecord) -> None:
    try:
        event = decode_event(record.value)
    except UNREADABLE:
        return
    if isinstance(event, DrawOpened):
        heard = _of(found, event.merchant, event.draw)
        heard.opened.setdefault(partition, (event.commitment, record.timestamp))
    elif isinstance(event, DrawCalled):
        _of(found, event.merchant, event.draw).called.setdefault(partition, event)
    elif isinstance(event, DrawTicketed):
        _of(found, event.merchant, event.draw).told.setdefault(event.by, event)
    elif isinstance(event, DrawDrawn):
        of_number = _of(found, event.merchant, event.draw).drawn.setdefault(event.number, {})
        of_number.setdefault(partition, event)


def _note_fact(found: dict[Name, Heard], partition: int, record: ConsumerRecord) -> None:
    try:
        line = decode_line(record.value)
    except UNREADABLE:
        return
    if line.kind == Told.DRAW:
        heard = _of(found, line.merchant, line.draw)
        _note_entry(heard, partition, line, record.timestamp)
        _note_result(heard, line)


def _note_entry(heard: Heard, partition: int, line: Line, appended_at: Millis) -> None:
    if line.became == ENTERED:
        heard.entries[line.customer, line.entry] = Made(partition, appended_at)
        heard.first_entry.setdefault(partition, appended_at)
    elif line.became == LEFT:
        heard.entries.pop((line.customer, line.entry), None)
        heard.hits.pop((line.customer, line.entry), None)


def _note_result(heard: Heard, line: Line) -> None:
    if line.became not in {WON, LOST, PASSED}:
        return
    if line.entry:
        heard.hits[line.customer, line.entry] = line.reward if line.became == WON else ""
        if line.became == LOST and line.reason:
            heard.out_of_stock.add((line.customer, line.entry))
    elif line.became == WON and line.reward not in heard.won.get(line.customer, ()):
        heard.won.setdefault(line.customer, []).append(line.reward)


def _of(found: dict[Name, Heard], merchant: str, draw: str) -> Heard:
    return found.setdefault((merchant, draw), Heard())
