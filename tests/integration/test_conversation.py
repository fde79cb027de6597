"""People write to the shop from the sandbox's phone, and are answered: the whole way, with a worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis.asyncio

from stamgast.local.brokers import Broker
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics
from tests.conftest import eventually
from tests.integration.deployment import MERCHANT, PROGRAM, Deployment

pytestmark = [pytest.mark.slow]

TALKING = PROGRAM.replace("messaging:\n", 'messaging:\n  whatsapp_sender: "+31970102346"\n').replace(
    "stamps: 1", "stamps: 8"
)
TALKING = TALKING.replace("templates:\n", "templates:\n  thanks: {purpose: utility}\n") + (
    "questions: {visit: {template: hello, answer: score}}\n"
)
RULE = "rule: hello\nstatus: live\nwhen: joined\nthen: [{ask: visit, by: [sms]}]\n"
THANKS = """\
rule: thanks
status: live
when: {answered: {question: visit, score: {at_least: 9}}}
then: [{send: thanks, by: [sms]}]
"""
PHONE = "+31612000001"
SENDERS = {"sms": "+31970102345", "whatsapp": "+31970102346"}


@pytest.fixture
async def shop(kafka: Broker, redis_server: RedisServer, topics: Topics, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with redis.asyncio.Redis.from_url(redis_server.url) as client:
        await client.flushall()
    deployment = Deployment(kafka.bootstrap, redis_server.url, topics, tmp_path)
    merchant = tmp_path / "config/merchants" / MERCHANT
    for name, text in {"rules/thanks.yaml": THANKS, "templates/nl/thanks.j2": "Fijn!"}.items():
        (merchant / name).parent.mkdir(parents=True, exist_ok=True)
        (merchant / name).write_text(text)
    try:
        await deployment.start(program=TALKING, rule=RULE)
        settings = {"inbound_url": f"{deployment.web_url}/twilio/inbound"}
        await deployment.http.post(f"{deployment.sandbox_url}/sandbox/settings", json=settings)
        await deployment.enrol(1)
        yield deployment
    finally:
        await deployment.end()


async def write(shop: Deployment, text: str, channel: str = "sms") -> None:
    body = {"from": PHONE, "to": SENDERS[channel], "body": text, "channel": channel}
    answer = await shop.http.post(f"{shop.sandbox_url}/sandbox/inbound", json=body)
    assert answer.json()["webhook_status"] == 200, answer.text


async def heard(shop: Deployment, number: int) -> list[tuple[str, str]]:
    """(channel, text) of the messages that came to the phone, once there are so many and all have arrived."""

    async def there() -> list[dict[str, str]]:
        found = [each for each in await shop.messages() if each["status"] in {"delivered", "read"}]
        assert len(found) >= number, await shop.messages()
        return found

    return [(each["channel"], each["body"]) for each in await eventually(there, seconds=60)]


async def test_a_card_is_asked_for_over_sms_and_whatsapp_and_nobody_answers_after_a_stop(shop: Deployment) -> None:
    assert await heard(shop, 1) == [("sms", "Dank u!")]
    await shop.buy(range(1, 2))
    await write(shop, "hallo, is er nog brood?")
    await write(shop, "HULP")
    await heard(shop, 2)
    await write(shop, "Mijn kaart aub 🙂", "whatsapp")
    said = (await heard(shop, 3))[1:]
    assert [each for each, _ in said] == ["sms", "whatsapp"]
    assert "KAART" in said[0][1]
    assert said[1][1].endswith("1 van 8 stempels voor Een koffie.")
    await write(shop, "STOP")
    await write(shop, "KAART")
    assert await eventually(shop.outbox_is_empty)
    assert len(await shop.messages()) == 3


async def test_a_question_is_answered_from_the_phone_and_its_answer_is_heard_once(shop: Deployment) -> None:
    await heard(shop, 1)
    await write(shop, "hoe bedoelt u?")
    await write(shop, "een 9! 🙂")
    assert (await heard(shop, 2))[1:] == [("sms", "Fijn!")]
    await write(shop, "10")
    assert await eventually(shop.outbox_is_empty)
    assert len(await shop.messages()) == 2
    report = shop.asked("report", "--merchant", MERCHANT, "--from", "2026-10-01", "--json", code=0)
    said = report["satisfaction"]["visit"]
    assert [said[name] for name in ("asked", "answered", "answer_rate", "mean", "nps")] == [1, 1, 1.0, 9.0, 100.0]
    assert said["by_rule"].keys() == {"hello"}
    assert said["by_month"]["2026-10"]["scores"]["9"] == 1
    written = shop.asked("inbox", "list", MERCHANT, "--json", code=0)["messages"]
    assert [each["score"] for each in written] == [None, 9, None]
