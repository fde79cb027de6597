"""The table of topics, and a broker's answer to it. Blocking: call from a thread where a loop must stay free.

Partition counts are fixed when a topic is created: keys would move to other owners otherwise. They are checked at
every start.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, KafkaTimeoutError, NoError, TopicAlreadyExistsError, for_code

from stamgast.domain.units import DAY
from stamgast.local.embedded import CLUSTER_PREFIX
from stamgast.log.address import kafka_python_at

PURCHASES: Final = "purchases.v1"
CUSTOMER_EVENTS: Final = "customer.events.v1"
ACTIVATIONS: Final = "activations.v1"
FACTS: Final = "facts.v1"
PROGRAMS: Final = "programs.v1"
IDENTITIES: Final = "identities.v1"
IDENTITY_KEYS: Final = "identity-keys.v1"
SUPPRESSIONS: Final = "suppressions.v1"
API_KEYS: Final = "api-keys.v1"
CONNECTIONS: Final = "connections.v1"
FEEDS: Final = "feeds.v1"
DEAD_LETTERS: Final = "dead-letters.v1"
REPLIES: Final = "replies.v1"
MEDIA: Final = "media.v1"
SEGMENTS: Final = "segments.v1"
CLOCK: Final = "clock.v1"
USERS: Final = "users.v1"
AUDIT: Final = "audit.v1"

_SEEN_S, _LOOK_S = 30.0, 0.02
MAX_RECORD_BYTES: Final = 1_000_000
"""The largest record that we append; a topic takes a little more, for Kafka's own framing."""
REPLIES_KEPT: Final = 30 * DAY
"""How long what people wrote can be read."""
MEDIA_KEPT: Final = 60 * DAY
"""How long the pictures that they sent can be looked at."""
_KEPT, _FRAMING = -1, 48_576


class TopicsError(RuntimeError):
    """The broker's topics are not what they must be; the text lists everything that is wrong."""


class AwayError(TopicsError):
    """No broker answers, or it broke off."""


class MissingTopicsError(TopicsError):
    """Some are not there (yet)."""


@dataclass(frozen=True)
class Topic:
    """One topic: how it is cut, how long it is kept, and how large a record may be."""

    name: str
    partitions: Literal["all", "one"]
    """`all`: as many as the setting PARTITIONS says. `one`: its order is the order of everything in it."""
    cleanup: Literal["delete", "compact"]
    retention_ms: int
    max_record_bytes: int = MAX_RECORD_BYTES

    def config(self) -> dict[str, str]:
        """Return the topic's settings as the broker names them."""
        config = {
            "cleanup.policy": self.cleanup,
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(self.max_record_bytes + _FRAMING),
            "retention.bytes": "-1",
        }
        if self.cleanup == "delete":
            # What people wrote must be gone soon after its time: a log's newest file is never removed.
            files = {"segment.ms": str(DAY)} if self.retention_ms in (REPLIES_KEPT, MEDIA_KEPT, DAY) else {}
            return config | files | {"retention.ms": str(self.retention_ms)}
        # An erased person's data key must be gone from the log's files within a day or two.
        return config | {"max.compaction.lag.ms": str(DAY), "segment.ms": str(DAY), "delete.retention.ms": str(DAY)}


TABLE: Final = (
    Topic(PURCHASES, "all", "delete", 430 * DAY),
    Topic(CUSTOMER_EVENTS, "all", "delete", _KEPT),
    Topic(ACTIVATIONS, "all", "delete", _KEPT),
    Topic(FACTS, "all", "delete", _KEPT),
    Topic(PROGRAMS, "one", "delete", _KEPT),
    Topic(IDENTITIES, "all", "compact", _KEPT),
    Topic(IDENTITY_KEYS, "all", "compact", _KEPT),
    Topic(SUPPRESSIONS, "one", "compact", _KEPT),
    Topic(API_KEYS, "one", "compact", _KEPT),
    Topic(CONNECTIONS, "one", "compact", _KEPT),
    Topic(FEEDS, "one", "compact", _KEPT),
    # Holds what other topics could not digest, sealed: a little larger than the largest of those.
    Topic(DEAD_LETTERS, "one", "delete", 90 * DAY, 2 * MAX_RECORD_BYTES),
    Topic(REPLIES, "one", "delete", REPLIES_KEPT),
    Topic(MEDIA, "one", "delete", MEDIA_KEPT),
    Topic(SEGMENTS, "one", "compact", _KEPT),
    Topic(CLOCK, "one", "delete", DAY),
    Topic(USERS, "one", "compact", _KEPT),
    Topic(AUDIT, "all", "delete", _KEPT),
)


SIGNED: Final = (
    API_KEYS,
    CONNECTIONS,
    FEEDS,
    PROGRAMS,
    IDENTITIES,
    IDENTITY_KEYS,
    SUPPRESSIONS,
    MEDIA,
    CUSTOMER_EVENTS,
    USERS,
    AUDIT,
)
"""Topics whose records are believed, and signed by whoever of us appends them."""
SIGNED_LATER: Final = (ACTIVATIONS, SEGMENTS, DEAD_LETTERS)
"""The same, from a later version on: where the others had to be signed already, these need not yet."""
PROVEN: Final = (PURCHASES,)
"""Open to others, who prove their merchant."""
BELIEVED_BY_NOBODY: Final = (FACTS, REPLIES, CLOCK)
"""Facts are for others, as are feeds of them; what people wrote is sealed and only shown; of a clock's record the
broker's time counts."""


@lru_cache
def largest_record(name: str) -> int:
    """Return how many bytes of key and value a record of this topic may have, whatever the deployment's prefix."""
    return max((topic.max_record_bytes for topic in TABLE if name.endswith(topic.name)), default=MAX_RECORD_BYTES)


@dataclass(frozen=True)
class Topics:
    """The topics' names and partition counts in one deployment."""

    partitions: int
    prefix: str = ""
    """Put before every name, so that tests can share a broker."""

    @property
    def purchases(self) -> str:
        """Transactions as tills report them."""
        return self.prefix + PURCHASES

    @property
    def customer_events(self) -> str:
        """Everything that happens to a customer."""
        return self.prefix + CUSTOMER_EVENTS

    @property
    def activations(self) -> str:
        """The life of every activation."""
        return self.prefix + ACTIVATIONS

    @property
    def facts(self) -> str:
        """What happened to customers, for whoever reckons."""
        return self.prefix + FACTS

    @property
    def programs(self) -> str:
        """Merchants' bundles; a bundle's offset is its barrier's number."""
        return self.prefix + PROGRAMS

    @property
    def identities(self) -> str:
        """Personal data, as ciphertext."""
        return self.prefix + IDENTITIES

    @property
    def identity_keys(self) -> str:
        """The wrapped data keys of those."""
        return self.prefix + IDENTITY_KEYS

    @property
    def suppressions(self) -> str:
        """Opt-outs, per merchant and phone hash."""
        return self.prefix + SUPPRESSIONS

    @property
    def api_keys(self) -> str:
        """Hashes of API keys."""
        return self.prefix + API_KEYS

    @property
    def connections(self) -> str:
        """Merchants' connections to systems of tills, and how far each was polled."""
        return self.prefix + CONNECTIONS

    @property
    def feeds(self) -> str:
        """Where what happens is sent to, and how far each of them has come."""
        return self.prefix + FEEDS

    @property
    def dead_letters(self) -> str:
        """What could not be read, sealed."""
        return self.prefix + DEAD_LETTERS

    @property
    def replies(self) -> str:
        """What people wrote, sealed."""
        return self.prefix + REPLIES

    @property
    def media(self) -> str:
        """What came with what people wrote: to be fetched, and what became of it."""
        return self.prefix + MEDIA

    @property
    def segments(self) -> str:
        """What merchants' segments are worth."""
        return self.prefix + SEGMENTS

    @property
    def clock(self) -> str:
        """Empty records: what matters is when a broker appends them."""
        return self.prefix + CLOCK

    @property
    def users(self) -> str:
        """Who may sign in, and which tills are paired."""
        return self.prefix + USERS

    @property
    def audit(self) -> str:
        """Who did what."""
        return self.prefix + AUDIT

    def partitions_of(self, topic: Topic) -> int:
        """Return how many partitions a topic of the table has here."""
        return self.partitions if topic.partitions == "all" else 1

    def __iter__(self) -> Iterator[tuple[str, Topic]]:
        """Go through the table as (name here, topic)."""
        return iter([(self.prefix + topic.name, topic) for topic in TABLE])


@dataclass(frozen=True)
class Cluster:
    """Which cluster and which topics these are; both ids change when somebody starts over with an empty broker."""

    id: str
    topic_ids: dict[str, str] = field(default_factory=dict)
    """Topic's name to its id (a UUID's 36 characters)."""

    @property
    def is_embedded(self) -> bool:
        """Say whether this is the trial's broker: memory only, no topic settings, no idempotent producer."""
        return self.id.startswith(CLUSTER_PREFIX)


def create_topics(bootstrap: str, topics: Topics, *, replication_factor: int = -1) -> Cluster:
    """Create the topics that are missing, check all of them, and return the cluster; may be called any number of times.

    Raises:
        TopicsError: some topic is there with another number of partitions.
    """
    with admin(bootstrap) as client:
        copies = {"replication_factor": replication_factor}
        wanted = {
            name: copies | {"num_partitions": topics.partitions_of(topic), "configs": topic.config()}
            for name, topic in topics
        }
        _wait_until_seen(client, _create(client, wanted))
        client.wait_for_topics(list(wanted), timeout_ms=30_000)
        return _check(client, topics)


def check_topics(bootstrap: str, topics: Topics) -> Cluster:
    """Return the cluster if every topic is there with its number of partitions.

    Raises:
        TopicsError: the text lists what is missing or different, and what to do.
    """
    with admin(bootstrap) as client:
        return _check(client, topics)


def differing_settings(bootstrap: str, topics: Topics) -> list[str]:
    """Describe each topic setting that is not as in the table; an operator may have reasons, so nothing is changed."""
    with admin(bootstrap) as client:
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name, _topic in topics]
        found = client.describe_configs(resources, config_filter="all").get("topic", {})
    return [
        f"{name}: {setting} is {found[name][setting]['value']}, not {wanted}"
        for name, topic in topics
        for setting, wanted in topic.config().items()
        if setting in found.get(name, {}) and found[name][setting]["value"] != wanted
    ]


def delete_topics(bootstrap: str, topics: Topics) -> None:
    """Delete every topic of the table and everything in them (tests and development)."""
    with admin(bootstrap) as client:
        if names := set(client.list_topics()) & {name for name, _topic in topics}:
            client.delete_topics(sorted(names))


@contextmanager
def admin(bootstrap: str, *, seconds: float = 10) -> Iterator[Any]:
    """Open kafka-python's admin client.

    Raises:
        AwayError: no broker answers there in time, or the one that did broke off.
    """
    try:
        client = KafkaAdminClient(
            **kafka_python_at(bootstrap),
            client_id="stamgast-admin",
            bootstrap_timeout_ms=int(seconds * 1_000),
            reconnect_backoff_max_ms=500,  # somebody waits for the answer
        )
    except KafkaError as error:
        told = "" if isinstance(error, KafkaTimeoutError) else f": {error}"
        raise AwayError(f"no Kafka broker answers at {bootstrap}{told}") from error
    try:
        yield client
    except KafkaError as error:  # kafka-python's: a worker knows aiokafka's, and would take it for a fault of ours
        raise AwayError(f"the Kafka broker at {bootstrap} broke off: {error}") from error
    finally:
        client.close()


def _create(client: Any, wanted: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Create topics with one request, which takes a tenth of the time of one for each; return the new ones' ids."""
    try:
        answered = client.create_topics(wanted, raise_errors=False)["topics"]
    except KafkaError as error:
        raise TopicsError(f"topics could not be created: {error}") from error
    for topic in answered:
        if topic["error_code"] not in {NoError.errno, TopicAlreadyExistsError.errno}:
            reason = f"{for_code(topic['error_code']).__name__}: {topic.get('error_message') or 'no more was said'}"
            raise TopicsError(f"topic {topic['name']} could not be created: {reason}")
    return {topic["name"]: topic["topic_id"] for topic in answered if topic["topic_id"] is not None}


def _wait_until_seen(client: Any, new: dict[str, str]) -> None:
    """Wait until the broker tells of these topics; for a moment it may still tell of deleted ones of the same names."""
    deadline = time.monotonic() + _SEEN_S
    while new and {topic["name"]: topic.get("topic_id") for topic in client.describe_topics(list(new))} != new:
        if time.monotonic() > deadline:
            raise TopicsError(f"new topics did not appear within {_SEEN_S:.0f} s: {', '.join(new)}")
        time.sleep(_LOOK_S)


def _check(client: Any, topics: Topics) -> Cluster:
    described = {topic["name"]: topic for topic in client.describe_topics([name for name, _topic in topics])}
    missing = [name for name, _topic in topics if described.get(name, {"error_code": 3})["error_code"] != 0]
    if missing:
        what = f"topic {missing[0]} is" if len(missing) == 1 else f"topics {', '.join(missing)} are"
        raise MissingTopicsError(f"{what} missing; run `stamgast topics create`")
    problems = [
        f"topic {name} has {count} partitions, not {wanted}; STAMGAST_PARTITIONS must stay as it was"
        for name, topic in topics
        if (count := len(described[name]["partitions"])) != (wanted := topics.partitions_of(topic))
    ]
    if problems:
        raise TopicsError("; ".join(problems))
    ids = {name: str(described[name]["topic_id"]) for name, _topic in topics}
    return Cluster(str(client.describe_cluster()["cluster_id"]), ids)
