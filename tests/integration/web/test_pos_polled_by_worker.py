"""A running worker polls: what no webhook told comes by it, and a worker that is killed in the middle loses nothing."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from stamgast.broker import kafka_of
from stamgast.pos.connections import Connection
from stamgast.settings import Settings
from stamgast.tills.record import CursorRecord, Name, record_of
from stamgast.tills.shelf import append_connections, read_connections
from stamgast.web.serve import serving
from tests.builders import sure
from tests.conftest import eventually
from tests.fakes.bodies_loyverse import CUSTOMER, RECEIPT
from tests.integration import commands, dying_poller
from tests.integration.proofs.forge import Forged, preload
from tests.integration.web.conftest import MERCHANT, Web, environment

preload(dying_poller.__name__)

BACK = Name(MERCHANT, "back")


class Receipts:
    """Loyverse's list of receipts, in two pages; the second is held back until somebody lets it go."""

    def __init__(self) -> None:
        self.pages = {"": ["2-1"], "second": ["2-2"]}
        self.asked: list[str] = []
        self.let_go = asyncio.Event()
        self.url = ""

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Receipts]:
        routes = [Route("/receipts", self._list), Route("/customers/{id}", self._customer)]
        async with serving(Starlette(routes=routes), "127.0.0.1", 0) as port:
            self.url = f"http://127.0.0.1:{port}"
            yield self
            self.let_go.set()

    async def _list(self, request: Request) -> JSONResponse:
        page = request.query_params.get("cursor", "")
        self.asked.append(page)
        if page:
            await self.let_go.wait()
        receipts = [RECEIPT | {"receipt_number": number} for number in self.pages[page]]
        following = {} if page else {"cursor": "second"}
        return JSONResponse({"receipts": receipts, **following})

    async def _customer(self, _request: Request) -> JSONResponse:
        return JSONResponse(CUSTOMER)


async def told(web: Web) -> list[str]:
    """The transactions that stand on Kafka, each as often as it was told."""
    records = await web.records(web.topics.purchases)
    found: list[dict[str, Any]] = [json.loads(value or b"")["data"] for _, value in records]
    return sorted(each["transaction_id"].rpartition(":")[2] for each in found)


@pytest.mark.slow
@pytest.mark.parametrize("dies", ["before Kafka has it", "when Kafka has it"])
async def test_a_worker_that_is_killed_before_it_hears_of_kafka_loses_no_sale_and_counts_none_twice(
    web: Web, web_settings: Settings, tmp_path: Path, dies: str
):
    customer = (await web.post("/customers", {"phone": CUSTOMER["phone_number"], "language": "nl"})).json()["customer"]
    async with Receipts().served() as api:
        api.let_go.set()
        sealed = {"api": (sure(web.parts.tills).seal.seal(MERCHANT, "back", "api", "key"),)}
        connection = Connection(MERCHANT, "back", "loyverse", "m-1", {"s-1": "dok-noord"}, sealed, api_url=api.url)
        await append_connections(kafka_of(web_settings), web.topics.connections, [record_of(connection, 1)])
        env = environment(web_settings)
        first = Forged("first", dying_poller.run, log=tmp_path / "first.log", env=env | {"DIES": dies})
        try:
            await eventually(lambda: first.exit_code == -signal.SIGKILL, seconds=120, why=first.log_tail())
        finally:
            first.stop()
        known = await read_connections(kafka_of(web_settings), web.topics.connections)
        assert known.cursor(BACK) is None, "the cursor has not moved"
        assert await told(web) == (["2-1"] if dies == "when Kafka has it" else [])

        other = commands.started("other", "worker", log=tmp_path / "other.log", env=env)
        try:

            async def counted() -> bool:
                assert other.exit_code is None, other.log_tail()
                shown = (await web.get(f"/customers/{customer}")).json()
                return (shown.get("purchases"), shown.get("spend")) == (2, 2 * 1240)

            await eventually(counted, seconds=180, why="both sales count, each once")
            assert set(await told(web)) == {"2-1", "2-2"}
        finally:
            other.stop()


async def test_what_no_webhook_told_comes_by_the_worker_that_took_over_from_a_killed_one(
    web: Web, published: None, web_settings: Settings, tmp_path: Path
):
    async def cursor() -> CursorRecord | None:
        return (await read_connections(kafka_of(web_settings), web.topics.connections)).cursor(BACK)

    async with Receipts().served() as api:
        sealed = {"api": (sure(web.parts.tills).seal.seal(MERCHANT, "back", "api", "key"),)}
        connection = Connection(MERCHANT, "back", "loyverse", "m-1", {"s-1": "dok-noord"}, sealed, api_url=api.url)
        await append_connections(kafka_of(web_settings), web.topics.connections, [record_of(connection, 1)])
        env = environment(web_settings)
        first = commands.started("first", "worker", log=tmp_path / "first.log", env=env)
        try:
            await eventually(lambda: "second" in api.asked, seconds=120, why=first.log_tail())
            assert await told(web) == ["2-1"]
            between = sure(await cursor())
            assert between.cursor.endswith("|second"), "it moved when Kafka had the first page, and no further"
            assert between.at == 0, "it is still due"
        finally:
            first.kill()
        api.let_go.set()
        other = commands.started("other", "worker", log=tmp_path / "other.log", env=env)
        try:

            async def whole() -> bool:
                assert other.exit_code is None, other.log_tail()
                return set(await told(web)) == {"2-1", "2-2"} and sure(await cursor()).at > 0

            await eventually(whole, seconds=180, why="the other worker goes on where the first one was killed")
            assert api.asked[:3] == ["", "second", "second"], "and does not begin anew"
        finally:
            other.stop()
