"""What the partition service asks of the work it carries: intake, customers, or a benchmark's small job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from stamgast.log.reading import LogReader
from stamgast.state.keys import PartitionKeys
from stamgast.state.partitions import Writes
from streams.emission import Emission

if TYPE_CHECKING:
    from streams.ownership import Ownership


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


@dataclass(slots=True)
class Effects:
    """What a step wants done: records to append first, then what to write together with the watermark."""

    writes: Writes = field(default_factory=Writes)
    emissions: list[Emission] = field(default_factory=list)
    kept: Any = None
    """Whatever the job wants to see again once the step is committed."""


class Job(Protocol):
    """Reads a chunk's state, thinks, and says what to write. It keeps nothing of a partition but in `taken`."""

    name: str
    topic: str
    begins_late: bool
    """Whether a partition of which nothing is known may begin after the log's first records are gone."""

    def keys(self, partition: int) -> PartitionKeys:
        """Name the partition's keys."""
        ...

    async def taken(self, owned: Ownership, reader: LogReader) -> None:
        """Load what must be known before the first step. Whatever it raises, the taking is tried again."""
        ...

    async def step(self, owned: Ownership, records: Sequence[Record]) -> Effects:
        """Read through `owned.lease` and think. It may be asked again with fewer of the records.

        They begin at watermark + 1 and have no gap, or are what `Waiting.next` gave and stand below the watermark.
        """
        ...

    def passing_over(self, owned: Ownership, record: Record, reason: str) -> Effects:
        """Say what to write instead of applying a record that must not be thought about: it is laid aside."""
        ...

    def committed(self, owned: Ownership, effects: Effects, cancelled: Sequence[str]) -> None:
        """Learn that a step is in Redis."""
        ...

    def released(self, owned: Ownership) -> None:
        """Learn that the partition is given up or taken anew: stop everything that was done for it."""
        ...
