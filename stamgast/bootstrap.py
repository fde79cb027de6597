"""The composition root: settings in, wired objects out. The only place that chooses adapters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from stamgast.api_keys.table import ApiKeyTable
from stamgast.audit.book import Audit, AuditSeal
from stamgast.broker import kafka_of, warn_of_unsigned
from stamgast.carriers import carrier_for, channel_of, keeping_of, pictures_of
from stamgast.clock.bounded import BoundedClock
from stamgast.clock.shop_time import Clock, RealClock, is_real
from stamgast.clock.watch import ClockWatch
from stamgast.domain.vocabulary import Channel
from stamgast.filling import Filling
from stamgast.identity.sealing import (
    WrappingKeys,
    decode_key,
    derive_operator_key,
    derive_producer_key,
    derive_source_key,
    derive_voucher_key,
)
from stamgast.identity.staff import seal_phone
from stamgast.identity.veiling import Veils
from stamgast.lifecycle.cancellation import until_told
from stamgast.log.append_time import AppendTime
from stamgast.log.appender import Appender
from stamgast.log.dead_letters import DeadLetterSeal
from stamgast.log.letter_table import LetterTable
from stamgast.log.producers import Emitters
from stamgast.log.pulse import Pulse
from stamgast.log.segment_table import SegmentTable
from stamgast.log.tail import Tail, View
from stamgast.log.topics import TABLE, Cluster, Topics, check_topics
from stamgast.logs import get_logger
from stamgast.people.opt_out import Stops, Unfinished
from stamgast.programs.in_force import MerchantTable
from stamgast.report.links import ReportLinks
from stamgast.settings import Settings, SettingsError, auth_tokens_of, has_live_account
from stamgast.state.client import RedisClient
from stamgast.state.fitness import Fitness
from stamgast.state.identities import IdentityStore, IdentityTopics
from stamgast.state.nodes import Redis
from stamgast.users.names import NameSeal
from stamgast.users.roster import Roster
from stamgast.users.table import UserTable

if TYPE_CHECKING:
    from channels.model import Carrier
    from channels.twilio.webhooks import TwilioWebhooks
    from stamgast.feeds.secrets import FeedSeal
    from stamgast.media.inbox_tables import FileTable, ReplyTable
    from stamgast.media.keeping import Keeping
    from stamgast.media.store import ObjectStore
    from stamgast.tills.renewal import Append
    from stamgast.tills.tills import Tills
    from stamgast.wallet.wallets import Wallets

log = get_logger(__name__)

_LOOK_PATIENCE_S: Final = 3.0
_AGAIN_S: Final = 1.0


@dataclass(frozen=True)
class WebParts:
    """What stands behind `stamgast web`, running."""

    topics: Topics
    appender: Appender
    identities: IdentityStore
    api_keys: ApiKeyTable
    merchants: MerchantTable
    redis: RedisClient
    clock: Clock
    carrier: TwilioWebhooks
    pulse: Pulse
    fitness: Fitness
    filling: Filling
    tills: Tills
    public_url: str
    kafka: str
    roster: Roster
    audit: Audit
    segments: SegmentTable
    letters: LetterTable
    report_links: ReportLinks
    replies: ReplyTable
    files: FileTable
    pictures: ObjectStore
    wallets: Wallets
    clock_watch: ClockWatch | None = None
    """Where shop time is the machine's own."""


def topics_of(settings: Settings) -> Topics:
    """The topics of this deployment."""
    return Topics(settings.partitions, settings.topic_prefix)


def partition_counts(topics: Topics) -> dict[str, int]:
    """Topic -> how many partitions it has."""
    return {topics.prefix + topic.name: topics.partitions_of(topic) for topic in TABLE}


def open_redis(settings: Settings) -> RedisClient:
    """A client that connects when it is first used."""
    return RedisClient(settings.redis_url, patience_s=5)


def id_key_of(settings: Settings) -> bytes:
    """ID_KEY. Raises `SettingsError`."""
    text = settings.id_key.get_secret_value()
    if not text:
        raise SettingsError("STAMGAST_ID_KEY is missing: base64 of 32 random bytes; keep it for ever")
    try:
        return decode_key(text, "STAMGAST_ID_KEY")
    except ValueError as error:
        raise SettingsError(str(error)) from None


def seals_phones_of(settings: Settings) -> Callable[[str, str], str] | None:
    """What seals the phones of staff in files that are published; None without the key for it."""
    return partial(seal_phone, id_key_of(settings)) if settings.id_key.get_secret_value() else None


def wrapping_keys_of(settings: Settings) -> WrappingKeys:
    """WRAPPING_KEYS. Raises `SettingsError`."""
    try:
        return WrappingKeys.parse(settings.wrapping_keys.get_secret_value())
    except ValueError as error:
        raise SettingsError(f"STAMGAST_{error}") from None


def identity_store(
    settings: Settings, topics: Topics, cluster: Cluster | None, redis: RedisClient, appender: Appender
) -> IdentityStore:
    """The store of identities; it answers once `identity_tail` has filled it. Raises `SettingsError`."""
    names = IdentityTopics(topics.identities, topics.identity_keys, topics.suppressions)
    ids = {} if cluster is None else {name: cluster.topic_ids[name] for name in names}
    return IdentityStore(
        redis,
        appender.append,
        names,
        id_key=id_key_of(settings),
        wrapping_keys=wrapping_keys_of(settings),
        topic_ids=ids,
    )


def identity_tail(settings: Settings, topics: Topics, store: IdentityStore, *, quiet: bool = False) -> Tail:
    """What keeps the view of identities up to date, in every process that uses it."""
    counts = partition_counts(topics)
    names = (topics.identities, topics.identity_keys, topics.suppressions)
    followed = {name: counts[name] for name in names}
    return Tail(kafka_of(settings), followed, store, name="identities", quiet=quiet)


class Runs(Protocol):
    """What goes on until it is cancelled."""

    async def run(self) -> None:
        """Run until it is cancelled."""
        ...


@asynccontextmanager
async def running_tails(*tails: Runs) -> AsyncIterator[None]:
    """Follow topics, and what goes with that, while the context is open."""
    tasks = [asyncio.create_task(_kept_running(tail)) for tail in tails]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _kept_running(tail: Runs) -> None:
    """A fault of ours in one of them must not leave a process without it that goes on answering."""
    while True:
        try:
            await until_told(tail.run)
        except Exception as error:
            log.error("what runs for ever broke; running it again", what=type(tail).__name__, exc_info=error)
        await asyncio.sleep(_AGAIN_S)


@dataclass(frozen=True)
class WorkerParts:
    """What the worker's services stand on; `streams.worker` puts them together."""

    topics: Topics
    redis: Redis
    emitters: Emitters
    identities: IdentityStore
    identity_tail: Tail
    channels: Mapping[str, Carrier]
    clock: Clock
    seal: DeadLetterSeal
    voucher_key: bytes
    source_key: bytes
    producer_key: bytes
    fitness: Fitness
    client: RedisClient
    appender: Appender
    tills: Tills
    keeping: Keeping | None = None
    """None: there is no carrier, and so nothing that it hands over."""
    clock_watch: ClockWatch | None = None
    """Where shop time is the machine's own."""


def feed_seal_of(settings: Settings) -> FeedSeal:
    """What seals the secrets of feeds. Raises `SettingsError`."""
    from stamgast.feeds.secrets import FeedSeal  # noqa: PLC0415  as for tills

    return FeedSeal(wrapping_keys_of(settings))


def watched_clock(
    settings: Settings, topics: Topics, redis: RedisClient, stack: AsyncExitStack
) -> tuple[Clock, ClockWatch | None]:
    """Shop time; where that is the machine's own, what bears it out: to be run, and nothing is stamped before it is."""
    if not is_real(settings.clock):
        return settings.make_clock(), None
    kafka = AppendTime(kafka_of(settings), topics.clock)
    stack.push_async_callback(kafka.close)
    clock = BoundedClock()
    return clock, ClockWatch(clock, redis=redis.time, kafka=kafka.ask)


@asynccontextmanager
async def worker_parts(settings: Settings) -> AsyncIterator[WorkerParts]:
    """Everything that `stamgast worker` stands on. Kafka and Redis may still be away.

    Raises:
        SettingsError: a key is missing or wrong.
    """
    topics, keys = topics_of(settings), wrapping_keys_of(settings)
    warn_of_unsigned(settings)
    voucher_key = derive_voucher_key(id_key_of(settings))
    async with AsyncExitStack() as stack:
        redis = open_redis(settings)
        stack.push_async_callback(redis.aclose)
        appender = Appender(kafka_of(settings), partition_counts(topics), client_id="stamgast-worker")
        stack.push_async_callback(appender.close)
        emitters = Emitters(kafka_of(settings), client_id="stamgast-worker")
        stack.push_async_callback(emitters.close)
        state = Redis(settings.redis_url)
        stack.callback(state.close)
        channel = channel_of(settings)
        stack.push_async_callback(channel.aclose)
        identities = identity_store(settings, topics, None, redis, appender)
        clock, watch = watched_clock(settings, topics, redis, stack)
        fitness = _fitness(stack, settings, "worker", redis, state)
        yield WorkerParts(
            topics=topics,
            redis=state,
            emitters=emitters,
            identities=identities,
            identity_tail=identity_tail(settings, topics, identities),
            channels={each.value: carrier_for(each, channel) for each in Channel},
            clock=clock,
            seal=DeadLetterSeal(keys),
            voucher_key=voucher_key,
            source_key=derive_source_key(id_key_of(settings)),
            producer_key=derive_producer_key(id_key_of(settings)),
            clock_watch=watch,
            fitness=fitness,
            client=redis,
            appender=appender,
            tills=tills_of(settings, redis, stack, appender.append),
            keeping=keeping_of(settings, identities, clock, stack),
        )


def tills_of(settings: Settings, redis: RedisClient, stack: AsyncExitStack, append: Append | None = None) -> Tills:
    """What stands on connections to systems of tills; its table is to be followed. `append`: where credentials that are
    replaced may be kept. Raises `SettingsError`.
    """
    # Imported here: commands wire all the rest, and an HTTP client alone takes a tenth of a second.
    from stamgast.pos.connections import PosSeal  # noqa: PLC0415
    from stamgast.pos.registry import Registry  # noqa: PLC0415
    from stamgast.tills.client import Apis  # noqa: PLC0415
    from stamgast.tills.feeds import FeedBook  # noqa: PLC0415
    from stamgast.tills.letters import Letters  # noqa: PLC0415
    from stamgast.tills.payments import Payments  # noqa: PLC0415
    from stamgast.tills.renewal import Renewals  # noqa: PLC0415
    from stamgast.tills.table import ConnectionTable  # noqa: PLC0415
    from stamgast.tills.tills import Tills  # noqa: PLC0415

    keys = wrapping_keys_of(settings)
    seal = PosSeal(keys)
    apis = Apis(seal)
    stack.push_async_callback(apis.aclose)
    table, letters = ConnectionTable(), Letters(DeadLetterSeal(keys))
    tills = Tills(Registry(), table, seal, letters, apis, FeedBook(redis), Payments(redis, table))
    topic = topics_of(settings).connections
    apis.renewals = Renewals(redis, lambda: tills.connections, append, topic, seal)
    return tills


@asynccontextmanager
async def web_parts(settings: Settings) -> AsyncIterator[WebParts]:
    """Everything behind `stamgast web`, with its views being read.

    Raises:
        SettingsError: a key is missing or wrong.
        TopicsError: Kafka is away, or its topics are not ours.
    """
    from stamgast.media.inbox_tables import FileTable, ReplyTable  # noqa: PLC0415  as for tills

    topics = topics_of(settings)
    id_key_of(settings)
    tokens = auth_tokens_of(settings)
    if has_live_account(settings.twilio_account_sid) and not tokens:
        raise SettingsError(
            "STAMGAST_TWILIO_AUTH_TOKEN is missing: without it no STOP to the live Twilio account is heard"
        )
    cluster = await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    warn_of_unsigned(settings)
    async with AsyncExitStack() as stack:
        redis = open_redis(settings)
        stack.push_async_callback(redis.aclose)
        appender = Appender(kafka_of(settings), partition_counts(topics), client_id="stamgast-web")
        stack.push_async_callback(appender.close)
        identities = identity_store(settings, topics, cluster, redis, appender)
        api_keys, merchants = ApiKeyTable(), MerchantTable(Veils(id_key_of(settings)))
        clock, watch = watched_clock(settings, topics, redis, stack)
        if watch is not None:
            await watch.compare()  # until somebody has borne the clock out, requests are answered with 503
        unfinished = Unfinished(Stops(identities, appender, topics, redis, clock=clock))
        fitness = _fitness(stack, settings, "web", redis)
        await fitness.look()
        tills = tills_of(settings, redis, stack)
        names, operators = NameSeal(wrapping_keys_of(settings)), derive_operator_key(id_key_of(settings))
        roster = Roster(UserTable(), appender.append, topics.users, names, operators)
        segments, letters = SegmentTable(), LetterTable(DeadLetterSeal(wrapping_keys_of(settings)))
        replies, files = ReplyTable(), FileTable()
        audit = Audit(appender.append, topics.audit, AuditSeal(wrapping_keys_of(settings)), clock.now)
        await stack.enter_async_context(
            running_tails(
                identity_tail(settings, topics, identities),
                _small_tail(settings, topics.api_keys, api_keys, "api-keys"),
                _small_tail(settings, topics.programs, merchants, "programmes"),
                _small_tail(settings, topics.connections, tills.connections, "connections"),
                _small_tail(settings, topics.users, roster.table, "users"),
                _small_tail(settings, topics.segments, segments, "segments"),
                _small_tail(settings, topics.dead_letters, letters, "dead-letters"),
                _small_tail(settings, topics.replies, replies, "replies"),
                _small_tail(settings, topics.media, files, "media"),
                tills.feeds,
                _small_tail(settings, topics.suppressions, unfinished, "stops"),
                unfinished,
                fitness,
                pulse := Pulse(kafka_of(settings)),
                *([watch] if watch else []),
            )
        )
        from channels.twilio.signatures import SignatureVerifier  # noqa: PLC0415  as for who sends
        from channels.twilio.webhooks import TwilioWebhooks  # noqa: PLC0415
        from stamgast.wallet.wallets import wallets_of  # noqa: PLC0415

        verifier = SignatureVerifier(settings.public_url, tokens)
        carrier = TwilioWebhooks(verifier)
        filling = Filling(redis, topics, settings.kafka_bootstrap)
        yield WebParts(
            topics=topics, appender=appender, identities=identities, api_keys=api_keys, merchants=merchants,
            redis=redis, clock=clock, carrier=carrier, pulse=pulse, fitness=fitness, filling=filling, tills=tills,
            public_url=settings.public_url, kafka=kafka_of(settings), roster=roster, audit=audit,
            segments=segments, letters=letters, report_links=ReportLinks(wrapping_keys_of(settings)),
            replies=replies, files=files, pictures=pictures_of(settings),
            wallets=wallets_of(settings, RealClock().now()), clock_watch=watch,
        )  # fmt: skip


def _fitness(stack: AsyncExitStack, settings: Settings, process: str, *watched: Redis) -> Fitness:
    """Over a connection of its own: what it asks is answered even while others wait."""
    redis = Redis(settings.redis_url, patience_s=_LOOK_PATIENCE_S)
    stack.callback(redis.close)
    return Fitness(redis, process, watched=watched)


def _small_tail(settings: Settings, topic: str, view: View, name: str) -> Tail:
    return Tail(kafka_of(settings), {topic: 1}, view, name=name)
