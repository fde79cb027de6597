"""What keeps partitions from their work, in sentences for whoever reads `/readyz`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from streams.runtime.ownership import Ownership
from streams.runtime.step import ENDED_TWICE

_SHOWN: Final = 5


def troubles_of(owned: Iterable[Ownership[Any, Any]]) -> list[str]:
    """Say of how many partitions nothing goes on just now, a line for each reason, and which go on without a record."""
    partitions = list(owned)
    reasons = [(each.job_name, each.stalled or ("" if each.working else each.trouble)) for each in partitions]
    counted = Counter((service, why) for service, why in reasons if why)
    told = [f"{service}: {count} of its partitions not at work: {why}" for (service, why), count in counted.items()]
    for each in partitions:
        if each.laid_aside:
            offsets = ", ".join(map(str, each.laid_aside[-_SHOWN:]))
            told.append(f"{each.job_name}: partition {each.number} goes on without offset {offsets}: {ENDED_TWICE}")
    return told
