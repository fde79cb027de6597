"""What is in doubt: looked up at the carrier a few times, and shown as unproven if it stays so.

A look-up counts once the carrier has answered it. What its list does not know at the last one is offered to
`streams.outbox.second_attempts`; anything else is never tried again.

A callback may settle it at any time: it is an outcome event like any other, and takes the look-ups with it
(`streams.customers.doubts`, which also puts back what Redis forgot). When each doubt is
looked up stands in Redis: an owner reads the first that are due, a few at a time, and goes on where the last one was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import msgspec

from channels.model import Found, Lookup, Prepared
from channels.reasons import reason_of
from stamgast.domain.activation import Submission, accepted_or_further
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Reason, Status
from stamgast.logs import get_logger
from stamgast.state.doubts import Doubt, Doubts
from stamgast.state.errors import StateError
from stamgast.state.views import NotLoadedError
from streams.outbox.context import Outgoing
from streams.runtime.job import OwnedPartition

log = get_logger(__name__)

Prepare = Callable[[Submission, Millis], Awaitable[tuple[Prepared, str] | Reason]]
Unknown = Callable[[Doubt], Awaitable[None]]
"""Told of an attempt that the carrier does not know after the last look-up."""

_SIDE_BY_SIDE: Final = 8
"""Look-ups at once, per partition: after an outage thousands may be due."""
_AGAIN_S: Final = 1.0
"""A look-up that the carrier did not answer is repeated after so long, as its sender's turns allow."""
_UNCLEAR: Final = Found(Lookup.SEVERAL)


class Settling:
    """Looks up the attempts in doubt of one partition until each is settled."""

    def __init__(
        self,
        around: Outgoing,
        owned: OwnedPartition,
        doubts: Doubts,
        prepare: Prepare,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        unknown: Unknown,
    ) -> None:
        self._around = around
        self._owned = owned
        self._doubts = doubts
        self._prepare = prepare
        self._spawn = spawn
        self._unknown = unknown
        self._looking: set[str] = set()
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Look up whatever is due, in that order, until the partition is given up. Raises StateError."""
        await self._doubts.schedule_all(self._wait_for(0))
        while True:
            self._woken.clear()
            due, pause = await self._doubts.due(_SIDE_BY_SIDE)  # those that are being looked up stand among them
            for doubt in due:
                if doubt.submission.activation not in self._looking and len(self._looking) < _SIDE_BY_SIDE:
                    self._looking.add(doubt.submission.activation)
                    self._spawn(self._look_and_go_on(doubt))
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                pass

    def wake(self) -> None:
        """Look again at what is due: somebody else put something in doubt."""
        self._woken.set()

    async def put_in_doubt(self, submission: Submission, attempt: str) -> None:
        """An attempt that somebody else recorded: it may have been submitted. Raises StateError."""
        await self._put(Doubt(submission, attempt, submission.decided_at))
        await self._around.append_outcome(
            self._owned.number, submission, Status.IN_DOUBT, attempt=attempt, reason=Reason.ANOTHER_ATTEMPT
        )  # fmt: skip

    async def remember(self, doubt: Doubt) -> None:
        """Keep what has to be looked up; if the partition is lost, its next owner finds it being sent."""
        try:
            await self._put(doubt)
        except StateError as error:
            log.warning("attempt in doubt not noted", activation=doubt.submission.activation, why=repr(error))

    async def look_up(self, doubt: Doubt) -> None:
        """Ask the carrier once; one match is proof, anything else is none. Raises StateError."""
        (found, ready), around = await self._find(doubt), self._around
        looked = doubt.looked + 1
        if found.lookup is Lookup.UNAVAILABLE:  # that the carrier is away proves nothing about the message
            await self._doubts.look_again(doubt, _AGAIN_S)
        elif found.lookup is Lookup.FOUND:
            around.bound.append(found.provider_id)
            status = accepted_or_further(found.status)
            await around.append_outcome(
                self._owned.number, doubt.submission, status, attempt=doubt.attempt, provider_id=found.provider_id,
                reason=reason_of(found.fault, found.treatment), code=found.code, treatment=found.treatment,
                address=ready[1] if ready else "", parts=ready[0].priced_parts if ready else 0,
                country=ready[0].message.country if ready else "",
            )  # fmt: skip
            await self._doubts.settled(doubt.submission)
        elif looked < len(around.patience.look_ups_s):
            await self._doubts.look_again(msgspec.structs.replace(doubt, looked=looked), self._wait_for(looked))
        else:
            if found.lookup is Lookup.NONE:
                await self._unknown(doubt)
            await self._doubts.settled(doubt.submission)

    async def _put(self, doubt: Doubt) -> None:
        await self._doubts.put(doubt, self._wait_for(0))
        self._woken.set()

    def _wait_for(self, look: int) -> float:
        """Seconds from the look-up before (or from the doubt) to this one."""
        times = (0.0, *self._around.patience.look_ups_s)
        return times[look + 1] - times[look] if look + 1 < len(times) else 0.0

    async def _look_and_go_on(self, doubt: Doubt) -> None:
        try:
            await self.look_up(doubt)
        finally:
            self._looking.discard(doubt.submission.activation)
            self._woken.set()

    async def _find(self, doubt: Doubt) -> tuple[Found, tuple[Prepared, str] | None]:
        """What the carrier knows; the message that was looked for, and what stands for its address."""
        submission, around = doubt.submission, self._around
        channel = around.channels.get(submission.channel)
        try:
            ready = await self._prepare(submission, doubt.begun_at)
        except NotLoadedError:
            return Found(Lookup.UNAVAILABLE), None
        if channel is None or isinstance(ready, Reason):
            return _UNCLEAR, None
        known = await self._doubts.bound(submission.merchant, submission.customer)
        turn = await around.lookers.turn((submission.merchant, submission.channel))
        try:
            found = await channel.find(ready[0], doubt.attempt, doubt.begun_at, known.union(around.bound))
            turn.looked_up(found)
        except Exception:  # a fault of the channel's own: nothing was learnt
            log.exception("the channel broke", activation=submission.activation)
            turn.looked_up(found := Found(Lookup.UNAVAILABLE))
        finally:
            turn.give_back()
        if found.lookup is not Lookup.FOUND:
            return found, ready
        # What is in doubt as well might be proven by the same message.
        rival = await self._doubts.has_another(submission)
        unclear = rival or await self._may_be_anothers(doubt, found.provider_id)
        return (_UNCLEAR if unclear else found), ready

    async def _may_be_anothers(self, doubt: Doubt, provider_id: str) -> bool:
        """Whether the message may be that of an attempt which is still being submitted, perhaps by a dead process.

        Asked after the carrier was: whatever it knew of then has begun before, and is being sent still, or in doubt,
        or finished together with the name of its message.
        """
        mine = doubt.submission
        begun = await self._doubts.is_another_begun(mine)
        return begun or provider_id in await self._doubts.bound(mine.merchant, mine.customer)
