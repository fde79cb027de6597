"""What all tests share: a real broker and a real Redis, topics of one's own, and waiting without sleeping blindly."""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar, overload

import pytest
import structlog

from stamgast.local.brokers import Broker, FixedBroker, open_broker
from stamgast.local.embedded import embedded_broker
from stamgast.local.redis_server import RedisServer, open_redis
from stamgast.log.topics import Topics, create_topics, delete_topics
from stamgast.logs import mask_event
from stamgast.settings import Settings

RUN_DIR = Path(__file__).parent.parent / ".run"
PARTITIONS = 4
PATIENCE = 2
"""A busy machine is given so many times as long as a quiet one: patience costs nothing where it is not needed."""

T = TypeVar("T")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_notes] = []
    pytest.MonkeyPatch().setattr(structlog, "configure", _without_cache)
    _log_as_tests_do()


def _log_as_tests_do() -> None:
    """Into the standard library's logs, which pytest captures and shows with a failure."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            mask_event,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def _without_cache(*, _configure: Callable[..., None] = structlog.configure, **options: Any) -> None:
    """Configure it so that what a test configures ends with the test: a cached logger would keep it for good."""
    _configure(**{**options, "cache_logger_on_first_use": False})


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command sends logs to its own standard error: the next test must not find them there, whatever came before."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    _log_as_tests_do()
    yield
    for handler in [*root.handlers]:
        if type(handler) is logging.StreamHandler and handler not in handlers:
            root.removeHandler(handler)
    root.setLevel(level)
    _log_as_tests_do()


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):  # then somebody else writes the summary
        session.config.workeroutput["notes"] = session.config.stash[_notes]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    notes: list[str] = node.config.stash[_notes]
    notes += getattr(node, "workeroutput", {}).get("notes", [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    notes: list[str] = config.stash[_notes]
    for note in dict.fromkeys(notes):
        terminalreporter.write_line(note)


_notes = pytest.StashKey[list[str]]()


def _env(name: str) -> str | None:
    return os.environ.get(f"STAMGAST_{name}") or None


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Iterator[Broker]:
    """The broker of this run; a test that stops or recreates it must leave it running."""
    notes = pytestconfig.stash[_notes].append
    with open_broker(RUN_DIR, bootstrap=_env("KAFKA_BOOTSTRAP"), say=notes) as broker:
        if _env("TEST_NEEDS_KAFKA") == "1" and not broker.is_kafka:
            pytest.fail("STAMGAST_TEST_NEEDS_KAFKA is set and only the embedded broker could be started")
        yield broker


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config) -> Iterator[RedisServer]:
    """The Redis of this run; a test that empties it must expect nobody else's data to survive."""
    with open_redis(RUN_DIR, url=_env("REDIS_URL"), say=pytestconfig.stash[_notes].append) as server:
        yield server


@pytest.fixture(scope="session")
def embedded_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The trial's embedded broker, whatever else runs."""
    with embedded_broker(tmp_path_factory.mktemp("embedded")) as embedded:
        yield FixedBroker("embedded", embedded.address, "the embedded broker")


@pytest.fixture
def topics(kafka: Broker) -> Iterator[Topics]:
    """All topics, empty, under a prefix of this test's own."""
    mine = Topics(PARTITIONS, prefix=f"t{uuid.uuid4().hex[:8]}.")
    create_topics(kafka.bootstrap, mine)
    yield mine
    delete_topics(kafka.bootstrap, mine)


@pytest.fixture
def settings(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> Settings:
    """Settings that point at this run's broker and Redis and at this test's topics."""
    key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    return Settings(
        _env_file=None,
        kafka_bootstrap=kafka.bootstrap,
        redis_url=redis_server.url,
        partitions=topics.partitions,
        topic_prefix=topics.prefix,
        group_prefix=topics.prefix + "stamgast",
        id_key=key,
        wrapping_keys=f"test:{key}",
        clock_file=tmp_path / "clock",
    )


@pytest.fixture(autouse=True)
def _needs_dependable_groups(request: pytest.FixtureRequest) -> None:
    """Report tests marked multi_worker as skipped where the broker cannot rebalance dependably."""
    if request.node.get_closest_marker("multi_worker") and not request.getfixturevalue("kafka").is_kafka:
        pytest.skip("the embedded broker's group rebalancing is not dependable; this needs Apache Kafka")


@overload
async def eventually(
    question: Callable[[], Coroutine[Any, Any, T | None]], *, seconds: float = ..., every: float = ..., why: str = ...
) -> T: ...


@overload
async def eventually(
    question: Callable[[], T | None], *, seconds: float = ..., every: float = ..., why: str = ...
) -> T: ...


async def eventually(question: Callable[[], Any], *, seconds: float = 60, every: float = 0.02, why: str = "") -> Any:
    """Ask again and again until the answer is true-ish, and return it; fail with the last answer after some seconds.

    An AssertionError of the question counts as "not yet", so that it may itself be a check. `seconds`: how long it may
    take where the machine has little else to do; what takes a second there is given a minute.
    """
    deadline = time.monotonic() + PATIENCE * seconds
    while True:
        try:
            answer = question()
            value = await answer if inspect.isawaitable(answer) else answer
            if value or time.monotonic() > deadline:
                assert value, f"not within {seconds} s: {why or question}; last answer {value!r}"
                return value
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(every)


def soon(question: Callable[[], T], *, seconds: float = 60, every: float = 0.02, why: str = "") -> T:
    """Wait as `eventually` does, where no loop runs."""
    deadline = time.monotonic() + PATIENCE * seconds
    while not (value := question()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {why or question}"
        time.sleep(every)
    return value
