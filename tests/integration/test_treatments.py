"""What a carrier refuses is acted on: another channel, nothing more to a dead number, a sender that stops and goes on."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, RULE, Deployment

pytestmark = [pytest.mark.slow]

BOTH = PROGRAM.replace(
    "    purpose: utility\n",
    '    purpose: utility\n    whatsapp: {nl: HX3f1b0a6d5c9e4a7fb2d8c1e60a94f7b1}\n    variables: {"1": "{{ customer.first_name or \' \' }}"}\n',
).replace("  sms_sender:", '  whatsapp_sender: "+31970102346"\n  sms_sender:')
MANAGER = "+31612345678"
STAFF = f'staff: {{manager: {{phone: "{MANAGER}"}}}}\n'
TOKEN = "a-token-of-the-sandbox"


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    try:
        yield deployment
    finally:
        await deployment.end()


async def enrol(shop: Deployment, number: int, name: str) -> None:
    consents = [{"purpose": "utility", "channel": channel, "wording_version": "1"} for channel in ("whatsapp", "sms")]
    body = {"phone": f"06120{number:05d}", "first_name": name, "consents": consents}
    answer = await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/customers", json=body)
    assert answer.status_code in (200, 201), answer.text


async def report(shop: Deployment, message: dict[str, str], code: str, status: str = "undelivered") -> None:
    """As Twilio does, signed."""
    url = message["status_callback"]
    form = {"AccountSid": "AC1", "ErrorCode": code, "MessageSid": message["sid"], "MessageStatus": status}
    text = url + "".join(name + form[name] for name in sorted(form))
    signature = base64.b64encode(hmac.new(b"sandbox-auth-token", text.encode(), hashlib.sha1).digest()).decode()
    answer = await shop.http.post(url, data=form, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 204, (answer.text, urlsplit(url).path)


async def test_what_one_channel_cannot_say_another_says_and_a_dead_number_is_left_alone_until_it_is_replaced(
    shop: Deployment,
) -> None:
    await shop.start(rule=RULE.replace("[sms]", "[whatsapp, sms]"), program=BOTH)
    await shop.http.post(f"{shop.sandbox_url}/sandbox/faults", json={"hold": True})
    await enrol(shop, 0, " " * 15)
    await enrol(shop, 1, "  Noor ")
    await shop.buy(range(2))
    messages = await eventually(lambda: so_many(shop, 2), seconds=60, every=0.2)
    assert {(each["channel"], each["to"]) for each in messages} == {
        ("sms", "+31612000000"),
        ("whatsapp", "+31612000001"),
    }
    [to_noor] = [each for each in messages if each["channel"] == "whatsapp"]
    assert to_noor["content_variables"] == {"1": "Noor"}
    assert [each["status"] for each in messages] == ["queued", "queued"], "they are held at the carrier"

    await report(shop, to_noor, "30005")
    await shop.everything_ended(3)
    await shop.buy(range(1, 2), visit=2)
    fates = await shop.everything_ended(4)
    assert sorted(fates.values()).count("suppressed") == 2, "what WhatsApp could not say, and what nobody would get"
    assert len(await shop.messages()) == 2

    body = {"phone": "0612099999", "membership_number": "M1"}
    await shop.http.post(f"{shop.web_url}/v1/merchants/{MERCHANT}/customers", json=body)
    assert shop.run("verify", "--json")["equal"] is True


async def test_a_sender_that_is_refused_only_by_a_callback_stops_and_goes_on_once_a_message_of_it_went(
    shop: Deployment,
) -> None:
    await shop.start(rule=RULE.replace("[sms]", "[whatsapp, sms]"), program=BOTH + STAFF)
    await shop.http.post(f"{shop.sandbox_url}/sandbox/faults", json={"hold": True})
    for number in range(4):
        await enrol(shop, number, "Noor")
    await shop.buy(range(1))
    [first] = await eventually(lambda: so_many(shop, 1), seconds=60, every=0.2)
    assert first["channel"] == "whatsapp"
    await report(shop, first, "63007")
    log = shop.folder / "worker-2.log"
    await eventually(lambda: "the carrier refuses a sender: mend it" in log.read_text(), seconds=60, every=0.2)
    assert "(63007)" in log.read_text()
    [said] = await eventually(lambda: to_staff(shop), seconds=60, every=0.2)
    assert said.startswith("De Winkel: WhatsApp bleef liggen. De provider weigerde 2026-10-01 10:")
    assert "onze afzender (fout 63007)" in said
    await shop.buy(range(1, 4))
    messages = await eventually(lambda: so_many(shop, 3), seconds=60, every=0.2)
    assert sorted(each["channel"] for each in messages) == ["sms", "whatsapp", "whatsapp"], "one probe, and no more"
    probe = next(each for each in messages if each["channel"] == "whatsapp" and each["sid"] != first["sid"])
    await report(shop, probe, "", "delivered")
    await eventually(lambda: "the carrier is back" in log.read_text(), seconds=60, every=0.2)
    await eventually(lambda: so_many(shop, 5), seconds=60, every=0.2)
    assert len(await to_staff(shop)) == 1


async def so_many(shop: Deployment, count: int) -> list[Any] | None:
    messages: list[Any] = [each for each in await shop.messages() if each["to"] != MANAGER]
    return messages if len(messages) == count else None


async def to_staff(shop: Deployment) -> list[str]:
    return [each["body"] for each in await shop.messages() if each["to"] == MANAGER]


async def test_a_sender_whose_account_is_refused_loses_no_message_and_goes_on_once_that_is_mended(
    shop: Deployment,
) -> None:
    shop.http.headers["X-Sandbox-Token"] = TOKEN
    shop.env |= {"STAMGAST_SANDBOX_TOKEN": TOKEN, "STAMGAST_TWILIO_API_SECRET": "mistyped"}
    await shop.start(program=PROGRAM + STAFF)
    for number in range(8):
        await shop.enrol(number)
    await shop.buy(range(8))
    log = shop.folder / "worker-2.log"
    await eventually(lambda: "the carrier refuses a sender" in log.read_text(), seconds=60, every=0.2)
    assert "20003" in log.read_text()
    assert set((await shop.fates()).values()) == {"submitted"}
    assert await shop.messages() == []

    shop.all[-1].stop()
    shop.env["STAMGAST_TWILIO_API_SECRET"] = TOKEN
    shop.worker()
    await shop.everything_ended(9, seconds=90)
    [said] = await to_staff(shop)
    assert said.startswith("De Winkel: SMS bleef liggen."), "they hear of it once something can go to them"
    assert "(fout 20003)" in said
    assert sorted((await shop.sent()).values()) == [1] * 9
    assert shop.run("verify", "--json")["equal"] is True
