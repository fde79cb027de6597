"""A dead clock and a misspelt store lose no money, over HTTP and on the topic; who builds the till is told."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.builders import line, snapshot
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.proofs.forge import Forged
from tests.integration.web.conftest import MERCHANT, Web, environment

DAY = 86_400_000
DEAD = "1970-01-01T00:00:12Z"


def sale(transaction: str, when: int, *, version: int = 1, store: str = "dok-noord", **more: Any) -> dict[str, Any]:
    lines = [line("1", 350, category="bread")]
    named = {"customer": {"membership_number": "M1"}}
    return snapshot(transaction, version, when, lines, store=store, customer=None) | named | more


async def produce(web: Web, data: dict[str, Any]) -> None:
    """As a shop's own producer does."""
    event = {"specversion": "1.0", "type": "stamgast.purchase.v1", "id": "e", "source": "/till", "data": data}
    key = f"{MERCHANT}:{data['transaction_id']}".encode()
    await web.parts.appender.append(web.topics.purchases, [(key, json.dumps(event).encode())])


async def counted(web: Web, name: str) -> float:
    text = (await web.health.get("/metrics")).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and sample.labels == {"merchant": MERCHANT}
    )


async def test_the_answer_tells_what_was_taken_although_it_looks_wrong(web):
    now = web.parts.clock.now()
    batch = [
        sale("t0", now),
        sale("t1", now, store="dok-nord"),
        sale("t2", now, end_date_time=DEAD),
        sale("t3", now, end_date_time="2199-12-31T23:00:00Z"),
        sale("t4", now, totals={"gross_minor": 350, "tip_minor": 50, "paid_minor": 410}),
    ]
    answer = await web.post("/purchases", batch)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 5), answer.text
    store, behind, ahead, unequal = answer.json()["warnings"]
    assert (store["pointer"], store["nearest"], store["purchases"]) == ("/1/store/retail_store_id", "dok-noord", 1)
    assert (behind["pointer"], ahead["pointer"]) == ("/2/end_date_time", "/3/end_date_time")
    assert "not_before" in behind["allowed"]
    assert (unequal["pointer"], "10 more was paid" in unequal["detail"]) == ("/4/totals/paid_minor", True)

    records = {json.loads(value)["data"]["transaction_id"]: json.loads(value) for _, value in await all_of(web)}
    assert "time_suspect" not in records["t1"]["data"]
    for name in ("t2", "t3"):
        written = datetime.fromisoformat(records[name]["data"]["end_date_time"]).timestamp() * 1000
        assert round(written) == records[name]["stamgastrecordedat"]
    assert await counted(web, "stamgast_unknown_stores_total") == 1
    assert records["t4"]["stamgastwarnings"] == [["unequal_totals", "/totals/paid_minor"]]
    assert await counted(web, "stamgast_suspect_times_total") == 2
    assert await counted(web, "stamgast_unequal_totals_total") == 1


async def test_what_nobody_can_have_meant_is_taken_and_told(web):
    now = web.parts.clock.now()
    scanned = sale("t1", now, line_items=[line("1", 350, "96385074", category="bread")])
    dear = sale("t2", now, totals={"gross_minor": 500_000_000})
    answer = await web.post("/purchases", [sale("t0", now), scanned, dear])
    assert (answer.status_code, answer.json()["accepted"]) == (202, 3), answer.text
    pieces, amount = answer.json()["warnings"]
    assert (pieces["pointer"], amount["pointer"]) == ("/1/line_items/0/quantity", "/2/totals/gross_minor")
    assert "counts for nothing" in pieces["detail"]
    assert "5000000.00 EUR are more than 10000.00 EUR" in amount["detail"]
    assert await counted(web, "stamgast_purchases_to_review_total") == 2


async def test_an_answer_without_doubts_has_no_warnings(web):
    answer = await web.post("/purchases", sale("t0", web.parts.clock.now()))
    assert set(answer.json()) == {"accepted", "purchases"}


async def all_of(web: Web) -> list[tuple[bytes, bytes]]:
    return [(key, value) for key, value in await web.records(web.topics.purchases) if value is not None]


@pytest.mark.slow
async def test_a_dead_clock_is_no_first_visit_on_either_way_in_and_the_log_says_the_same(
    web: Web, worker: Forged, web_settings: Any
) -> None:
    now = web.parts.clock.now()
    answer = await web.post("/purchases", [sale("t1", now - 2 * DAY), sale("t2", now, end_date_time=DEAD)])
    customer = answer.json()["purchases"][0]["customer"]
    await produce(web, sale("t3", now, end_date_time="2000-01-01T00:03:00Z"))
    await produce(web, sale("t4", now - 2 * DAY, store="dok-nord"))

    async def all_counted() -> Any:
        assert worker.exit_code is None, worker.log_tail()
        shown = await web.get(f"/customers/{customer}")
        return shown.status_code == 200 and shown.json()["purchases"] == 4 and shown.json()

    shown = await eventually(all_counted, seconds=60)
    assert (shown["spend"], shown["visits"]) == (1400, 2), "two days ago and today, not 1970 and 2000"
    assert "does not know" in worker.log_tail(100_000)
    assert "dok-nord" in worker.log_tail(100_000)

    again = await web.post("/purchases", sale("t2", now, end_date_time=DEAD))
    mended = await web.post("/purchases", [sale(name, now - 2 * DAY, version=2) for name in ("t2", "t3")])
    assert (again.status_code, mended.status_code) == (202, 202)

    async def of_one_day() -> bool:
        return bool((await web.get(f"/customers/{customer}")).json()["visits"] == 1)

    await eventually(of_one_day, seconds=60)
    verified = await eventually(lambda: told_by(web_settings, "verify"), seconds=60)
    assert (verified["equal"], verified["customers"], verified["transactions"]) == (True, 1, 4)
    worker.stop()
    rebuilt = await eventually(lambda: told_by(web_settings, "rebuild", "--empty"), seconds=60)
    assert (rebuilt["equal"], rebuilt["customers"], rebuilt["transactions"]) == (True, 1, 4)
    shown = (await web.get(f"/customers/{customer}")).json()
    assert "purchases" in shown, "what is known of a customer waits for no address of their card"
    assert (shown["purchases"], shown["spend"], shown["visits"]) == (4, 1400, 1)


async def told_by(settings: Any, *command: str) -> dict[str, Any] | None:
    """What a command tells once live state has caught up."""
    done = await commands.asked(*command, "--json", env=environment(settings))
    found: dict[str, Any] = json.loads(done.stdout)
    return found if not found.get("behind") else None
