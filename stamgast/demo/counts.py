"""Live figures: the read models of all partitions, summed."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from stamgast.domain.counters import BETWEEN, Counter, Tally, counter
from stamgast.domain.vocabulary import Stage
from stamgast.state.keys import customers


@dataclass(slots=True)
class Counts:
    """What the engine has made of the purchases so far, all merchants together."""

    purchases: int = 0
    customers: int = 0
    cards_completed: int = 0
    rewards: int = 0
    lapsing: int = 0
    messages: dict[str, dict[str, int]] = field(default_factory=dict)
    """Channel -> status -> how many."""
    withheld: dict[str, int] = field(default_factory=dict)
    """Reason -> how many messages were not sent for it."""


async def read_counts(redis: Redis, partitions: int) -> Counts:
    """Read what the engine holds by now, over all partitions."""
    pipeline = redis.pipeline(transaction=False)
    for number in range(partitions):
        pipeline.hgetall(customers(number).stats)
    totals: collections.Counter[str] = collections.Counter()
    answers: list[Any] = await pipeline.execute()
    for stats in answers:
        for name, value in stats.items():
            # `<merchant>|what|…`: the merchants are shown together
            totals[name.decode().partition(BETWEEN)[2]] += int(value)
    return sum_up(totals)


def sum_up(totals: collections.Counter[str]) -> Counts:
    """Sort counters without their merchants (`message|sms|sent`, `card|bread|completed` …) into figures."""
    counts = Counts(
        purchases=totals[Counter.PURCHASES],
        customers=totals[Counter.CUSTOMERS],
        lapsing=totals[counter(Counter.STAGE, Stage.LAPSING)],
    )
    for name, value in totals.items():
        match name.split(BETWEEN):
            case [Counter.CARD, _card, Tally.COMPLETED]:
                counts.cards_completed += value
            case [Counter.REWARD, _reward, Tally.ISSUED]:
                counts.rewards += value
            case [Counter.MESSAGE, channel, status] if value:
                counts.messages.setdefault(channel, {})[status] = value
            case [Counter.SUPPRESSED, reason] if value:
                counts.withheld[reason] = value
    return counts
