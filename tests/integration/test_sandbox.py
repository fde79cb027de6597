"""The sandbox through the unmodified SDK over real HTTP: what each answer proves, and what comes back signed."""

import asyncio
import json
import threading
import time
from dataclasses import dataclass, field, replace

import httpx
import pytest
import uvicorn
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

from channels.callback_url import status_callback_url
from channels.model import (
    CallbackKey,
    Fault,
    Keyword,
    Lookup,
    Message,
    Outcome,
    Prepared,
    Sender,
    SmsText,
    Treatment,
    WebhookRefusedError,
    WebhookRequest,
    WhatsAppTemplate,
)
from channels.signatures import SignatureVerifier
from channels.status import further
from channels.twilio_channel import TwilioChannel
from channels.twilio_client import SingleShotHttpClient, TwilioCredentials
from stamgast.sandbox import SandboxOptions, SandboxServer
from stamgast.sandbox.options import DEFAULT_ACCOUNT, DEFAULT_AUTH_TOKEN, Delays
from stamgast.sandbox.server import bind, make_server
from tests.conftest import eventually

T0 = 1_790_000_000_000
MG = "MG" + "1" * 32
HX = "HX" + "0a" * 16
CREDENTIALS = TwilioCredentials(DEFAULT_ACCOUNT, "SKsandbox" + "0" * 25, "secret")


@dataclass
class ShopTime:
    moment: int = T0

    def now(self):
        return self.moment


@dataclass
class Shop:
    """A shop's webhook end: keeps what was posted to it, as it came in, and answers with TwiML."""

    requests: list[WebhookRequest] = field(default_factory=list)
    answer: bytes = b""
    status: int = 200
    url: str = ""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        headers = dict(scope["headers"])
        signature = headers.get(b"x-twilio-signature")
        raw = (scope["raw_path"].decode(), scope["query_string"].decode(), body)
        self.requests.append(WebhookRequest(*raw, None if signature is None else signature.decode()))
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": self.answer})


def serve(server, listener):
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return thread


@pytest.fixture
def shop():
    shop = Shop()
    listener = bind("127.0.0.1", 0)
    shop.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(shop, log_config=None, lifespan="off", access_log=False))
    thread = serve(server, listener)
    yield shop
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture
def shop_time():
    return ShopTime()


@pytest.fixture
def sandbox(shop, shop_time):
    options = SandboxOptions(
        now=shop_time.now, delays=Delays(sent=0, delivered=0, read=0), inbound_url=f"{shop.url}/twilio/inbound"
    )
    with SandboxServer(options) as server:
        yield server


@pytest.fixture
async def control(sandbox):
    async with httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as client:
        yield client


@pytest.fixture
async def channel(sandbox, shop):
    http_client = SingleShotHttpClient(sandbox.base_url, connect_seconds=2, read_seconds=0.5)
    verifier = SignatureVerifier(shop.url, [DEFAULT_AUTH_TOKEN])
    channel = TwilioChannel(CREDENTIALS, verifier, sandbox.base_url, http_client)
    yield channel
    await channel.aclose()


@pytest.fixture
def sdk(sandbox):
    """Twilio's own synchronous client, only its hosts rewritten."""

    class Redirecting(TwilioHttpClient):
        def request(self, method, uri, **arguments):
            return super().request(method, sandbox.base_url + "/" + uri.split("/", 3)[3], **arguments)

    return Client(CREDENTIALS.api_key, "secret", DEFAULT_ACCOUNT, http_client=Redirecting(timeout=5))


SMS = Message(
    merchant="bakkerij-noord",
    activation="act-1",
    customer="c1",
    template="free_loaf",
    channel="sms",
    to="+31612345678",
    locale="nl",
    variables={"first_name": "Noor"},
    source=SmsText("Hoi {{ first_name }}, je kaart is vol!"),
    sender=Sender.named(MG),
    valid_until=T0 + 3_600_000,
)
WHATSAPP = replace(SMS, channel="whatsapp", source=WhatsAppTemplate(HX, {"1": "{{ first_name }}"}))


def ready(channel, message=SMS, now=T0):
    prepared = channel.prepare(message, now)
    assert isinstance(prepared, Prepared), prepared
    return prepared


def callback(shop, attempt="attempt-1", message=SMS):
    return status_callback_url(shop.url, CallbackKey(message.merchant, message.customer, message.activation, attempt))


async def send(channel, shop, message=SMS, attempt="attempt-1"):
    return await channel.send(ready(channel, message), attempt, callback(shop, attempt, message))


async def rows(control, name, **query):
    answer = await control.get(f"/sandbox/{name}", params=query)
    assert answer.status_code == 200
    return answer.json()


async def switch(control, **faults):
    answer = await control.post("/sandbox/faults", json=faults)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ends_as(control, status, sid=None):
    async def found():
        return [
            row
            for row in await rows(control, "messages")
            if row["status"] == status and (sid is None or row["sid"] == sid)
        ]

    return (await eventually(found, why=f"a message that is {status}"))[0]


async def test_an_sms_is_accepted_then_sent_and_delivered_with_signed_callbacks(channel, shop, control):
    result = await send(channel, shop)
    assert (result.outcome, result.status, result.fault) == (Outcome.ACCEPTED, "accepted", Fault.NONE)
    assert result.provider_id.startswith("SM")
    assert result.request_id
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
    ("fault", "outcome", "accepted"),
    [
        ("ok", Outcome.ACCEPTED, True),
        ("429", Outcome.NOT_SENT_RETRY, False),
        ("error_500_before", Outcome.IN_DOUBT, False),
        ("lost_before", Outcome.IN_DOUBT, False),
        ("error_500_after", Outcome.IN_DOUBT, True),
        ("lost_after", Outcome.IN_DOUBT, True),
        ("no_sid", Outcome.IN_DOUBT, True),
        ("slow", Outcome.IN_DOUBT, True),
    ],
)
async def test_each_fault_is_one_post_and_proves_no_more_than_it_does(channel, shop, control, fault, outcome, accepted):
    await switch(control, next=[fault], slow_ms=1500)
    result = await send(channel, shop)
    assert result.outcome is outcome
    posts = await rows(control, "posts")
    assert [(post["fault"], post["accepted"]) for post in posts] == [(fault, accepted)]
    assert posts[0]["status_callback"] == callback(shop)
    messages = await rows(control, "messages")
    assert len(messages) == accepted
    if fault == "429":
        assert (result.fault, result.treatment, result.retry_after) == (Fault.THROTTLED, Treatment.RETRY_NOW, 1000)


async def test_a_connection_that_is_never_made_is_certainly_not_sent(shop):
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    verifier = SignatureVerifier(shop.url, [DEFAULT_AUTH_TOKEN])
    for base_url in (f"http://127.0.0.1:{port}",):
        channel = TwilioChannel(CREDENTIALS, verifier, base_url)
        result = await send(channel, shop)
        assert (result.outcome, result.fault) == (Outcome.NOT_SENT_RETRY, Fault.TRANSIENT)
        await channel.aclose()


async def test_an_attempt_in_doubt_is_found_when_it_was_accepted_and_not_when_it_was_lost(channel, shop, control):
    prepared = ready(channel)
    await switch(control, next=["lost_before"])
    assert (await send(channel, shop)).outcome is Outcome.IN_DOUBT
    assert (await channel.find(prepared, "attempt-1", T0)).lookup is Lookup.NONE
    await switch(control, next=["lost_after"])
    assert (await send(channel, shop, attempt="attempt-2")).outcome is Outcome.IN_DOUBT
    message = await ends_as(control, "delivered")
    found = await channel.find(prepared, "attempt-2", T0)
    assert (found.lookup, found.provider_id, found.status) == (Lookup.FOUND, message["sid"], "delivered")
    assert (await channel.find(prepared, "attempt-2", T0, {message["sid"]})).lookup is Lookup.NONE


async def test_a_look_up_binds_nothing_when_several_messages_fit_or_another_is_meant(channel, shop, control, shop_time):
    await send(channel, shop, attempt="a")
    other_text = replace(SMS, source=SmsText("Iets anders"))
    other_sender = replace(SMS, sender=Sender.named("MG" + "2" * 32))
    assert (await channel.find(ready(channel, other_text), "x", T0)).lookup is Lookup.NONE
    assert (await channel.find(ready(channel, other_sender), "x", T0)).lookup is Lookup.NONE
    assert (await channel.find(ready(channel), "x", T0 + 120_000)).lookup is Lookup.NONE
    await send(channel, shop, attempt="b")
    assert (await channel.find(ready(channel), "x", T0)).lookup is Lookup.SEVERAL


async def test_a_look_up_that_cannot_be_made_says_so(channel, sandbox):
    prepared = ready(channel)
    sandbox.stop()
    assert (await channel.find(prepared, "a", T0)).lookup is Lookup.UNAVAILABLE


@pytest.mark.parametrize(
    ("change", "code", "fault"),
    [
        ({"to": "+31"}, "21211", Fault.BAD_NUMBER),
        ({"to": "0612345678"}, "21211", Fault.BAD_NUMBER),
        ({"sender": Sender.named("MGnothing")}, "21701", Fault.CONFIG),
        ({"sender": Sender.named("much too long a name")}, "21212", Fault.CONFIG),
    ],
)
async def test_a_refusal_is_final_and_named(channel, shop, control, change, code, fault):
    result = await send(channel, shop, replace(SMS, **change))
    assert (result.outcome, result.code, result.fault) == (Outcome.REJECTED, code, fault)
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
    before = len(await eventually(lambda: len(shop.requests) == 2 and shop.requests))
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


async def test_callbacks_can_be_lost_doubled_and_reordered_and_the_status_still_ends_right(channel, shop, control):
    await switch(control, callbacks={"next": ["lose", "ok"]})
    await send(channel, shop, attempt="lost")
    await ends_as(control, "delivered")
    await eventually(lambda: len(shop.requests) == 1)
    assert channel.parse_status(shop.requests[0]).status == "delivered"
    shop.requests.clear()

    await switch(control, callbacks={"next": ["duplicate", "duplicate"]})
    await send(channel, shop, attempt="doubled")
    await eventually(lambda: len(shop.requests) == 4)
    shop.requests.clear()

    await switch(control, callbacks={"next": ["reorder", "ok"]})
    await send(channel, shop, attempt="reordered")
    await eventually(lambda: len(shop.requests) == 2)
    statuses = [channel.parse_status(request).status for request in shop.requests]
    assert statuses == ["delivered", "sent"]
    final = ""
    for status in statuses:
        final = further(final, status)
    assert final == "delivered"
    log = await rows(control, "callbacks")
    assert [row["fault"] for row in log].count("lose") == 1


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


async def test_chances_with_a_seed_fall_the_same_way_twice(channel, shop, control):
    runs = []
    for _ in range(2):
        await control.delete("/sandbox/messages")
        await switch(control, reset=True, seed=7, **{"429": 0.3, "error_500_after": 0.2})
        for attempt in range(40):
            await send(channel, shop, attempt=str(attempt))
        runs.append([post["fault"] for post in await rows(control, "posts")])
    assert runs[0] == runs[1]
    assert {"ok", "429", "error_500_after"} == set(runs[0])


async def test_counts_switch_themselves_off(channel, shop, control):
    await switch(control, **{"429": 2})
    outcomes = [(await send(channel, shop, attempt=str(n))).outcome for n in range(3)]
    assert outcomes == [Outcome.NOT_SENT_RETRY, Outcome.NOT_SENT_RETRY, Outcome.ACCEPTED]
    assert "429" not in await rows(control, "faults")


@pytest.mark.parametrize(
    "wrong",
    [
        {"lost": 1},
        {"429": -1},
        {"429": 1.5},
        {"429": "often"},
        {"next": ["explode"]},
        {"hold": "yes"},
        {"callbacks": {"eat": 1}},
        {"429": 0.7, "lost_after": 0.7},
    ],
)
async def test_a_switch_that_does_not_exist_is_refused_and_changes_nothing(control, wrong):
    before = await switch(control, slow_ms=5)
    answer = await control.post("/sandbox/faults", json=wrong)
    assert answer.status_code == 422, answer.text
    assert await rows(control, "faults") == before


async def test_many_at_once_are_each_posted_once(channel, shop, control):
    await switch(control, seed=1, **{"429": 0.1, "lost_after": 0.1, "lost_before": 0.1, "error_500_after": 0.1})
    results = await asyncio.gather(*(send(channel, shop, attempt=str(n)) for n in range(200)))
    posts = await rows(control, "posts")
    assert sorted(post["status_callback"] for post in posts) == sorted(callback(shop, str(n)) for n in range(200))
    accepted = {post["sid"] for post in posts if post["accepted"]}
    assert {result.provider_id for result in results if result.outcome is Outcome.ACCEPTED} <= accepted
    refused = [post for post in posts if post["fault"] == "429"]
    assert len([result for result in results if result.outcome is Outcome.NOT_SENT_RETRY]) == len(refused)
    assert len(await rows(control, "messages")) == len(accepted)


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


async def test_real_credentials_and_nonsense_are_turned_away(control):
    path = "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json"
    form = {"To": SMS.to, "From": "+3197010200001", "Body": "hi"}
    for auth in (("AC0123456789abcdef0123456789abcdef", "token"), ("SK0123", "secret")):
        answer = await control.post(path, data=form, auth=auth)
        assert answer.status_code == 401
        assert answer.json()["code"] == 20003
        assert set(answer.json()) == {"code", "message", "more_info", "status"}
    assert (await control.post(path, data=form)).status_code == 401
    assert await rows(control, "messages") == []
    assert (await control.post("/sandbox/inbound", content=json.dumps({"from": SMS.to}))).status_code == 415
    assert (await control.post("/sandbox/inbound", json={"from": "nobody", "body": "x"})).status_code == 422
    assert (await control.post("/sandbox/faults", json=["x"])).status_code == 400
    assert (await control.get("/sandbox/phones/nobody")).status_code == 404
    assert (await control.get("/", headers={"Host": "evil.example"})).status_code == 403


async def test_forgetting_leaves_a_clean_sandbox(channel, shop, control):
    await control.post("/sandbox/inbound", json={"from": SMS.to, "to": MG, "body": "STOP"})
    await send(channel, shop)
    assert (await control.delete("/sandbox/messages")).status_code == 204
    for name in ("messages", "posts", "callbacks"):
        assert await rows(control, name) == []
    assert (await rows(control, "phones"))["total"] == 0
    result = await send(channel, shop, attempt="fresh")
    await ends_as(control, "delivered", result.provider_id)


async def test_a_page_hears_of_every_message_as_it_happens(channel, shop, control):
    kinds = []
    async with control.stream("GET", "/sandbox/events") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "retry: 1000"
        await send(channel, shop)
        async for line in lines:
            if line.startswith("data:"):
                kinds.append(json.loads(line[5:])["data"]["status"])
            if "delivered" in kinds:
                break
    assert kinds == ["accepted", "sent", "delivered"]


def test_off_loopback_a_token_is_needed_to_start():
    with pytest.raises(ValueError, match="token"):
        make_server(SandboxOptions(), "0.0.0.0")
    make_server(SandboxOptions(token="a-long-enough-token"), "0.0.0.0")


async def test_with_a_token_nothing_is_shown_or_taken_without_it(shop):
    token = "a-long-enough-token"
    with SandboxServer(SandboxOptions(token=token)) as sandbox:
        async with httpx.AsyncClient(base_url=sandbox.base_url, trust_env=False) as client:
            assert (await client.get("/sandbox/messages")).status_code == 401
            assert (await client.get("/")).status_code == 401
            assert (await client.get("/?token=wrong")).status_code == 401
            assert (await client.get("/healthz")).status_code == 200
            assert (await client.get("/sandbox/messages", headers={"X-Sandbox-Token": token})).status_code == 200
            assert (
                await client.get("/sandbox/messages", headers={"Authorization": f"Bearer {token}"})
            ).status_code == 200
            assert (await client.get("/", params={"token": token}, follow_redirects=True)).status_code == 200
            assert (await client.get("/sandbox/messages")).status_code == 200  # by the cookie
        verifier = SignatureVerifier(shop.url, [DEFAULT_AUTH_TOKEN])
        for secret, outcome in (("secret", Outcome.REJECTED), (token, Outcome.ACCEPTED)):
            channel = TwilioChannel(replace(CREDENTIALS, api_secret=secret), verifier, sandbox.base_url)
            assert (await send(channel, shop)).outcome is outcome
            await channel.aclose()
