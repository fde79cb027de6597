"""What a step tells the streams of other customers: appended before it commits, as all that a step emits.

A step that is run again tells it again; each is numbered, and heard once (`stamgast.service.referrals`). It carries no
source: what waited for a bundle is applied behind what came later, and a reader that keeps the highest source would
pass it over (docs/adr/0190).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stamgast.domain.events import encode_event, key_of
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics
from streams.customers.batch import Result
from streams.runtime.emission import Emission


def told_others(results: Sequence[Result], topics: Topics) -> Iterator[Emission]:
    """The records of what a batch came to, in its order."""
    for result in results:
        for change in result.changes:
            for event in change.tells:
                key = key_of(event.merchant, event.customer)
                yield Emission(topics.customer_events, partition_for(key, topics.partitions), key, encode_event(event))
