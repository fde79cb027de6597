"""Health and figures of web: at a port of their own, and to whom."""

from types import SimpleNamespace
from typing import Any

import httpx

from stamgast.web.app import create_app
from stamgast.web.health import health_app
from stamgast.web.limits import Limits
from stamgast.web.metrics import WebMetrics

TOKEN = "a-token-of-many-characters"
WAITING = "Kafka: no broker answers"


def asking(app: Any, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost", headers=headers)


async def test_the_port_of_tills_and_carriers_tells_nobody_how_we_are():
    deps: Any = SimpleNamespace(metrics=WebMetrics(), limits=Limits())
    async with asking(create_app(deps)) as http:
        for page in ("/metrics", "/healthz", "/readyz"):
            assert (await http.get(page)).status_code == 404


async def test_without_the_token_one_learns_whether_and_not_why():
    app = health_app(lambda: WAITING, TOKEN)
    async with asking(app) as http:
        assert (await http.get("/healthz")).status_code == 200
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"status": "not ready"})
        refused = await http.get("/metrics")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    async with asking(app, authorization=f"Bearer {TOKEN}") as http:
        assert (await http.get("/readyz")).json()["missing"] == [WAITING]
        assert (await http.get("/metrics")).status_code == 200


async def test_on_loopback_no_token_is_asked_for():
    async with asking(health_app(lambda: WAITING)) as http:
        assert (await http.get("/readyz")).json()["missing"] == [WAITING]
