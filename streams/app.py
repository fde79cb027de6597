"""The worker: a Faust app that starts, supervises and stops the partition services, agents and helpers."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

import faust
from mode import Service

from stamgast.bootstrap import Runs
from stamgast.broker import kafka_of
from stamgast.clock.ticks import until_tick
from stamgast.clock.watch import ClockWatch
from stamgast.lifecycle.cancellation import until_told
from stamgast.lifecycle.garbage import collect_rarely
from stamgast.log.pulse import Pulse
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.settings import Settings
from stamgast.state.fitness import Fitness
from streams.metrics import Metrics
from streams.outbox.context import LANDED_S, Outgoing
from streams.runtime.cluster import wait_for_a_broker, wait_for_topics
from streams.runtime.credentials import credentials_at
from streams.runtime.partitions import PartitionService
from streams.runtime.troubles import troubles_of
from streams.runtime.watchdog import EXIT_STUCK, Watchdog, end_within

log = get_logger(__name__)

EXIT_BROKEN: Final = 1
_HAND_OVER_S: Final = 2.0
_STOP_S: Final = 1.5
_CRASH_SEEN_S: Final = 0.2


Agent = Callable[[Any], None]
"""What lets an app read a topic of its own, one record at a time."""


class Views(Service):
    """Follows the topics that this process keeps views of."""

    def __init__(self, tails: Sequence[Runs], **options: Any) -> None:
        super().__init__(**options)
        self._tails = tails

    async def on_start(self) -> None:
        """Begin to read."""
        for tail in self._tails:
            self.add_future(until_told(tail.run))


def make_app(settings: Settings, services: Sequence[Service], agents: Sequence[Agent]) -> Any:
    """Put the app together. Our services have consumers of their own; Faust's carries the agents."""
    kafka = kafka_of(settings)
    app = faust.App(
        f"{settings.group_prefix}-worker",
        broker=[f"kafka://{address}" for address in kafka.split(",")],
        broker_credentials=credentials_at(kafka),
        store="memory://",
        # Its tables' folder, of which we use none, must not be looked for where the worker was started: in a
        # container nobody may write there.
        datadir=str(Path(tempfile.gettempdir()) / f"{settings.group_prefix}-faust"),
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        topic_partitions=1,
        broker_session_timeout=settings.session_timeout_ms / 1000,
        broker_heartbeat_interval=min(1.0, settings.session_timeout_ms / 3000),
        broker_commit_interval=2.8,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
    )
    for agent in agents:
        agent(app)
    for service in services:
        app.service(service)
    return app


class Worker:
    """One worker process, from start to exit code."""

    def __init__(
        self,
        settings: Settings,
        topics: Topics,
        *,
        partitions: Sequence[PartitionService[Any, Any]],
        fitness: Fitness,
        others: Sequence[Service],
        outgoing: Outgoing,
        metrics: Metrics,
        clock_watch: ClockWatch | None = None,
        told: Callable[[], list[str]] = list,
        agents: Sequence[Agent] = (),
    ) -> None:
        self._told = told
        self._settings = settings
        pulse = Pulse(kafka_of(settings))
        self._topics = topics
        self._partitions = partitions
        self._outgoing = outgoing
        self._clock_watch = clock_watch
        self._fitness = fitness
        watches: list[Runs] = [pulse, fitness] if clock_watch is None else [pulse, fitness, clock_watch]
        self._app = make_app(settings, [Views(watches), *others, *partitions], agents)
        self._watchdog = Watchdog(
            partitions,
            metrics,
            start_limit_s=settings.start_limit_s,
            stall_limit_s=settings.stall_limit_s,
            measure=self._measure,
            notes=self._notes,
            missing=lambda: [*(() if pulse.beats else ("Kafka: no broker answers",)), *fitness.missing],
        )
        self._stop = asyncio.Event()
        self.broke: BaseException | None = None
        """What ended it, if nobody asked it to end."""

    async def run(self) -> int:
        """Work until SIGTERM or SIGINT; return 0, or 1 if something broke."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        collect_rarely()
        self._watchdog.start(
            self._settings.metrics_host, self._settings.metrics_port, self._settings.metrics_token.get_secret_value()
        )
        beating = asyncio.create_task(self._watchdog.beat())
        starting = asyncio.create_task(self._start())
        stopped = asyncio.create_task(self._stop.wait())
        broken = asyncio.create_task(self._wait_for_a_crash(starting))
        await asyncio.wait({stopped, broken}, return_when=asyncio.FIRST_COMPLETED)
        code = 0
        if broken.done():
            crash, code = broken.result(), EXIT_BROKEN
            self.broke = crash
            log.error("the worker broke", why=repr(crash), exc_info=crash)
        try:
            await self._hand_over(starting, code)
        finally:
            self._watchdog.stop()
            for task in (beating, stopped, broken, starting):
                task.cancel()
        return code

    @property
    def refusals(self) -> list[str]:
        """Why partitions that it owns cannot be taken, until a person decides."""
        owned = [each for service in self._partitions for each in service.owned.values()]
        return [each.refused_because for each in owned if each.refused_because]

    async def _start(self) -> None:
        await wait_for_a_broker(kafka_of(self._settings))
        await wait_for_topics(kafka_of(self._settings), self._topics)
        await self._app.start()

    def stop(self) -> None:
        """Ask it to end, as SIGTERM does."""
        self._stop.set()

    def _measure(self) -> None:
        self._outgoing.measure()
        self._outgoing.metrics.redis.show(self._fitness.nodes)
        self._outgoing.metrics.unsigned.show()
        self._outgoing.metrics.clock_wrong.set(self._clock_watch is not None and not self._clock_watch.fit)
        refused = self._outgoing.metrics.refused_bundles
        refused.clear()
        for merchant in self._outgoing.bundles.refused:
            refused.labels(merchant).set(1)

    def _notes(self) -> list[str]:
        """One merchant's trouble is no reason to call the worker unready, and no secret either."""
        refused = [f"{merchant}: its newest bundle is refused" for merchant in sorted(self._outgoing.bundles.refused)]
        clocks = [] if self._clock_watch is None else [f"clock: {note}" for note in self._clock_watch.notes]
        troubles = (note for service in self._partitions for note in troubles_of(service.owned.values()))
        tripped = self._outgoing.bundles.tripped
        return [
            *clocks,
            *self._fitness.notes,
            *refused,
            *tripped,
            *self._outgoing.senders.troubles(),
            *troubles,
            *self._told(),
        ]

    async def _wait_for_a_crash(self, starting: asyncio.Task[None]) -> BaseException:
        while True:
            if starting.done() and (error := starting.exception()) is not None:
                return error
            for service in (self._app, *self._partitions):
                if service.crashed:
                    return service.crash_reason or RuntimeError(f"{service} crashed")
            await asyncio.sleep(until_tick(_CRASH_SEEN_S, time.monotonic()))

    async def _hand_over(self, starting: asyncio.Task[None], code: int) -> None:
        """Give the partitions to others at once; then let what is in the air land, then stop the rest.

        None of this is sure to end, least of all after a crash.
        """
        began, code = time.monotonic(), code or EXIT_STUCK
        deadline = end_within(_HAND_OVER_S + _STOP_S + 1, code)
        await _let("hand over", _HAND_OVER_S, *(service.stop() for service in self._partitions))
        log.info("handed over", seconds=round(time.monotonic() - began, 3))
        if self._outgoing.flights:
            deadline.cancel()
            deadline = end_within(LANDED_S + _STOP_S + 1, code)
            await self._outgoing.land()
        if starting.done():
            await _let("stop Faust", _STOP_S, self._app.stop())
        deadline.cancel()


async def _let(what: str, within_s: float, *works: Coroutine[Any, Any, None]) -> None:
    """Wait for so long and no longer: what is cancelled may swallow it, and then would be waited for for ever."""
    tasks = {asyncio.create_task(work, name=what) for work in works}
    done, late = await asyncio.wait(tasks, timeout=within_s)
    for task in done:
        if (error := task.exception()) is not None:
            log.error("not stopped in order", what=what, why=repr(error), exc_info=error)
    if late:
        log.warning("not stopped in time", what=what, seconds=within_s)
