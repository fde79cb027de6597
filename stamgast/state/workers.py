"""Which workers are there: what each says of itself every few seconds, in one hash, told by Redis's own clock.

Nothing is decided by it: who owns a partition is Kafka's group and the partition's token. It is for people, who want
to know who is at work, since when, in which version, and what of it stands still.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Millis
from stamgast.state.keys import WORKERS
from stamgast.state.nodes import Redis
from stamgast.state.scripts import Script

NOTED_EVERY_S: Final = 4.0
_FORGOTTEN_AFTER: Final[Millis] = 3_600_000
"""Who was killed and did not come again is shown that long."""
_NOTE: Final = Script.named("worker_note")
_LOOK: Final = Script.named("worker_look")


class Part(StrEnum):
    """What a service of a worker does; each reads a topic, partition by partition."""

    INTAKE = "intake"
    """Purchases come in and find their customer."""
    CUSTOMERS = "customers"
    """Rules decide, states are written, messages leave."""


class Doing(StrEnum):
    """How a partition is in its owner's hands. Why it is in trouble stands in the worker's log and `/readyz`."""

    AT_WORK = "at_work"
    STARTING = "starting"
    IN_TROUBLE = "in_trouble"
    """It does not go on just now, and is tried again."""
    REFUSED = "refused"
    """State and log do not fit; a person has to decide."""


class Held(Struct, frozen=True, array_like=True):
    """A partition in a worker's hands. `behind`: records that wait there, as its owner sees it."""

    part: Part
    number: int
    doing: Doing
    behind: int
    aside: int = 0
    """Records that it laid aside because they ended processes."""


class WorkerWord(Struct, frozen=True, omit_defaults=True):
    """What a worker says of itself. `up_s`: seconds since it started."""

    id: str
    version: str
    up_s: int
    host: str = ""
    held: tuple[Held, ...] = ()


class Seen(NamedTuple):
    """A worker's newest word, and how long ago that was (ms)."""

    word: WorkerWord
    ago: Millis


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(WorkerWord).decode


async def note_worker(redis: Redis, word: WorkerWord) -> None:
    """Say that it is there. Raises StateError."""
    await redis.run(_NOTE, WORKERS, [word.id, _encode(word), _FORGOTTEN_AFTER])


async def note_leaving(redis: Redis, worker: str) -> None:
    """Say that it ends in order. Raises StateError."""
    await redis.run(_NOTE, WORKERS, [worker, "", _FORGOTTEN_AFTER])


async def workers_seen(redis: Redis) -> list[Seen]:
    """Return those of the last hour, who was heard last first; what another version wrote otherwise is passed over.

    Raises StateError.
    """
    now, *values = await redis.run(_LOOK, WORKERS, [])
    found = [seen for value in values if (seen := _seen(value, int(now))) is not None]
    return sorted(found, key=lambda each: (each.ago // 1_000, each.word.id))


def _seen(value: bytes, now: Millis) -> Seen | None:
    at, _, text = value.partition(b"|")
    try:
        return Seen(_decode(text), max(0, now - int(at)))
    except (ValueError, *UNREADABLE):
        return None
