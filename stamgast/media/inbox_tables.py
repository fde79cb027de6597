"""What came from customers, in memory, for pages: their sealed messages, and what became of files."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

import msgspec

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Millis
from stamgast.log.replies import Sealed
from stamgast.log.tables import Table
from stamgast.media.record import KEPT, Fetched, Record, Wanted, read_record

MOST: Final = 1_000
"""Messages of a merchant are kept, the newest; `stamgast inbox list` has the others."""
_MOST_FILES: Final = 200_000


class Kept(NamedTuple):
    """A message, as it stands on the topic."""

    at: Millis
    customer: str
    value: bytes


class ReplyTable(Table):
    """A view of `replies.v1`."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[str, OrderedDict[tuple[str, str], Kept]] = {}
        """Merchant -> (customer, the carrier's id) -> message, in the order in which they came."""

    def forget(self) -> None:
        """Begin anew."""
        self._kept.clear()

    def note(self, key: bytes | None, value: bytes | None) -> None:
        """Take in a message; one that comes again is the same."""
        merchant, between, customer = (key or b"").decode(errors="replace").partition(":")
        try:
            sealed = msgspec.json.decode(value or b"", type=Sealed)
        except UNREADABLE:
            return
        if not between:
            return
        theirs = self._kept.setdefault(merchant, OrderedDict())
        theirs.setdefault((customer, sealed.id), Kept(sealed.at, customer, value or b""))
        if len(theirs) > MOST:
            theirs.popitem(last=False)

    def of(self, merchant: str) -> list[Kept]:
        """A merchant's, newest first."""
        return sorted(self._kept.get(merchant, {}).values(), key=lambda each: -each.at)


class FileTable(Table):
    """A view of `media.v1`."""

    def __init__(self) -> None:
        super().__init__()
        self._files: OrderedDict[str, Record] = OrderedDict()

    def forget(self) -> None:
        """Begin anew."""
        self._files.clear()

    def note(self, key: bytes | None, value: bytes | None) -> None:  # noqa: ARG002  a table's form
        """Take in what is known of a file; those that nobody can look at any more go."""
        try:
            said = read_record(value)
        except UNREADABLE:
            return
        if isinstance(self._files.get(said.id), Fetched) and isinstance(said, Wanted):
            return
        self._files[said.id] = said
        while self._files and (len(self._files) > _MOST_FILES or self._oldest().at + KEPT < said.at):
            self._files.popitem(last=False)

    def find(self, media: str) -> Record | None:
        """What is known of it."""
        return self._files.get(media)

    def _oldest(self) -> Record:
        return next(iter(self._files.values()))
