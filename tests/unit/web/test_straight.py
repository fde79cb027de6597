"""A route that is found straight is the one that trying all of them in turn finds."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Mount, Route

from stamgast.web.app import create_app
from stamgast.web.limits import Limits
from stamgast.web.metrics import WebMetrics
from stamgast.web.straight import Straight

DEPS: Any = SimpleNamespace(metrics=WebMetrics(), limits=Limits())
APP = create_app(DEPS)
ROUTES = [each for each in APP.routes if isinstance(each, Route)]
STRAIGHT = Straight(ROUTES)
PARTS = sorted(
    {part for route in ROUTES for part in route.path.split("/") if not part.startswith("{")} | {"", "x", "\n"}
)
METHODS = ["GET", "POST", "DELETE", "HEAD", "PUT"]


def _in_turn(scope: dict[str, Any]) -> tuple[Route, dict[str, Any]] | None:
    for route in ROUTES:
        match, found = route.matches(scope)
        if match is Match.FULL:
            return route, dict(found["path_params"])
    return None


@given(st.sampled_from(METHODS), st.lists(st.sampled_from(PARTS), max_size=8), st.sampled_from(["/", "", "//"]))
def test_whatever_is_asked_for_nothing_else_is_found_than_by_trying_all_in_turn(
    method: str, parts: list[str], first: str
):
    scope = {"type": "http", "method": method, "path": first + "/".join(parts), "root_path": ""}
    found = STRAIGHT.find(scope)
    assert found is None or found == _in_turn(scope)


FOR_PROGRAMS = [each for each in ROUTES if each.path.startswith(("/v1/", "/twilio/"))]


@pytest.mark.parametrize("route", FOR_PROGRAMS, ids=lambda route: f"{min(route.methods)} {route.path}")
def test_every_route_is_found_straight(route: Route):
    path = route.path.translate({ord("{"): "a ", ord("}"): None})
    for method in route.methods or ():
        scope = {"type": "http", "method": method, "path": path, "root_path": ""}
        found = STRAIGHT.find(scope)
        assert found is not None
        assert found == _in_turn(scope)


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("GET", "/v1/merchants/a/nothing", 404, "There is nothing at /v1/merchants/a/nothing"),
        ("PUT", "/v1/merchants/a/purchases", 405, "PUT is not for this path"),
        ("GET", "/v1/merchants/a/customers/lookup", 401, "Authorization: Bearer"),
        ("GET", "/openapi.json/", 307, ""),
        ("GET", "/v1/merchants//customers", 404, "There is nothing"),
    ],
)
async def test_what_is_no_route_is_told_as_before(method: str, path: str, status: int, told: str):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://web") as http:
        answer = await http.request(method, path)
    assert (answer.status_code, told in answer.text) == (status, True)
    counted = "".join(f"{each.labels}" for kind in DEPS.metrics.requests.collect() for each in kind.samples)
    assert "/merchants/a/" not in counted, "routes are counted by their pattern"


def test_what_surrounds_a_route_is_not_passed_by():
    async def answer(_request: Request) -> Response:
        return Response()

    class Own(Route):
        """Does more than call its function."""

    plain, behind = Route("/plain", answer), Route("/{any}", answer)
    for other in (
        Own("/more", answer),
        Mount("/more", app=Starlette()),
        Route("/more", answer, middleware=[Middleware(GZipMiddleware)]),
        Route("/more", lambda _: Response()),
        Route("/{more:path}", answer),
    ):
        straight = Straight([plain, other, behind])
        found = [straight.find({"type": "http", "method": "GET", "path": path}) for path in ("/plain", "/more", "/x")]
        assert found == [(plain, {}), None, None]


async def _picture(_request: Request) -> Response:
    return Response()


def test_a_part_that_varies_only_in_part_is_the_routers_business():
    route = Route("/look/{colour}.png", _picture)
    straight = Straight([route, Route("/x", _picture)])
    for path in ("/look/abc.png", "/look/abc"):
        assert straight.find({"type": "http", "method": "GET", "path": path, "root_path": ""}) is None
