"""The day's report: what was taken although it looked wrong, from every door, counted once, whatever was lost meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.builders import refund
from tests.conftest import eventually
from tests.integration.web.conftest import MERCHANT, RUN, Web, environment
from tests.integration.web.shop import bread

pytestmark = [pytest.mark.slow]


def today() -> str:
    return datetime.now(UTC).astimezone(ZoneInfo("Europe/Amsterdam")).date().isoformat()


def report(settings: Any, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", RUN, "day", "--json", *arguments],
        env=environment(settings), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
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
    assert lost["days"] == [day | {"waiting_for_review": None}], "only what waits now stands nowhere else"


async def test_another_day_and_another_merchant_have_none_of_it(web, web_settings):
    await web.post("/purchases", bread(1, {"membership_number": "M-1"}, days_ago=0))
    [day] = report(web_settings, "--merchant", MERCHANT, "--date", "2026-01-31")["days"]
    assert (day["date"], day["purchases"], day["warnings"], day["messages"]) == ("2026-01-31", 0, {}, {})
    assert "no merchant" in str(report(web_settings, "--merchant", "nobody"))
    assert "is no day" in str(report(web_settings, "--date", "yesterday"))
