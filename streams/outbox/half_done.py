"""What the last owner of a partition left half-done: claimed, begun, cancelled or withheld, and not finished.

It is found by a scan in pieces beside the lanes at work, and told from their doings by the owner's token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from stamgast.domain.activation import Submission
from stamgast.domain.vocabulary import NoteKind, Status
from stamgast.logs import get_logger
from stamgast.state.outbox import Entry, Lane, Outbox
from streams.customers.activation_log import ActivationLog
from streams.outbox.context import Outgoing
from streams.outbox.in_doubt import Settling
from streams.runtime.job import OwnedPartition

log = get_logger(__name__)

_AT_ONCE: Final = 50


class HalfDone:
    """Finds what an owner before left half-done in the outbox of one partition, and ends it."""

    def __init__(
        self,
        around: Outgoing,
        owned: OwnedPartition,
        outbox: Outbox,
        activations: ActivationLog,
        *,
        settling: Settling,
        look_again: Callable[[Lane], None],
    ) -> None:
        self._around = around
        self._owned = owned
        self._outbox = outbox
        self._activations = activations
        self._settling = settling
        self._look_again = look_again
        self._begun_elsewhere: list[Entry] = []

    async def take_up(self) -> None:
        """Bring each of them on. Raises StateError or ClaimLostError."""
        count = 0
        async for found in self._outbox.half_done():
            others = [entry for entry in found if entry.token != self._owned.lease.token]
            count += len(others)
            for start in range(0, len(others), _AT_ONCE):
                await asyncio.gather(*map(self._take_up, others[start : start + _AT_ONCE]))
        if count:
            log.info("took up what was half-done", partition=self._owned.number, entries=count)
        await self._await_the_begun()

    async def _take_up(self, entry: Entry) -> None:
        submission = entry.submission
        match entry.state:
            case "X":
                await self._around.append_cancelled(self._owned.number, submission)
            case "W":  # perhaps nobody was told why
                await self._put_back(submission, "")
            case "C" if not entry.open_attempt:
                await self._put_back(submission, entry.attempt)
            case "C" if entry.open_attempt == entry.attempt and entry.run == self._owned.lease.redis_run:
                # Redis has not been restarted since, so it would know if the submission had begun.
                await self._activations.close_attempt(self._around.note(NoteKind.CLOSED, submission, entry.attempt))
                await self._put_back(submission, entry.attempt)
            case "C":
                await self._settling.put_in_doubt(submission, entry.open_attempt)
            case "S" if not entry.open_attempt:
                # Its attempt was closed in the log: it was certainly not submitted.
                await self._put_back(submission, entry.attempt)
            case "S":
                self._begun_elsewhere.append(entry)
            case _:
                append = self._around.append_outcome
                await append(self._owned.number, submission, Status.IN_DOUBT, attempt=entry.attempt)

    async def _put_back(self, submission: Submission, attempt: str) -> None:
        await self._outbox.put_back(submission, attempt)
        self._look_again((submission.merchant, submission.channel))

    async def _await_the_begun(self) -> None:
        """Another owner began to submit these: give its POSTs the time to end, then they are in doubt."""
        if not self._begun_elsewhere:
            return
        await asyncio.sleep(self._around.patience.post_s)
        while self._begun_elsewhere:
            some, self._begun_elsewhere = self._begun_elsewhere[:_AT_ONCE], self._begun_elsewhere[_AT_ONCE:]
            left = await self._outbox.still_so(some)
            await asyncio.gather(*(self._settling.put_in_doubt(each.submission, each.attempt) for each in left))
