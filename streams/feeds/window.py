"""Which records of a partition are on their way, and up to where all have arrived."""

from __future__ import annotations

from collections import deque
from typing import Final

MOST: Final = 100
"""Offsets; so many are sent again at most after a process died."""


class Window:
    """Opened from an offset on, in order; closed in any order."""

    def __init__(self, start: int) -> None:
        self.next = start
        """What is read next."""
        self._open: deque[int] = deque()
        self._done: set[int] = set()

    def __len__(self) -> int:
        """How many offsets it spans that something is on its way of."""
        return len(self._open)

    @property
    def reached(self) -> int:
        """Everything before has arrived."""
        return self._open[0] if self._open else self.next

    @property
    def has_room(self) -> bool:
        """Whether more may be taken in."""
        return len(self._open) < MOST

    def take(self, offset: int) -> None:
        """A record is on its way."""
        self._open.append(offset)
        self.next = offset + 1

    def done(self, offset: int) -> None:
        """It has arrived, or was laid aside."""
        self._done.add(offset)
        while self._open and self._open[0] in self._done:
            self._done.remove(self._open.popleft())
