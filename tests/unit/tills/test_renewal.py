"""Refresh tokens that are good once: the new one is kept before it is gone by, and no two processes use one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from stamgast.identity.sealing import WrappingKeys
from stamgast.log.appender import NotAppendedError
from stamgast.pos.adapter import ApiError, ApiSpec
from stamgast.pos.connections import Connection, PosSeal
from stamgast.tills.client import Apis, Patience
from stamgast.tills.record import Name, connection_key, encode_connection, record_of
from stamgast.tills.renewal import Renewals
from stamgast.tills.table import ConnectionTable
from stamgast.web.serve import serving
from tests.builders import MERCHANT, sure
from tests.fakes.kassa import Kassa

SEAL = PosSeal(WrappingKeys({"first": b"1" * 32}))
NAME = Name(MERCHANT, "front")


class Provider:
    """Each refresh token is good once, and each access token as long as it is told."""

    def __init__(self) -> None:
        self.good = "r0"
        self.exchanged: list[str] = []
        self.lasts = 3600
        self.url = ""

    async def token(self, request: Request) -> JSONResponse:
        given = dict(parse_qsl((await request.body()).decode()))["refresh_token"]
        if given != self.good:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.exchanged.append(given)
        self.good = f"r{len(self.exchanged)}"
        told = {"access_token": f"a:{len(self.exchanged)}", "refresh_token": self.good, "expires_in": self.lasts}
        return JSONResponse(told)

    async def asked(self, request: Request) -> JSONResponse:
        return JSONResponse({"by": request.headers.get("authorization")})


class Locks:
    """In the place of Redis: one lock for all."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def locked(self, _key: str, *, wait_s: float, kept_s: float) -> AsyncIterator[None]:
        async with self._lock:
            yield


class Process:
    """A worker, or (`writes=False`) web: with a client of its own, on the log and the locks of all."""

    def __init__(self, provider: Provider, table: ConnectionTable, locks: Locks, *, writes: bool = True) -> None:
        class Till(Kassa):
            api = ApiSpec(
                provider.url,
                token_url=f"{provider.url}/token",
                token_fields={"client_id": "{part[0]}", "refresh_token": "{part[1]}"},
                token_parts=2,
                renewed_part=1,
                per_second=1000,
                burst=100,
            )

        self.till, self.table, self.fails = Till(), table, False
        self.apis = Apis(SEAL, Patience(attempts=1))
        known: Any = locks
        self.apis.renewals = Renewals(known, lambda: table, self._append if writes else None, "topic", SEAL)

    async def _append(self, _topic: str, records: Any) -> list[int]:
        await asyncio.sleep(0)
        if self.fails:
            raise NotAppendedError("no")
        return [0] * len(records)

    async def ask(self) -> str:
        api = sure(self.apis.of(self.till, self.table.all(MERCHANT)[0]))
        return str((await api.call("GET", "/sales"))["by"])


class Scene:
    def __init__(self, provider: Provider) -> None:
        self.provider, self.table, self.locks = provider, ConnectionTable(), Locks()
        self.table.loaded = True
        self.give("client:r0")
        self.worker, self.other = (Process(provider, self.table, self.locks) for _ in range(2))
        self.web = Process(provider, self.table, self.locks, writes=False)

    def give(self, secret: str) -> None:
        sealed = {"api": (SEAL.seal(MERCHANT, "front", "api", secret),)}
        record = record_of(Connection(MERCHANT, "front", "kassa", "K9", sealed=sealed), 1)
        self.table.note(connection_key(NAME), encode_connection(record))


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    provider = Provider()
    routes = [Route("/token", provider.token, methods=["POST"]), Route("/sales", provider.asked)]
    async with serving(Starlette(routes=routes), "127.0.0.1", 0) as port:
        provider.url = f"http://127.0.0.1:{port}"
        found = Scene(provider)
        yield found
        for each in (found.worker, found.other, found.web):
            await each.apis.aclose()


async def test_ten_calls_of_two_workers_exchange_a_token_once(scene: Scene):
    asked = [each.ask() for _ in range(5) for each in (scene.worker, scene.other)]
    assert set(await asyncio.gather(*asked)) == {"Bearer a:1"}
    assert scene.provider.exchanged == ["r0"]
    assert SEAL.open(scene.table.all(MERCHANT)[0], "api")[0] == "client:r1"


async def test_the_new_refresh_token_is_gone_by_when_the_access_token_has_ended(scene: Scene):
    scene.provider.lasts = 0
    assert [await scene.worker.ask(), await scene.other.ask(), await scene.worker.ask()] == [
        "Bearer a:1",
        "Bearer a:2",
        "Bearer a:3",
    ]
    assert scene.provider.exchanged == ["r0", "r1", "r2"]


async def test_nothing_is_asked_with_what_was_not_kept(scene: Scene):
    scene.worker.fails = True
    with pytest.raises(ApiError, match="could not be kept"):
        await scene.worker.ask()


async def test_web_goes_by_what_the_worker_renewed_and_renews_nothing_itself(scene: Scene):
    with pytest.raises(ApiError, match="has not renewed it yet"):
        await scene.web.ask()
    assert scene.provider.exchanged == []
    await scene.worker.apis.freshen(scene.worker.till, scene.table.all(MERCHANT)[0])
    assert await scene.web.ask() == "Bearer a:1"
    await scene.worker.apis.freshen(scene.worker.till, scene.table.all(MERCHANT)[0])
    assert scene.provider.exchanged == ["r0"], "it is good for an hour yet"
    scene.provider.lasts = 300


async def test_one_that_has_ended_says_what_to_do_and_a_new_one_takes_its_place(scene: Scene):
    await scene.worker.ask()
    scene.provider.good = "elsewhere"
    scene.give("client:r9")
    with pytest.raises(ApiError, match="taken no more .400.*stamgast pos connect"):
        await scene.worker.ask()
    scene.give("client:elsewhere")
    assert await scene.worker.ask() == "Bearer a:2", "what was of another credential counts no more"


async def test_the_file_of_before_brings_no_used_token_back(scene: Scene):
    filed = scene.table.filed(MERCHANT)[0]
    await scene.worker.ask()
    scene.table.note(connection_key(NAME), encode_connection(record_of(replace(filed), 3)))
    assert SEAL.open(scene.table.all(MERCHANT)[0], "api")[0] == "client:r1"
