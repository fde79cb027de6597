"""A web process in this process: real Kafka, real Redis, uvicorn on loopback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from stamgast.api_keys.admin import Keyring
from stamgast.api_keys.model import Scope
from stamgast.bootstrap import WebParts, web_parts
from stamgast.broker import kafka_of
from stamgast.local.redis_server import RedisServer
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.programs.publish import publish
from stamgast.settings import Settings
from stamgast.web.app import create_app
from stamgast.web.health import health_app
from stamgast.web.limits import Limits
from stamgast.web.serve import deps_over, public, serving
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs.forge import Forged

CONFIG = Path(__file__).parents[3] / "config" / "merchants"
MERCHANT = "bakkerij-noord"
TOKENS = ("old-auth-token", "new-auth-token")
PUBLIC_URL = "https://loyalty.example.com"
SHOP_NUMBER = "+31970102345"


class Web:
    """A running web process and what a till, a carrier or a test asks of it."""

    def __init__(
        self, parts: WebParts, client: httpx.AsyncClient, health: httpx.AsyncClient, keyring: Keyring, bootstrap: str
    ) -> None:
        self.parts = parts
        self.client = client
        self.health = health
        self.keyring = keyring
        self.bootstrap = bootstrap
        self.key = ""

    @property
    def topics(self) -> Topics:
        return self.parts.topics

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} | {name.replace("_", "-"): value for name, value in more.items()}

    async def new_key(self, *scopes: Scope, merchant: str = MERCHANT) -> str:
        made = await self.keyring.create(merchant, scopes or ("intake", "till", "read"), self.parts.clock.now())
        return made.text

    async def post(self, path: str, document: Any, **headers: str) -> httpx.Response:
        return await self.client.post(f"/v1/merchants/{MERCHANT}{path}", json=document, headers=self.headers(**headers))

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(f"/v1/merchants/{MERCHANT}{path}", headers=self.headers())

    async def webhook(
        self, path: str, form: dict[str, str], *, token: str = TOKENS[0], signature: str | None = None
    ) -> httpx.Response:
        text = f"{PUBLIC_URL}{path}" + "".join(name + form[name] for name in sorted(form))
        made = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
        headers = {"X-Twilio-Signature": made if signature is None else signature}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return await self.client.post(path, content=urlencode(form), headers=headers)

    async def message(self, sender: str, text: str, sid: str = "SM1", **how: Any) -> httpx.Response:
        form = {"MessageSid": sid, "AccountSid": "ACsandbox1", "From": sender, "To": SHOP_NUMBER, "Body": text}
        return await self.webhook("/twilio/inbound", form | {"NumMedia": "0"}, **how)

    async def records(self, topic: str) -> list[tuple[bytes, bytes | None]]:
        found: list[tuple[bytes, bytes | None]] = []
        counts = {name: self.topics.partitions_of(entry) for name, entry in self.topics}
        async with LogReader(self.bootstrap) as reader:
            for partition in range(counts[topic]):
                async for records in reader.read_all(topic, partition):
                    found += [(record.key, record.value) for record in records]
        return found


def open_web(settings: Settings, limits: Limits | None = None) -> Any:
    """A context of a running `Web`, with a key of its own."""
    return _open(settings, limits)


class _open:  # noqa: N801  reads as a function
    def __init__(self, settings: Settings, limits: Limits | None) -> None:
        self._contexts: list[Any] = []
        self._settings = settings
        self._limits = limits

    async def _enter(self, context: Any) -> Any:
        value = await context.__aenter__()
        self._contexts.append(context)
        return value

    async def __aenter__(self) -> Web:
        parts = await self._enter(web_parts(self._settings))
        deps = deps_over(parts, limits=self._limits)
        port = await self._enter(serving(public(create_app(deps), self._settings), "127.0.0.1", 0))
        client = await self._enter(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60))
        port = await self._enter(serving(health_app(lambda: deps), "127.0.0.1", 0))
        health = await self._enter(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60))
        keyring = Keyring(kafka_of(self._settings), parts.topics.api_keys)
        web = Web(parts, client, health, keyring, self._settings.kafka_bootstrap)
        web.key = await web.new_key()
        await eventually(lambda: _ready(health), why="the web process is ready")
        return web

    async def __aexit__(self, *error: object) -> None:
        for context in reversed(self._contexts):
            await context.__aexit__(None, None, None)


async def _ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code == 200


@pytest.fixture
async def empty_redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """Redis without anything in it: other tests use the same names for other people."""
    client: Redis = Redis.from_url(redis_server.url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def web_settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"public_url": PUBLIC_URL, "twilio_auth_token": type(settings.id_key)(",".join(TOKENS))}
    )


@pytest.fixture
async def published(settings: Settings, topics: Topics) -> None:
    await publish(settings.kafka_bootstrap, topics.programs, [CONFIG / MERCHANT], 0)


@pytest.fixture
async def web(web_settings: Settings, published: None, empty_redis: Redis) -> AsyncIterator[Web]:
    async with open_web(web_settings) as running:
        yield running


@pytest.fixture
def all_logs(caplog: pytest.LogCaptureFixture) -> Sequence[logging.LogRecord]:
    caplog.set_level(logging.DEBUG)
    return caplog.records


def environment(settings: Settings) -> dict[str, str]:
    """The variables that give another process the same settings."""
    names = ("kafka_bootstrap", "redis_url", "topic_prefix", "partitions", "group_prefix")
    given = {name: getattr(settings, name) for name in (*names, "id_key", "wrapping_keys", "public_url")}
    env = {
        f"STAMGAST_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in given.items()
    }
    return env | {"PATH": ""}


@pytest.fixture
def worker(web_settings: Settings, published: None, tmp_path: Path) -> Iterator[Forged]:
    process = commands.started("worker", "worker", log=tmp_path / "worker.log", env=environment(web_settings))
    yield process
    process.stop()
