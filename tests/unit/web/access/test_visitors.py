"""Who is signed in: sessions end when they should, and nothing that was shown to one is taken from another."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.users.record import SESSION_IDLE, SESSION_LONGEST
from stamgast.users.rights import Right, Role
from stamgast.web.access.cookies import Cookie
from stamgast.web.access.elsewhere import safe_next
from stamgast.web.access.visitors import signed_in
from stamgast.web.app import create_app
from stamgast.web.limits import Limits
from tests.fakes.house import MERCHANT, ORIGIN, OTHER, PAGE, House, cookie, sent


async def looked(request: Request) -> JSONResponse:
    visitor = await signed_in(request, Right.LAUNCH)
    seen = {"merchant": visitor.merchant, "role": visitor.role, "name": visitor.name, "csrf": visitor.csrf}
    return JSONResponse(seen | {"form": dict(visitor.form), "audit": visitor.may(Right.SEE_AUDIT)})


@pytest.fixture
async def house() -> House:
    return await House(Limits(per_visitor=1, per_visitor_burst=50)).open()


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    app: Starlette = create_app(house.deps)
    app.router.routes.insert(0, Route("/app/rules", looked, methods=["GET", "POST"]))
    async with house.client(app) as client:
        yield client


async def status(http: httpx.AsyncClient, token: object) -> int:
    return (await http.get("/app/rules", headers=cookie(token))).status_code  # type: ignore[arg-type]


async def test_who_is_signed_in_is_seen_with_name_role_and_merchant(house: House, http: httpx.AsyncClient):
    token = await house.session(await house.user(Role.MARKETER, name="Zoë"))
    seen = (await http.get("/app/rules", headers=cookie(token))).json()
    assert (seen["merchant"], seen["role"], seen["name"], seen["audit"]) == (MERCHANT, "marketer", "Zoë", False)


async def test_no_name_stands_on_the_topic(house: House):
    await house.session(await house.user(name="Wilhelmina"))
    assert not [each for each in house.appended if b"Wilhelmina" in (each[2] or b"")]


async def test_a_session_that_is_not_used_ends_and_so_does_one_that_is_used_for_ever(
    house: House, http: httpx.AsyncClient
):
    token = await house.session(await house.user())
    house.now += SESSION_IDLE - 1
    assert await status(http, token) == 200
    house.now += 1
    assert await status(http, token) == 401
    token = await house.session(await house.user())
    for _ in range(SESSION_LONGEST // (6 * HOUR) - 1):
        house.now += 6 * HOUR
        assert await status(http, token) == 200
        for record_id, at in house.touched:
            await house.roster.touch(record_id, at)
    house.now += 6 * HOUR
    assert await status(http, token) == 401


async def test_that_a_session_is_used_is_not_written_at_each_request(house: House, http: httpx.AsyncClient):
    token = await house.session(await house.user())
    await status(http, token)
    house.now += 4 * MINUTE
    await status(http, token)
    assert house.touched == []
    house.now += MINUTE
    await status(http, token)
    assert [each for each, _ in house.touched] == [token.id]


async def test_an_ended_session_a_revoked_user_and_one_who_is_signed_out_everywhere_come_in_no_more(
    house: House, http: httpx.AsyncClient
):
    users = [await house.user() for _ in range(3)]
    tokens = [await house.session(user) for user in users]
    await house.roster.end(tokens[0].id, house.now)
    await house.roster.revoke(users[1], house.now)
    await house.roster.end_sessions(users[2], house.now)
    assert [await status(http, token) for token in tokens] == [401, 401, 401]
    await house.roster.touch(tokens[0].id, house.now + 1)  # noted elsewhere, and late
    assert await status(http, tokens[0]) == 401


async def test_rights_follow_the_role_at_once(house: House, http: httpx.AsyncClient):
    await house.user()
    user = await house.user()
    token = await house.session(user)
    await house.roster.set_role(user, MERCHANT, Role.VIEWER, house.now)
    refused = await http.get("/app/rules", headers=cookie(token))
    assert refused.status_code == 403
    assert "You are viewer at bakkerij-noord; to launch takes owner or marketer" in refused.json()["detail"]


async def test_who_may_look_at_several_merchants_looks_at_the_one_they_chose(house: House, http: httpx.AsyncClient):
    token = await house.session(await house.user(Role.OWNER, OTHER, MERCHANT))
    assert (await http.get("/app/rules", headers=cookie(token))).json()["merchant"] == MERCHANT
    chosen = await http.get(f"/app/rules?merchant={OTHER}", headers=cookie(token))
    assert chosen.json()["merchant"] == OTHER
    kept = cookie(token)["Cookie"] + f"; __Host-{Cookie.MERCHANT.value}={OTHER}"
    assert (await http.get("/app/rules", headers={"Cookie": kept})).json()["merchant"] == OTHER


async def test_who_came_by_a_link_to_one_of_several_merchants_stays_there(house: House, http: httpx.AsyncClient):
    token = await house.session(await house.user(Role.MARKETER, MERCHANT, OTHER))
    opened = await http.get(f"/app/rules?merchant={OTHER}", headers=cookie(token))
    kept = opened.headers["set-cookie"].partition(";")[0]
    browser = {"Cookie": f"{cookie(token)['Cookie']}; {kept}"}
    assert (await http.get("/app/rules", headers=browser)).json()["merchant"] == OTHER
    elsewhere = (await http.get(f"/app/rules?merchant={MERCHANT}", headers=cookie(token))).json()
    sent = await http.post("/app/rules", headers=browser | {"Origin": ORIGIN}, data={"csrf": elsewhere["csrf"]})
    assert sent.json()["merchant"] == MERCHANT
    assert f"stamgast-merchant={MERCHANT}" in sent.headers["set-cookie"], "the page that a form leads on to is about it"
    alone = await house.session(await house.user(Role.MARKETER, MERCHANT))
    assert "set-cookie" not in (await http.get("/app/rules", headers=cookie(alone))).headers


async def test_a_form_is_about_the_merchant_of_the_page_that_it_stood_on(house: House, http: httpx.AsyncClient):
    token = await house.session(await house.user(Role.OWNER, OTHER, MERCHANT))
    page = (await http.get(f"/app/rules?merchant={OTHER}", headers=cookie(token))).json()
    form = {"csrf": page["csrf"], "rule": "free-loaf"}
    answer = await http.post("/app/rules", data=form, headers=cookie(token) | {"Origin": ORIGIN})
    assert answer.json()["merchant"] == OTHER
    assert answer.json()["form"]["rule"] == "free-loaf"
    forged = form | {"csrf": page["csrf"].replace(OTHER, MERCHANT)}
    assert (await http.post("/app/rules", data=forged, headers=cookie(token) | {"Origin": ORIGIN})).status_code == 403


@pytest.mark.parametrize(
    ("headers", "fine"),
    [
        ({"Origin": ORIGIN}, True),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://loyalty.example.com"}, False),
        ({"Origin": "https://loyalty.example.com.evil.example"}, False),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
    ],
)
async def test_what_changes_something_is_sent_by_a_page_of_ours(
    house: House, http: httpx.AsyncClient, headers: dict[str, str], fine: bool
):
    token = await house.session(await house.user())
    whole = {name: value for name, value in sent(token).items() if name != "Origin"} | headers
    assert ((await http.post("/app/rules", headers=whole)).status_code == 200) is fine


async def test_who_asks_too_often_is_told_when_to_come_back(house: House, http: httpx.AsyncClient):
    token = await house.session(await house.user())
    answers = [await http.get("/app/rules", headers=cookie(token)) for _ in range(51)]
    assert [each.status_code for each in answers[-2:]] == [200, 429]
    assert answers[-1].headers["retry-after"] == "1"


async def test_a_browser_is_led_to_sign_in_and_back(http: httpx.AsyncClient):
    answer = await http.get("/app/rules?week=2026-40", headers=PAGE)
    assert answer.headers["location"] == "/app/sign-in?next=/app/rules%3Fweek%3D2026-40"


async def test_cookies_made_up_are_not_tried_without_end(house: House, http: httpx.AsyncClient):
    token = await house.session(await house.user())
    await house.roster.end(token.id, house.now)
    wrong = {"Cookie": f"__Host-stamgast={'a' * 16}.{'b' * 43}"}
    house.deps.refusals._burst = 1
    answers = [(await http.get("/app/rules", headers=wrong)).status_code for _ in range(2)]
    assert answers == [401, 429]


@pytest.mark.parametrize("good", ["/app", "/app/rules", "/app/rules/free-loaf?week=1", "/till", "/app?merchant=a"])
def test_a_page_of_ours_is_where_one_goes_on(good: str):
    assert safe_next(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        "", "/", "//evil.example", "https://evil.example", "/\\evil.example", "/app/../v1", "/app//evil.example",
        "/application", "/app@evil.example", "/app\r\nSet-Cookie: a=b", "javascript:alert(1)", "/app/%2f%2fevil",
        "/app/sign-in?next=/app", "/app/" + "a" * 2_000,
    ],
)  # fmt: skip
def test_nowhere_else(bad: str):
    assert safe_next(bad) == ""


def test_the_longest_session_is_longer_than_the_idle_one():
    assert SESSION_IDLE < DAY < SESSION_LONGEST
