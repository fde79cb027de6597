"""What is easily forgotten with a new route: its line in /openapi.json, and to ask for a key."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from stamgast.web.app import create_app
from stamgast.web.limits import Limits
from stamgast.web.metrics import WebMetrics
from stamgast.web.openapi.document import openapi

DEPS: Any = SimpleNamespace(metrics=WebMetrics(), limits=Limits())
APP = create_app(DEPS)
ROUTES = sorted(
    (method, route.path)
    for route in APP.routes
    if isinstance(route, Route) and route.path.startswith("/v1/")
    for method in route.methods or ()
    if method != "HEAD"
)


def test_what_is_served_to_merchants_is_what_the_interface_describes():
    described = {(method.upper(), path) for path, methods in openapi()["paths"].items() for method in methods}
    assert set(ROUTES) == described


SIGNED_BY_OTHERS = {path for _, path in ROUTES if "/pos/" in path}
"""Webhooks of systems of tills: what is not genuine is told in tests/integration/web/test_pos_door.py."""


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[1] not in SIGNED_BY_OTHERS])
async def test_nothing_of_a_merchant_is_served_without_a_key(method: str, path: str):
    transport = httpx.ASGITransport(app=APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://web") as http:
        answer = await http.request(method, path.translate({ord("{"): None, ord("}"): None}))
    assert answer.status_code == 401
    assert "Authorization: Bearer" in answer.json()["detail"]
