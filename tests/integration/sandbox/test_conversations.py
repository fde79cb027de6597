"""What a person at a phone does beside writing: presses a button, sends pictures, plays a conversation."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from channels.model import WhatsAppTemplate
from channels.twilio.files import TwilioFiles
from stamgast.domain.vocabulary import Channel
from stamgast.sandbox.samples import Sample, picture_of
from tests.integration.sandbox.shop import CREDENTIALS, SMS, WHATSAPP, ends_as, send

PERSON = SMS.to
AUTH = ("SKsandbox1", "s")
TYPES = {
    "twilio/quick-reply": {
        "body": "Hoe was het?",
        "actions": [{"id": "good", "title": "Goed"}, {"id": "bad", "title": "Slecht"}],
    },
    "twilio/text": {"body": "Hoe was het?"},
}


async def test_a_button_says_its_title_and_its_id(channel, shop, control):
    made = await control.post("/v1/Content", json={"friendly_name": "ask", "language": "nl", "types": TYPES}, auth=AUTH)
    await control.post(
        "/v1/Content/" + made.json()["sid"] + "/ApprovalRequests/whatsapp",
        json={"name": "ask", "category": "UTILITY"},
        auth=AUTH,
    )
    message = replace(WHATSAPP, source=WhatsAppTemplate(made.json()["sid"], {}))
    await send(channel, shop, message)
    shown = await ends_as(control, "read")
    assert shown["buttons"] == [{"title": "Goed", "id": "good"}, {"title": "Slecht", "id": "bad"}]
    before = len(shop.requests)
    told = {"from": PERSON, "channel": "whatsapp", "button": "Goed"}
    assert (await control.post("/sandbox/inbound", json=told)).json()["webhook_status"] == 200
    inbound = channel.parse_inbound(shop.requests[before])
    assert (inbound.text, inbound.button, inbound.channel) == ("Goed", "good", Channel.WHATSAPP)
    refused = await control.post("/sandbox/inbound", json={**told, "button": "Prima"})
    assert refused.status_code == 422
    assert "Goed, Slecht" in refused.json()["error"]


async def test_pictures_are_fetched_from_where_the_webhook_says(channel, shop, control, sandbox):
    files = [{"type": "image/png", "base64": base64.b64encode(b"png!").decode()}, {"type": "image/jpeg", "never": True}]
    told = {"from": PERSON, "channel": "whatsapp", "photo": "cake", "file": files}
    assert (await control.post("/sandbox/inbound", json=told)).json()["webhook_status"] == 200
    inbound = channel.parse_inbound(shop.requests[-1])
    assert (inbound.media, len(inbound.files), inbound.text) == (3, 3, "")
    fetching = TwilioFiles(CREDENTIALS, sandbox.base_url)
    try:
        assert await fetching.fetch(inbound.files[0], 10**6) == picture_of(Sample.CAKE)
        assert await fetching.fetch(inbound.files[1], 10**6) == b"png!"
    finally:
        await fetching.aclose()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"photo": "cat"}, "loaf, cake, receipt"),
        ({"file": {"type": "image/png", "base64": "?"}}, "base64"),
        ({"file": [1]}, "list of at most 10"),
        ({}, "a message says something"),
        ({"button": "Ja"}, "there is none"),
    ],
)
async def test_what_cannot_be_sent_is_told(control, wrong, says):
    answer = await control.post("/sandbox/inbound", json={"from": PERSON, "channel": "sms", **wrong})
    assert answer.status_code == 422
    assert says in answer.json()["error"]


async def test_a_script_goes_on_when_the_answer_has_come(shop, control):
    shop.answer = b"<Response><Message>Dank je!</Message></Response>"
    steps = [{"body": "hallo"}, {"expect": "dank je"}, {"photo": "loaf"}, {"expect": "Dank"}]
    script = {"from": PERSON, "to": "+3197010200001", "channel": "sms", "steps": steps}
    played = (await control.post("/sandbox/script", json=script)).json()
    assert (played["ok"], len(played["steps"])) == (True, 4)
    assert played["steps"][3]["read"] == "Dank je!"
    assert played["steps"][1]["sid"] != played["steps"][3]["sid"]  # each answer is read once


async def test_a_script_stops_at_what_does_not_happen(shop, control):
    shop.answer = b"<Response><Message>Nee.</Message></Response>"
    steps = [{"body": "hallo"}, {"expect": "Ja", "within_s": 1.5}, {"body": "dan niet"}]
    script = {"from": PERSON, "channel": "sms", "steps": steps}
    played = (await control.post("/sandbox/script", json=script)).json()
    assert (played["ok"], played["failed"], len(played["steps"])) == (False, 2, 2)
    assert played["steps"][1] == {"step": 2, "ok": False, "expected": "Ja", "came": ["Nee."]}
    assert len(shop.requests) == 1


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([], "1 to 100"),
        ([{"say": "x"}], "step 1 says none of"),
        ([{"body": "x", "wait": 1}], "wait is unknown"),
        ([{"expect": "x", "within_s": 500}], "up to 120"),
    ],
)
async def test_a_wrong_script_is_told_where(control, steps, says):
    answer = await control.post("/sandbox/script", json={"from": PERSON, "channel": "sms", "steps": steps})
    assert answer.status_code == 422
    assert says in answer.json()["error"]
