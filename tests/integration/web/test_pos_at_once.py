"""Tills' webhooks that are taken at once are answered, counted and on the log as those that go the long way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import defaultdict
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from stamgast.broker import kafka_of
from stamgast.pos.connections import Connection
from stamgast.settings import Settings
from stamgast.tills.record import record_of
from stamgast.tills.shelf import append_connections
from stamgast.web.limits import Limits
from stamgast.web.metrics import WebMetrics
from tests.builders import sure
from tests.conftest import eventually
from tests.integration.web.both_ways import NOW, both_ways
from tests.integration.web.conftest import MERCHANT, Web

SECRET, TOKEN = "s3cret", "Zq3v9wD1"
PATH = f"/v1/merchants/{MERCHANT}/pos/shopify/front"
PATHS = (PATH,) * 20 + (
    f"{PATH}?x=1", f"{PATH}/", PATH.removesuffix("/front"), f"{PATH}.x", PATH.replace("front", "rear"),
    PATH.replace("shopify", "loyverse"), PATH.replace("noord", "zuid"), PATH.replace(MERCHANT, "NOBODY"),
    PATH.replace("front", f"hidden.{TOKEN}"), PATH.replace("front", "hidden.wrong"), PATH.replace("front", "hidden"),
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**13, 1.5, "", "x" * 201, "EUR", "XXX", "1\n", "é€😀", "\x00", [], {}, [{}], "12.40", "1.005",
    "2026-10-01T07:42:10Z", "2026-10-01T07:42:10.5Z", "1999-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "refunded",
    {"phone": "0612345678"}, {"phone": "020 123 45 67"}, {"phone": "+316"}, {"id": 5, "phone": "0470123456"},
    {"phone": "0000000000"}, "voided", "pending", 7, 8, [{"id": 1}],
)  # fmt: skip
HEADERS: tuple[tuple[str, str], ...] = (
    ("X-Shopify-Topic", "refunds/create"), ("X-Shopify-Topic", "draft_orders/create"), ("X-Shopify-Topic", ""),
    ("X-Shopify-Topic", "app/uninstalled"), ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/html"),
    ("X-Shopify-Hmac-Sha256", "forged"), ("X-Shopify-Hmac-Sha256", ""), ("X-Shopify-Hmac-Sha256", "ü"),
    ("Host", "example.org"), ("Content-Encoding", "gzip"), ("Content-Encoding", "identity"), ("Expect", "100-continue"),
    ("X-Shopify-Event-Id", "e"), ("X-Shopify-Webhook-Id", ""),
)  # fmt: skip


@pytest.fixture
async def tills(web: Web, web_settings: Settings) -> None:
    """A connection that is signed, and one that has a secret address beside."""
    theirs = sure(web.parts.tills)

    def made(name: str, **secrets: str) -> Connection:
        sealed = {each: (theirs.seal.seal(MERCHANT, name, each, text),) for each, text in secrets.items()}
        return Connection(MERCHANT, name, "shopify", "shop", {"7": "dok-noord"}, sealed)

    both = made("front", webhook=SECRET), made("hidden", webhook=SECRET, path=TOKEN)
    await append_connections(kafka_of(web_settings), web.topics.connections, [record_of(each, 1) for each in both])
    await eventually(lambda: len(theirs.connections.all(MERCHANT)) == 2, why="the connections are in force")


def order(number: int, **more: Any) -> dict[str, Any]:
    line = {
        "id": number,
        "name": "Brood",
        "quantity": 1,
        "price": "3.20",
        "sku": "B1",
        "tax_lines": [{"price": "0.18"}],
    }
    return {
        "id": 900_000 + number, "name": f"#{number}", "currency": "EUR", "financial_status": "paid", "total_price": "3.20",
        "processed_at": "2026-10-01T09:40:00Z", "updated_at": "2026-10-01T09:40:05Z", "line_items": [line],
        "taxes_included": True, "total_tax": "0.18", "location_id": 7, "source_name": "pos", "refunds": [],
        "payment_gateway_names": ["cash"], "customer": {"id": number % 9, "phone": f"+316120000{number % 9:02}"}, **more,
    }  # fmt: skip


def request(body: bytes, delivery: str, *more: tuple[str, str], path: str = PATH) -> bytes:
    made = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
    told = {
        "Host": "localhost", "Content-Type": "application/json", "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Hmac-Sha256": made, "X-Shopify-Webhook-Id": delivery,
    } | dict(more)  # fmt: skip
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body


def changed(random: Random, number: int) -> bytes:
    """What Shopify may send: an order, with anything in up to two places."""
    document: Any = order(number)
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        place = document
        key = random.choice(sorted(place))
        while isinstance(place[key], dict | list) and place[key] and random.random() < 0.6:
            place = place[key]
            key = random.choice(sorted(place) if isinstance(place, dict) else range(len(place)))
        place[key] = deepcopy(random.choice(VALUES))
    raw = json.dumps(document, ensure_ascii=random.random() < 0.1).encode()
    return random.choice((raw,) * 30 + (raw[:-1], raw + b"x", b"", b"[]", b"\xef\xbb\xbf" + raw, raw + b" " * 30_000))


def counted(metrics: WebMetrics) -> dict[str, float]:
    """Every figure but those of time."""
    lines = [line.rpartition(" ") for line in metrics.text().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines if "_seconds" not in name and "_created" not in name}


def between(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}


@pytest.mark.usefixtures("tills")
async def test_whatever_is_delivered_both_ways_answer_count_and_write_the_same(web: Web, web_settings):
    random, metrics, limits = Random(18), WebMetrics(), Limits(refusals=1e6, refusals_burst=1e6)
    async with both_ways(web, web_settings, limits, metrics) as (short, long, taken):
        for number in range(200):
            body, path = changed(random, number), random.choice(PATHS)
            more = [random.choice(HEADERS)] if random.random() < 0.15 else []
            if ("X-Shopify-Event-Id", "e") in more:
                continue  # its second way would be a repeat
            figures, answers = [counted(metrics)], []
            for way, client in (("short", short), ("long", long)):
                answers.append(await client.ask(request(body, f"{way}-{number}", *more, path=path)))
                figures.append(counted(metrics))
            assert answers[0] == answers[1], (body, more, path)
            assert between(*figures[:2]) == between(*figures[1:]), (body, more, path)
    assert 50 < sum(taken) < len(taken) - 50
    written: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for key, value in await web.records(web.topics.purchases):
        written[key].append(NOW.sub(b"", value or b""))
    assert len(written) > 60
    for key, records in written.items():
        assert records[::2] == records[1::2], key
    letters = await web.records(web.topics.dead_letters)
    assert len(letters) > 10
    assert len(letters) % 2 == 0


@pytest.mark.usefixtures("tills")
async def test_what_is_delivered_again_is_taken_once_whichever_way_it_came(web: Web, web_settings):
    metrics = WebMetrics()
    async with both_ways(web, web_settings, metrics=metrics) as (short, long, taken):
        raw = request(json.dumps(order(1)).encode(), "d1")
        answers = [await each.ask(raw) for each in (short, short, long, short)]
        other = request(json.dumps(order(2)).encode(), "d2")
        answers += [await each.ask(other) for each in (long, short)]
        nameless = request(json.dumps(order(3)).encode(), "")
        answers += [await each.ask(nameless) for each in (short, short)]
    assert {each.status[9:12] for each in answers} == {b"200"}
    assert taken == [True] * 6
    assert len(await web.records(web.topics.purchases)) == 4  # what has no name is told apart by its version alone
    told = {
        name.split('outcome="')[1].split('"')[0]: value
        for name, value in counted(metrics).items()
        if "deliveries_total" in name
    }
    assert told == {"taken": 4.0, "repeated": 4.0}


@pytest.mark.usefixtures("tills")
async def test_a_sale_whose_customer_cannot_be_named_is_taken_without_them(web: Web, web_settings):
    async with both_ways(web, web_settings) as (short, _, taken):
        odd = order(1, customer={"phone": "1234567890123456789"})
        assert (await short.ask(request(json.dumps(odd).encode(), "d1"))).status[9:12] == b"200"
    assert taken == [True]
    [(_, value)] = await web.records(web.topics.purchases)
    assert "customer" not in json.loads(value or b"")["data"]


@pytest.mark.usefixtures("tills")
async def test_who_is_not_known_yet_is_asked_to_come_again_either_way(web: Web, web_settings):
    async with both_ways(web, web_settings) as (short, long, taken):
        web.parts.identities.close()
        raw = request(json.dumps(order(1)).encode(), "d1")
        one, other = await short.ask(raw), await long.ask(raw)
    assert one == other
    assert (one.status[9:12], taken) == (b"503", [True])
