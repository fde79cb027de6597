"""The stage of a proof, with its people enrolled and its workers running."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from stamgast.settings import Settings
from tests.integration.proofs.scene import Scene, open_scene


@pytest.fixture
async def scene(
    settings: Settings, kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path
) -> AsyncIterator[Scene]:
    """Web, sandbox, a published merchant and 400 people; no worker yet."""
    async with open_scene(settings, kafka, redis_server, topics, tmp_path) as made:
        await made.enrol(400)
        yield made
