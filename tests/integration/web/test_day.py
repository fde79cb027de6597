"""The day's report: what was taken although it looked wrong, from every door, counted once, whatever was lost meanwhile."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from stamgast.web.openapi.document import openapi
from tests.builders import refund
from tests.conftest import eventually
from tests.integration import commands
from tests.integration.web.conftest import MERCHANT, Web, environment
from tests.integration.web.shop import bread

pytestmark = [pytest.mark.slow]


def today() -> str:
    return datetime.now(UTC).astimezone(ZoneInfo("Europe/Amsterdam")).date().isoformat()


def report(settings: Any, *arguments: str) -> Any:
    done = commands.done("day", "--json", *arguments, env=environment(settings))
    return json.loads(done.stdout) if done.stdout else done.stderr


async def produce(web: Web, transaction: str, **changes: Any) -> None:
    """As a shop's own producer does."""
    data = bread(1, {"membership_number": "M-9"}, days_ago=0) | {"transaction_id": transaction} | changes
    event = {"specversion": "1.0", "type": "stamgast.purchase.v1", "id": "e", "source": "/till", "data": data}
    key = f"{MERCHANT}:{transaction}".encode()
    await web.parts.appender.append(web.topics.purchases, [(key, json.dumps(event).encode())])


async def test_what_looked_wrong_on_a_day_is_counted_once_from_every_door_and_survives_a_lost_redis(
    web, worker, web_settings, empty_redis
):
    nord = {"retail_store_id": "dok-nord"}
    odd = bread(1, {"phone": "020 123 45 67", "membership_number": "M-1"}, days_ago=0) | {"store": nord}
    for _ in range(2):  # a till that got no answer sends it again
        assert (await web.post("/purchases", odd)).status_code == 202
    fine = bread(2, {"membership_number": "M-1"}, days_ago=0)
    both = await web.post("/purchases", [fine, fine | {"source_version": 2, "totals": {"gross_minor": 300}}])
    assert both.status_code == 202, both.text
    back = refund("till1:2", gross=9_900, end_date_time=fine["end_date_time"], store=fine["store"])
    given_back = await web.post("/purchases", back)
    assert given_back.status_code == 202, given_back.text
    consent = {"purpose": "newsletters", "channel": "sms", "wording_version": "1"}
    joined = await web.post("/customers", {"membership_number": "M-2", "language": "pl", "consents": [consent]})
    assert joined.status_code == 201, joined.text
    await produce(web, "own:1", store=nord)
    await produce(web, "own:2", price_currency="euro")

    async def reckoned() -> Any:
        assert worker.exit_code is None, worker.log_tail()
        found = report(web_settings, "--merchant", MERCHANT)
        assert "days" in found, found
        [day] = found["days"]
        assert (day["purchases"], day["refunds"], day["dead_letters"]["count"]) == (3, 1, 1), day
        return day

    day = await eventually(reckoned, seconds=90, every=1)
    assert (day["merchant"], day["date"], day["time_zone"]) == (MERCHANT, today(), "Europe/Amsterdam")
    assert (day["purchases"], day["changes"], day["refunds"], day["enrolled"]) == (3, 1, 1, 1)
    counts = {kind: found["count"] for kind, found in day["warnings"].items()}
    assert counts == {"unknown_store": 2, "unusable_phone": 1, "over_refund": 1, "unknown_word": 2}
    assert day["warnings"]["unusable_phone"]["examples"] == [{"transaction": "till1:1", "pointer": "/customer/phone"}]
    assert {each["pointer"] for each in day["warnings"]["unknown_word"]["examples"]} == {
        "/consents/0/purpose", "/language",
    }  # fmt: skip
    assert "price_currency" in day["dead_letters"]["examples"][0]["reason"]
    assert day["waiting_for_review"] == 0
    assert "123 45 67" not in json.dumps(day)

    worker.stop()
    await empty_redis.flushall()
    lost = report(web_settings, "--merchant", MERCHANT)
    [again] = lost["days"]
    differs = {"waiting_for_review": None, "reckoned_at": again["reckoned_at"]}
    assert again == day | differs, "only what waits now stands nowhere else"


async def test_what_was_kept_of_a_day_is_told_over_http(web, web_settings):
    path = f"/days/{today()}"
    missing = await web.get(path)
    assert missing.status_code == 404
    assert f"`stamgast day --merchant {MERCHANT} --date {today()} --keep`" in missing.json()["detail"]
    nord = {"retail_store_id": "dok-nord"}
    await web.post("/purchases", bread(1, {"membership_number": "M-1"}, days_ago=0) | {"store": nord})
    [kept] = report(web_settings, "--merchant", MERCHANT, "--keep")["days"]
    told = await web.get(path)
    assert told.status_code == 200
    assert told.json() == kept
    assert kept["reckoned_at"]
    assert {kind: found["count"] for kind, found in kept["warnings"].items()} == {"unknown_store": 1}
    described = openapi()["components"]["schemas"]["Day"]
    jsonschema.validate(kept, described)
    assert set(kept) == set(described["properties"])
    for wrong in ("2026-13-01", "20261129", "today", "2026-11-29T00:00:00Z"):
        assert (await web.get(f"/days/{wrong}")).status_code == 422, wrong
    no_reader = {"Authorization": f"Bearer {await web.new_key('intake')}"}
    assert (await web.client.get(f"/v1/merchants/{MERCHANT}{path}", headers=no_reader)).status_code == 403


async def test_today_and_yesterday_are_kept_up_to_date(web, web_settings, tmp_path):
    keeping = commands.started(
        "day", "day", "--every", "1 hour", log=tmp_path / "day.log", env=environment(web_settings)
    )
    try:
        before = (date.fromisoformat(today()) - timedelta(days=1)).isoformat()

        async def kept() -> bool:
            keeping.check()
            return [(await web.get(f"/days/{each}")).status_code for each in (before, today())] == [200, 200]

        await eventually(kept, seconds=60, every=0.2)
    finally:
        keeping.stop()
    assert keeping.exit_code == 0, keeping.log_tail()
    assert "--every" in str(report(web_settings, "--every", "1 second"))
    assert "leave out --date" in str(report(web_settings, "--every", "1 hour", "--date", today()))


async def test_another_day_and_another_merchant_have_none_of_it(web, web_settings):
    await web.post("/purchases", bread(1, {"membership_number": "M-1"}, days_ago=0))
    [day] = report(web_settings, "--merchant", MERCHANT, "--date", "2026-01-31")["days"]
    assert (day["date"], day["purchases"], day["warnings"], day["messages"]) == ("2026-01-31", 0, {}, {})
    assert "no merchant" in str(report(web_settings, "--merchant", "nobody"))
    assert "is no day" in str(report(web_settings, "--date", "yesterday"))
