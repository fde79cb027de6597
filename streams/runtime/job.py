"""What the partition service asks of the work it carries: intake, customers, or a benchmark's small job.

And what that work may ask of a partition in this worker's hands. `streams.runtime.ownership` is such a partition, and
nothing that works for one has to know more of it than stands here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

from aiokafka.errors import KafkaError

from stamgast.log.appender import NotAppendedError
from stamgast.log.producers import EmitError, Emitters
from stamgast.log.reading import LogReader, LogTruncatedError
from stamgast.log.topics import AwayError, TopicsError
from stamgast.state.errors import FencedError, NotNowError, SessionEndedError, StaleError, StateError
from stamgast.state.keys import PartitionKeys
from stamgast.state.partitions import Lease, Writes
from stamgast.state.views import NotLoadedError
from streams.metrics import Metrics
from streams.runtime.emission import Emission

Own = TypeVar("Own")
"""What a job keeps of a partition between two steps."""
Kept = TypeVar("Kept")
"""What a job wants to see again once a step is committed."""

THINK_S: Final = 0.004
"""After so much thinking the loop gets its turn."""

TROUBLE: Final = (
    *(StateError, EmitError, KafkaError, TopicsError, LogTruncatedError, TimeoutError, OSError),
    *(NotLoadedError, NotAppendedError),
)
"""What passes: the partition is taken again after a pause."""
PASSING: Final = (
    *(SessionEndedError, NotNowError, FencedError, StaleError, EmitError, KafkaError, TimeoutError, AwayError),
    *(NotLoadedError, NotAppendedError, asyncio.CancelledError),
)
"""What a restart of Redis, Kafka or another worker brings; the next taking finds everything in order."""


class Record(Protocol):
    """A record as aiokafka hands it out."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""
        ...

    @property
    def timestamp(self) -> int:
        """When the broker took it, ms."""
        ...

    @property
    def key(self) -> bytes | None:
        """Whose it is."""
        ...

    @property
    def value(self) -> bytes | None:
        """What it says."""
        ...


class Waiting(Protocol):
    """Records of a partition that the job could not apply when they came, and takes up a few at a time."""

    @property
    def wanted(self) -> int:
        """How many steps are wanted: 0 for none, 1 for one when there is nothing else to do, 2 and more for one now."""
        ...

    async def next(self) -> Sequence[Record]:
        """Return what the next step is to take up."""
        ...


class TakesBack(Protocol):
    """What was fetched of a partition and is still to be applied (`streams.runtime.inbox`)."""

    def put_back(self, records: Sequence[Record]) -> None:
        """Return what was not applied."""
        ...


class OwnedPartition(Protocol):
    """A partition in this worker's hands, for whatever is done for it beside the steps."""

    number: int
    topic_id: str
    lease: Lease
    emitters: Emitters
    metrics: Metrics
    end_at_take: int
    committed_to_kafka: int
    """Everything below has had all its effects outside Redis once already."""
    settled: int
    """Everything below has had all its effects by now; committed to Kafka from time to time."""
    waiting: Waiting | None

    @property
    def inbox(self) -> TakesBack:
        """What was fetched and is still to be applied."""
        ...

    @property
    def caught_up(self) -> bool:
        """Say whether everything that stood in the log at the taking has been applied."""
        ...

    @property
    def is_to_be_taken_again(self) -> bool:
        """Say whether somebody asked for a new taking."""
        ...

    def take_again(self, why: str) -> None:
        """Ask for a new taking; the step in flight ends first."""
        ...

    def is_repeated(self, records: Sequence[Record]) -> bool:
        """Say whether the step's effects outside Redis were had once before (Redis went back, or is filled anew)."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        """Run something for this partition; if it breaks, so does the worker (a supervisor starts it anew)."""
        ...


class Owned(OwnedPartition, Protocol[Own]):
    """The same for its job, which keeps something of it."""

    own: Own | None
    """None while the partition is not taken."""


class NotTakenError(RuntimeError):
    """A step was asked for of a partition that is not taken: a fault of ours."""


def own_of(owned: Owned[Own]) -> Own:
    """Return what the job keeps of a taken partition."""
    if owned.own is None:
        raise NotTakenError(f"partition {owned.number} is not taken")
    return owned.own


@dataclass(slots=True)
class Effects(Generic[Kept]):
    """What a step wants done: records to append first, then what to write together with the watermark."""

    kept: Kept
    writes: Writes = field(default_factory=Writes)
    emissions: list[Emission] = field(default_factory=list)


class Job(Protocol[Own, Kept]):
    """Reads a chunk's state, thinks, and says what to write. What it keeps of a partition it puts into `owned.own`."""

    name: str
    topic: str
    begins_late: bool
    """Whether a partition of which nothing is known may begin after the log's first records are gone."""

    def keys(self, partition: int) -> PartitionKeys:
        """Name the partition's keys."""
        ...

    async def taken(self, owned: Owned[Own], reader: LogReader) -> None:
        """Load what must be known before the first step. Whatever it raises, the taking is tried again."""
        ...

    async def step(self, owned: Owned[Own], records: Sequence[Record]) -> Effects[Kept]:
        """Read through `owned.lease` and think. It may be asked again with fewer of the records.

        They begin at watermark + 1 and have no gap, or are what `Waiting.next` gave and stand below the watermark.
        """
        ...

    def passing_over(self, owned: Owned[Own], record: Record, reason: str) -> Effects[Kept]:
        """Say what to write instead of applying a record that must not be thought about: it is laid aside."""
        ...

    def committed(self, owned: Owned[Own], effects: Effects[Kept], cancelled: Sequence[str]) -> None:
        """Learn that a step is in Redis."""
        ...

    def released(self, owned: Owned[Own]) -> None:
        """Learn that the partition is given up or taken anew: stop everything that was done for it."""
        ...
