"""The outbox: every attempt in it is submitted at most once, and every activation ends (invariants 9 to 12).

claim (Redis) -> record of the attempt in `activations.v1`, acknowledged -> begin (Redis: not cancelled, no STOP)
-> one POST -> the outcome, as an event on the customer's stream. Up to `begin` everything may be dropped and done
again by another owner; from `begin` on the flight belongs to this process, whoever owns the partition meanwhile. An
activation has one attempt, unless the first was certainly not submitted, or its carrier does not know it and its
template lets it go once more (`streams.outbox.second_attempts`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from weakref import WeakSet

from aiokafka.errors import KafkaError

from channels.model import CallbackKey, Carrier, Outcome, Prepared, SendResult
from channels.reasons import reason_of
from channels.twilio.callback_url import status_callback_url
from stamgast.clock.pauses import pause_after
from stamgast.clock.shop_time import Clock
from stamgast.domain.activation import RANKS, UNSENT_RANK, Note, Submission, accepted_or_further
from stamgast.domain.alerts import Broken
from stamgast.domain.calendar import business_day
from stamgast.domain.channels import UnknownChannelError
from stamgast.domain.events import ActivationOutcome, AnyEvent, RulePaused, encode_event, key_of
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import NoteKind, Reason, Status, Treatment
from stamgast.log.producers import EmitError, Emitters
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.report.links import ReportLinks
from stamgast.service import Bundle
from stamgast.state.outbox import Lane
from stamgast.state.views import NotLoadedError
from streams.customers.bundles import Bundles, UnusableBundleError
from streams.customers.staff_news import news_of_broken, news_of_refused, placed
from streams.metrics import Metrics
from streams.outbox.addressing import People, address_of
from streams.outbox.breaker import Probing
from streams.outbox.rendering import Rendering
from streams.outbox.turns import Senders
from streams.runtime.emission import append

log = get_logger(__name__)

LANDED_S: Final = 25.0
"""A POST takes no longer."""
_LOOK_UPS: Final = 4
"""Look-ups side by side, per sender."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Machine times in seconds, shorter in tests."""

    post_s: float = 30.0
    """A submission that another owner began is in doubt after so long; longer than any POST takes."""
    look_ups_s: tuple[float, ...] = (120.0, 900.0, 3_600.0)
    """When what is in doubt is looked up."""
    width: int = 8
    """Submissions side by side, per sender; and how many tasks of a partition work at a sender's queue."""
    probing: Probing = field(default_factory=Probing)
    """When a sender whose carrier fails is tried again."""


class Queued(Protocol):
    """One owned partition's outbox, as far as it is counted (`streams.outbox.sender`)."""

    @property
    def oldest(self) -> int | None:
        """When the oldest entry that waits was decided."""
        ...

    def __len__(self) -> int: ...

    def waiting(self, lane: Lane) -> int:
        """How many wait for a sender whose carrier fails, as counted last."""
        ...


@dataclass(slots=True)
class Outgoing:
    """What sending needs, shared by all partitions of a process; it also keeps the flights."""

    topics: Topics
    bundles: Bundles
    people: People
    channels: Mapping[str, Carrier]
    """Each `Channel` -> what carries it."""
    clock: Clock
    emitters: Emitters
    public_url: str
    metrics: Metrics
    patience: Patience = field(default_factory=Patience)
    reports: ReportLinks | None = None
    """Makes the links to reports of months."""
    flights: set[asyncio.Task[None]] = field(default_factory=set)
    bound: deque[str] = field(default_factory=lambda: deque(maxlen=10_000))
    """Provider ids of attempts that were answered: a look-up must not take one of them for another attempt's."""
    senders: Senders = field(init=False)
    lookers: Senders = field(init=False)
    """Look-ups have turns of their own: they may be answered while submissions are not, and the other way about."""
    rendering: Rendering = field(default_factory=Rendering)
    _queued: WeakSet[Queued] = field(default_factory=WeakSet)

    def __post_init__(self) -> None:
        probing, width = self.patience.probing, self.patience.width
        self.senders = Senders(self.clock, width=width, probing=probing, counted=self._counted, refused=self._refused)
        self.lookers = Senders(self.clock, width=_LOOK_UPS, probing=probing, what="look-ups")

    def count(self, queued: Queued) -> None:
        """Count what waits there among the rest, for as long as anybody works at it."""
        self._queued.add(queued)

    def measure(self) -> None:
        """Bring the figures about what waits up to date."""
        waiting = list(self._queued)
        oldest = [moment for sending in waiting if (moment := sending.oldest) is not None]
        self.metrics.outbox.set(sum(len(sending) for sending in waiting))
        self.metrics.oldest.set(max(0, self.clock.now() - min(oldest)) / 1_000 if oldest else 0)
        self.senders.measure(self.metrics)

    def _counted(self, lane: Lane) -> int:
        return sum(sending.waiting(lane) for sending in list(self._queued))

    def _refused(self, lane: Lane, code: str, since: Millis) -> None:
        self.fly(self._tell_refused(lane, code, since))

    async def _tell_refused(self, lane: Lane, code: str, since: Millis) -> None:
        """Let staff hear that the carrier takes nothing of their sender; what can still go, goes to them at once."""
        merchant, channel = lane
        _, content = self.bundles.newest.get(merchant, (-1, ""))
        with contextlib.suppress(UnusableBundleError):  # it is told by the next process that is refused
            program = (await self.bundles.get(merchant, content)).program
            news = news_of_refused(program, channel, code, since, self.clock.now())
            if news is not None:
                log.info("staff are told", merchant=merchant, kind=news.kind, what=news.what)
                await self._append(placed(news, self.topics)[0], news.what, news)

    def fly(self, flight: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Let something go on even if the partition is given up."""
        task = asyncio.create_task(flight)
        self.flights.add(task)
        task.add_done_callback(self.flights.discard)
        return task

    async def land(self) -> None:
        """Wait for what is in the air, for as long as a POST may take."""
        if self.flights:
            await asyncio.wait(set(self.flights), timeout=LANDED_S)

    async def bundle_of(self, submission: Submission) -> Bundle:
        """The bundle whose template it uses."""
        return await self.bundles.get(submission.merchant, submission.bundle)

    async def day_of(self, submission: Submission) -> int:
        """The merchant's day now, for limits a day."""
        bundle = await self.bundle_of(submission)
        return business_day(self.clock.now(), bundle.program.time_zone, 0)

    def callback_url(self, submission: Submission, attempt: str, ready: tuple[Prepared, str]) -> str:
        """Where the carrier reports to; `ready` is what is sent, and what stands for where it goes."""
        prepared, address = ready
        parts, country = prepared.priced_parts, prepared.message.country
        whose = (submission.merchant, submission.customer, submission.activation, attempt)
        key = CallbackKey(*whose, address=address, parts=parts, country=country)
        return status_callback_url(self.public_url, key)

    def note(self, kind: NoteKind, submission: Submission, attempt: str, reason: str = "") -> Note:
        """Make a line for the log of activations about an attempt."""
        return Note(
            kind=kind,
            activation=submission.activation,
            merchant=submission.merchant,
            customer=submission.customer,
            at=self.clock.now(),
            rule=submission.rule,
            channel=submission.channel,
            template=submission.template,
            attempt=attempt,
            reason=reason,
            staff=submission.staff,
        )

    async def append_outcome(
        self, partition: int, submission: Submission, status: str, *, attempt: str = "", reason: str = "",
        code: str = "", provider_id: str = "", parts: int = 0, treatment: Treatment = Treatment.NONE, address: str = "",
        country: str = "",
    ) -> None:  # fmt: skip
        """Append what became of a submission to its customer's stream; try until Kafka has it."""
        event = ActivationOutcome(
            merchant=submission.merchant,
            customer=submission.customer,
            at=self.clock.now(),
            activation=submission.activation,
            status=status,
            rank=RANKS.get(status, UNSENT_RANK),
            attempt=attempt,
            reason=reason,
            code=code,
            provider_id=provider_id,
            channel=submission.channel,
            parts=parts,
            treatment="" if treatment is Treatment.NONE else treatment,
            address=address if treatment is Treatment.BAD_NUMBER else "",
            country=country,
        )
        await self._append(partition, submission.activation, event)
        self.metrics.activations.labels(status).inc()
        if treatment is Treatment.CONFIG:
            log.error("the carrier refuses a sender or a template", merchant=submission.merchant, code=code)
            self.metrics.config_faults.labels(submission.merchant, code).inc()

    async def _append(self, partition: int, about: str, event: AnyEvent) -> None:
        record = (key_of(event.merchant, event.customer), encode_event(event))
        for failures in range(1, 1_000_000):
            try:
                await append(self.emitters, self.topics.customer_events, partition, [record])
                break
            except (EmitError, KafkaError) as error:
                if failures == 1:
                    what = type(event).__name__
                    log.warning("event not appended yet", kind=what, about=about, why=repr(error))
                await asyncio.sleep(pause_after(failures))

    async def pause_rule(self, partition: int, submission: Submission, why: str) -> None:
        """Let the rule rest in the partition: a message of it costs too much, and so would its others.

        It rests under the newest bundle, as a rule does that raised; under one that mended the template it goes on.
        """
        if not submission.rule:  # an alert: nothing else would be made of that template
            return
        merchant, rule = submission.merchant, submission.rule
        number, content = self.bundles.newest.get(merchant, (-1, ""))
        newest, own = await self.bundles.get(merchant, content), await self.bundle_of(submission)
        template = submission.template
        if newest.program.templates.get(template) != own.program.templates.get(template):
            return
        log.error("a message takes more than it may; its rule is paused", merchant=merchant, rule=rule, why=why)
        self.metrics.rules_paused.labels(merchant, rule).inc()
        at = self.clock.now()
        event = RulePaused(merchant=merchant, customer="", at=at, number=number, rule=rule, reason=why)
        await self._append(partition, submission.activation, event)
        news = news_of_broken(newest.program, rule, Broken.COSTLY, number, at)
        if news is not None:
            await self._append(placed(news, self.topics)[0], submission.activation, news)

    async def append_cancelled(self, partition: int, submission: Submission) -> None:
        """Append that a submission was cancelled in time: by a STOP, or because its reason went away."""
        stopped = False
        if submission.staff:  # a STOP of the customer's is none of theirs
            await self.append_outcome(partition, submission, Status.SUPPRESSED, reason=Reason.TAKEN_BACK)
            return
        with contextlib.suppress(NotLoadedError, UnknownChannelError):
            profile = await self.people.profile(submission.merchant, submission.customer)
            reached_at = "" if profile is None else address_of(profile, submission.channel)
            if reached_at:
                phone_hash = self.people.opt_out_key(submission.merchant, submission.channel, reached_at)
                stopped = await self.people.stopped_at(submission.merchant, phone_hash) is not None
        await self.append_outcome(
            partition, submission, Status.SUPPRESSED, reason=Reason.OPTED_OUT if stopped else Reason.TAKEN_BACK
        )

    async def append_answer(
        self, partition: int, submission: Submission, attempt: str, ready: tuple[Prepared, str], answer: SendResult
    ) -> None:
        """Append what a provider's answer proves; `ready` is what was sent, and what stands for where it went."""
        prepared, address = ready
        reason = reason_of(answer.fault, answer.treatment)
        if answer.provider_id:
            self.bound.append(answer.provider_id)
        if answer.outcome is Outcome.ACCEPTED:
            status = accepted_or_further(answer.status)
            await self.append_outcome(
                partition, submission, status, attempt=attempt, reason=reason, code=answer.code,
                provider_id=answer.provider_id, parts=prepared.priced_parts, treatment=answer.treatment,
                address=address, country=prepared.message.country,
            )  # fmt: skip
        else:
            await self.append_outcome(
                partition, submission, Status.FAILED, attempt=attempt, reason=reason, code=answer.code,
                treatment=answer.treatment, address=address,
            )  # fmt: skip
