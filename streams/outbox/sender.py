"""One owned partition's outbox at work: each lane's next entry is claimed, submitted once, and its answer told."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, Final

from channels.model import Fault, Outcome, Prepared, Refusal, SendResult
from stamgast.clock.pauses import pause_after
from stamgast.domain.activation import Submission
from stamgast.domain.alerts import AlertKind
from stamgast.domain.answers import Asked, template_of
from stamgast.domain.message_words import ALERT, tells_card
from stamgast.domain.program import Program
from stamgast.domain.units import HOUR, SECOND, Millis
from stamgast.domain.vocabulary import NoteKind, Reason, Status, Treatment
from stamgast.identity.records import Profile
from stamgast.logs import get_logger
from stamgast.state import keys
from stamgast.state.doubts import Doubt, Doubts
from stamgast.state.errors import ElsewhereError, StateError
from stamgast.state.outbox import Lane, Outbox
from stamgast.state.views import NotLoadedError
from streams.customers.activation_log import ActivationLog, ClaimLostError
from streams.customers.bundles import UnusableBundleError
from streams.customers.writes import Written
from streams.outbox.addressing import Addressed, address, address_of, told_to
from streams.outbox.context import Outgoing
from streams.outbox.half_done import HalfDone
from streams.outbox.in_doubt import Settling
from streams.outbox.lanes import Lanes
from streams.outbox.second_attempts import SecondAttempts
from streams.outbox.turns import Turn
from streams.runtime.job import OwnedPartition

log = get_logger(__name__)
CARD_ANSWER: Final = template_of(Asked.CARD)

_VIEW_PAUSE_S: Final = 1.0
_TOLD_AT_ONCE: Final = 50
_PAUSED_S: Final = 2.0
_COUNTED_EVERY_S: Final = 1.0


_NOT_SAID: Final = frozenset(
    {
        Reason.TEMPLATE,
        Reason.CONTENT,
        Reason.TOO_LONG,
        Reason.CONFIG,
        Reason.NO_CHANNEL,
        Reason.NO_TEMPLATE,
        Reason.NO_WORDING,
    }
)
"""What cannot be said on a channel, or not by this sender: another one may do."""


class Submitting:
    """Makes what works an owned partition's outbox: `streams.customers.sending.OpensSending`."""

    def __init__(self, around: Outgoing) -> None:
        self._around = around

    @property
    def first_look(self) -> Millis:
        """Milliseconds from a doubt to its first look-up."""
        return int(self._around.patience.look_ups_s[0] * SECOND)

    def partition(self, owned: OwnedPartition, outbox: Outbox, activations: ActivationLog) -> PartitionSending:
        """Make it; it begins with `open`."""
        sending = PartitionSending(self._around, owned, outbox, activations)
        self._around.count(sending)
        return sending


class PartitionSending:
    """See the module. Made at a taking, opened once the partition has caught up, closed when it is given up."""

    def __init__(self, around: Outgoing, owned: OwnedPartition, outbox: Outbox, activations: ActivationLog) -> None:
        self._around = around
        self._owned = owned
        self._outbox = outbox
        self._activations = activations
        again = SecondAttempts(around, owned, activations)
        self._settling = Settling(
            around, owned, Doubts(owned.lease), self.prepare, spawn=self._spawn, unknown=again.offer
        )  # fmt: skip
        self._lanes = Lanes(outbox, around.patience.width, self._submit, self._spawn)
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0
        self._counted_at = 0.0
        self._waiting: dict[Lane, int] = {}
        self._closed = False

    async def open(self) -> None:
        """Take up what waits and what the last owner left, then whatever is committed from now on. Raises StateError.

        None of it is read whole, and the lanes do not wait for the rest.
        """
        left = HalfDone(
            self._around, self._owned, self._outbox, self._activations,
            settling=self._settling, look_again=self._lanes.look_again,
        )  # fmt: skip
        moving = self._outbox.move_old()
        await anext(moving, None)  # what has waited longest goes first
        await self._lanes.open()
        self._spawn(self._move_on(moving))
        self._spawn(left.take_up())
        self._spawn(self._settling.run())
        await self.count()
        if self._count:
            log.info("outbox taken up", partition=self._owned.number, entries=self._count)

    def committed(self, written: Written, cancelled: Sequence[str]) -> None:
        """Learn what a step added, finished and cancelled."""
        for (merchant, channel), activations in written.finished.items():
            for activation in activations:
                self._lanes.drop((merchant, channel), activation)
        for submission in written.submissions:
            self._lanes.add(submission)
        for lane, report in written.reports:
            self._around.senders.reported(lane, report)
        if written.doubtful:
            self._settling.wake()
        if cancelled:
            self._around.fly(self._append_cancelled(cancelled))

    async def count(self) -> None:
        """Bring the figures of what is not finished up to date, unless they just were. Raises StateError."""
        now = time.monotonic()
        if now - self._counted_at < _COUNTED_EVERY_S:
            return
        self._counted_at = now
        self._count = await self._outbox.count()
        self._waiting = {lane: await self._outbox.depth(lane) for lane in self._around.senders.failing}

    def close(self) -> None:
        """Begin nothing more. What is being submitted goes on."""
        self._closed = True
        self._lanes.close()
        for task in list(self._tasks):
            task.cancel()

    @property
    def oldest(self) -> int | None:
        """When the oldest entry that waits was decided."""
        return self._lanes.oldest

    def __len__(self) -> int:
        return self._count

    def waiting(self, lane: Lane) -> int:
        """How many wait for a sender whose carrier fails, as counted last."""
        return self._waiting.get(lane, 0)

    # -- beside the lanes

    async def _move_on(self, moving: AsyncIterator[set[Lane]]) -> None:
        async for lanes in moving:
            for lane in lanes:
                self._lanes.look_again(lane)

    async def _append_cancelled(self, activations: Sequence[str]) -> None:
        try:
            for start in range(0, len(activations), _TOLD_AT_ONCE):
                some = await self._outbox.submissions(activations[start : start + _TOLD_AT_ONCE])
                append = self._around.append_cancelled
                await asyncio.gather(*(append(self._owned.number, submission) for submission in some))
        except StateError as error:  # the next owner finds them cancelled
            log.warning("cancellations not appended yet", partition=self._owned.number, why=repr(error))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._closed:
            work.close()
            return
        task = self._owned.spawn(self._guarded(work), "outbox")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # it may have been cancelled before it began

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except StateError as error:
            self._owned.take_again(f"the outbox could not be worked: {error!r}")
        except ClaimLostError:
            log.info("claim lost", partition=self._owned.number)

    # -- one submission

    async def _submit(self, submission: Submission) -> None:
        again, failures = True, 0
        while again:
            turn = await self._around.senders.turn((submission.merchant, submission.channel))
            try:
                again = await self._attempt(submission, turn)
            except (NotLoadedError, ElsewhereError):
                turn.give_back()
                failures += 1
                await asyncio.sleep(pause_after(failures, first_s=_VIEW_PAUSE_S))
            finally:
                turn.give_back()

    async def _attempt(self, submission: Submission, turn: Turn) -> bool:
        """Submit it if it may still go; say whether that is to be tried again."""
        ready = await self._prepared(submission)
        if ready is None:
            return False
        if not await turn.proves(self._around.channels[submission.channel]):
            return True
        attempt = secrets.token_hex(16)
        claimed = await self._outbox.claim(submission, attempt)
        if claimed.startswith("open|"):
            await self._settling.put_in_doubt(submission, claimed.partition("|")[2])
            return False
        if claimed != "ok":
            return False
        if not await self._activations.claim(self._around.note(NoteKind.CLAIMED, submission, attempt)):
            await self._settling.put_in_doubt(submission, attempt)
            return False
        again: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        turn.fly()
        self._around.fly(self._fly(submission, attempt, ready, turn, again))
        return await again

    async def _prepared(self, submission: Submission) -> tuple[Prepared, str] | None:
        """The message as it would go now, with its phone's stop mark; None if it must not go."""
        around = self._around
        ready = await self.prepare(submission, around.clock.now())
        if isinstance(ready, Reason):
            await self._withhold(submission, ready)
            return None
        if await around.people.stopped_at(submission.merchant, ready[1]) is not None:
            await self._withhold(submission, Reason.OPTED_OUT)
            return None
        if submission.staff:
            return await self._told(submission, ready)
        day = await around.day_of(submission) if submission.per_day else 0
        partitions = around.topics.partitions
        if submission.per_day and not await self._outbox.take_limit(submission, day, partitions):
            await self._withhold(submission, Reason.RULE_LIMIT)
            return None
        return ready

    async def _told(self, submission: Submission, ready: tuple[Prepared, str]) -> tuple[Prepared, str] | None:
        """What staff are told, if there is room in their hour, with how many others it tells of; None: not now."""
        who = (await self._around.bundle_of(submission)).program.staff[submission.staff]
        now = self._around.clock.now()
        answer, others = await self._outbox.take_notice(submission, now // HOUR, who.per_hour)
        if answer != "go":
            await self._withhold(submission, Reason.STAFF_LIMIT if answer == "wait" else Reason.FOLDED)
            return None
        if not others:
            return ready
        again = await self.prepare(submission, now)
        if isinstance(again, Reason):
            await self._withhold(submission, again)
            return None
        return again

    async def _withhold(self, submission: Submission, reason: Reason) -> None:
        """End it unsent. It leaves its lane before anybody is told, so that no window fills with what has ended."""
        if await self._outbox.withhold(submission):
            status = Status.EXPIRED if reason is Reason.EXPIRED else Status.SUPPRESSED
            treatment = Treatment.FALLBACK if reason in _NOT_SAID else Treatment.NONE
            await self._around.append_outcome(
                self._owned.number, submission, status, reason=reason, treatment=treatment
            )

    async def prepare(self, submission: Submission, now: Millis) -> tuple[Prepared, str] | Reason:
        """Render the message as of `now`, or say why it must not go."""
        around = self._around
        if now >= submission.expires_at:
            return Reason.EXPIRED
        channel = around.channels.get(submission.channel)
        profile = await around.people.profile(submission.merchant, submission.customer)
        if channel is None:
            return Reason.NO_CHANNEL
        try:
            program = (await around.bundle_of(submission)).program
        except UnusableBundleError:
            return Reason.NO_TEMPLATE
        told, reached_at = None, ""
        if submission.staff:
            told = told_to(submission, program, around.people, await self._outbox.told_besides(submission))
            reached_at = "" if told is None else told.phone
        elif profile is not None:
            reached_at = address_of(profile, submission.channel)
        if not reached_at:
            return Reason.NO_ADDRESS
        phone_hash = around.people.opt_out_key(submission.merchant, submission.channel, reached_at)
        card, report = await self._card_of(submission, program), self._report_of(submission, now)
        addressed = address(submission, program, profile or Profile(), phone_hash, told=told, card=card, link=report)
        if not isinstance(addressed, Addressed):
            return addressed
        prepared = await around.rendering.prepare(channel, addressed.message, now)
        if isinstance(prepared, Refusal):
            log.error("message refused", activation=submission.activation, why=prepared.reason)
            if prepared.fault is Fault.COSTLY:
                await around.pause_rule(self._owned.number, submission, prepared.reason)
            return prepared.fault.reason
        return prepared, phone_hash

    async def _card_of(self, submission: Submission, program: Program) -> str:
        """Where their card is, for who has asked for it, or where the words name it; empty else.

        Who has asked is told it only where customers reach us by https.
        """
        around = self._around
        template = program.templates.get(submission.template)
        if submission.template == CARD_ANSWER:
            wanted = around.public_url.startswith("https://")
        else:
            wanted = template is not None and not submission.staff and tells_card(template)
        if not wanted:
            return ""
        return f"{around.public_url}/c/{await around.people.cards.token(submission.merchant, submission.customer)}"

    def _report_of(self, submission: Submission, now: Millis) -> str:
        """Where the report of a month is, for whom staff are told of it; made now, so that it stands on no log."""
        around = self._around
        if around.reports is None or submission.data.get(ALERT) != AlertKind.MONTH_REPORT:
            return ""
        return f"{around.public_url}/report/{around.reports.make(submission.merchant, submission.data['about'], now)}"

    async def _fly(
        self, submission: Submission, attempt: str, ready: tuple[Prepared, str], turn: Turn,
        again: asyncio.Future[bool],
    ) -> None:  # fmt: skip
        """Begin, submit once, tell. Sets in `again` whether another attempt is to be made."""
        retry = False
        try:
            retry = await self._begin_and_post(submission, attempt, ready, turn)
        except StateError as error:
            self._owned.take_again(f"a submission lost its partition: {error!r}")
        except ClaimLostError:
            log.info("claim lost", activation=submission.activation)
        finally:
            turn.land()
            if not again.done():
                again.set_result(retry)

    async def _begin_and_post(
        self, submission: Submission, attempt: str, ready: tuple[Prepared, str], turn: Turn
    ) -> bool:
        around, partition = self._around, self._owned.number
        prepared, phone_hash = ready
        stop = keys.customers(partition).stop(submission.merchant, phone_hash)
        asked = time.monotonic()
        begun = await self._outbox.begin(submission, attempt, stop)
        if begun == "ok" and time.monotonic() - asked > _PAUSED_S:
            # This process stood still. Whoever has the partition by now may have looked it up, and sent it again.
            await self._activations.close_attempt(around.note(NoteKind.CLOSED, submission, attempt))
            await self._outbox.put_back(submission, attempt)
            return True
        if begun != "ok":
            await self._activations.close_attempt(around.note(NoteKind.CLOSED, submission, attempt))
            if begun == "stopped":
                await self._outbox.put_back(submission, attempt)
                await self._withhold(submission, Reason.OPTED_OUT)
            return False
        begun_at = around.clock.now()
        channel = around.channels[submission.channel]
        try:
            answer = await channel.send(prepared, attempt, around.callback_url(submission, attempt, ready))
        except Exception as error:  # a fault of the channel's own: whether it had submitted, nobody knows
            log.exception("the channel broke", activation=submission.activation)
            answer = SendResult(Outcome.IN_DOUBT, reason=type(error).__name__)
        answer = turn.judged(submission.activation, answer)
        turn.answered(answer)
        return await self._answered(submission, attempt, ready, answer, begun_at)

    async def _answered(
        self, submission: Submission, attempt: str, ready: tuple[Prepared, str], answer: SendResult, begun_at: Millis
    ) -> bool:
        """The carrier answered, or did not: tell what that proves. Says whether another attempt is to be made."""
        around, partition = self._around, self._owned.number
        if answer.outcome is Outcome.IN_DOUBT:
            await self._settling.remember(Doubt(submission, attempt, begun_at))
            await around.append_outcome(
                partition, submission, Status.IN_DOUBT, attempt=attempt, reason=answer.fault.reason
            )
        elif answer.outcome is Outcome.NOT_SENT_RETRY:
            await self._activations.close_attempt(around.note(NoteKind.CLOSED, submission, attempt))
            await self._outbox.put_back(submission, attempt)
            return True
        else:
            await around.append_answer(partition, submission, attempt, ready, answer)
        return False
