"""What an attempt comes to: accepted, refused, waiting, failed; and what comes back signed."""

from dataclasses import replace

import pytest

from channels.model import CallbackKey, Fault, Outcome, Sender
from stamgast.domain.vocabulary import Treatment
from tests.conftest import eventually
from tests.integration.sandbox.shop import HX, SMS, WHATSAPP, callback, ends_as, ready, rows, send, switch


async def test_an_sms_is_accepted_then_sent_and_delivered_with_signed_callbacks(channel, shop, control):
    result = await send(channel, shop)
    assert (result.outcome, result.status, result.fault) == (Outcome.ACCEPTED, "accepted", Fault.NONE)
    assert result.provider_id.startswith("SM")
    message = await ends_as(control, "delivered")
    assert message["sid"] == result.provider_id
    assert (message["to"], message["channel"], message["body"]) == (
        "+31612345678",
        "sms",
        "Hoi Noor, je kaart is vol!",
    )
    assert message["num_segments"] == 1
    await eventually(lambda: len(shop.requests) == 2)
    events = [channel.parse_status(request) for request in shop.requests]
    assert [event.status for event in events] == ["sent", "delivered"]
    assert {event.key for event in events} == {CallbackKey("bakkerij-noord", "c1", "act-1", "attempt-1")}
    assert {event.provider_id for event in events} == {result.provider_id}
    assert "+31612345678" not in str(events)


async def test_a_whatsapp_template_shows_its_text_and_is_read(channel, shop, control):
    await control.post("/sandbox/contents", json={HX: "Dag {{1}}! Je brood ligt klaar. {{2}}"})
    result = await send(channel, shop, WHATSAPP)
    assert result.outcome is Outcome.ACCEPTED
    message = await ends_as(control, "read")
    assert message["body"] == "Dag Noor! Je brood ligt klaar. {{2}}"
    assert (message["channel"], message["content_sid"]) == ("whatsapp", HX)
    assert message["content_variables"] == {"1": "Noor"}
    await eventually(lambda: len(shop.requests) == 3)
    assert [channel.parse_status(request).status for request in shop.requests] == ["sent", "delivered", "read"]


async def test_an_unknown_template_shows_its_variables(channel, shop, control):
    await send(channel, shop, WHATSAPP)
    assert "Noor" in (await rows(control, "messages"))[0]["body"]


@pytest.mark.parametrize(
    ("change", "code", "fault"),
    [
        ({"to": "+31"}, "21211", Fault.BAD_NUMBER),
        ({"to": "0612345678"}, "21211", Fault.BAD_NUMBER),
        ({"sender": Sender.named("MGnothing")}, "21701", Fault.CONFIG),
        ({"sender": Sender.named("much too long a name")}, "21212", Fault.CONFIG),
    ],
)
async def test_a_refusal_is_named_and_final_unless_the_sender_is_at_fault(channel, shop, control, change, code, fault):
    result = await send(channel, shop, replace(SMS, **change))
    outcome = Outcome.NOT_SENT_RETRY if fault is Fault.CONFIG else Outcome.REJECTED
    assert (result.outcome, result.code, result.fault) == (outcome, code, fault)
    assert await rows(control, "messages") == []
    assert [post["code"] for post in await rows(control, "posts")] == [int(code)]


async def test_bad_variables_are_refused_with_21656(channel, shop, sandbox):
    prepared = replace(ready(channel, WHATSAPP), content_variables={"1": "two\nlines"})
    result = await channel.send(prepared, "a", callback(shop))
    assert (result.outcome, result.code, result.fault) == (Outcome.REJECTED, "21656", Fault.TEMPLATE)


async def test_free_text_over_whatsapp_fails_outside_the_window_and_passes_inside(channel, shop, control, shop_time):
    free = replace(ready(channel), message=WHATSAPP)
    result = await channel.send(free, "a", callback(shop, "a"))
    assert result.outcome is Outcome.ACCEPTED
    assert (await ends_as(control, "failed", result.provider_id))["error_code"] == 63016
    await eventually(lambda: len(shop.requests) == 1)
    event = channel.parse_status(shop.requests[0])
    assert (event.status, event.fault, event.code) == ("failed", Fault.WINDOW, "63016")
    await control.post("/sandbox/inbound", json={"from": "whatsapp:+31612345678", "body": "hoi"})
    result = await channel.send(free, "b", callback(shop, "b"))
    await ends_as(control, "read", result.provider_id)
    shop_time.moment += 24 * 3_600_000
    result = await channel.send(free, "c", callback(shop, "c"))
    await ends_as(control, "failed", result.provider_id)


async def test_a_held_message_expires_by_shop_time(channel, shop, control, shop_time):
    await switch(control, hold=True)
    result = await send(channel, shop)
    assert (await rows(control, "messages"))[0]["status"] == "accepted"
    shop_time.moment += 3_600_001
    message = await ends_as(control, "failed", result.provider_id)
    assert message["error_code"] == 30036
    await switch(control, hold=False)
    assert (await send(channel, shop, attempt="b")).outcome is Outcome.ACCEPTED
    await ends_as(control, "delivered")


async def test_a_phone_that_is_off_gets_its_message_when_it_is_on_again(channel, shop, control):
    await control.post("/sandbox/phones", json={"number": SMS.to, "on": False})
    await send(channel, shop)
    await ends_as(control, "sent")
    await control.post("/sandbox/phones", json={"number": SMS.to, "on": True})
    await ends_as(control, "delivered")


async def test_who_is_not_on_whatsapp_is_reported_for_a_fallback(channel, shop, control):
    await control.post("/sandbox/phones", json={"number": SMS.to, "whatsapp": False})
    await send(channel, shop, WHATSAPP)
    await ends_as(control, "undelivered")
    await eventually(lambda: len(shop.requests) == 1)
    event = channel.parse_status(shop.requests[0])
    assert (event.fault, event.treatment) == (Fault.NOT_ON_CHANNEL, Treatment.FALLBACK)


async def test_a_paused_template_fails_as_whatsapp_does(channel, shop, control):
    await control.post("/sandbox/contents", json={HX: {"text": "Dag {{1}}", "approval": "paused"}})
    await send(channel, shop, WHATSAPP)
    assert (await ends_as(control, "failed"))["error_code"] == 63041
