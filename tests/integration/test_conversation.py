"""People write to the shop from the sandbox's phone, and are answered: the whole way, with a worker."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

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
    "questions:\n"
    "  visit: {template: hello, answer: score}\n"
    "  birthday: {template: thanks, answer: date, fills: birthday}\n"
    "join: {brood: {wording: poster-1, purposes: [marketing, utility]}}\n"
)
RULE = "rule: hello\nstatus: live\nwhen: joined\nthen: [{ask: visit, by: [sms]}]\n"
THANKS = """\
rule: thanks
status: live
when: {answered: {question: visit, score: {at_least: 9}}}
then: [{ask: birthday, by: [sms]}]
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


async def test_a_birthday_that_is_asked_for_stands_sealed_in_the_profile_with_its_proof(
    shop: Deployment, tmp_path: Path
) -> None:
    await heard(shop, 1)
    await write(shop, "4 juni 1990")  # nobody has asked
    await write(shop, "9")
    await heard(shop, 2)
    await write(shop, "hoezo?")
    await write(shop, "Op 3 mei 1988!")
    await write(shop, "4 juni 1990")  # nor asks any more

    def written() -> dict[str, Any]:
        words = ("export", "--merchant", MERCHANT, "--customer", PHONE, "--json")
        told: dict[str, Any] = shop.asked(*words, "--to", str(tmp_path / f"one{next(numbers)}"))
        return told

    numbers = itertools.count()

    async def filled() -> dict[str, Any]:
        told = await asyncio.to_thread(written)
        assert told["profile"]["birthday"] == "1988-05-03", told["profile"]
        assert [each["became"] for each in told["facts"] if each.get("cause") == "question:birthday"] == [""]
        return told

    told = await eventually(filled, seconds=60)
    [said] = [each for each in told["consents"] if each["field"]]
    assert (said["field"], said["wording_version"], said["source"].partition(":")[0]) == (
        "birthday",
        "ask birthday",
        "sms",
    )


async def test_a_stranger_joins_from_the_phone_and_is_welcomed_and_shown_a_card(shop: Deployment) -> None:
    await heard(shop, 1)
    other = PHONE[:-1] + "9"

    async def says(text: str) -> None:
        body = {"from": other, "to": SENDERS["whatsapp"], "body": text, "channel": "whatsapp"}
        answer = await shop.http.post(f"{shop.sandbox_url}/sandbox/inbound", json=body)
        assert answer.json()["webhook_status"] == 200, answer.text

    async def came(words: str) -> bool:
        shown = (await shop.http.get(f"{shop.sandbox_url}/sandbox/messages?to={quote(other)}&direction=all")).json()
        texts = [each["body"] for each in shown if each["direction"] != "inbound"]
        assert any(words in text for text in texts), texts
        return True

    await says("KAART")
    await eventually(lambda: came("Stuur JOIN BROOD"), seconds=60)
    await says("JOIN BROOD")
    await eventually(lambda: came("je bent erbij!"), seconds=60)
    await says("KAART")
    await eventually(lambda: came("nog geen stempels"), seconds=60)
