"""Whether a shop's tills are heard, by all that a programme and the log say of it."""

from stamgast.domain.feed_health import Health
from stamgast.domain.program import Program


def health_of(program: Program, store: str = "") -> Health:
    """How the feed of a store is; without one, or of one that is not known, that of the shop: as its worst store."""
    return program.store_feeds.health(store, program.stores) if program.feed_healthy else Health.STALE


def knows_who_was_there(program: Program) -> bool:
    """Whether somebody who did not buy stayed away: while the shop or one of its stores is not heard, nobody knows."""
    return program.feed_healthy and not program.store_feeds.those(Health.STALE, program.stores)
