"""What is in doubt: never tried again, looked up at the carrier a few times, and shown as unproven if it stays so.

A callback may settle it at any time; it is an outcome event like any other and needs nothing here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from channels.model import Lookup, Prepared
from stamgast.domain.activation import RANKS, Submission
from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.state.errors import StateError
from stamgast.state.outbox import Doubt, Outbox
from stamgast.state.views import NotLoadedError
from streams.outbox import Outgoing
from streams.ownership import Ownership

log = get_logger(__name__)

Prepare = Callable[[Submission, Millis], Awaitable[tuple[Prepared, str] | str]]


class Settling:
    """For one owned partition."""

    def __init__(self, around: Outgoing, owned: Ownership, outbox: Outbox, prepare: Prepare) -> None:
        self._around = around
        self._owned = owned
        self._outbox = outbox
        self._prepare = prepare

    async def put_in_doubt(self, submission: Submission, attempt: str) -> None:
        """An attempt that somebody else recorded: it may have been submitted. Raises StateError."""
        doubt = Doubt(submission, attempt, submission.decided_at)
        await self._outbox.doubt(doubt)
        await self._around.tell(
            self._owned.number, submission, "in_doubt", attempt=attempt, reason="another_attempt"
        )  # fmt: skip
        await self.look_up(doubt)

    async def await_foreign(self, submission: Submission, attempt: str, is_known: Callable[[str], bool]) -> None:
        """Another owner began to submit it: give its POST the time to end, then it is in doubt."""
        await asyncio.sleep(self._around.patience.post_s)
        if is_known(submission.activation):
            await self.put_in_doubt(submission, attempt)

    async def remember(self, doubt: Doubt) -> None:
        """Keep what has to be looked up; if the partition is lost, its next owner finds it being sent."""
        try:
            await self._outbox.doubt(doubt)
        except StateError as error:
            log.warning("doubt not kept", activation=doubt.submission.activation, why=repr(error))

    async def look_up(self, doubt: Doubt) -> None:
        """Ask the carrier a few times; one match is proof, anything else is none. Raises StateError."""
        submission, around = doubt.submission, self._around
        waited = 0.0
        for after in around.patience.look_ups_s:
            await asyncio.sleep(after - waited)
            waited = after
            found = await self._find(doubt)
            if found is not None:
                status, provider_id = found
                await around.tell(
                    self._owned.number, submission, status, attempt=doubt.attempt, provider_id=provider_id
                )  # fmt: skip
                break
        await self._outbox.settled(submission.activation)

    async def _find(self, doubt: Doubt) -> tuple[str, str] | None:
        submission = doubt.submission
        channel = self._around.channels.get(submission.channel)
        try:
            ready = await self._prepare(submission, doubt.begun_at)
        except NotLoadedError:
            return None
        if channel is None or isinstance(ready, str):
            return None
        if await self._has_rival(doubt):
            return None
        known = await self._outbox.bound(submission.merchant, submission.customer)
        found = await channel.find(ready[0], doubt.attempt, doubt.begun_at, known.union(self._around.bound))
        if found.lookup is not Lookup.FOUND or await self._may_be_anothers(doubt, found.provider_id):
            return None
        accepted = RANKS.get(found.status, 0) >= RANKS["accepted"]
        self._around.bound.append(found.provider_id)
        return (found.status if accepted else "accepted"), found.provider_id

    async def _may_be_anothers(self, doubt: Doubt, provider_id: str) -> bool:
        """Whether the message may be that of an attempt which is still being submitted, perhaps by a dead process.

        Asked after the carrier was: whatever it knew of then has begun before, and is being sent still, or in doubt,
        or finished together with the name of its message.
        """
        mine, entries = doubt.submission, await self._outbox.entries()
        sending = any(
            entry.state in ("S", "D")
            and entry.submission.activation != mine.activation
            and (entry.submission.merchant, entry.submission.customer) == (mine.merchant, mine.customer)
            for entry in entries
        )
        return sending or provider_id in await self._outbox.bound(mine.merchant, mine.customer)

    async def _has_rival(self, doubt: Doubt) -> bool:
        """Whether one message could prove another attempt as well: two to the same person, both in doubt."""
        mine = doubt.submission
        return any(
            other.submission.activation != mine.activation
            and (other.submission.merchant, other.submission.customer) == (mine.merchant, mine.customer)
            for other in await self._outbox.doubts()
        )
