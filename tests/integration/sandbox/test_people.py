"""What people write back: STOP, START, anything else, and what the shop answers."""

from dataclasses import replace

import pytest

from channels.model import Fault, Keyword, Outcome, Sender, WebhookRefusedError
from stamgast.domain.vocabulary import Treatment
from tests.conftest import eventually
from tests.integration.sandbox.shop import MG, SMS, ends_as, rows, send


async def test_after_stop_a_service_fails_later_and_a_single_number_at_once(channel, shop, control):
    number = replace(SMS, sender=Sender.named("+3197010200001"))
    await send(channel, shop)
    await send(channel, shop, number, "n")
    for to in (MG, "+3197010200001"):
        answer = await control.post("/sandbox/inbound", json={"from": SMS.to, "to": to, "body": "stop"})
        assert answer.json()["webhook_status"] == 200
        assert answer.json()["opt_out"] == "STOP"
    result = await send(channel, shop, attempt="later")
    assert result.outcome is Outcome.ACCEPTED
    assert (await ends_as(control, "failed", result.provider_id))["error_code"] == 21610
    result = await send(channel, shop, number, "at once")
    assert (result.outcome, result.fault, result.treatment) == (Outcome.REJECTED, Fault.OPT_OUT, Treatment.OPT_OUT)
    await control.post("/sandbox/inbound", json={"from": SMS.to, "to": MG, "body": "START"})
    result = await send(channel, shop, attempt="again")
    await ends_as(control, "delivered", result.provider_id)


async def test_a_persons_message_reaches_the_shop_signed_and_understood(channel, shop, control):
    await send(channel, shop)
    await ends_as(control, "delivered")
    before = len(await eventually(lambda: shop.requests if len(shop.requests) == 2 else None))
    answer = await control.post("/sandbox/inbound", json={"from": SMS.to, "body": "Afmelden aub 🙏"})
    assert answer.json()["webhook_status"] == 200
    assert answer.json()["opt_out"] is None  # the carrier knows English words alone; ours know more
    request = shop.requests[before]
    inbound = channel.parse_inbound(request)
    assert (inbound.from_, inbound.channel, inbound.text) == (SMS.to, "sms", "Afmelden aub 🙏")
    assert (inbound.keyword, inbound.messaging_service_sid) == (Keyword.STOP, MG)
    for forged in (
        replace(request, signature=None),
        replace(request, body=request.body + b"&X=1"),
        replace(request, query="m=1"),
    ):
        with pytest.raises(WebhookRefusedError):
            channel.parse_inbound(forged)


async def test_the_carriers_own_opt_out_is_said_when_switched_on(channel, shop, control):
    await control.post("/sandbox/settings", json={"advanced_opt_out": True})
    await control.post("/sandbox/inbound", json={"from": "whatsapp:+31612345678", "body": "STOP"})
    inbound = channel.parse_inbound(shop.requests[0])
    assert (inbound.channel, inbound.keyword) == ("whatsapp", Keyword.STOP)
    assert b"OptOutType=STOP" in shop.requests[0].body


async def test_what_the_shop_answers_comes_back_to_the_phone(channel, shop, control):
    shop.answer = b"<Response><Message>Je bent afgemeld &amp; klaar.</Message></Response>"
    await control.post("/sandbox/inbound", json={"from": SMS.to, "body": "nee dank je"})
    replies = await rows(control, "messages", direction="outbound-reply")
    assert [reply["body"] for reply in replies] == ["Je bent afgemeld & klaar."]
    assert await rows(control, "messages") == []
    everything = await rows(control, "messages", direction="all")
    assert [row["direction"] for row in everything] == ["inbound", "outbound-reply"]
