"""Purchases that are taken at once are answered, and stand on the log, as those that go the long way."""

from __future__ import annotations

import json
from collections import defaultdict
from copy import deepcopy
from random import Random
from typing import Any

from stamgast.web.limits import Limits
from tests.integration.web.both_ways import NOW, both_ways
from tests.integration.web.conftest import MERCHANT, Web
from tests.integration.web.shop import sale

PATH = f"/v1/merchants/{MERCHANT}/purchases"
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 10**13, 1.5, "", "x" * 201, "EUR", "XXX", "sale", "1\n", "é€😀", "\x00", [], {}, [{}],
    "2026-10-01T07:42:10Z", "2026-10-01T07:42:10.5Z", "1999-01-01T00:00:00Z", "2999-01-01T00:00:00Z",
    {"phone": "0612345678"}, {"phone": "020 123 45 67"}, {"phone": "0470123456"}, {"membership_number": "M1"},
    {"customer_id": "c" + "a" * 24}, {"sealed": "x"}, {"phone": "+31612345678", "membership_number": "M2"},
    {"retail_store_id": "korenmarkt"}, {"retail_store_id": "nowhere"}, "refunded", "voided",
)  # fmt: skip
HEADERS: tuple[tuple[str, str], ...] = (
    ("Content-Type", "text/plain"), ("Content-Type", "application/json; charset=utf-8"), ("Accept", "text/html"),
    ("Content-Type", "application/cloudevents+json"), ("Authorization", "Bearer x"), ("Host", "example.org"),
    ("Authorization", "Basic x"), ("Authorization", "Bearer é"), ("Idempotency-Key", "a key"),
    ("Idempotency-Key", "same"), ("Content-Encoding", "gzip"), ("Content-Encoding", "identity"), ("Expect", "100-continue"),
)  # fmt: skip


def request(body: bytes, key: str, *more: tuple[str, str], path: str = PATH) -> bytes:
    told = {"Host": "localhost", "Content-Type": "application/json", "Authorization": f"Bearer {key}"} | dict(more)
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body


def changed(random: Random, number: int) -> bytes:
    """What a till may send: a sale, or several, with anything in up to two places."""
    document: Any = deepcopy(sale(f"s{number}", customer={"phone": f"+316120000{random.randrange(20):02}"}))
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        place = document
        key = random.choice(sorted(place))
        while isinstance(place[key], dict | list) and place[key] and random.random() < 0.6:
            place = place[key]
            key = random.choice(sorted(place) if isinstance(place, dict) else range(len(place)))
        place[key] = random.choice(VALUES)
    if random.random() < 0.2:
        document = [document, sale(f"b{number}"), *random.choice(([], [sale("t", status="payed")], ["text"]))]
    raw = json.dumps(document, ensure_ascii=random.random() < 0.5).encode()
    return random.choice((raw,) * 30 + (raw[:-1], raw + b"x", b"", b"[]", b"\xef\xbb\xbf" + raw, raw + b" " * 30_000))


async def test_whatever_is_sent_both_ways_answer_the_same_and_write_the_same(web: Web, web_settings):
    random = Random(17)
    async with both_ways(web, web_settings) as (short, long, taken):
        for number in range(300):
            more = [random.choice(HEADERS)] if random.random() < 0.15 else []
            path = random.choice((PATH,) * 20 + (PATH.replace("noord", "zuid"), f"{PATH}/", PATH + "?x=1"))
            raw = request(changed(random, number), web.key, *more, path=path)
            assert await short.ask(raw) == await long.ask(raw), raw
    assert 80 < sum(taken) < len(taken) - 80
    written: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for key, value in await web.records(web.topics.purchases):
        written[key].append(NOW.sub(b"", value or b""))
    assert len(written) > 100
    for key, records in written.items():
        assert records[::2] == records[1::2], key


async def test_a_key_that_asks_too_often_is_told_so_either_way(web: Web, web_settings):
    limits = Limits(per_key=0.001, per_key_burst=2)
    async with both_ways(web, web_settings, limits) as (short, _, taken):
        told = [await short.ask(request(json.dumps(sale(f"r{number}")).encode(), web.key)) for number in range(3)]
    assert [each.status[9:12] for each in told] == [b"202", b"202", b"429"]
    assert taken == [True, True, False]
    assert all(any(name == b"ratelimit" for name, _ in each.headers) for each in told)


async def test_a_view_that_is_not_read_yet_is_answered_the_same(web: Web, web_settings):
    async with both_ways(web, web_settings) as (short, long, taken):
        web.parts.identities.close()
        raw = request(json.dumps(sale("away")).encode(), web.key)
        one, other = await short.ask(raw), await long.ask(raw)
        assert one == other
        assert (one.status[9:12], taken) == (b"503", [True])
        assert any(name == b"retry-after" for name, _ in one.headers)
