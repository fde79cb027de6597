"""Live states as a version before wrote them, beside what the log leads to: what is no difference.

A customer's state is written anew when something happens to them. Until then one of before has visit days of long ago
that are let go of now (`stamgast.domain.days.trimmed`), and does not know what older days earned on its capped cards
(`stamgast.domain.stamp_days`), which is counted when something asks for it.
"""

from collections.abc import Mapping

from stamgast.domain.customer import Customer
from stamgast.domain.days import trimmed
from stamgast.domain.stamp_days import block_of

Entries = Mapping[bytes, bytes]


def as_far_as_known(
    live: Customer, live_entries: Entries, folded: Customer, entries: Entries
) -> tuple[Entries, Entries]:
    """Take out of both states, and of both ledgers, what the other cannot have; returns the ledgers."""
    live.days = trimmed(live.days, live.last_day)
    for place, (name, card) in enumerate(live.cards.items()):
        known = folded.cards.get(name)
        if card.by_day is None and known is not None and known.by_day is not None:
            known.by_day = None
            live_entries, entries = _without(live_entries, place), _without(entries, place)
    return live_entries, entries


def _without(entries: Entries, place: int) -> dict[bytes, bytes]:
    return {field: value for field, value in entries.items() if block_of(field, place) is None}
