"""The services that tests break on purpose do break, and come back, the way the tests rely on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from stamgast.local.brokers import Broker, open_broker
from stamgast.local.kafka_docker import DockerKafka
from stamgast.local.processes import ProcessError, port_answers
from stamgast.local.redis_server import RedisServer, open_redis
from stamgast.log.producers import EmitError, Emitter, Emitters
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics, TopicsError, admin, check_topics, create_topics
from tests.conftest import RUN_DIR, eventually
from tests.processes import alive, children_of


@pytest.fixture
def breakable() -> Iterator[Broker]:
    """A broker of this test's own, so that nobody else's data dies with it."""
    if os.environ.get("STAMGAST_KAFKA_BOOTSTRAP"):
        pytest.skip("the broker of STAMGAST_KAFKA_BOOTSTRAP is not ours to break")
    with open_broker(RUN_DIR) as broker:
        if not broker.restartable:
            pytest.skip("the embedded broker forgets everything when it ends; this needs Apache Kafka")
        yield broker


async def test_a_killed_broker_comes_back_at_its_address_with_every_record_that_it_acknowledged(breakable: Broker):
    topics = Topics(1)
    before = create_topics(breakable.bootstrap, topics)
    emitters = Emitters(breakable.bootstrap)
    acknowledged = 0

    async def append() -> None:
        nonlocal acknowledged
        while acknowledged < 3_000:
            try:
                emitter = await emitters.current()
                offsets = await emitter.emit(topics.customer_events, 0, [(b"k", b"%d" % acknowledged)])
                assert offsets[0] >= acknowledged
                acknowledged += 1
            except EmitError:
                continue

    appending = asyncio.ensure_future(append())
    await eventually(lambda: acknowledged > 200)
    await asyncio.to_thread(breakable.kill)
    await asyncio.to_thread(breakable.start)
    await asyncio.wait_for(appending, 60)
    await emitters.close()

    async with LogReader(breakable.bootstrap) as reader:
        values = [int(record.value) async for chunk in reader.read_all(topics.customer_events, 0) for record in chunk]
    assert sorted(set(values)) == list(range(3_000))
    assert sorted(values) == values  # a record may stand twice, but never out of order
    assert check_topics(breakable.bootstrap, topics) == before


async def test_closing_an_emitter_while_the_broker_is_away_is_quick_and_fails_who_waits(breakable: Broker):
    topics = Topics(1)
    create_topics(breakable.bootstrap, topics)
    emitter = await Emitter.open(breakable.bootstrap)
    await emitter.emit(topics.customer_events, 0, [(b"k", b"v")])
    await asyncio.to_thread(breakable.kill)
    waiting = asyncio.ensure_future(emitter.emit(topics.customer_events, 0, [(b"k", b"v")]))
    done, _ = await asyncio.wait({waiting}, timeout=0.5)
    assert not done

    async with asyncio.timeout(5):
        await emitter.close()
        with pytest.raises(EmitError):
            await waiting


def test_a_broker_that_dies_while_it_is_asked_is_away_and_recreated_another_empty_one(breakable: Broker):
    topics = Topics(1)
    before = create_topics(breakable.bootstrap, topics)

    def ask_while_it_dies() -> None:
        with admin(breakable.bootstrap) as client:
            breakable.kill()
            client.describe_topics(list(dict(topics)))

    with pytest.raises(TopicsError, match="broke off"):
        ask_while_it_dies()

    breakable.recreate()

    assert create_topics(breakable.bootstrap, topics).id != before.id


@pytest.fixture
def breakable_redis() -> Iterator[RedisServer]:
    with open_redis(RUN_DIR) as server:
        yield server


def test_redis_can_crash_lose_its_last_second_and_lose_everything(breakable_redis: RedisServer):
    with Redis.from_url(breakable_redis.url) as redis:
        redis.set("a", 1)
        earlier = breakable_redis.copy_data()
        redis.set("a", 2)

        breakable_redis.restart()
        assert redis.get("a") == b"2"
        breakable_redis.go_back_to(earlier)
        assert redis.get("a") == b"1"
        breakable_redis.empty()
        assert redis.get("a") is None


def test_the_services_command_prints_addresses_that_work_and_leaves_nothing_behind(tmp_path: Path):
    env = {name: value for name, value in os.environ.items() if not name.startswith("STAMGAST_")}
    command = [sys.executable, "-m", "stamgast.cli", "services", "--json", "--folder", str(RUN_DIR)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True) as running:
        assert running.stdout is not None
        said = json.loads(running.stdout.readline())
        assert check_topics(said["kafka_bootstrap"], Topics(8)).id
        with Redis.from_url(said["redis_url"]) as redis:
            assert redis.ping()
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 0

    assert not port_answers(int(said["kafka_bootstrap"].rpartition(":")[2]))
    assert not port_answers(int(said["redis_url"].rpartition(":")[2].partition("/")[0]))


@pytest.mark.parametrize("which", ["broker", "redis"])
def test_the_services_command_ends_with_1_and_says_so_when_its_broker_or_its_redis_has_died(which: str, tmp_path: Path):
    """On the embedded ones, which are there on every machine: nothing else is on PATH."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("STAMGAST_")}
    env["PATH"] = str(tmp_path)
    command = [sys.executable, "-m", "stamgast.cli", "services", "--json", "--no-topics", "--folder", str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=env, text=True, stdout=pipe, stderr=pipe) as running:
        assert running.stdout is not None
        json.loads(running.stdout.readline())
        children = children_of(running.pid)
        victim = next(pid for pid, line in children.items() if ("--listener-url" in line) == (which == "broker"))
        os.kill(victim, signal.SIGKILL)
        _, said = running.communicate(timeout=60)

    assert running.returncode == 1
    assert f"{'embedded broker' if which == 'broker' else 'Redis'} has ended with -9" in said
    assert alive(children) == []


def test_on_docker_a_container_that_has_ended_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\ncase "$1" in inspect) echo false;; logs) echo "no space left";; esac\n')
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    with pytest.raises(ProcessError, match=r"stamgast-kafka-29092 has ended\.\nno space left"):
        DockerKafka(29_092).check()


def test_on_docker_the_container_listens_on_loopback_only_and_is_removed_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """No engine runs here; a stand-in `docker` writes down what it is asked."""
    asked = tmp_path / "asked"
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n')
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    assert DockerKafka.why_not() is None
    with DockerKafka.running(tmp_path, 29_092) as node:
        assert node.bootstrap == "127.0.0.1:29092"
        node.kill()
        node.start()

    info, run, ready, kill, start, again, remove = asked.read_text().splitlines()
    assert info == "info"
    assert "--publish=127.0.0.1:29092:29092" in run
    assert "--env=KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:29092" in run
    assert run.endswith(" apache/kafka:4.1.1")
    assert ready == again
    assert "kafka-broker-api-versions.sh --bootstrap-server 127.0.0.1:29092" in ready
    assert (kill, start) == ("kill stamgast-kafka-29092", "start stamgast-kafka-29092")
    assert remove == "rm --force --volumes stamgast-kafka-29092"
