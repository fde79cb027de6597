"""What lets nobody in: an answer that was given before, to something else, by another site, or by nobody."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from stamgast.audit.record import Did
from stamgast.domain.units import DAY
from stamgast.local.redis_server import RedisServer
from stamgast.state.client import RedisClient
from stamgast.users.rights import Role
from stamgast.web.app import create_app
from stamgast.web.limits import Limits
from tests.fakes.authenticator import Authenticator
from tests.fakes.house import JSON, MERCHANT, ORIGIN, House

SITE = "loyalty.example.com"
FROM_HERE = {**JSON, "Origin": ORIGIN}


@pytest.fixture
async def house(redis_server: RedisServer) -> AsyncIterator[House]:
    made = await House(Limits(sign_ins=1, sign_ins_burst=100)).open()
    made.deps.redis = RedisClient(redis_server.url)
    yield made
    await made.deps.redis.aclose()


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client(create_app(house.deps)) as client:
        yield client


async def asked(http: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await http.post(f"{path}/options", headers=FROM_HERE)
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


async def invited(house: House) -> str:
    made = await house.roster.invite("Noor", {MERCHANT: Role.OWNER}, house.now)
    return f"/app/invitation/{made.token.text}"


async def registered(house: House, http: httpx.AsyncClient) -> Authenticator:
    key, path = Authenticator(SITE, ORIGIN), await invited(house)
    answer = await http.post(path, json=key.create(await asked(http, path)), headers=FROM_HERE)
    assert answer.status_code == 201, answer.text
    http.cookies.clear()
    return key


async def sign_in(http: httpx.AsyncClient, answer: Any) -> int:
    return (await http.post("/app/sign-in", json=answer, headers=FROM_HERE)).status_code


async def test_what_was_asked_is_answered_once_and_within_its_time(house: House, http: httpx.AsyncClient):
    key = await registered(house, http)
    answer = key.get(await asked(http, "/app/sign-in"))
    assert await sign_in(http, answer) == 200
    assert await sign_in(http, answer) == 401
    forgotten = key.get(await asked(http, "/app/sign-in"))
    await house.deps.redis.call("FLUSHALL")
    assert await sign_in(http, forgotten) == 401
    assert await sign_in(http, key.get({"challenge": "AAAA"})) == 401
    assert house.notes[-1].did is Did.SIGN_IN_FAILED


async def test_a_challenge_is_good_for_what_it_was_given_out_for(house: House, http: httpx.AsyncClient):
    key, path = await registered(house, http), await invited(house)
    assert await sign_in(http, key.get(await asked(http, path))) == 401
    made = Authenticator(SITE, ORIGIN).create(await asked(http, "/app/sign-in"))
    assert (await http.post(path, json=made, headers=FROM_HERE)).status_code == 422
    other = await invited(house)
    made = Authenticator(SITE, ORIGIN).create(await asked(http, other))
    assert (await http.post(path, json=made, headers=FROM_HERE)).status_code == 422


@pytest.mark.parametrize(
    "false",
    [
        {"site": "evil.example"},
        {"origin": "https://evil.example"},
        {"origin": "http://loyalty.example.com"},
        {"verifies": False},
        {"_id": b"x" * 32},
    ],
)
async def test_another_site_and_nobody_lets_nobody_in(house: House, http: httpx.AsyncClient, false: dict[str, Any]):
    key = await registered(house, http)
    vars(key).update(false)
    assert await sign_in(http, key.get(await asked(http, "/app/sign-in"))) == 401
    assert house.notes[-1].did is Did.SIGN_IN_FAILED
    path = await invited(house)
    made = await http.post(path, json=key.create(await asked(http, path)), headers=FROM_HERE)
    assert made.status_code == (201 if "_id" in false else 422)


async def test_a_counter_that_went_back_is_a_copy(house: House, http: httpx.AsyncClient):
    key = await registered(house, http)
    for counter, status in ((5, 200), (6, 200), (6, 401), (2, 401), (7, 200)):
        key.counter = counter
        assert await sign_in(http, key.get(await asked(http, "/app/sign-in"))) == status, counter


async def test_one_link_makes_one_passkey_though_two_take_it_at_once(house: House, http: httpx.AsyncClient):
    path = await invited(house)
    made = [Authenticator(SITE, ORIGIN).create(await asked(http, path)) for _ in range(4)]
    answers = await asyncio.gather(*(http.post(path, json=each, headers=FROM_HERE) for each in made))
    assert sorted(each.status_code for each in answers) == [201, 404, 404, 404]
    user = house.roster.table.users()[0]
    assert len(house.roster.table.passkeys(user.id)) == 1
    house.now += DAY
    assert (await http.get(path, headers=JSON)).json()["good"] is False


async def test_from_a_foreign_page_nothing_is_begun(house: House, http: httpx.AsyncClient):
    path = await invited(house)
    for where in (
        "/app/sign-in",
        "/app/sign-in/options",
        path,
        f"{path}/options",
        "/till/pair",
        "/till/pair/ABCDEFGHJKLM",
    ):
        foreign = await http.post(where, json={}, headers={**JSON, "Origin": "https://evil.example"})
        assert foreign.status_code == 403, where


async def test_whatever_is_sent_as_an_answer_is_told_and_fails_nothing(house: House, http: httpx.AsyncClient):
    key, draw = await registered(house, http), random.Random(3)
    whole = key.get(await asked(http, "/app/sign-in"))
    documents: list[Any] = [
        [],
        1,
        "x",
        {},
        {"id": 1},
        {**whole, "id": "é"},
        {**whole, "response": {}},
        {"response": None},
    ]
    for document in documents:
        assert await sign_in(http, document) == 401
    for _ in range(30):
        house.now += 3_000
        answer = key.get(await asked(http, "/app/sign-in"))
        part = draw.choice(["authenticatorData", "signature", "userHandle"])
        answer["response"][part] = draw.choice(["", "AA", "x" * 400, None, 7, ["a"], "!!!!"])
        assert await sign_in(http, answer) in ((200, 401) if part == "userHandle" else (401,)), answer
    path = await invited(house)
    for _ in range(30):
        house.now += 3_000
        made = Authenticator(SITE, ORIGIN).create(await asked(http, path))
        made["response"]["attestationObject"] = draw.choice(["", "AA", "x" * 400, None, 7, "oWNmbXQ", "v2" + "9" * 90])
        assert (await http.post(path, json=made, headers=FROM_HERE)).status_code == 422


async def test_who_tries_too_often_waits(house: House, http: httpx.AsyncClient):
    answers = [await http.post("/app/sign-in", json={}, headers=FROM_HERE) for _ in range(101)]
    assert [each.status_code for each in answers[-2:]] == [401, 429]
    assert (await http.get("/app/sign-in", headers=JSON)).status_code == 200
