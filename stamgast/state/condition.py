"""What a node of Redis says of itself: what it does when its memory is full, how full it is, if it takes writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from prometheus_client import CollectorRegistry, Gauge

from stamgast.state.session import told_by

GOOD_POLICY: Final = "noeviction"
NEARLY_FULL: Final = 0.85
_NO_LONGER: Final = 0.80
"""What is nearly full stays so down to here, or every customer who comes and goes would be news."""
TAKES_NO_WRITES: Final = (
    "{} takes no writes, so nothing is applied and purchases are refused, none of them lost; it says: {}"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """How one node of Redis stands: its memory, its policy and whether it takes writes."""

    node: str
    policy: str
    """`maxmemory-policy`; empty if it does not say."""
    used: int
    maximum: int
    """`maxmemory`; 0: as much as there is."""
    evicted: int
    """Keys that it threw away since it was started."""
    refused: str
    """What it answered to a write that it did not take."""
    nearly_full: bool = False

    @classmethod
    def read(cls, node: str, memory: bytes, stats: bytes, *, policy: str, refusal: str) -> Self:
        """Read the answers to INFO."""
        maximum = int(told_by(memory, "maxmemory") or 0)
        # As Redis reckons before it refuses or evicts: without what its replicas and its file are still to be told.
        used = int(told_by(memory, "used_memory") or 0) - int(told_by(memory, "mem_not_counted_for_evict") or 0)
        return cls(node, policy, used, maximum, int(told_by(stats, "evicted_keys") or 0), refusal)

    def after(self, before: Condition | None) -> Condition:
        """The same, knowing whether it was nearly full at the look before."""
        limit = _NO_LONGER if before is not None and before.nearly_full else NEARLY_FULL
        return replace(self, nearly_full=self.part_used >= limit)

    @property
    def part_used(self) -> float:
        """Part of the maximum that is used; 0 without a maximum."""
        return self.used / self.maximum if self.maximum else 0.0

    @property
    def distrust(self) -> str:
        """Why it cannot be trusted with state; empty if it can, or does not say."""
        if self.policy in ("", GOOD_POLICY):
            return ""
        return (
            f"Redis {self.node} may throw keys away, and with them what customers have: its maxmemory-policy is "
            f"{self.policy}; set `maxmemory-policy {GOOD_POLICY}` in its redis.conf (a managed Redis: in its parameter "
            f"group), or at once by `CONFIG SET maxmemory-policy {GOOD_POLICY}`, and the work goes on by itself"
        )

    @property
    def refusal(self) -> str:
        """That it takes no writes, and why."""
        return TAKES_NO_WRITES.format(f"Redis {self.node}", self.refused) if self.refused else ""

    @property
    def fullness(self) -> str:
        """That it is nearly full."""
        if not self.nearly_full:
            return ""
        return f"Redis {self.node} uses {self.part_used:.0%} of its maxmemory: give it more before it takes no writes"

    @property
    def loss(self) -> str:
        """That it threw keys away."""
        if not self.evicted:
            return ""
        return (
            f"Redis {self.node} has thrown {self.evicted:,} keys away since it was started, and what it holds may not "
            "be whole: `stamgast rebuild --empty` makes it whole (docs/operations.md)"
        )

    @property
    def silence(self) -> str:
        """That it does not tell its policy."""
        return "" if self.policy else f"Redis {self.node} does not tell its maxmemory-policy: see that it is noeviction"

    @property
    def notes(self) -> list[str]:
        """What a person should know although the work goes on."""
        return [note for note in (self.fullness, self.loss, self.silence) if note]


class RedisFigures:
    """The same for Prometheus: on a cluster of the worst of its masters, or of all of them together."""

    def __init__(self, registry: CollectorRegistry) -> None:
        text = "Part of maxmemory in use, of the fullest node; 0 without a maximum"
        self._used = Gauge("stamgast_redis_memory_used_ratio", text, registry=registry)
        text = "Redis nodes that may throw keys away: their maxmemory-policy is not noeviction"
        self._distrusted = Gauge("stamgast_redis_may_evict", text, registry=registry)
        text = "Redis nodes that take no writes: out of memory, read-only, no disk, too few replicas"
        self._refusing = Gauge("stamgast_redis_refuses_writes", text, registry=registry)
        text = "Keys that Redis threw away since it was started; above 0 its state is not whole"
        self._evicted = Gauge("stamgast_redis_evicted_keys", text, registry=registry)

    def show(self, nodes: Sequence[Condition]) -> None:
        """Bring the figures up to date."""
        self._used.set(max((each.part_used for each in nodes), default=0.0))
        self._distrusted.set(sum(bool(each.distrust) for each in nodes))
        self._refusing.set(sum(bool(each.refused) for each in nodes))
        self._evicted.set(sum(each.evicted for each in nodes))
