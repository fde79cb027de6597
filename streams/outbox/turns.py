"""The senders of a process: all partitions that use one wait for its turns in one line, as its breaker lets them.

A sender is a merchant's on one channel. It is shared by the partitions of a process, so `width` and what may fall into
doubt hold per process and sender; what several processes find out about a carrier they find out each for itself.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from channels.model import Carrier, Fault, Found, Lookup, Outcome, SendResult
from stamgast.clock.shop_time import Clock, format_time
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Treatment
from stamgast.logs import get_logger
from stamgast.service.change import Report
from stamgast.state.outbox import Lane
from streams.metrics import Metrics
from streams.outbox.breaker import Answer, Breaker, Probing

log = get_logger(__name__)

Refused = Callable[[Lane, str, Millis], None]
"""Told which sender, with which code of the carrier's, and since when."""
_MOST_REFUSED: Final = 1_000
_UNASKED_REST_S: Final = 1.0
"""The pause after a 429 that names none."""


class Turn:
    """Leave to ask the carrier for one thing. It ends once; what ends it without an answer has asked for nothing."""

    def __init__(self, sender: Sender, *, probe: bool) -> None:
        self._sender = sender
        self.probe = probe
        self._ended = False
        self._flying = False
        self.activation = ""
        """Which message it was for, once the carrier has answered."""

    async def proves(self, channel: Carrier) -> bool:
        """Say whether a message may be risked: before a probe the carrier is asked for what can become no message."""
        if not self.probe:
            return True
        try:
            result = await channel.probe()
        except Exception:  # a fault of the channel's own
            log.exception("the channel broke", what="probe")
            result = SendResult(Outcome.IN_DOUBT)
        if answer_of(result) is not Answer.ANSWERED:
            self.answered(result)
        return not self._ended

    def fly(self) -> None:
        """From here on a submission holds it, whoever gives it back."""
        self._flying = True

    def judged(self, activation: str, result: SendResult) -> SendResult:
        """The answer to one message: where the sender is refused with it again, while others went, it is at fault."""
        self.activation = activation
        if answer_of(result) is not Answer.STOPPED or not self._sender.went_since(activation):
            return result
        return replace(result, outcome=Outcome.REJECTED, treatment=Treatment.FALLBACK)

    def answered(self, result: SendResult) -> None:
        """The submission's answer is known."""
        answer = answer_of(result)
        if answer is Answer.STOPPED:
            self._sender.why, self._sender.code = f"{result.reason} ({result.code})", result.code
        self._end(answer, result.retry_after)

    def looked_up(self, found: Found) -> None:
        """The look-up's answer is known."""
        away = Answer.FAILED if found.retry_after is None else Answer.BUSY
        self._end(away if found.lookup is Lookup.UNAVAILABLE else Answer.ANSWERED, found.retry_after)

    def give_back(self) -> None:
        """Whoever got it needs it no more, unless a submission holds it."""
        if not self._flying:
            self._end(Answer.UNUSED)

    def land(self) -> None:
        """The submission that held it is over."""
        self._end(Answer.UNUSED)

    def _end(self, answer: Answer, rest: Millis | None = None) -> None:
        if not self._ended:
            self._ended = True
            self._sender.ended(answer, self, _UNASKED_REST_S if rest is None else rest / 1_000)


def answer_of(result: SendResult) -> Answer:
    """What one submission's outcome says of the carrier. All that leaves a message in doubt is its failure."""
    if result.outcome is Outcome.NOT_SENT_RETRY and result.fault is Fault.THROTTLED:
        return Answer.BUSY
    if result.outcome is Outcome.NOT_SENT_RETRY and result.treatment is Treatment.CONFIG:
        return Answer.STOPPED  # of a message that was taken, its customer's stream tells: `Senders.reported`
    failed = result.outcome in {Outcome.IN_DOUBT, Outcome.NOT_SENT_RETRY}
    return Answer.FAILED if failed else Answer.ANSWERED


class Sender:
    """One sender's breaker, and who waits for a turn."""

    def __init__(self, lane: Lane, breaker: Breaker, around: Senders) -> None:
        self.lane = lane
        self._breaker = breaker
        self._around = around
        self._line: deque[asyncio.Future[Turn]] = deque()
        """With those that gave up, which are passed over when their turn comes."""
        self.in_line = 0
        self.why = ""
        """Why the carrier refuses this sender, where it does."""
        self.code = ""
        self._worked = 0
        self._refused: dict[str, int] = {}
        """Messages that the sender was refused with -> how many others had gone by then."""
        self._alarm: asyncio.TimerHandle | None = None
        self._trial = ""
        """The message by which a sender is tried whose refusal is only ever reported afterwards."""

    async def turn(self) -> Turn:
        """Wait for one's turn: first come, first served."""
        waiter: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._line.append(waiter)
        self.in_line += 1
        self._serve()
        try:
            return await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # it was served and cannot come for it
                waiter.result().give_back()
            raise
        finally:
            self.in_line -= 1

    def went_since(self, activation: str) -> bool:
        """Whether others went since the sender was refused with this one first."""
        if len(self._refused) >= _MOST_REFUSED:
            self._refused.clear()
        return self._worked > self._refused.setdefault(activation, self._worked)

    def ended(self, answer: Answer, turn: Turn, rest_s: float) -> None:
        """Take a turn back, and serve the next."""
        breaker, was_open = self._breaker, self._breaker.is_open
        self._worked += answer is Answer.ANSWERED
        breaker.end(answer, asyncio.get_running_loop().time(), probe=turn.probe, rest_s=rest_s)
        if turn.probe and breaker.on_trial:
            self._trial = turn.activation
        if breaker.is_open and not was_open:
            self._around.opened(self.lane)
        elif turn.probe and answer in {Answer.FAILED, Answer.STOPPED}:
            self._around.probed(self.lane)
        self._told(was_open)
        self._serve()

    def reported(self, report: Report) -> None:
        """Learn what the carrier found out of a message that it took: by a callback, or asked by a look-up.

        Of those that it had taken before, nothing new is learnt.
        """
        breaker, was_open, now = self._breaker, self._breaker.is_open, asyncio.get_running_loop().time()
        if breaker.on_trial and report.activation == self._trial:
            breaker.tried(now, went=not report.refused)
            if report.refused:
                self._around.probed(self.lane)
        elif report.refused and not was_open:
            self.why, self.code = f"found out once it had taken the message ({report.refused})", report.refused
            breaker.stop(now)
            self._around.opened(self.lane)
        self._told(was_open)
        self._serve()

    def _told(self, was_open: bool) -> None:
        if was_open and not self._breaker.is_open:
            self.why = ""
            self._around.closed(self.lane)

    def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        breaker, line = self._breaker, self._line
        was_open = breaker.is_open
        breaker.look(loop.time())
        self._told(was_open)
        while line and breaker.may_begin(loop.time()):
            waiter = line.popleft()
            if not waiter.done():
                waiter.set_result(Turn(self, probe=breaker.begin()))
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if (line or breaker.on_trial) and breaker.rests_until > loop.time():
            self._alarm = loop.call_at(breaker.rests_until, self._serve)


class Senders:
    """See the module. `counted` says how many of a lane's entries wait, as far as anybody counted them lately.

    `refused` hears of each sender that the carrier begins to refuse.
    """

    def __init__(
        self, clock: Clock, *, width: int, probing: Probing, what: str = "submissions",
        counted: Callable[[Lane], int] = lambda _: 0, jitter: Callable[[], float] = random.random,
        refused: Refused = lambda _lane, _code, _since: None,
    ) -> None:  # fmt: skip
        self.failing: dict[Lane, Millis] = {}
        """Those whose carrier fails, and since when."""
        self._clock = clock
        self._width = width
        self._probing = probing
        self._what = what
        self._counted = counted
        self._jitter = jitter
        self._refused = refused
        self._all: dict[Lane, Sender] = {}

    async def turn(self, lane: Lane) -> Turn:
        """Wait for a turn of that sender."""
        return await self._sender(lane).turn()

    def reported(self, lane: Lane, report: Report) -> None:
        """Learn what the carrier found out of a message that it took."""
        sender = self._all.get(lane)
        if sender is not None or report.refused:
            (sender or self._sender(lane)).reported(report)

    def _sender(self, lane: Lane) -> Sender:
        sender = self._all.get(lane)
        if sender is None:
            sender = self._all[lane] = Sender(lane, Breaker(self._width, self._probing, self._jitter), self)
        return sender

    def waiting(self, lane: Lane) -> int:
        """How many wait for a sender."""
        return max(self._all[lane].in_line, self._counted(lane))

    def troubles(self) -> list[str]:
        """Say which senders' carrier fails, since when, and how many messages wait (asked from another thread)."""
        return [
            f"{merchant} by {channel}: the carrier {self._fails((merchant, channel))} since {format_time(since)}, "
            f"{self.waiting((merchant, channel)):,} messages wait"
            for (merchant, channel), since in sorted(self.failing.copy().items())
        ]

    def measure(self, metrics: Metrics) -> None:
        """Bring the figures about senders whose carrier fails up to date (asked from another thread)."""
        for gauge in (metrics.carrier_failing, metrics.carrier_waiting):
            gauge.clear()
        for lane, since in self.failing.copy().items():
            metrics.carrier_failing.labels(*lane).set(since / 1_000)
            metrics.carrier_waiting.labels(*lane).set(self.waiting(lane))

    def _fails(self, lane: Lane) -> str:
        why = self._all[lane].why
        return f"refuses this sender, {why}," if why else "has failed"

    # -- what comes back from its senders

    def opened(self, lane: Lane) -> None:
        """A sender's carrier fails."""
        self.failing[lane] = self._clock.now()
        if self._all[lane].why:
            log.error("the carrier refuses a sender: mend it; its messages wait", **self._about(lane))
            self._refused(lane, self._all[lane].code, self.failing[lane])
        else:
            log.warning("the carrier fails: one probe at a time, the rest waits", **self._about(lane))

    def probed(self, lane: Lane) -> None:
        """It still does."""
        log.warning("the carrier fails still", **self._about(lane))

    def closed(self, lane: Lane) -> None:
        """It works again."""
        log.info("the carrier is back", **self._about(lane))
        del self.failing[lane]

    def _about(self, lane: Lane) -> dict[str, str | int]:
        since, waiting = format_time(self.failing[lane]), self.waiting(lane)
        about: dict[str, str | int] = {
            "merchant": lane[0],
            "channel": lane[1],
            "what": self._what,
            "since": since,
            "waiting": waiting,
        }
        why = self._all[lane].why
        return about | ({"why": why} if why else {})
