"""The read model's counters against the log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

from stamgast.domain.counters import BETWEEN, Counter
from stamgast.domain.day_sums import Per
from stamgast.domain.units import DAY
from stamgast.state.keys import PartitionKeys
from stamgast.state.looks import Look, look
from stamgast.state.session import Session
from streams.customers.counters import stands_in
from streams.customers.old_days import is_gone
from streams.maintenance.replay import PartitionReplay


async def counter_differences(
    session: Session, keys: PartitionKeys, replay: PartitionReplay, fold_on: Callable[[Look], Awaitable[None]]
) -> AsyncIterator[str]:
    """Say which are not what they should be; of rules' months, in one line each month.

    A shop that was there before rules had months has many of these, which `--mend` counts from the log.
    """
    monthly: dict[str, list[str]] = {}
    for key in (keys.stats, keys.rule_months):
        seen = await look(session, keys, entries=key)
        await fold_on(seen)
        found = {counter.decode(): int(value) for counter, value in seen.entries.items()}
        expected = {name: by for name, by in replay.fold.counters.items() if stands_in(keys, name) == key}
        for name, is_now, should_be in _departing(found, expected):
            merchant, _, counter = name.partition(BETWEEN)
            if is_gone(counter, replay.time // DAY):
                continue
            said = f"counter {name}: is {is_now}, should be {should_be}"
            month = _month_of(counter)
            if month:
                monthly.setdefault(f"{merchant} in {month}", []).append(said)
            else:
                yield said
    for which, those in sorted(monthly.items()):
        others = f" (and {len(those) - 1:,} more counters of it)" if len(those) > 1 else ""
        yield f"rules of {which}: {those[0]}{others}"


def _departing(found: Mapping[str, int], expected: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    for name in sorted(found.keys() | expected.keys()):
        is_now, should_be = found.get(name, 0), expected.get(name, 0)
        if is_now != should_be:
            yield name, is_now, should_be


def _month_of(counter: str) -> str:
    """The month of a counter of rules; empty: it is none of these."""
    words = counter.split(BETWEEN)
    is_of_rules = words[0] == Counter.RULE_MONTH or (words[0] == Counter.MONTH and words[2] == Per.DECIDED)
    return words[1] if is_of_rules else ""
