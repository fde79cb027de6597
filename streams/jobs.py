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

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


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
        """Read through `owned.lease` and think. The records begin at watermark + 1 and have no gap."""
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
