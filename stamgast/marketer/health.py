"""How the engine is: who is at work, what waits in which partition, what has not been sent, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from msgspec import Struct

from stamgast.domain.program import Program
from stamgast.domain.units import MINUTE, Millis
from stamgast.domain.vocabulary import Channel
from stamgast.marketer.attention import Attention
from stamgast.state.workers import NOTED_EVERY_S, Doing, Held, Part, Seen

SILENT_AFTER: Final[Millis] = int(NOTED_EVERY_S * 4_000)
"""Who has not spoken for so long is not counted on."""
MANY: Final = 5_000
"""Records that a worker takes some seconds for; fewer come and go."""
LATE: Final[Millis] = 10 * MINUTE
"""A message that was decided and has not gone for so long is held up by something."""


class Trouble(StrEnum):
    """What keeps something from being done; the gravest first, and in this order they are told."""

    NO_WORKER = "no_worker"
    """Nobody has said for a while that they work."""
    REFUSED = "refused"
    """State and log of a partition do not fit: a person has to decide."""
    NOBODYS = "nobodys"
    """A partition is in no worker's hands."""
    IN_TROUBLE = "in_trouble"
    """Its owner cannot go on just now, and tries again."""
    UNKNOWN = "unknown"
    """Kafka does not say how much waits."""
    BEHIND = "behind"
    """More waits than a worker takes in some seconds."""
    FILLING = "filling"
    """Redis lost what it held, and is filled from Kafka."""
    UNSENT = "unsent"
    """A message waits for long."""
    ASIDE = "aside"
    """Records that ended workers were laid aside."""
    VERSIONS = "versions"
    """Workers run in several versions."""


class ToDo(Struct, frozen=True, omit_defaults=True):
    """One of them: how often, of which part and partitions, of which channel, since when."""

    trouble: Trouble
    count: int = 0
    part: Part | None = None
    partitions: tuple[int, ...] = ()
    channel: Channel | None = None
    since: Millis = 0


class PartitionHealth(Struct, frozen=True):
    """A partition: how many records wait there (None: nobody can say), and in whose hands it is (empty: nobody's)."""

    number: int
    behind: int | None
    worker: str
    doing: Doing | None


class PartHealth(Struct, frozen=True):
    """One part of the work, over all partitions of its topic."""

    part: Part
    topic: str
    behind: int | None
    partitions: list[PartitionHealth]


class WorkerHealth(Struct, frozen=True):
    """A worker. `heard_ago` and `up` in milliseconds; `holds` partitions, `at_work` so many of them."""

    id: str
    host: str
    version: str
    heard_ago: Millis
    up: Millis
    silent: bool
    holds: int
    at_work: int


class Unsent(Struct, frozen=True):
    """Messages of the merchant that are decided and wait for their sender. `oldest` is when the first was decided."""

    channel: Channel
    waiting: int
    oldest: Millis | None


class HealthPage(Struct, frozen=True):
    """`to_do` is empty where everything goes on. `attention` is the overview's: rules and stores that stand still."""

    merchant: str
    at: Millis
    to_do: list[ToDo]
    attention: list[Attention]
    parts: list[PartHealth]
    workers: list[WorkerHealth]
    unsent: list[Unsent]


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at, once, for a page."""

    program: Program
    now: Millis
    partitions: int
    topics: Mapping[Part, str]
    workers: Sequence[Seen] = ()
    waiting: Mapping[tuple[Part, int], int] = field(default_factory=dict)
    """Of partitions that no worker tells of: records between the state and the end of the log, where Kafka says it."""
    unsent: Sequence[Unsent] = ()
    filling: Sequence[int] = ()
    """Partitions of which Redis lost something."""
    attention: Sequence[Attention] = ()


def heard(workers: Sequence[Seen]) -> list[Seen]:
    """Those who spoke lately."""
    return [each for each in workers if each.ago < SILENT_AFTER]


def untold(workers: Sequence[Seen], partitions: int) -> list[tuple[Part, int]]:
    """Which partitions no worker tells the lag of: Kafka has to be asked."""
    told = {(each.part, each.number) for seen in heard(workers) for each in seen.word.held if _tells(each)}
    return [(part, number) for part in Part for number in range(partitions) if (part, number) not in told]


def health_page(looked: Looked) -> HealthPage:
    """Make it."""
    held: dict[tuple[Part, int], tuple[str, Held]] = {}
    for seen in reversed(heard(looked.workers)):  # who spoke last has the last word: a partition is handed over
        held |= {(each.part, each.number): (seen.word.id, each) for each in seen.word.held}
    parts = [
        _part(looked, part, {number: found for (of, number), found in held.items() if of is part}) for part in Part
    ]
    workers = [_worker(each) for each in looked.workers]
    return HealthPage(
        merchant=looked.program.merchant,
        at=looked.now,
        to_do=list(_to_do(looked, parts, held)),
        attention=list(looked.attention),
        parts=parts,
        workers=workers,
        unsent=list(looked.unsent),
    )


def _tells(held: Held) -> bool:
    return held.doing is Doing.AT_WORK


def _part(looked: Looked, part: Part, held: Mapping[int, tuple[str, Held]]) -> PartHealth:
    found: list[PartitionHealth] = []
    for number in range(looked.partitions):
        worker, one = held.get(number, ("", None))
        behind = looked.waiting.get((part, number)) if one is None or not _tells(one) else one.behind
        found.append(PartitionHealth(number, behind, worker, None if one is None else one.doing))
    known = [each.behind for each in found if each.behind is not None]
    return PartHealth(part, looked.topics[part], sum(known) if len(known) == len(found) else None, found)


def _worker(seen: Seen) -> WorkerHealth:
    word = seen.word
    return WorkerHealth(
        id=word.id,
        host=word.host,
        version=word.version,
        heard_ago=seen.ago,
        up=word.up_s * 1_000,
        silent=seen.ago >= SILENT_AFTER,
        holds=len(word.held),
        at_work=sum(each.doing is Doing.AT_WORK for each in word.held),
    )


def _to_do(
    looked: Looked, parts: Sequence[PartHealth], held: Mapping[tuple[Part, int], tuple[str, Held]]
) -> Iterator[ToDo]:
    versions = {each.word.version for each in heard(looked.workers)}
    if not versions:
        yield ToDo(Trouble.NO_WORKER)
    yield from _of_partitions(parts, Trouble.REFUSED, Doing.REFUSED)
    if versions:
        yield from _of_partitions(parts, Trouble.NOBODYS, None)
    yield from _of_partitions(parts, Trouble.IN_TROUBLE, Doing.IN_TROUBLE)
    for part in parts:
        yield from _behind(part)
    if looked.filling:
        yield ToDo(Trouble.FILLING, len(looked.filling), Part.CUSTOMERS, tuple(looked.filling))
    for each in looked.unsent:
        if each.oldest is not None and looked.now - each.oldest >= LATE:
            yield ToDo(Trouble.UNSENT, each.waiting, channel=each.channel, since=each.oldest)
    yield from _aside(held)
    if len(versions) > 1:
        yield ToDo(Trouble.VERSIONS, len(versions))


def _behind(part: PartHealth) -> Iterator[ToDo]:
    unknown = tuple(each.number for each in part.partitions if each.behind is None)
    if unknown:
        yield ToDo(Trouble.UNKNOWN, len(unknown), part.part, unknown)
    elif part.behind is not None and part.behind >= MANY:
        yield ToDo(
            Trouble.BEHIND, part.behind, part.part, tuple(each.number for each in part.partitions if each.behind)
        )


def _aside(held: Mapping[tuple[Part, int], tuple[str, Held]]) -> Iterator[ToDo]:
    for part in Part:
        found = {number: one.aside for (of, number), (_, one) in held.items() if of is part and one.aside}
        if found:
            yield ToDo(Trouble.ASIDE, sum(found.values()), part, tuple(sorted(found)))


def _of_partitions(parts: Sequence[PartHealth], trouble: Trouble, doing: Doing | None) -> Iterator[ToDo]:
    for part in parts:
        found = tuple(each.number for each in part.partitions if each.doing is doing)
        if found:
            yield ToDo(trouble, len(found), part.part, found)
