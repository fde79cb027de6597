"""What is known of segments, in memory: a view of `segments.v1` for pages."""

from __future__ import annotations

from contextlib import suppress

from stamgast.domain.errors import UNREADABLE
from stamgast.log.segments import Known, SegmentWorth, key_of_segment
from stamgast.log.tables import Table


class SegmentTable(Table):
    """Followed by `stamgast.log.tail.Tail`."""

    def __init__(self) -> None:
        super().__init__()
        self._known = Known()

    def forget(self) -> None:
        """Begin anew."""
        self._known = Known()

    def note(self, key: bytes | None, value: bytes | None) -> None:
        """Take in a record; what is nothing of ours leaves nothing behind."""
        with suppress(*UNREADABLE):
            self._known.take((key or b"").decode(), value)

    def of(self, merchant: str) -> list[SegmentWorth]:
        """A merchant's, those with the most customers first."""
        return sorted(self._known.of(merchant).values(), key=lambda each: (-each.customers, each.by, each.segment))

    def valued_at(self, merchant: str) -> int | None:
        """When all of them were valued last (milliseconds UTC); None: never."""
        found = self._known.valued.get(merchant)
        return None if found is None else found.at

    def values(self, merchant: str) -> tuple[int, ...]:
        """Customers by what each is worth in all, bin by bin (`stamgast.domain.value_bins`); empty: nobody knows."""
        found = self._known.valued.get(merchant)
        return () if found is None else found.values

    def find(self, merchant: str, by: str, segment: str) -> SegmentWorth | None:
        """One of them."""
        return self._known.segments.get(key_of_segment(merchant, by, segment))
