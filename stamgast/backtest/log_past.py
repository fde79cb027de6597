"""A past from the shop's own log: `customer.events.v1`, without what the engine itself brought about.

Timers, outcomes of messages and bundles are left out: they come anew in virtual time. What was told long after it
happened (an import, a till that was offline) counts as told when it happened, so that what a shop imported is its past
as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import msgspec

from stamgast.backtest.lists import ListsInLog
from stamgast.backtest.plan import LogData, Share
from stamgast.broker import kafka_of
from stamgast.clock.shop_time import is_real
from stamgast.domain.budget_events import BudgetAnswered
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import (
    OF_A_PARTITION,
    ActivationOutcome,
    AnyEvent,
    CalledOff,
    ConsentChanged,
    Enrolled,
    MessagePriced,
    PurchaseChanged,
    Reviewed,
    Scheduled,
    StaffAlerted,
    TimerDue,
    decode_event,
    is_history,
)
from stamgast.domain.feed_events import FeedsTurned
from stamgast.domain.program import Program
from stamgast.domain.recorded import bounded_event
from stamgast.domain.units import Millis
from stamgast.log.reading import ConsumerRecord, LogReader

_OURS: Final = (
    *(TimerDue, ActivationOutcome, MessagePriced, Reviewed, Scheduled, CalledOff, BudgetAnswered, StaffAlerted),
    *OF_A_PARTITION,
)


Told = tuple[Millis, bytes]
"""When the log took a record (0: its clock is not the shop's), and the record; decoded it takes three times as much."""


@dataclass(slots=True)
class LogPast:
    """What a merchant's log tells."""

    records: dict[tuple[str, int], list[Told]] = field(default_factory=dict)
    """(customer, partition) -> records in the order of the log."""
    lists: ListsInLog = field(default_factory=ListsInLog)
    turns: dict[int, list[FeedsTurned]] = field(default_factory=dict)
    """Partition -> how stores were heard, in the order of the log."""


async def read_log(data: LogData, program: Program, share: Share) -> LogPast:
    """Read what happened to a merchant's customers, who is on its lists, and how its stores were heard.

    A share has whole partitions. Repeats are left out by their sources, as a worker does.

    Raises:
        LogTruncatedError: the log is shorter than it was when it was looked at.
    """
    past, held = LogPast(), is_real(data.settings.clock)  # an invented clock is held to no other's time
    topic, of_merchant = data.topics.customer_events, f"{program.merchant}:".encode()
    async with LogReader(kafka_of(data.settings), client_id="stamgast-backtest") as reader:
        for partition in range(share.part, data.topics.partitions, share.of):
            sources: dict[tuple[str, int], tuple[int, int]] = {}
            async for records in reader.read_all(topic, partition):
                for record in records:
                    if record.key == of_merchant:
                        _hear(record, past, partition)
                    elif record.key is not None and record.key.startswith(of_merchant) and _is_past(record, sources):
                        customer = record.key[len(of_merchant) :].decode(errors="replace")
                        past.records.setdefault((customer, partition), []).append(
                            (record.timestamp if held else 0, record.value)
                        )
    return past


def _hear(record: ConsumerRecord, past: LogPast, partition: int) -> None:
    """Take in what is told of the merchant; all of it is of the engine's own making."""
    with suppress(*UNREADABLE):
        event = decode_event(record.value or b"")
        if isinstance(event, FeedsTurned):
            past.turns.setdefault(partition, []).append(event)
        else:
            past.lists.hear(event)


def events_of(told: Sequence[Told], program: Program) -> list[AnyEvent]:
    """What happened to somebody, in the order of time."""
    events = [
        _when_it_happened(bounded_event(decode_event(value), appended_at), program) for appended_at, value in told
    ]
    return sorted(events, key=lambda event: event.at)


def _is_past(record: ConsumerRecord, sources: dict[tuple[str, int], tuple[int, int]]) -> bool:
    try:
        event = decode_event(record.value or b"")
    except UNREADABLE:
        return False  # it stands in the dead letters
    if event.source is not None:
        topic, partition, offset, index = event.source
        if (offset, index) <= sources.get((topic, partition), (-1, -1)):
            return False
        sources[topic, partition] = (offset, index)
    return not isinstance(event, _OURS)


def _when_it_happened(event: AnyEvent, program: Program) -> AnyEvent:
    """What came in as history is played as the news that it was in its time."""
    if isinstance(event, Enrolled | ConsentChanged) and event.since:
        return msgspec.structs.replace(event, at=event.since, since=0)
    if not isinstance(event, PurchaseChanged):
        return event
    if is_history(event):
        before, after = (each and msgspec.structs.replace(each, history=False) for each in (event.before, event.after))
        event = msgspec.structs.replace(event, before=before, after=after)
    told = event.happened_at
    is_late = told is not None and event.at - told > program.fresh_for
    return msgspec.structs.replace(event, at=told) if is_late and told is not None else event
