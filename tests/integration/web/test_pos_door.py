"""The webhook's door: what systems of tills say is on `purchases.v1`, or whole among the dead letters, or refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from stamgast.broker import kafka_of
from stamgast.identity.sealing import WrappingKeys
from stamgast.log.dead_letters import DeadLetters, DeadLetterSeal
from stamgast.pos.connections import Connection
from stamgast.pos.registry import Registry
from stamgast.settings import Settings
from stamgast.tills.letters import delivery_in
from stamgast.tills.record import Name, record_of
from stamgast.tills.shelf import append_connections, remove_connection
from tests.builders import sure
from tests.conftest import eventually
from tests.fakes.doorbell import Doorbell
from tests.fakes.kassa import Kassa, sign
from tests.fakes.pos_api import PosApi
from tests.integration.web.conftest import MERCHANT, Web

SALE = {"number": "17", "version": 1, "at": "2026-10-01T07:42:10Z", "total": 12.4, "till": "T1", "phone": "0612345678"}
VISIT = {"id": 7, "version": 1, "at": "2026-10-01T07:42:10Z", "place": "north", "cents": 1240}
TOKEN = "Zq3v9wD1"


class Shop:
    """A web process with two connections, and the API behind them."""

    def __init__(self, web: Web, api: PosApi, letters: DeadLetters) -> None:
        self.web = web
        self.api = api
        self.letters = letters

    async def deliver(self, document: Any, secret: str = "s3cret", **headers: Any) -> httpx.Response:
        raw = document if isinstance(document, bytes) else json.dumps(document).encode()
        given = sign(raw, secret, self.web.parts.clock.now()) | headers
        return await self.post("kassa/front", raw, given)

    async def ring(self, document: Any, token: str = TOKEN, **headers: Any) -> httpx.Response:
        raw = document if isinstance(document, bytes) else json.dumps(document).encode()
        return await self.post(f"doorbell/back.{token}", raw, {"content-type": "application/json"} | headers)

    async def post(self, where: str, raw: bytes, headers: dict[str, Any]) -> httpx.Response:
        return await self.web.client.post(f"/v1/merchants/{MERCHANT}/pos/{where}", content=raw, headers=headers)

    async def purchases(self) -> list[dict[str, Any]]:
        return [json.loads(value or b"")["data"] for _, value in await self.web.records(self.web.topics.purchases)]

    async def laid_aside(self) -> list[Any]:
        stored = await asyncio.to_thread(self.letters.all)
        return [await asyncio.to_thread(self.letters.one, each.id) for each in stored]


@pytest.fixture
async def shop(web: Web, web_settings: Settings) -> AsyncIterator[Shop]:
    tills = sure(web.parts.tills)
    tills.registry = Registry({"kassa": Kassa, "doorbell": Doorbell}, ())
    letters = DeadLetters(
        kafka_of(web_settings),
        web.topics,
        DeadLetterSeal(WrappingKeys.parse(web_settings.wrapping_keys.get_secret_value())),
    )
    async with PosApi().served() as api:

        def sealed(connection: str, **secrets: str) -> dict[str, tuple[str, ...]]:
            return {name: (tills.seal.seal(MERCHANT, connection, name, text),) for name, text in secrets.items()}

        front = Connection(MERCHANT, "front", "kassa", "K9", {"T1": "dok-noord"}, sealed("front", webhook="s3cret"))
        secrets = sealed("back", path=TOKEN, api="key")
        back = Connection(MERCHANT, "back", "doorbell", "D1", {"north": "dok-noord"}, secrets, api_url=api.url)
        where = kafka_of(web_settings), web.topics.connections
        await append_connections(*where, [record_of(each, 1) for each in (front, back)])
        await eventually(lambda: len(tills.connections.all(MERCHANT)) == 2, why="the connections are in force")
        yield Shop(web, api, letters)


async def test_a_signed_webhook_is_a_purchase_once_and_of_its_connection(shop: Shop):
    first = await shop.deliver({"id": "d1", "event": "sale", "sale": SALE})
    again = await shop.deliver({"id": "d1", "event": "sale", "sale": SALE})
    assert (first.status_code, again.status_code, first.content) == (200, 200, b"")

    [purchase] = await shop.purchases()
    assert purchase["transaction_id"] == "K9:17"
    assert purchase["store"] == {"retail_store_id": "dok-noord"}
    assert "customer" in purchase
    metrics = (await shop.web.health.get("/metrics")).text
    assert f'deliveries_total{{merchant="{MERCHANT}",outcome="repeated",system="kassa"}} 1.0' in metrics


async def test_the_only_connection_of_a_system_needs_no_name(shop: Shop):
    raw = json.dumps({"event": "sale", "sale": SALE}).encode()
    answer = await shop.post("kassa", raw, sign(raw, "s3cret", shop.web.parts.clock.now()))
    assert answer.status_code == 200
    assert len(await shop.purchases()) == 1


async def test_a_forged_webhook_is_refused_and_leaves_nothing(shop: Shop):
    body = {"event": "sale", "sale": SALE}
    refused = [
        await shop.deliver(body, secret="stolen"),
        await shop.post("kassa/front", json.dumps(body).encode(), {}),
        await shop.deliver(body, "s3cret", **{"x-kassa-time": "9999999999999"}),
        await shop.deliver(body, "s3cret", **{"x-kassa-signature": "ü".encode()}),
    ]
    assert [each.status_code for each in refused] == [401] * 4
    assert "s3cret" not in "".join(each.text for each in refused)
    assert await shop.purchases() == await shop.laid_aside() == []


async def test_addresses_that_were_not_given_out_are_nowhere(shop: Shop):
    for where in ("kassa/rear", "kasa/front", "doorbell/back", "doorbell/back.", "doorbell/back.wrong", "doorbell"):
        answer = await shop.post(where, b'{"visit": 7}', {})
        assert answer.status_code == 404, where
        assert answer.headers["content-type"] == "application/problem+json"
    elsewhere = await shop.web.client.post("/v1/merchants/nobody/pos/kassa/front", content=b"{}")
    assert elsewhere.status_code == 404


async def test_a_set_up_ping_and_events_that_are_no_purchase_are_answered_well(shop: Shop):
    ping = await shop.ring(b"ring=1")
    assert (ping.status_code, ping.text) == (200, "pong")
    assert (await shop.deliver({"event": "ping"})).status_code == 200
    assert await shop.purchases() == await shop.laid_aside() == []


async def test_what_an_unsigned_system_says_is_a_hint_and_read_again(shop: Shop):
    shop.api.objects["/visits/7"] = VISIT
    answer = await shop.ring({"visit": 7, "whole": VISIT | {"cents": 999_999}})
    assert (answer.status_code, answer.text) == (200, "[heard]")
    [purchase] = await shop.purchases()
    assert purchase["totals"]["gross_minor"] == 1240
    assert purchase["store"]["retail_store_id"] == "dok-noord"


async def test_an_api_that_throttles_and_fails_is_asked_again(shop: Shop):
    shop.api.objects["/visits/7"] = VISIT
    shop.api.next_answers.extend([(429, {"retry-after": "0"}), (503, {"retry-after": "0"})])
    assert (await shop.ring({"visit": 7})).status_code == 200
    assert shop.api.asked == ["/visits/7"] * 3
    assert len(await shop.purchases()) == 1


async def test_while_an_api_does_not_answer_the_system_is_asked_to_come_again(shop: Shop):
    shop.api.objects["/visits/7"] = VISIT
    shop.api.next_answers.append((429, {"retry-after": "60"}))
    answer = await shop.ring({"visit": 7}, **{"doorbell-delivery": "d1"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert await shop.purchases() == []


@pytest.mark.parametrize("visit", [8, "../admin", "7?x=1", "//evil.example"])
async def test_what_its_api_does_not_know_is_laid_aside(shop: Shop, visit: Any):
    assert (await shop.ring({"visit": visit})).status_code == 200
    [letter] = await shop.laid_aside()
    assert "the API has no such object" in letter.reason


@pytest.mark.parametrize("nothing", [b"", b"null"])
async def test_an_api_that_answers_with_nothing_costs_no_notice(shop: Shop, nothing: bytes):
    shop.api.objects["/visits/7"] = nothing
    assert (await shop.ring({"visit": 7})).status_code == 200
    [letter] = await shop.laid_aside()
    assert "visit 7: the API answers with nothing" in letter.reason


async def test_what_cannot_be_read_is_laid_aside_whole_and_once(shop: Shop):
    """The system would give up on the address; a person mends it, and plays it again."""
    body = {"id": "d1", "event": "sale", "sale": SALE | {"total": "much"}}
    assert (await shop.deliver(body)).status_code == 200
    assert (await shop.deliver(body | {"id": "d1"})).status_code == 200
    assert (await shop.deliver(b'{"event": ')).status_code == 200
    assert (await shop.deliver({"event": "sale"})).status_code == 200

    letters = {letter.reason: letter for letter in await shop.laid_aside()}
    assert len(letters) == 3
    [reason] = [each for each in letters if "lacks or misspells" in each]
    name, delivery = sure(delivery_in(letters[reason]))
    assert name == Name(MERCHANT, "front")
    assert json.loads(delivery.body) == body
    assert delivery.headers["x-kassa-signature"]


async def test_a_customer_who_cannot_be_named_costs_nobody_the_sale(shop: Shop):
    assert (await shop.deliver({"event": "sale", "sale": SALE | {"phone": "12"}})).status_code == 200
    [purchase] = await shop.purchases()
    assert "customer" not in purchase
    assert await shop.laid_aside() == []


async def test_bad_requests_get_an_answer_that_is_no_fault_of_ours(shop: Shop):
    assert (await shop.deliver(b"x" * 4_000_001)).status_code == 413
    assert (await shop.deliver({"event": "ping"}, **{"content-encoding": "gzip"})).status_code == 415
    assert (await shop.ring(b"[" * 50_000)).status_code == 400
    assert (await shop.ring(b"\xff\xfe")).status_code == 400
    assert (await shop.ring({"no": "visit"})).status_code == 422
    assert (await shop.ring({"visit": "x" * 100_000})).status_code == 200


async def test_a_removed_connection_is_nowhere_from_then_on(shop: Shop, web_settings: Settings):
    await remove_connection(kafka_of(web_settings), shop.web.topics.connections, Name(MERCHANT, "front"))
    tills = sure(shop.web.parts.tills)
    await eventually(lambda: len(tills.connections.all(MERCHANT)) == 1, why="it is removed")
    assert (await shop.deliver({"event": "ping"})).status_code == 404


async def test_a_system_that_nobody_programmed_comes_in_by_its_mapping(shop: Shop, web_settings: Settings):
    tills = shop.web.parts.tills
    csv = {"format": "csv", "signature": {"scheme": "address"}}
    fields = {"transaction_id": "$.id", "end_date_time": "$.at", "store": "$.shop", "gross": "$.total"}
    sealed = {"path": (tills.seal.seal(MERCHANT, "csv", "path", TOKEN),)}
    connection = Connection(MERCHANT, "csv", "generic", "C1", {"1": "dok-noord"}, sealed, mapping=csv | fields)
    where = kafka_of(web_settings), shop.web.topics.connections
    await append_connections(*where, [record_of(connection, 1)])
    await eventually(lambda: len(tills.connections.all(MERCHANT)) == 3, why="it is in force")

    raw = b"id,at,shop,total\n1,2026-10-01T09:42,1,3.20\n2,2026-10-01T09:43,1,free\n"
    told = {"content-type": "text/csv"}
    assert (await shop.post(f"generic/csv.{TOKEN}", raw, told)).status_code == 200
    assert (await shop.post("generic/csv.guess", raw, told)).status_code == 404
    [purchase] = await shop.purchases()
    assert purchase["totals"] == {"gross_minor": 320}
    [letter] = await shop.laid_aside()
    assert "'free' is no number" in letter.reason
