"""`stamgast web` may be started before its broker and before the topics: it waits, says for what, and loses nothing."""

import asyncio
import os
import re
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from stamgast.local.processes import ChildProcess, free_port
from stamgast.log.topics import Topics, create_topics, delete_topics
from stamgast.settings import Settings
from tests.conftest import eventually

pytestmark = pytest.mark.slow

RUN = [sys.executable, "-m", "stamgast.cli"]


class Doorway:
    """A port at which nobody answers until it is opened; then whoever comes is let through to the broker.

    The broker names its own address to clients, so only their first question comes through here.
    """

    def __init__(self, to: str) -> None:
        self.port = free_port()
        self._host, _, self._to = to.rpartition(":")
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._through, "127.0.0.1", self.port)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._host, int(self._to))
        await asyncio.wait(
            [asyncio.create_task(_pass_on(reader, back)), asyncio.create_task(_pass_on(there, writer))],
            return_when=asyncio.FIRST_COMPLETED,
        )
        for each in (writer, back):
            each.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


@pytest.fixture
async def doorway(kafka: Any) -> AsyncIterator[Doorway]:
    doorway = Doorway(kafka.bootstrap)
    yield doorway
    doorway.close()


@pytest.fixture
def unmade(kafka: Any) -> Iterator[Topics]:
    """Topics that nobody has made yet."""
    topics = Topics(2, prefix=f"t{uuid.uuid4().hex[:8]}.")
    yield topics
    delete_topics(kafka.bootstrap, topics)


async def test_web_waits_for_its_broker_and_its_topics(
    kafka: Any, web_settings: Settings, doorway: Doorway, unmade: Topics, tmp_path: Path
):
    health = f"http://127.0.0.1:{free_port()}"
    env = os.environ | {
        "STAMGAST_WEB_METRICS_PORT": health.rpartition(":")[2],
        "STAMGAST_KAFKA_BOOTSTRAP": f"127.0.0.1:{doorway.port}",
        "STAMGAST_REDIS_URL": web_settings.redis_url,
        "STAMGAST_TOPIC_PREFIX": unmade.prefix,
        "STAMGAST_PARTITIONS": "2",
        "STAMGAST_ID_KEY": web_settings.id_key.get_secret_value(),
        "STAMGAST_WRAPPING_KEYS": web_settings.wrapping_keys.get_secret_value(),
    }
    process = ChildProcess("web", [*RUN, "web", "--port", "0"], log=tmp_path / "web.log", env=env)
    try:
        found = await eventually(lambda: re.search(r"http://127.0.0.1:(\d+)/", process.log_tail(100)), seconds=60)
        async with httpx.AsyncClient(base_url=found[0], timeout=60) as client:

            async def says(status: int, words: str) -> bool:
                answer = await client.get(f"{health}/readyz")
                return answer.status_code == status and words in answer.text

            await eventually(lambda: says(503, "no Kafka broker answers"), seconds=60, every=0.2)
            assert (await client.get(f"{health}/healthz")).status_code == 200
            refused = await client.post("/v1/merchants/winkel/purchases", json={})
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
            assert refused.headers["content-type"] == "application/problem+json"
            await doorway.open()
            await eventually(lambda: says(503, "run `stamgast topics create`"), seconds=60, every=0.2)
            await asyncio.to_thread(create_topics, kafka.bootstrap, unmade)
            await eventually(lambda: says(200, "ready"), seconds=60, every=0.2)
            assert (await client.post("/v1/merchants/winkel/purchases", json={})).status_code == 401
        assert process.stop() == 0
    finally:
        process.kill()
