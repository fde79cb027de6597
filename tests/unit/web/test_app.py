"""What is measured of requests."""

from typing import Any

import httpx

from stamgast.web.around import Around
from stamgast.web.bodies import Bodies
from stamgast.web.metrics import WebMetrics
from stamgast.web.problem import answer_failure


async def test_methods_that_anybody_makes_up_are_counted_together():
    async def app(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 405, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    metrics = WebMetrics()
    transport = httpx.ASGITransport(Around(app, metrics, Bodies(1_000, 1_000), failed=answer_failure))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        for method in ("GET", *(f"X{n}" for n in range(50))):
            await client.request(method, "/")
    counted = [each for each in next(iter(metrics.requests.collect())).samples if each.name.endswith("_total")]
    assert {each.labels["method"]: each.value for each in counted} == {"GET": 1, "other": 50}
