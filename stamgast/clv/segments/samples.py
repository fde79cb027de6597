"""Some customers of each segment, by their ids: drawn without looking at them, and the same ones tomorrow."""

from __future__ import annotations

from heapq import heapify, heappush, heappushpop
from typing import Final
from zlib import crc32

MOST: Final = 10


class Samples:
    """Keeps those whose ids have the lowest sums (CRC-32): it goes by nothing that makes a customer special."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[tuple[str, str], list[tuple[int, str]]] = {}
        """Kind and segment -> the negated sum and the id: the first goes next."""

    def add(self, kind: str, segment: str, customer: str) -> None:
        """Take in one, once."""
        kept, mark = self._kept.setdefault((kind, segment), []), -crc32(customer.encode())
        if len(kept) < self._most:
            heappush(kept, (mark, customer))
        elif mark > kept[0][0]:
            heappushpop(kept, (mark, customer))

    def rename(self, kind: str, before: str, after: str) -> None:
        """Let one segment be a part of another."""
        both = [*self._kept.pop((kind, before), []), *self._kept.get((kind, after), [])]
        kept = sorted(both, reverse=True)[: self._most]
        heapify(kept)
        self._kept[kind, after] = kept

    def of(self, kind: str, segment: str) -> tuple[str, ...]:
        """Those of a segment."""
        return tuple(customer for _, customer in sorted(self._kept.get((kind, segment), []), reverse=True))
