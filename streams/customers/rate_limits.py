"""Rules' limits a day, counted again from the log of activations by whoever takes a partition.

The counts stand in Redis alone, one set per rule and day, for all partitions. What was claimed is in the log, so a
Redis that lost them gets them back with everything else; counting an activation twice changes nothing. Each partition
keeps its share beside its own state, for in a Redis Cluster the count may be lost with another node
(`Outbox.restore_limits`). Nothing is taken from a count before all partitions have handed in theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stamgast.clock.shop_time import Clock
from stamgast.domain.activation import Note
from stamgast.domain.calendar import business_day
from stamgast.domain.units import DAY
from stamgast.state.outbox import Outbox
from streams.customers.bundles import Bundles, UnusableBundleError

_LOOK_BACK: Final = 2 * DAY
"""Limits are by the merchant's day; a zone is at most a day away from the recorded time."""


class Limits:
    """The limits a day, as far as one owned partition took from them."""

    def __init__(self, bundles: Bundles, outbox: Outbox, clock: Clock, partition: int) -> None:
        self._bundles = bundles
        self._outbox = outbox
        self._clock = clock
        self._partition = partition
        self._restored = False
        self._handed_in: set[str] = set()

    async def recount(self, claims: Sequence[Note]) -> None:
        """Count what these claims took from their rules' limits, as far as it still matters."""
        now = self._clock.now()
        since = now - _LOOK_BACK
        taken: dict[tuple[str, str, int], list[str]] = {}
        for note in claims:
            zone = await self._zone_of(note.merchant, note.rule) if note.at >= since and not note.staff else None
            if zone is not None:
                # One of the time to come was noted by a wrong clock: it counts today, for it was sent before now.
                key = (note.merchant, note.rule, business_day(min(note.at, now), zone))
                taken.setdefault(key, []).append(note.activation)
        for (merchant, rule, day), activations in taken.items():
            await self._outbox.recount_limit(merchant, rule, day, activations)

    async def hand_in(self) -> None:
        """Let what this partition sent count, of merchants who came since the last time too.

        Raises StateError.
        """
        if not self._restored:
            await self._outbox.restore_limits()
            self._restored = True
        if len(self._handed_in) == len(self._bundles.newest):
            return
        for merchant in self._bundles.newest.keys() - self._handed_in:
            await self._outbox.hand_in_limits(merchant, self._partition)
            self._handed_in.add(merchant)

    async def _zone_of(self, merchant: str, rule_id: str) -> str | None:
        """The merchant's time zone, if the rule has a limit a day."""
        newest = self._bundles.newest.get(merchant)
        if newest is None or not self._bundles.glance(merchant, newest[1]).may_limit_days:
            return None
        try:
            bundle = await self._bundles.get(merchant, newest[1])
        except UnusableBundleError:
            return None
        rule = bundle.rules.by_id.get(rule_id)
        return bundle.program.time_zone if rule is not None and rule.per_day else None
