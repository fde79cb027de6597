"""The states an owner wrote last, so that a customer who comes again soon need not be read from Redis again.

What stands here was committed by this owner and by nobody since: every commit is fenced by the owner's token and moves
the watermark from where this owner saw it, and a new taking begins with nothing remembered (docs/adr/0034).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Name = tuple[str, str]
"""Merchant and customer."""

ROOM: Final = 1 << 20
"""Bytes of states remembered for one partition."""


class RecentStates:
    """Encoded states by customer, the longest unwritten one forgotten first."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._states: dict[Name, bytes] = {}
        self._bytes = 0

    def get(self, name: Name) -> bytes | None:
        """Return the state as it was last committed, or None if that is not remembered."""
        return self._states.get(name)

    def keep(self, written: Iterable[tuple[Name, bytes]]) -> None:
        """Remember what a committed step wrote."""
        states = self._states
        for name, value in written:
            before = states.pop(name, b"")
            states[name] = value
            self._bytes += len(value) - len(before)
        while self._bytes > self._room:
            self._bytes -= len(states.pop(next(iter(states))))
