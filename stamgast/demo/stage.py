"""Every process of the engine on this machine, for as long as the trial lasts.

Each is a child whose output goes to a file of its own in the run folder; the kernel kills it if the trial dies, and
leaving the context ends all of them in order.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import secrets
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from redis.asyncio import Redis

from stamgast.api_keys.admin import Keyring
from stamgast.bootstrap import seals_phones_of, topics_of
from stamgast.broker import kafka_of
from stamgast.clock.shop_time import DrivenClock
from stamgast.domain.units import Millis
from stamgast.local.embedded import embedded_broker, embedded_redis
from stamgast.local.processes import ChildProcess, ProcessError, free_port
from stamgast.log.topics import create_topics
from stamgast.programs.folders import MERCHANTS
from stamgast.programs.publish import publish
from stamgast.settings import SANDBOX_ACCOUNT, Settings

BROKER: Final = "embedded (Tansu, in memory)"
REDIS: Final = "embedded (Valkey, in memory)"
PARTITIONS: Final = 4

_START_S: Final = 60.0
_STOP_S: Final = 5.0
COMMAND: Final = (sys.executable, "-m", "stamgast.cli")
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Loopback is never behind a proxy, whatever the environment says."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs, and how to reach it."""

    settings: Settings
    keys: Mapping[str, str]
    """Merchant -> API key."""
    children: Sequence[ChildProcess]
    run_dir: Path

    @property
    def web_url(self) -> str:
        """Where `stamgast web` answers."""
        return self.settings.public_url

    @property
    def sandbox_url(self) -> str:
        """Where the phones are."""
        return self.settings.twilio_base_url

    def open_redis(self) -> Redis:
        """Make a client for the trial's own looks; the caller closes it.

        It has no limit of time: under one, redis-py on Python 3.11 swallows cancellations
        (`stamgast.lifecycle.cancellation`).
        """
        return Redis.from_url(self.settings.redis_url, socket_timeout=None)

    def check(self) -> None:
        """Raise `ProcessError`, with the end of its log, if some process has ended."""
        for child in self.children:
            child.check()


@contextmanager
def open_stage(
    run_dir: Path, config_dir: Path, merchants: Sequence[str], starts_at: Millis, seed: str = ""
) -> Iterator[Stage]:
    """Start everything and wait until it is ready. Blocking: call it before a loop runs.

    With a `seed` customers have the same ids, cards and codes each time.

    Raises:
        ProcessError: something did not start; the text quotes its log.
    """
    with ExitStack() as stack:
        broker = stack.enter_context(embedded_broker(run_dir))
        redis = stack.enter_context(embedded_redis(run_dir))
        settings = make_settings(run_dir, config_dir, kafka=broker.address, redis=redis.address, seed=seed)
        DrivenClock(settings.clock_file).move_to(starts_at)
        create_topics(kafka_of(settings), topics_of(settings), replication_factor=settings.replication_factor)
        env = environment(settings) | {"TMPDIR": str(run_dir)}  # what libraries leave there goes with the folder
        children = [broker.process, redis.process]

        def start(name: str, *words: str) -> ChildProcess:
            child = ChildProcess(name, [*COMMAND, *words], log=run_dir / f"{name}.log", env=env)
            stack.callback(child.stop, seconds=_STOP_S)
            children.append(child)
            return child

        sandbox = start("sandbox", "sandbox", "--port", str(settings.sandbox_port))
        web = start("web", "web", "--port", str(settings.web_port))
        keys = asyncio.run(bring_into_force(settings, merchants))
        worker = start("worker", "worker")
        sandbox.wait_until(lambda: _answers(f"{settings.twilio_base_url}/healthz"), seconds=_START_S)
        web.wait_until(lambda: _ready(settings.web_metrics_port), seconds=_START_S)
        worker.wait_until(lambda: _ready(settings.metrics_port), seconds=_START_S)
        try:
            yield Stage(settings, keys, children, run_dir)
        finally:
            for child in (sandbox, web, worker):  # all at once; the stack then waits for each
                child.signal(signal.SIGTERM)


def make_settings(run_dir: Path, config_dir: Path, *, kafka: str, redis: str, seed: str = "") -> Settings:
    """Make the settings of the whole trial: fresh keys, free ports, the driven clock, and the sandbox for a carrier.

    Every setting is given to the processes, so that neither the environment nor a file `.env` of this machine (with
    live credentials, perhaps) reaches them.
    """
    web, web_metrics, sandbox, metrics = (free_port() for _ in range(4))
    return Settings(
        _env_file=None,
        kafka_bootstrap=kafka,
        redis_url=redis,
        config_dir=config_dir.resolve(),
        partitions=PARTITIONS,
        signed_since="2026-01-01T00:00:00Z",
        all_signed_since="2026-01-01T00:00:00Z",
        proven_since="2026-01-01T00:00:00Z",
        topic_prefix="",
        replication_factor=1,
        group_prefix="stamgast",
        id_key=SecretStr(_key("id", seed)),
        wrapping_keys=SecretStr(f"trial:{_key('wrapping', seed)}"),
        public_url=f"http://127.0.0.1:{web}",
        web_host="127.0.0.1",
        web_port=web,
        sandbox_host="127.0.0.1",
        sandbox_port=sandbox,
        sandbox_token=SecretStr(""),
        metrics_port=metrics,
        web_metrics_port=web_metrics,
        twilio_base_url=f"http://127.0.0.1:{sandbox}",
        twilio_account_sid=(SANDBOX_ACCOUNT + "0" * 34)[:34],
        twilio_api_key=SecretStr("SKsandbox"),
        twilio_api_secret=SecretStr(secrets.token_urlsafe(24)),
        twilio_auth_token=SecretStr(secrets.token_urlsafe(24)),
        clock="driven",
        clock_file=run_dir / "clock",
        log_format="json",
    )


def environment(settings: Settings) -> dict[str, str]:
    """Write settings as the variables of a child, in place of any that this process has."""
    env = {name: value for name, value in os.environ.items() if not name.upper().startswith("STAMGAST_")}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        env[f"STAMGAST_{name.upper()}"] = text
    return env


async def bring_into_force(settings: Settings, merchants: Sequence[str]) -> dict[str, str]:
    """Publish the merchants' files, as `stamgast publish` does, and make a key for each, as `stamgast keys` does.

    Raises:
        ProcessError: a merchant's files were refused.
    """
    topics = topics_of(settings)
    folders = [settings.config_dir / MERCHANTS / merchant for merchant in merchants]
    now = settings.make_clock().now()
    for published in await publish(kafka_of(settings), topics.programs, folders, now, seal=seals_phones_of(settings)):
        if published.hash is None:
            raise ProcessError(f"{published.merchant} was not published: {published.refusal}")
    ring = Keyring(kafka_of(settings), topics.api_keys)
    return {merchant: (await ring.create(merchant, ("intake", "till", "read"), now)).text for merchant in merchants}


def _ready(port: int) -> bool:
    return _answers(f"http://127.0.0.1:{port}/readyz")


def _answers(url: str) -> bool:
    """Say whether this page of our own answers with success."""
    try:
        with _OPENER.open(url, timeout=2) as answer:
            return bool(answer.status < 300)
    except (urllib.error.URLError, OSError):
        return False


def _key(what: str, seed: str) -> str:
    """A fresh one, or the seed's."""
    raw = hashlib.sha256(f"{what}:{seed}".encode()).digest() if seed else secrets.token_bytes(32)
    return base64.b64encode(raw).decode()
