"""A shop that sends through the sandbox: its webhook end, its message, and what a test asks the sandbox."""

from dataclasses import dataclass, field, replace

from channels.model import CallbackKey, Message, Prepared, Sender, SmsText, WebhookRequest, WhatsAppTemplate
from channels.twilio.callback_url import status_callback_url
from channels.twilio.client import TwilioCredentials
from stamgast.domain.vocabulary import Channel
from stamgast.sandbox.options import DEFAULT_ACCOUNT
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


SMS = Message(
    merchant="bakkerij-noord",
    activation="act-1",
    customer="c1",
    template="free_loaf",
    channel=Channel.SMS,
    to="+31612345678",
    locale="nl",
    variables={"first_name": "Noor"},
    source=SmsText("Hoi {{ first_name }}, je kaart is vol!"),
    sender=Sender.named(MG),
    valid_until=T0 + 3_600_000,
)
WHATSAPP = replace(SMS, channel=Channel.WHATSAPP, source=WhatsAppTemplate(HX, {"1": "{{ first_name }}"}))


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
