"""Puts the worker together: what `stamgast worker` runs."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from stamgast.api_keys.admin import Keyring
from stamgast.api_keys.table import ApiKeyTable
from stamgast.bootstrap import Runs, WorkerParts, feed_seal_of, id_key_of, worker_parts
from stamgast.broker import kafka_of
from stamgast.feeds.table import FeedTable
from stamgast.filling import Filling
from stamgast.identity.veiling import Veils
from stamgast.log.address import signatures_at
from stamgast.log.tail import Tail
from stamgast.people.last_heard import last_heard_over
from stamgast.programs.topic import ProgramLog
from stamgast.settings import Settings
from stamgast.state.transactions import KnownTransactions
from stamgast.tills.hearing import Hearing
from stamgast.tills.intake import Door
from stamgast.tills.reconcile import Reconciler
from streams.agents.dead_letters import watch_dead_letters
from streams.agents.media import MediaAgent
from streams.app import Agent, Views, Worker
from streams.customers.bundles import Bundles
from streams.customers.job import CustomersJob
from streams.customers.staff_news import ToStaff
from streams.feeds.carrying import Carrying
from streams.intake.identity import Naming
from streams.intake.job import IntakeJob
from streams.intake.proving import Proving
from streams.intake.record_mac import Proofs
from streams.maintenance.connection_news import ConnectionNews
from streams.maintenance.forgetting import Forgetting
from streams.maintenance.old_pictures import OldPictures
from streams.maintenance.reconciliation import Reconciliation
from streams.maintenance.segments import SegmentWatch
from streams.metrics import Metrics
from streams.outbox.breaker import Probing
from streams.outbox.context import Outgoing, Patience
from streams.outbox.sender import Submitting
from streams.runtime.cluster import ClusterFacts
from streams.runtime.dead_letters import LayingAside
from streams.runtime.job import Job, Kept, Own
from streams.runtime.partitions import PartitionService
from streams.runtime.presence import Presence
from streams.runtime.progress import IntakeProgress
from streams.runtime.suspects import Turns
from streams.runtime.watchdog import end_within

_CLOSE_S: Final = 1.0


async def run(settings: Settings) -> int:
    """Run a worker until it is told to stop; return its exit code.

    Raises:
        SettingsError: a key is missing or wrong.
    """
    async with worker_parts(settings) as parts:
        code = await make_worker(settings, parts).run()
        deadline = end_within(_CLOSE_S, code)  # nothing is left to save: a connection may not keep a supervisor waiting
    deadline.cancel()
    return code


def make_worker(settings: Settings, parts: WorkerParts, *, sending: bool = True) -> Worker:
    """Wire jobs, services and app. Without `sending` the outbox is left alone."""
    topics, metrics = parts.topics, Metrics()
    bundles = Bundles(ProgramLog(kafka_of(settings), topics.programs), Veils(id_key_of(settings)))
    aside = LayingAside(topics, parts.seal, parts.clock)
    outgoing = Outgoing(
        topics=topics,
        bundles=bundles,
        people=parts.identities,
        channels=parts.channels,
        clock=parts.clock,
        emitters=parts.emitters,
        public_url=settings.public_url,
        metrics=metrics,
        patience=Patience(
            post_s=settings.post_limit_s,
            look_ups_s=tuple(float(after) for after in settings.look_ups_s.split(",")),
            width=settings.sender_width,
            probing=Probing(*map(float, settings.probes_s.split(","))),
        ),
    )
    customers = CustomersJob(
        bootstrap=kafka_of(settings),
        topics=topics,
        bundles=bundles,
        aside=aside,
        clock=parts.clock,
        voucher_key=parts.voucher_key,
        metrics=metrics,
        sending=Submitting(outgoing) if sending else None,
        hears=Hearing(parts.tills.connections, parts.tills.feeds).of,
    )
    watch = parts.clock_watch
    shared: dict[str, Any] = {
        "bootstrap": kafka_of(settings),
        "redis": parts.redis,
        "emitters": parts.emitters,
        "cluster": ClusterFacts(kafka_of(settings), topics),
        "metrics": metrics,
        "turns": Turns(),
        "session_timeout_ms": settings.session_timeout_ms,
        "fit": lambda: parts.fitness.trusted and (watch is None or watch.fit),
    }

    def carry(job: Job[Own, Kept]) -> PartitionService[Own, Kept]:
        return PartitionService(job, group=f"{settings.group_prefix}-{job.name}", **shared)

    api_keys = ApiKeyTable()
    intake = carry(
        IntakeJob(
            topics=topics,
            naming=Naming(
                parts.identities,
                bundles.program_of,
                last_heard_over(Filling(parts.redis, topics, kafka_of(settings)), topics.partitions),
            ),
            proofs=Proofs(parts.source_key, signatures_at(kafka_of(settings)), topics.purchases),
            proving=Proving(api_keys, Keyring(kafka_of(settings), topics.api_keys), parts.producer_key),
            aside=aside,
            clock=parts.clock,
            metrics=metrics,
        )
    )
    serving = carry(customers)
    staff = ToStaff(lambda: serving.owned, topics, bundles.program_of)
    others = (
        [
            SegmentWatch(serving, topics, bundles, parts.clock, parts.identities),
            Forgetting(serving, topics, parts.redis),
            Reconciliation(
                serving,
                _reconciler(settings, parts),
                bundles.program_of,
                parts.clock,
                news=ConnectionNews(metrics, staff),
            ),
        ]
        if sending
        else []
    )
    if sending and parts.keeping is not None:
        others.append(OldPictures(serving, parts.keeping.store, parts.clock.now))
    programmes = Tail(kafka_of(settings), {topics.programs: 1}, bundles, name="bundles")
    keys = Tail(kafka_of(settings), {topics.api_keys: 1}, api_keys, name="api-keys")
    connections = Tail(kafka_of(settings), {topics.connections: 1}, parts.tills.connections, name="connections")
    followed: list[Runs] = [programmes, keys, connections, parts.tills.feeds, parts.identity_tail]
    feeds = _feeds(settings, parts, serving, metrics, followed, staff=staff) if sending else None
    return Worker(
        settings,
        topics,
        partitions=[intake, serving],
        fitness=parts.fitness,
        others=[
            Views(followed),
            IntakeProgress(intake, parts.clock),
            Presence(parts.redis, [intake, serving]),
            *others,
            *([feeds] if feeds else []),
        ],
        told=feeds.notes if feeds else list,
        outgoing=outgoing,
        metrics=metrics,
        clock_watch=watch,
        agents=_agents(settings, parts, metrics, sending=sending),
    )


def _agents(settings: Settings, parts: WorkerParts, metrics: Metrics, *, sending: bool) -> list[Agent]:
    """What Faust's own consumer carries."""
    agents: list[Agent] = [lambda app: watch_dead_letters(app, parts.topics.dead_letters, metrics.letters)]
    keeping = parts.keeping
    if sending and keeping is not None:
        signatures = signatures_at(kafka_of(settings))
        agent = MediaAgent(parts.topics.media, keeping, parts.appender.append, signatures, metrics)
        agents.append(agent.join)
    return agents


def _feeds(
    settings: Settings,
    parts: WorkerParts,
    serving: PartitionService[Any, Any],
    metrics: Metrics,
    followed: list[Runs],
    *,
    staff: ToStaff,
) -> Carrying:
    table, topics = FeedTable(), parts.topics
    followed.append(Tail(kafka_of(settings), {topics.feeds: 1}, table, name="feeds"))
    return Carrying(
        lambda: [*serving.owned],
        table,
        feed_seal_of(settings),
        bootstrap=kafka_of(settings),
        topics=topics,
        append=parts.appender.append,
        metrics=metrics,
        staff=staff,
        clock=parts.clock,
    )


def _reconciler(settings: Settings, parts: WorkerParts) -> Reconciler:
    topics, append = parts.topics, parts.appender.append
    known = KnownTransactions(parts.client, partial(parts.appender.partition_of, topics.purchases))
    filling = Filling(parts.client, topics, kafka_of(settings))
    heard = last_heard_over(filling, topics.partitions)
    door = Door(parts.identities, known, append, topics.purchases, heard, payments=parts.tills.payments)
    return Reconciler(
        parts.tills,
        door,
        append,
        topics.connections,
        topics.dead_letters,
        parts.tills.subscriptions(append, topics.connections, settings.public_url),
    )
