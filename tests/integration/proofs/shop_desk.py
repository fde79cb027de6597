"""Who stands in the shop: a till that sends purchases to web, and `stamgast purchases` beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx

from stamgast.api_keys.admin import Keyring
from stamgast.demo.stage import environment
from stamgast.identity.ids import Identifier
from stamgast.identity.records import Profile
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs.merchant import MERCHANT
from tests.integration.proofs.receipts import now
from tests.integration.proofs.scene import Scene


def till(scene: Scene) -> Any:
    """A client of the web process, with a key."""
    return _Till(scene)


class _Till:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> httpx.AsyncClient:
        scene = self._scene
        keyring = Keyring(scene.settings.kafka_bootstrap, scene.topics.api_keys)
        made = await keyring.create(MERCHANT, ("intake",), now())
        url = f"{scene.settings.public_url}/v1/merchants/{MERCHANT}"
        headers = {"Authorization": f"Bearer {made.text}"}
        self._client = client = httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)

        async def known() -> bool:
            return (await client.post("/purchases", json=[])).status_code not in {401, 403, 503}

        await eventually(known, seconds=60, why="web knows the key")
        return client

    async def __aexit__(self, *error: object) -> None:
        assert self._client is not None
        await self._client.aclose()


async def members(scene: Scene, names: Sequence[str]) -> dict[str, str]:
    """People known by a membership number alone, who buy nothing else: name -> customer id."""
    enrol = scene.parts.identities.enrol
    joined = [await enrol(MERCHANT, [Identifier("membership", name)], Profile(), now()) for name in names]
    return {name: each.customer for name, each in zip(names, joined, strict=True)}


async def command(scene: Scene, *arguments: str, code: int = 0) -> dict[str, Any]:
    """What `stamgast purchases … --json` answers."""
    done = await commands.asked("purchases", *arguments, "--json", env=environment(scene.settings))
    assert done.returncode == code, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
