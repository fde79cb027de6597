"""Requests with an `Idempotency-Key`, on every route that writes, and what is left of a key's rate."""

from __future__ import annotations

from typing import Any

import pytest

from stamgast.web.limits import Limits
from stamgast.web.openapi.document import openapi
from stamgast.web.openapi.story import PERSON, SALE
from tests.integration.web.conftest import MERCHANT, Web, open_web
from tests.integration.web.shop import problem, sale

SOMEBODY = "c" + "a" * 24
CHANGED = {"phone": "0687654321"}
WRITES: list[tuple[str, Any, Any]] = [
    ("/purchases", sale(), sale("till1:2")),
    ("/customers", PERSON, CHANGED),
]


async def send(web: Web, path: str, body: Any, key: str = "k-1", method: str = "POST") -> Any:
    given = web.headers() | {"Idempotency-Key": key}
    sent = {} if body is None else {"json": body}
    return await web.client.request(method, f"/v1/merchants/{MERCHANT}{path}", headers=given, **sent)


def is_reused(answer: Any) -> bool:
    return str(problem(answer, 422)["type"]).endswith("idempotency-key-reused")


@pytest.mark.parametrize(("path", "body", "other"), WRITES)
async def test_a_key_is_for_one_request_and_its_repeat_changes_nothing(web, path, body, other):
    first, again = await send(web, path, body), await send(web, path, body)
    assert first.status_code in {201, 202}, first.text
    assert again.status_code in {200, 202}, again.text
    assert is_reused(await send(web, path, other))
    elsewhere = next(each for each, _, _ in WRITES if each != path)
    assert is_reused(await send(web, elsewhere, body))
    assert (await send(web, path, other, "k-2")).status_code in {201, 202}
    assert (await web.post(path, body)).status_code in {200, 202}, "a key is no must"


async def test_what_was_refused_is_mended_under_the_same_key(web):
    wrong = {name: value for name, value in SALE.items() if name != "source_version"}
    problem(await send(web, "/purchases", wrong), 422)
    assert (await send(web, "/purchases", SALE)).status_code == 202
    assert is_reused(await send(web, "/purchases", wrong)), "a later refusal does not set the key free"


async def test_forgetting_somebody_takes_a_key_too(web):
    web.key = await web.new_key("intake", "admin")
    one, two = [(await web.post("/customers", each)).json()["customer"] for each in (PERSON, CHANGED)]
    assert (await send(web, f"/customers/{one}", None, method="DELETE")).status_code == 200
    assert is_reused(await send(web, f"/customers/{two}", None, method="DELETE"))
    known = (await web.post("/customers", CHANGED)).json()
    assert (known["customer"], known["merchant"], known["new"]) == (two, MERCHANT, False)


@pytest.mark.parametrize("key", ["", "x" * 201, "two words"])
async def test_a_key_that_cannot_be_one_is_refused(web, key):
    answer = problem(await send(web, "/purchases", SALE, key), 422)
    assert "Idempotency-Key" in answer["errors"][0]["detail"]


def test_every_route_that_writes_takes_a_key():
    reads = {"lookUpCustomer", "makeReceiptToken"}
    theirs = {"deliver", "deliverTo"}  # webhooks carry ids of their own
    for methods in openapi()["paths"].values():
        for method, described in methods.items():
            named = {each["name"] for each in described["parameters"]}
            writes = method != "get" and described["operationId"] not in reads | theirs
            assert ("Idempotency-Key" in named) == writes, described["operationId"]


async def test_what_is_left_of_a_keys_rate_is_told_with_every_answer(web_settings, published, empty_redis):
    async with open_web(web_settings, Limits(per_key=0.5, per_key_burst=3)) as web:
        first = await web.post("/purchases", sale())
        second = await web.get(f"/customers/{SOMEBODY}")
        third = await web.get("/days/never")
        refused = await web.post("/purchases", sale())
    assert [each.status_code for each in (first, third, refused)] == [202, 422, 429]
    told = [each.headers["RateLimit"] for each in (first, second, third, refused)]
    assert told == ['"key";r=2;t=2', '"key";r=1;t=4', '"key";r=0;t=6', '"key";r=0;t=6']
    assert {each.headers["RateLimit-Policy"] for each in (first, refused)} == {'"key";q=3;w=6'}
    assert int(refused.headers["Retry-After"]) <= 2


async def test_who_has_no_key_is_told_of_no_rate(web):
    answer = await web.client.get(f"/v1/merchants/{MERCHANT}/rules")
    assert (answer.status_code, "RateLimit" in answer.headers) == (401, False)
