"""One owned partition's outbox at work: what waits is submitted, what was left half-done is settled."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence
from typing import Final

from channels.model import Fault, Outcome, Prepared, Refusal, SendResult
from stamgast.domain.activation import Note, Submission
from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.state import keys
from stamgast.state.errors import ElsewhereError, StateError
from stamgast.state.outbox import Doubt, Entry, Outbox
from stamgast.state.views import NotLoadedError
from streams.activation_log import ActivationLog, ClaimLostError
from streams.addressing import Addressed, address
from streams.bundles import UnusableBundleError
from streams.customer_writes import Written
from streams.outbox import Outgoing
from streams.ownership import Ownership
from streams.settling import Settling

log = get_logger(__name__)

_VIEW_PAUSE_S: Final = 1.0

Lane = tuple[str, str]
"""Merchant and channel: one sender's queue."""


class PartitionSending:
    """See the module. Made at a taking, opened once the partition has caught up, closed when it is given up."""

    def __init__(self, around: Outgoing, owned: Ownership, outbox: Outbox, activations: ActivationLog) -> None:
        self._around = around
        self._owned = owned
        self._outbox = outbox
        self._activations = activations
        self._settling = Settling(around, owned, outbox, self.prepare)
        self._known: dict[str, Submission] = {}
        self._lanes: dict[Lane, deque[Submission]] = {}
        self._running: dict[Lane, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def open(self) -> None:
        """Take up what the last owner left, then whatever is committed from now on. Raises StateError."""
        entries = await self._outbox.entries()
        for doubt in await self._outbox.doubts():
            self._spawn(self._settling.look_up(doubt))
        for entry in entries:
            if entry.submission.activation not in self._known:
                self._known[entry.submission.activation] = entry.submission
                await self._take_up(entry)
        if entries:
            log.info("outbox taken up", partition=self._owned.number, entries=len(entries))

    def committed(self, written: Written, cancelled: Sequence[str]) -> None:
        """Learn what a step added, finished and cancelled."""
        for submission in written.submissions:
            if submission.activation not in self._known:
                self._known[submission.activation] = submission
                self._enqueue(submission)
        for activation in cancelled:
            if activation in self._known:
                self._tell_cancelled(self._known[activation])
        for activation in written.finished:
            self._known.pop(activation, None)

    def close(self) -> None:
        """Begin nothing more. What is being submitted goes on."""
        self._closed = True
        self._lanes.clear()
        self._known.clear()
        for task in list(self._tasks):
            task.cancel()

    @property
    def oldest(self) -> int | None:
        """When the oldest entry was decided (asked from another thread, hence the copy)."""
        return min((submission.decided_at for submission in list(self._known.values())), default=None)

    def __len__(self) -> int:
        return len(self._known)

    # -- taking up

    async def _take_up(self, entry: Entry) -> None:
        submission = entry.submission
        match entry.state:
            case "":
                self._enqueue(submission)
            case "X":
                self._tell_cancelled(submission)
            case "C" if not entry.open_attempt:
                await self._outbox.put_back(submission.activation, entry.attempt)
                self._enqueue(submission)
            case "C" if entry.open_attempt == entry.attempt and entry.run == self._owned.lease.redis_run:
                # Redis has not been restarted since, so it would know if the submission had begun.
                self._spawn(self._close_and_retry(submission, entry.attempt))
            case "C":
                self._spawn(self._settling.put_in_doubt(submission, entry.open_attempt))
            case "S" if not entry.open_attempt:
                # Its attempt was closed in the log: it was certainly not submitted.
                await self._outbox.put_back(submission.activation, entry.attempt)
                self._enqueue(submission)
            case "S":
                self._spawn(self._settling.await_foreign(submission, entry.attempt, self._is_known))
            case _:
                tell = self._around.tell(self._owned.number, submission, "in_doubt", attempt=entry.attempt)
                self._around.fly(tell)

    def _is_known(self, activation: str) -> bool:
        return activation in self._known

    async def _close_and_retry(self, submission: Submission, attempt: str) -> None:
        await self._activations.close_attempt(self._note("closed", submission, attempt))
        await self._outbox.put_back(submission.activation, attempt)
        self._enqueue(submission)

    def _tell_cancelled(self, submission: Submission) -> None:
        self._around.fly(self._around.tell_cancelled(self._owned.number, submission))

    # -- lanes

    def _enqueue(self, submission: Submission) -> None:
        if self._closed:
            return
        lane = (submission.merchant, submission.channel)
        self._lanes.setdefault(lane, deque()).append(submission)
        if self._running.get(lane, 0) < self._around.patience.width:
            self._running[lane] = self._running.get(lane, 0) + 1
            self._spawn(self._work(lane))

    async def _work(self, lane: Lane) -> None:
        try:
            while queue := self._lanes.get(lane):
                submission = queue.popleft()
                if submission.activation in self._known:
                    await self._submit(submission)
        finally:
            self._running[lane] -= 1

    def _spawn(self, work: object) -> None:
        if self._closed:
            work.close()  # type: ignore[attr-defined]  # a coroutine that never began
            return
        task = self._owned.spawn(self._guarded(work), "outbox")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: object) -> None:
        try:
            await work  # type: ignore[misc]
        except StateError as error:
            self._owned.take_again(f"the outbox could not be worked: {error!r}")
        except ClaimLostError:
            log.info("claim lost", partition=self._owned.number)

    # -- one submission

    async def _submit(self, submission: Submission) -> None:
        for failures in range(1_000_000):
            ready = await self._prepared(submission)
            if ready is None:
                return
            attempt = secrets.token_hex(16)
            claimed = await self._outbox.claim(submission.activation, attempt)
            if claimed.startswith("open|"):
                await self._settling.put_in_doubt(submission, claimed.partition("|")[2])
                return
            if claimed != "ok":
                return
            if not await self._activations.claim(self._note("claimed", submission, attempt)):
                await self._settling.put_in_doubt(submission, attempt)
                return
            again: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
            self._around.fly(self._fly(submission, attempt, ready, failures, again))
            pause = await again
            if pause is None:
                return
            await asyncio.sleep(pause)

    async def _prepared(self, submission: Submission) -> tuple[Prepared, str] | None:
        """The message as it would go now, with its phone's stop mark; None if it must not go."""
        around, tell = self._around, self._around.tell
        while True:
            try:
                ready = await self.prepare(submission, around.clock.now())
                if isinstance(ready, str):
                    status = "expired" if ready == "expired" else "suppressed"
                    await tell(self._owned.number, submission, status, reason=ready)
                    return None
                if await around.people.stopped_at(submission.merchant, ready[1]) is not None:
                    await tell(self._owned.number, submission, "suppressed", reason="opted_out")
                    return None
                day = await around.day_of(submission) if submission.per_day else 0
                partitions = around.topics.partitions
                if submission.per_day and not await self._outbox.take_limit(submission, day, partitions):
                    await tell(self._owned.number, submission, "suppressed", reason="rule_limit")
                    return None
            except (NotLoadedError, ElsewhereError):
                await asyncio.sleep(_VIEW_PAUSE_S)
            else:
                return ready

    async def prepare(self, submission: Submission, now: Millis) -> tuple[Prepared, str] | str:
        """Render the message as of `now`, or say why it must not go."""
        around = self._around
        if now >= submission.expires_at:
            return "expired"
        channel = around.channels.get(submission.channel)
        profile = await around.people.profile(submission.merchant, submission.customer)
        if channel is None or profile is None or not profile.phone:
            return "no_channel" if channel is None else "no_address"
        try:
            bundle = await around.bundle_of(submission)
        except UnusableBundleError:
            return "no_template"
        phone_hash = around.people.hash_phone(submission.merchant, profile.phone)
        addressed = address(submission, bundle.program, profile, phone_hash)
        if not isinstance(addressed, Addressed):
            return addressed
        prepared = channel.prepare(addressed.message, now)
        if isinstance(prepared, Refusal):
            log.error("message refused", activation=submission.activation, why=prepared.reason)
            return "expired" if prepared.fault is Fault.EXPIRED else prepared.fault.value
        return prepared, phone_hash

    async def _fly(
        self, submission: Submission, attempt: str, ready: tuple[Prepared, str], failures: int,
        again: asyncio.Future[float | None],
    ) -> None:  # fmt: skip
        """Begin, submit once, tell. Sets in `again` the pause before another attempt, or None."""
        pause: float | None = None
        try:
            pause = await self._begin_and_post(submission, attempt, ready, failures)
        except StateError as error:
            self._owned.take_again(f"a submission lost its partition: {error!r}")
        except ClaimLostError:
            log.info("claim lost", activation=submission.activation)
        finally:
            if not again.done():
                again.set_result(pause)

    async def _begin_and_post(
        self, submission: Submission, attempt: str, ready: tuple[Prepared, str], failures: int
    ) -> float | None:
        around, partition = self._around, self._owned.number
        prepared, phone_hash = ready
        stop = keys.customers(partition).stop(submission.merchant, phone_hash)
        begun = await self._outbox.begin(submission.activation, attempt, stop)
        if begun != "ok":
            await self._activations.close_attempt(self._note("closed", submission, attempt))
            if begun == "stopped":
                await self._outbox.put_back(submission.activation, attempt)
                await around.tell(partition, submission, "suppressed", reason="opted_out")
            return None
        begun_at = around.clock.now()
        channel = around.channels[submission.channel]
        try:
            answer = await channel.send(prepared, attempt, around.callback_url(submission, attempt))
        except Exception as error:  # a fault of the channel's own: whether it had submitted, nobody knows
            log.exception("the channel broke", activation=submission.activation)
            answer = SendResult(Outcome.IN_DOUBT, reason=type(error).__name__)
        if answer.outcome is Outcome.IN_DOUBT:
            doubt = Doubt(submission, attempt, begun_at)
            await self._settling.remember(doubt)
            self._spawn(self._settling.look_up(doubt))
            await around.tell(partition, submission, "in_doubt", attempt=attempt, reason=answer.fault.value)
        elif answer.outcome is Outcome.NOT_SENT_RETRY:
            await self._activations.close_attempt(self._note("closed", submission, attempt))
            await self._outbox.put_back(submission.activation, attempt)
            pauses = around.patience.retry_s
            asked = (answer.retry_after or 0) / 1_000
            return max(asked, pauses[min(failures, len(pauses) - 1)])
        else:
            await around.tell_answer(partition, submission, attempt, prepared, answer)
        return None

    def _note(self, kind: str, submission: Submission, attempt: str) -> Note:
        return Note(
            kind=kind,
            activation=submission.activation,
            merchant=submission.merchant,
            customer=submission.customer,
            at=self._around.clock.now(),
            rule=submission.rule,
            channel=submission.channel,
            template=submission.template,
            attempt=attempt,
        )
