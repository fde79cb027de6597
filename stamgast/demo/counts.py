"""Live figures: the read models of all partitions, summed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

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
    """Read them."""
    pipeline = redis.pipeline(transaction=False)
    for number in range(partitions):
        pipeline.hgetall(customers(number).stats)
    totals: Counter[str] = Counter()
    answers: list[Any] = await pipeline.execute()
    for stats in answers:
        for name, value in stats.items():
            # `<merchant>|what|…`: the merchants are shown together
            totals[name.decode().partition("|")[2]] += int(value)
    return sum_up(totals)


def sum_up(totals: Counter[str]) -> Counts:
    """Sort counters without their merchants (`message|sms|sent`, `card|bread|completed` …) into figures."""
    counts = Counts(purchases=totals["purchases"], customers=totals["customers"], lapsing=totals["stage|lapsing"])
    for name, value in totals.items():
        match name.split("|"):
            case ["card", _card, "completed"]:
                counts.cards_completed += value
            case ["reward", _reward, "issued"]:
                counts.rewards += value
            case ["message", channel, status] if value:
                counts.messages.setdefault(channel, {})[status] = value
            case ["suppressed", reason] if value:
                counts.withheld[reason] = value
    return counts
