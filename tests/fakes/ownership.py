"""Stands for a partition in a worker's hands: `streams.runtime.ownership.Ownership` without its loop."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Generic

from stamgast.log.producers import Emitters
from stamgast.state.partitions import Lease
from streams.metrics import Metrics
from streams.runtime.inbox import Inbox
from streams.runtime.job import Own, Record, Waiting
from tests.fakes.emitters import MemoryEmitters


class OwnedByTest(Generic[Own]):
    """A partition that a test owns: `streams.runtime.job.Owned`."""

    def __init__(
        self,
        lease: Lease,
        own: Own | None = None,
        *,
        emitters: MemoryEmitters | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.lease = lease
        self.own = own
        self.number = int(lease.keys.tag[1:]) if lease.keys.tag[1:].isdecimal() else 0
        self.topic_id = "p"
        self.log = emitters or MemoryEmitters()
        """What was appended for it."""
        self.emitters: Emitters = self.log
        self.metrics = metrics or Metrics()
        self.end_at_take = 0
        self.committed_to_kafka = 0
        self.settled = 0
        self.waiting: Waiting | None = None
        self.inbox = Inbox()
        self.caught_up = True
        self.is_to_be_taken_again = False
        self.tasks: list[asyncio.Task[None]] = []

    def take_again(self, why: str) -> None:
        """Remember that somebody asked for it."""
        self.is_to_be_taken_again = True

    def is_repeated(self, records: Sequence[Record]) -> bool:
        """As `Ownership` does."""
        return records[0].offset < self.committed_to_kafka

    def spawn(self, work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        """Run it; nobody learns of its end."""
        self.tasks.append(asyncio.create_task(work, name=what))
        return self.tasks[-1]
