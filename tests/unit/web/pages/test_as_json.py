"""What a page shows a script can have as JSON, on the same address."""

import re

import httpx
import pytest

from stamgast.users.rights import Role
from tests.fakes.held_log import HeldLog, furnish
from tests.fakes.house import JSON, ORIGIN, PAGE
from tests.fakes.marketed import Marketed

NAMED = {
    "month": "2026-09",
    "rule": "free-loaf",
    "customer": f"c{'a' * 24}",
    "by": "source",
    "name:path": "search",
    "code": "ABCD",
    "token": "none",
}
ONLY_TO_LOOK_AT = {"/design"}
ASKED = 15
"""At least: what needs more than the shop that is furnished here answers neither."""


async def test_every_page_is_json_to_who_asks_for_that(monkeypatch: pytest.MonkeyPatch) -> None:
    furnished, log = Marketed(), HeldLog()
    app, token = await furnished.app(Role.OWNER)
    furnish(furnished.deps)
    log.stand_for_kafka(monkeypatch)
    log.open.set()
    _, till = await furnished.till()
    cookies = {"Cookie": f"__Host-stamgast={token}; __Host-stamgast-till={till.text}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    asked = []
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=cookies) as client:
        for route in app.routes:
            path: str = getattr(route, "path", "")
            address = re.sub(r"\{([^}]*)\}", lambda name: NAMED.get(name[1], "none"), path)
            if "GET" not in (getattr(route, "methods", None) or ()) or path.endswith("/live"):
                continue
            shown = await client.get(address, headers=PAGE)
            if shown.status_code != 200 or not shown.headers["content-type"].startswith("text/html"):
                continue
            document = await client.get(address, headers=JSON)
            kind = document.headers["content-type"]
            assert (kind == "application/json") is (path not in ONLY_TO_LOOK_AT), path
            asked.append(path)
    assert len(asked) > ASKED
    assert {"/app", "/app/report/{month}", "/app/rules/{rule}", "/app/customers", "/app/inbox"} <= set(asked)
    assert {"/app/audit", "/app/rules/{rule}/history", "/app/customers/{customer}/timeline"} <= set(asked)
