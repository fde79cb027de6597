"""Every route of the app, tried by everybody who could come: it lets in whom it says, and nobody else."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.routing import BaseRoute, Mount, Route

from stamgast.api_keys.model import SCOPES, Scope
from stamgast.users.rights import Right, Role, may
from stamgast.web.access.cookies import Cookie
from stamgast.web.access.doors import KeyWith, OpenTo, Way, said_of
from stamgast.web.access.forms import SAFE
from stamgast.web.app import create_app
from tests.fakes.house import JSON, MERCHANT, ORIGIN, OTHER, PAGE, House, cookie, sent

APP = create_app(House().deps)


def _endpoint(route: BaseRoute) -> Any:
    return route.endpoint if isinstance(route, Route) else route.app if isinstance(route, Mount) else None


def _path(route: Any) -> str:
    return str(route.path).replace("{merchant}", MERCHANT).translate({ord("{"): None, ord("}"): None})


DOORS: list[tuple[str, str, OpenTo]] = [
    (method, _path(route), said)
    for route in APP.routes
    if isinstance(route, Route) and (said := said_of(route.endpoint)) is not None
    for method in sorted(set(route.methods or ()) - {"HEAD"})
]
KEYED = [(method, path, door.scope) for method, path, door in DOORS if isinstance(door, KeyWith)]
RIGHTED = [(method, path, door) for method, path, door in DOORS if isinstance(door, Right)]
PAIRED = [(method, path) for method, path, door in DOORS if door is Way.PAIRED]
REFUSED = {401, 403}


@pytest.fixture
async def house() -> House:
    return await House().open()


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client(create_app(house.deps)) as client:
        yield client


def test_every_route_says_who_may_come_in():
    silent = [_path(route) for route in APP.routes if said_of(_endpoint(route)) is None]
    assert silent == [], "say it above the handler: @open_to(Right.…), KeyWith, Way.PAIRED, Way.LINK, Way.PUBLIC"


def test_what_is_open_to_all_is_a_short_list():
    """Whoever adds to it thinks about it twice."""
    public = {path for _, path, door in DOORS if door is Way.PUBLIC}
    assert {path for path in public if not path.startswith(("/app", "/till"))} <= OPEN_TO_ALL
    assert {path for path in public if path.startswith(("/app", "/till"))} <= {
        "/app/sign-in",
        "/app/sign-in/options",
        "/till/pair",
        "/till/sw.js",
        "/till/app.webmanifest",
    }


OPEN_TO_ALL = {
    "/openapi.json",
    "/design",
    "/j/code",
    "/j/bakkerij-noord/code",
    "/static/hash/name:path",
    "/look/colour.css",
    "/look/colour-size:int.png",
    "/wallet/logo/colour.png",
    "/wallet/logo/bakkerij-noord/version.png",
}


@pytest.mark.parametrize(("method", "path", "scope"), KEYED)
async def test_a_merchants_interface_takes_a_key_of_the_merchant_with_the_scope(
    house: House, http: httpx.AsyncClient, method: str, path: str, scope: Scope
):
    async def status(key: str) -> int:
        return (await http.request(method, path, headers={"Authorization": f"Bearer {key}"})).status_code

    signed = await house.session(await house.user(Role.OWNER))
    assert (await http.request(method, path, headers=sent(signed))).status_code == 401
    assert await status(await house.key("admin", merchant=OTHER)) == 403
    for each in SCOPES:
        let_in = each in (scope, "admin")
        assert (await status(await house.key(each)) in REFUSED) is not let_in, each


@pytest.mark.parametrize(("method", "path", "right"), RIGHTED)
async def test_a_page_asks_for_its_right(house: House, http: httpx.AsyncClient, method: str, path: str, right: Right):
    key = {"Authorization": f"Bearer {await house.key('admin')}", **JSON}
    assert (await http.request(method, path, headers=key)).status_code == 401
    browser = await http.request(method, path, headers=PAGE)
    assert browser.status_code == 303
    assert browser.headers["location"].startswith("/app/sign-in?next=/app" if method in SAFE else "/app/sign-in")
    _, till = await house.till()
    assert (await http.request(method, path, headers=sent(till, which=Cookie.TILL))).status_code == 401
    for role in Role:
        token = await house.session(await house.user(role))
        answer = await http.request(method, path, headers=sent(token))
        refused = answer.status_code == 403 and answer.json()["type"].endswith(":right")
        assert refused is not may(role, right), role
        stranger = await house.session(await house.user(role, OTHER))
        elsewhere = await http.request(method, f"{path}?merchant={MERCHANT}", headers=sent(stranger))
        assert elsewhere.status_code == 403
        assert elsewhere.json()["type"].endswith(":other-merchant")


@pytest.mark.parametrize(("method", "path", "right"), [each for each in RIGHTED if each[0] not in SAFE])
async def test_what_changes_something_comes_from_a_page_of_ours(
    house: House, http: httpx.AsyncClient, method: str, path: str, right: Right
):
    token = await house.session(await house.user(Role.OWNER))
    before = list(house.appended)
    foreign = await http.request(method, path, headers=sent(token) | {"Origin": "https://evil.example"})
    assert (foreign.status_code, foreign.json()["type"]) == (403, "urn:stamgast:problem:origin")
    without = await http.request(method, path, headers=cookie(token) | JSON | {"Origin": ORIGIN})
    assert (without.status_code, without.json()["type"]) == (403, "urn:stamgast:problem:csrf")
    of_another = sent(await house.session(await house.user(Role.OWNER, OTHER)), OTHER)["X-CSRF-Token"]
    theirs = await http.request(method, path, headers=sent(token) | {"X-CSRF-Token": of_another})
    assert theirs.status_code == 403
    assert [each for each in house.appended if each[0] != "users.v1"] == [
        each for each in before if each[0] != "users.v1"
    ]


@pytest.mark.parametrize(("method", "path"), PAIRED)
async def test_a_tills_page_takes_a_paired_till(house: House, http: httpx.AsyncClient, method: str, path: str):
    assert (await http.request(method, path, headers=JSON)).status_code == 401
    browser = await http.request(method, path, headers=PAGE)
    assert (browser.status_code, browser.headers["location"]) == (303, "/till/pair")
    signed = await house.session(await house.user(Role.OWNER))
    assert (await http.request(method, path, headers=sent(signed))).status_code == 401
    device, token = await house.till()
    let_in = await http.request(method, path, headers=sent(token, which=Cookie.TILL))
    assert let_in.status_code not in REFUSED
    await house.roster.end(device.id, house.now)
    assert (await http.request(method, path, headers=sent(token, which=Cookie.TILL))).status_code == 401
