"""What the customers' streams and states still tell of people who were forgotten.

Events tell nothing any more that an erasure would leave readable (docs/adr/0078). Older ones stand in the log for ever
as they are; states are ours to clean.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from stamgast.domain.customer import decode_customer
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import AnyEvent, ConsentChanged, Enrolled, Erased, decode_event, key_of
from stamgast.domain.veil import MARK
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.state.keys import customers
from stamgast.state.nodes import Redis

_TELLING: Final = (b'"erased"', b'"enrolled"', b'"consent_changed"')
"""Types of events that are looked at: all others are passed over unread."""

Person = tuple[str, str]
"""Merchant and id."""


@dataclass(slots=True)
class Told:
    """What was found. `in_clear`: events that tell birthday, source or a consent's proof of each forgotten person."""

    in_clear: dict[Person, int] = field(default_factory=dict)
    states: list[Person] = field(default_factory=list)
    """Those whose state still holds a birthday or a source."""


async def told_of_the_forgotten(reader: LogReader, redis: Redis, topics: Topics) -> Told:
    """Look through all streams, and at the states of whoever was forgotten there."""
    erased: set[Person] = set()
    in_clear: Counter[Person] = Counter()
    for partition in range(topics.partitions):
        async for records in reader.read_all(topics.customer_events, partition):
            for record in records:
                event = _event_of(record.value or b"")
                if isinstance(event, Erased):
                    erased.add((event.merchant, event.customer))
                elif event is not None and _tells(event):
                    in_clear[event.merchant, event.customer] += 1
    holding = [person for person in sorted(erased) if await _state_holds(redis, topics, person)]
    return Told({person: count for person, count in sorted(in_clear.items()) if person in erased}, holding)


def _event_of(value: bytes) -> AnyEvent | None:
    if not any(word in value for word in _TELLING):
        return None
    try:
        event: AnyEvent = decode_event(value)
    except UNREADABLE:  # not of our making
        return None
    return event


def _tells(event: AnyEvent) -> bool:
    match event:
        case Enrolled(birthday=birthday, acquisition_source=source):
            return any(word and not word.startswith(MARK) for word in (birthday, source))
        case ConsentChanged(wording=wording, origin=origin):
            return bool(wording or origin)
        case _:
            return False


async def _state_holds(redis: Redis, topics: Topics, person: Person) -> bool:
    keys = customers(partition_for(key_of(*person), topics.partitions))
    value = await redis.call("GET", keys.customer(*person))
    try:
        state = decode_customer(value) if value else None
    except UNREADABLE:
        return False  # `stamgast verify` tells
    return state is not None and bool(state.erased_at) and bool(state.birthday or state.source)
