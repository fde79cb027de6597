"""`stamgast topics adopt`, on a real broker and a real Redis."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from stamgast.local.brokers import Broker
from stamgast.log.producers import Emitter
from stamgast.log.topics import Topics, check_topics, create_topics, delete_topics
from stamgast.settings import Settings
from stamgast.state.keys import customers, transactions


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with Redis.from_url(settings.redis_url) as redis:
        redis.flushdb()
        yield redis
        redis.flushdb()


def adopt(settings: Settings, *options: str) -> tuple[int, dict[str, Any]]:
    env = os.environ | {
        "STAMGAST_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "STAMGAST_REDIS_URL": settings.redis_url,
        "STAMGAST_PARTITIONS": str(settings.partitions),
        "STAMGAST_TOPIC_PREFIX": settings.topic_prefix,
    }
    command = [sys.executable, "-m", "stamgast.cli", "topics", "adopt", "--json", *options]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def remember(redis: Redis, topics: Topics, ids: dict[str, str], cluster: str) -> None:
    """Write a little state as a worker would have, having applied five records of each partition."""
    for number in range(topics.partitions):
        for keys, topic in ((customers(number), topics.customer_events), (transactions(number), topics.purchases)):
            redis.hset(keys.meta, mapping={"cluster": cluster, "topic": ids[topic], "wm": 4, "token": "t"})
            redis.set(f"{{{keys.tag}}}:c:m:someone", "state")
    redis.hset(
        "{id3}:meta", mapping={f"id:{topics.identities}": ids[topics.identities], f"read2:{topics.identities}:0": 9}
    )
    redis.set("{id3}:a:m:x", "someone")


async def fill(broker: Broker, topics: Topics) -> None:
    emitter = await Emitter.open(broker.bootstrap)
    for topic in (topics.customer_events, topics.purchases):
        for number in range(topics.partitions):
            await emitter.emit(topic, number, [(b"k", b"v")] * 5)
    await emitter.close()


async def test_state_that_fits_the_log_is_left_alone(kafka: Broker, topics: Topics, settings: Settings, redis: Redis):
    cluster = check_topics(kafka.bootstrap, topics)
    await fill(kafka, topics)
    remember(redis, topics, cluster.topic_ids, cluster.id)
    before = redis.dbsize()

    code, said = adopt(settings)

    assert (code, said["misfits"], said["keys_forgotten"]) == (0, [], 0)
    assert redis.dbsize() == before


async def test_state_of_a_recreated_topic_is_forgotten_and_only_when_told_to(
    kafka: Broker, topics: Topics, settings: Settings, redis: Redis
):
    cluster = check_topics(kafka.bootstrap, topics)
    remember(redis, topics, cluster.topic_ids, cluster.id)
    delete_topics(kafka.bootstrap, topics)
    create_topics(kafka.bootstrap, topics)
    await fill(kafka, topics)
    redis.set("somebody:else", "1")

    code, said = adopt(settings, "--dry-run")
    assert code == 1
    assert len(said["misfits"]) == 2 * topics.partitions + 1
    assert redis.exists("{c0}:meta", "{id3}:a:m:x") == 2

    code, said = adopt(settings)
    assert code == 0
    assert said["keys_forgotten"] == 4 * topics.partitions + 2
    assert redis.keys() == [b"somebody:else"]


async def test_only_the_partition_whose_log_lost_records_is_forgotten(
    kafka: Broker, topics: Topics, settings: Settings, redis: Redis
):
    cluster = check_topics(kafka.bootstrap, topics)
    await fill(kafka, topics)
    remember(redis, topics, cluster.topic_ids, cluster.id)
    redis.hset(customers(2).meta, "wm", 5)

    code, said = adopt(settings)

    assert code == 0
    assert said["misfits"] == [{"what": "partition c2", "why": "its state has applied offset 5, and the log ends at 5"}]
    assert not redis.exists("{c2}:meta", "{c2}:c:m:someone")
    assert redis.exists("{c1}:meta", "{c1}:c:m:someone", "{t2}:meta") == 3
