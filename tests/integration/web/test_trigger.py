"""`stamgast trigger` against a running web: what it says has happened stands on the topics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stamgast.domain.events import Enrolled
from tests.integration import commands
from tests.integration.web.conftest import MERCHANT, SHOP_NUMBER, TOKENS, Web, environment
from tests.integration.web.shop import events


async def trigger(web: Web, settings: Any, *arguments: str) -> tuple[int, Any, str]:
    env = environment(settings) | {"STAMGAST_API_KEY": web.key, "STAMGAST_TWILIO_AUTH_TOKEN": ",".join(TOKENS)}
    url = str(web.client.base_url)
    done = await commands.asked("trigger", *arguments, "--url", url, "--json", env=env)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


@pytest.mark.parametrize(
    ("what", "statuses"),
    [("purchase", ["completed"]), ("refund", ["completed", "refund"]), ("void", ["completed", "voided"])],
)
async def test_a_sale_is_told_and_taken_back(web, web_settings, what, statuses):
    more = ("--merchant", MERCHANT, "--category", "bread")
    code, told, wrong = await trigger(web, web_settings, what, *more)
    assert code == 0, wrong
    assert [each["status"] for each in told] == [202] * len(statuses)
    assert not [each for each in told if "warnings" in each["answer"]]
    stored = [json.loads(value or b"")["data"] for _, value in await web.records(web.topics.purchases)]
    assert [each["status"] for each in stored] == statuses
    assert len({each["transaction_id"] for each in stored}) == 1
    assert (stored[0]["store"]["retail_store_id"], stored[0]["price_currency"]) == ("dok-noord", "EUR"), (
        "the programme's"
    )


async def test_somebody_joins_and_stops(web, web_settings):
    code, told, wrong = await trigger(web, web_settings, "enrolment", "--merchant", MERCHANT)
    assert (code, told[0]["status"], wrong) == (0, 201, "")
    code, told, wrong = await trigger(web, web_settings, "stop", "--to", SHOP_NUMBER)
    assert (code, told[0]["status"], wrong) == (0, 200, "")
    joined = [each.customer for each in await events(web) if isinstance(each, Enrolled)]
    assert await web.records(web.topics.suppressions), "the STOP is on its topic"
    assert len(set(joined)) == 1


async def test_what_cannot_be_triggered_is_told(web, web_settings):
    code, _, wrong = await trigger(web, web_settings, "refnd", "--merchant", MERCHANT)
    assert (code, "did you mean refund?" in wrong) == (2, True), wrong
    code, _, wrong = await trigger(web, web_settings, "stop")
    assert (code, "--to" in wrong) == (2, True)
    code, told, _ = await trigger(web, web_settings, "refund", "--merchant", MERCHANT, "--currency", "EURO")
    assert (code, [each["status"] for each in told]) == (1, [422]), "nothing is taken back that was not sold"
    code, told, _ = await trigger(web, web_settings, "purchase", "--merchant", "nobody")
    assert (code, "there is no merchant 'nobody'" in told["error"]) == (1, True), told
    more = ("--store", "dok-noord", "--currency", "EUR")
    code, told, _ = await trigger(web, web_settings, "purchase", "--merchant", "nobody", *more)
    assert (code, told[0]["status"], told[0]["answer"]["status"]) == (1, 403, 403)
