"""Receipts of a list come in as those of a till do: checked by the contract, resolved to customers, appended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.identity.joining import LastHeard
from stamgast.lists.members import in_words
from stamgast.lists.receipts import Draft, Rejected
from stamgast.pos.doubt import Doubt
from stamgast.pos.reading import Received, Refused, read_item
from stamgast.purchases.accept import Append, Known, People, take_in

BATCH: Final = 500
_NOBODY: Final = "a purchase of nobody known: it waits until somebody claims it"


class PurchasesIn:
    """See the module."""

    def __init__(
        self, people: People, known: Known, append: Append, topic: str, *, program: Program, last_heard: LastHeard
    ) -> None:
        self._people, self._known, self._append, self._topic = people, known, append, topic
        self._program, self._last_heard = program, last_heard
        self.warnings: dict[str, int] = {}
        """What was taken although it looks odd -> in how many batches, or of nobody known how often."""

    async def take(self, drafts: Sequence[Draft], at: Millis) -> list[Rejected]:
        """Take some in; returns the rows that were not, once Kafka has all others.

        Raises NotLoadedError, NotAppendedError, StateError: not now; the same again later.
        """
        items = [read_item(draft.document, f"/{draft.lines[0]}") for draft in drafts]
        accepted = await take_in(
            self._people,
            self._known,
            self._append,
            self._topic,
            items,
            program=self._program,
            at=at,
            last_heard=self._last_heard,
            large=True,
        )
        rejected: list[Rejected] = []
        for draft, outcome, item in zip(drafts, accepted.outcomes, items, strict=True):
            if isinstance(outcome, Refused):
                rejected += (Rejected(line, in_words(outcome.problems)) for line in draft.lines)
            elif outcome.customer is None and isinstance(item, Received) and "refund_id" not in draft.document:
                self._warn(_NOBODY)
        for doubt in (*accepted.doubts, *accepted.beside):
            self._warn(_told(doubt))
        return rejected

    def _warn(self, detail: str) -> None:
        self.warnings[detail] = self.warnings.get(detail, 0) + 1


def _told(doubt: Doubt) -> str:
    line = doubt.pointer.split("/")[1:2]
    return f"line {line[0]}: {doubt.detail}" if line and line[0].isdigit() else doubt.detail
