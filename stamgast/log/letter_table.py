"""Dead letters that nobody has played again, by merchant, in memory: a view of the dead letters' topic for pages.

Whose a letter is stands in its sealed key, or in the name of where a till's delivery came in. What cannot be opened
here is nobody's, and is counted all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Millis
from stamgast.identity.sealing import SealError
from stamgast.log.dead_letters import DeadLetterSeal, Stored
from stamgast.log.tables import Table

MOST: Final = 1_000
"""Are kept of a merchant, the newest; older ones are counted alone."""
NOBODY: Final = ""
_OF_TILLS: Final = "pos."


class Letter(Struct, frozen=True):
    """One of them. `reason` is what its reader said, in English; no phone stands in it."""

    id: str
    topic: str
    reason: str
    at: Millis


class LetterTable(Table):
    """Followed by `stamgast.log.tail.Tail`."""

    def __init__(self, seal: DeadLetterSeal) -> None:
        super().__init__()
        self.seal = seal
        self._waiting: dict[str, dict[str, Letter]] = {}
        """Merchant -> id -> letter, the oldest first."""
        self._whose: dict[str, str] = {}

    def forget(self) -> None:
        """Begin anew."""
        self._waiting.clear()
        self._whose.clear()

    def note(self, key: bytes | None, value: bytes | None) -> None:  # noqa: ARG002  a table's form
        """Take in a letter, or the note that one was played again."""
        try:
            stored = msgspec.json.decode(value or b"", type=Stored)
        except UNREADABLE:
            return
        if stored.replayed_at:
            self._waiting.get(self._whose.pop(stored.id, NOBODY), {}).pop(stored.id, None)
        elif stored.sealed and stored.id not in self._whose:
            merchant = self._merchant_of(stored)
            theirs = self._waiting.setdefault(merchant, {})
            self._whose[stored.id] = merchant
            theirs[stored.id] = Letter(stored.id, stored.topic, stored.reason, stored.at)
            if len(theirs) > MOST:
                oldest = next(iter(theirs))
                del theirs[oldest]
                self._whose.pop(oldest, None)

    def of(self, merchant: str) -> Sequence[Letter]:
        """A merchant's, the oldest first; of `NOBODY` those of which it is not known whose they are."""
        return list(self._waiting.get(merchant, {}).values())

    def _merchant_of(self, stored: Stored) -> str:
        if stored.topic.startswith(_OF_TILLS):  # a delivery has no key, and its place says whose it is
            return stored.topic.removeprefix(_OF_TILLS).partition(".")[0]
        try:
            key, _ = self.seal.open(stored)
        except (SealError, *UNREADABLE):
            return NOBODY
        return (key or b"").partition(b":")[0].decode(errors="replace")
