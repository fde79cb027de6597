"""A list comes in, from its first row to its last, whatever kills the process in between (`stamgast import`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from stamgast import bootstrap
from stamgast.broker import kafka_of
from stamgast.clock.pauses import pause_after
from stamgast.clock.shop_time import Clock
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.identity.sealing import derive_key
from stamgast.lists.checking import checked
from stamgast.lists.columns import Kind
from stamgast.lists.customers_in import CustomersIn, ToldBefore
from stamgast.lists.members import Member, Members
from stamgast.lists.progress import Begun, Progress, Step
from stamgast.lists.purchases_in import PurchasesIn
from stamgast.lists.receipts import Draft, Receipts, Rejected, Unit
from stamgast.lists.survey import Survey
from stamgast.log.appender import NotAppendedError
from stamgast.log.topics import check_topics
from stamgast.lookup import People, open_people
from stamgast.people.enrolment import Enrolling
from stamgast.people.last_heard import last_heard_over
from stamgast.people.opt_out import Stops
from stamgast.settings import Settings
from stamgast.state.errors import StateError
from stamgast.state.transactions import KnownTransactions
from stamgast.state.views import NotLoadedError

BATCH: Final = 500
"""Units between two notes of how far it is."""
_TRIES: Final = 8
_AGAIN_S: Final = 0.5
_PURPOSE: Final = "lists"

Tell = Callable[[int, int], None]


class Reads(Protocol):
    """What reads a list's rows."""

    def units(self) -> Iterator[Unit]:
        """What belongs together."""
        ...

    def read(self, unit: Unit) -> Sequence[Any]:
        """Drafts or members, and rows that are rejected."""
        ...


@dataclass
class Summary:
    """What became of a list."""

    rows: int
    accepted: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    warnings: dict[str, int] = field(default_factory=dict)
    skipped: int = 0
    """Rows that a process had brought in before, which was killed."""

    def add(self, step: Step) -> None:
        """Add what a step came to."""
        self.accepted += step.accepted
        self.rejected += step.rejected
        for detail, count in step.warnings.items():
            self.warnings[detail] = self.warnings.get(detail, 0) + count


def reader_of(survey: Survey, program: Program, settings: Settings, at: Millis, *, history: bool) -> Receipts | Members:
    """What reads the rows of a list."""
    if survey.columns.kind is Kind.CUSTOMERS:
        return Members(survey, program, at)
    key = derive_key(bootstrap.id_key_of(settings), _PURPOSE)
    return Receipts(survey, program, key, history=history, at=at)


def only_read(survey: Survey, reader: Receipts | Members, program: Program) -> Summary:
    """What would become of a list as far as its rows tell: nothing is sent."""
    summary = Summary(survey.rows)
    for unit, read in checked(reader, program):
        wrong = [each for each in read if isinstance(each, Rejected)]
        summary.rejected += wrong
        summary.accepted += len(unit) - len(wrong)
    return summary


@dataclass(frozen=True, slots=True)
class Job:
    """A list, and into which merchant's programme it comes. `history`: it is of before, and gives nothing."""

    settings: Settings
    survey: Survey
    program: Program
    clock: Clock
    history: bool = True


async def bring_in(job: Job, progress: Path, tell: Tell) -> Summary:
    """Bring a list in; returns once Kafka has all of it. `tell` is told of rows done and all rows.

    Raises:
        ProgressError: the file of how far it is cannot be used.
        NotLoadedError, NotAppendedError, StateError: not now; the same command goes on where this one ended.
    """
    settings, survey = job.settings, job.survey
    topics = bootstrap.topics_of(settings)
    cluster = await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    where = str(cluster.topic_ids[topics.purchases])
    noted = Progress(
        progress, Begun(survey.digest, job.program.merchant, survey.columns.kind.value, where, job.history)
    )
    noted.open()
    done = False
    try:
        async with open_people(settings) as people:
            summary = await _through(job, people, noted, tell)
        done = True
    finally:
        noted.close(done=done)
    return summary


async def _through(job: Job, people: People, noted: Progress, tell: Tell) -> Summary:
    survey = job.survey
    summary = Summary(survey.rows)
    reader = reader_of(survey, job.program, job.settings, job.clock.now(), history=job.history)
    taking = _Taking(job, people)
    units = reader.units()
    for step in noted.steps:
        summary.add(step)
        for unit in islice(units, step.units):
            reader.read(unit)  # rows that say the same are numbered
            summary.skipped += len(unit)
    rows, again = summary.skipped, noted.resumed
    while batch := list(islice(units, BATCH)):
        step = await taking.take(reader, batch, again=again)
        noted.note(step)
        summary.add(step)
        again = False
        rows += sum(len(unit) for unit in batch)
        tell(rows, survey.rows)
    return summary


class _Taking:
    """Takes batches of either kind, patiently."""

    def __init__(self, job: Job, people: People) -> None:
        program, clock = job.program, job.clock
        topics, append = people.topics, people.appender.append
        last_heard = last_heard_over(people.filling, topics.partitions)
        known = KnownTransactions(people.redis, partial(people.appender.partition_of, topics.purchases))
        self._clock = clock
        self._purchases = PurchasesIn(
            people.identities, known, append, topics.purchases, program=program, last_heard=last_heard
        )
        enrolling = Enrolling(people.identities, append, topics, people.redis, last_heard)
        stops = Stops(people.identities, people.appender, topics, people.redis, clock=clock)
        before = ToldBefore(kafka_of(job.settings), topics, program.merchant)
        self._customers = CustomersIn(enrolling, stops, before, program)

    async def take(self, reader: Reads, batch: Sequence[Unit], *, again: bool) -> Step:
        """Take a batch; what it came to."""
        read = [each for unit in batch for each in reader.read(unit)]
        rejected = [each for each in read if isinstance(each, Rejected)]
        drafts = [each for each in read if isinstance(each, Draft)]
        members = [each for each in read if isinstance(each, Member)]
        for tries in range(1, _TRIES + 1):
            try:
                rejected += await self._purchases.take(drafts, self._clock.now()) if drafts else []
                rejected += await self._customers.take(members, self._clock.now(), again=again) if members else []
                break
            except (NotLoadedError, NotAppendedError, StateError):
                if tries == _TRIES:
                    raise
            again = True
            await asyncio.sleep(pause_after(tries, first_s=_AGAIN_S))
        rows = sum(len(unit) for unit in batch)
        warnings = self._purchases.warnings | self._customers.warnings
        self._purchases.warnings, self._customers.warnings = {}, {}
        return Step(len(batch), rows - len(rejected), tuple(sorted(rejected)), warnings)
