"""Whether each store's tills are heard, as the log has it: what rules ask with `feed:` where that goes by store.

What is judged by is no part of a state (`stamgast.domain.feed_health`): it is said on the log, and whoever reads that
again gets the same answers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from stamgast.domain.feed_health import Health

_WORST_FIRST: Final = (Health.STALE, Health.QUIET)


@dataclass(frozen=True, slots=True)
class StoreFeeds:
    """What a programme asks, and what was said last."""

    by_store: bool = False
    """program.yaml says `feed: {by_store: true}`; else nothing here counts."""
    unwell: Mapping[str, Health] = field(default_factory=dict)
    """Store -> how its feed is; those that are not named are healthy."""

    def health(self, store: str, stores: Iterable[str]) -> Health:
        """How the feed of a store is; of one that the programme does not know, of the shop: as its worst store."""
        if not self.by_store or not self.unwell:
            return Health.HEALTHY
        known = list(stores)
        if store in known:
            return self.unwell.get(store, Health.HEALTHY)
        found = {self.unwell.get(each, Health.HEALTHY) for each in known}
        return next((each for each in _WORST_FIRST if each in found), Health.HEALTHY)

    def those(self, health: Health, stores: Iterable[str]) -> list[str]:
        """Which of the programme's stores are so."""
        return [each for each in stores if self.by_store and self.unwell.get(each, Health.HEALTHY) is health]


NO_STORE_FEEDS: Final = StoreFeeds()
