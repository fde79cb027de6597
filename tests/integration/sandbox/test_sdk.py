"""Twilio's own SDK, unmodified, speaks to the sandbox as to Twilio."""

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest.content.v1.content import ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

from tests.integration.sandbox.shop import MG, SMS, T0, ends_as, send, switch


def test_the_unmodified_sdk_creates_lists_updates_and_deletes(sdk):
    created = sdk.messages.create(to=SMS.to, from_="+3197010200001", body="één " + "x" * 160)
    assert (created.status, created.num_segments, created.direction) == ("queued", "2", "outbound-api")
    through_service = sdk.messages.create(to="+31687654321", messaging_service_sid=MG, body="hallo")
    assert (through_service.status, through_service.num_segments, through_service.from_) == ("accepted", "0", None)
    assert sdk.messages(created.sid).fetch().body == created.body
    assert [message.sid for message in sdk.messages.list(to=SMS.to)] == [created.sid]
    assert [message.sid for message in sdk.messages.list(page_size=1)] == [through_service.sid, created.sid]
    assert len(sdk.messages.list(limit=1)) == 1
    assert sdk.messages.list(from_="+3197099999999") == []
    assert sdk.messages(created.sid).update(body="").body == ""
    assert sdk.messages(created.sid).delete() is True
    with pytest.raises(TwilioRestException) as caught:
        sdk.messages(created.sid).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


async def test_lists_are_filtered_by_the_day_of_sending(sdk, channel, shop, control, shop_time):
    await send(channel, shop)
    await ends_as(control, "delivered")
    sent = sdk.messages.list()[0].date_sent
    assert int(sent.timestamp() * 1000) == T0
    assert len(sdk.messages.list(date_sent=sent.date())) == 1
    assert len(sdk.messages.list(date_sent_after=sent)) == 1
    shop_time.moment += 86_400_000
    assert sdk.messages.list(date_sent_before=sent.replace(year=sent.year - 1)) == []


async def test_a_message_that_has_not_left_can_be_canceled(sdk, control):
    await switch(control, hold=True)
    sid = sdk.messages.create(to=SMS.to, messaging_service_sid=MG, body="hallo").sid
    assert sdk.messages(sid).update(status="canceled").status == "canceled"
    await switch(control, hold=False)
    with pytest.raises(TwilioRestException):
        sdk.messages(sid).update(status="canceled")


def test_the_content_api_creates_approves_and_lists(sdk):
    request = ContentList.ContentCreateRequest(
        {
            "friendly_name": "free_loaf",
            "language": "nl",
            "variables": {"1": "Noor"},
            "types": {"twilio/text": {"body": "Dag {{1}}, je brood ligt klaar!"}},
        }
    )
    content = sdk.content.v1.contents.create(request)
    assert content.sid.startswith("HX")
    assert sdk.content.v1.contents(content.sid).fetch().friendly_name == "free_loaf"
    assert [one.sid for one in sdk.content.v1.contents.list()] == [content.sid]
    approval = ApprovalCreateList.ContentApprovalRequest({"name": "free_loaf", "category": "MARKETING"})
    assert sdk.content.v1.contents(content.sid).approval_create.create(approval).status == "received"
    assert sdk.content.v1.contents(content.sid).approval_fetch().fetch().whatsapp["status"] == "approved"
    message = sdk.messages.create(to=f"whatsapp:{SMS.to}", messaging_service_sid=MG, content_sid=content.sid)
    assert sdk.messages(message.sid).fetch().body == "Dag Noor, je brood ligt klaar!"
    assert sdk.content.v1.contents(content.sid).delete() is True
