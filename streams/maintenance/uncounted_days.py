"""Cards whose older days live state does not know yet: those of a version before, until something asks for them.

The log knows the days of all cards. That a state knows less is no difference: whatever asks counts them then.
"""

from collections.abc import Mapping

from stamgast.domain.customer import Customer
from stamgast.domain.stamp_days import block_of


def as_far_as_known(
    live: Customer, live_entries: Mapping[bytes, bytes], folded: Customer, entries: Mapping[bytes, bytes]
) -> tuple[Mapping[bytes, bytes], Mapping[bytes, bytes]]:
    """Take out of the folded state, and of both ledgers, what the live state does not know; returns the ledgers."""
    for place, (name, card) in enumerate(live.cards.items()):
        known = folded.cards.get(name)
        if card.by_day is None and known is not None and known.by_day is not None:
            known.by_day = None
            live_entries, entries = _without(live_entries, place), _without(entries, place)
    return live_entries, entries


def _without(entries: Mapping[bytes, bytes], place: int) -> dict[bytes, bytes]:
    return {field: value for field, value in entries.items() if block_of(field, place) is None}
