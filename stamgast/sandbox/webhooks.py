"""What the sandbox posts to the shop: signed like Twilio's, repeated like Twilio's, and made to fail on demand."""

import asyncio
import uuid
from typing import Any, Final, assert_never
from urllib.parse import urldefrag

import httpx
from twilio.request_validator import RequestValidator

from channels.twilio.addresses import bare
from stamgast.domain.vocabulary import Channel
from stamgast.sandbox.faults import FaultSwitches
from stamgast.sandbox.options import SandboxOptions
from stamgast.sandbox.records import Records, StoredMessage

_TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0)
_PAUSE_BEFORE_REPEAT: Final = 0.25

_Delivery = tuple[str, dict[str, str], str]
"""URL, form fields, status reported."""


class Webhooks:
    """Posts status callbacks and inbound messages."""

    def __init__(self, options: SandboxOptions, faults: FaultSwitches, records: Records) -> None:
        self._options = options
        self._faults = faults
        self._records = records
        self._late: dict[str, _Delivery] = {}
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, limits=httpx.Limits(max_connections=50))

    async def report(self, message: StoredMessage, *, last: bool) -> None:
        """Tell the shop about the message's present status, unless a switch says otherwise."""
        if not message.status_callback:
            return
        delivery = (message.status_callback, _status_fields(message), message.status)
        fault = self._faults.callbacks.choose()
        if fault == "lose":
            self._note(message, delivery, fault, None)
            return
        if fault == "reorder" and not last and message.sid not in self._late:
            self._late[message.sid] = delivery
            return
        token = str(uuid.uuid4())
        for _ in range(2 if fault == "duplicate" else 1):
            self._note(message, delivery, fault, await self._post(delivery[0], delivery[1], token))
        late = self._late.pop(message.sid, None)
        if late is not None:
            self._note(message, late, "reorder", await self._post(late[0], late[1], str(uuid.uuid4())))

    async def inbound(self, message: StoredMessage, opt_out: str) -> tuple[int | None, str]:
        """Hand a person's message to the shop; its HTTP status (None: not reached) and its answer."""
        if not self._options.inbound_url:
            return None, ""
        fields = _inbound_fields(message, opt_out)
        answer = await self._send(self._options.inbound_url, fields, str(uuid.uuid4()))
        return (None, "") if answer is None else (answer.status_code, answer.text[:10_000])

    def forget(self) -> None:
        """Drop what was held back."""
        self._late.clear()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def _note(self, message: StoredMessage, delivery: _Delivery, fault: str, answer: int | None) -> None:
        self._records.callbacks.append(
            {"sid": message.sid, "status": delivery[2], "url": delivery[0], "fault": fault, "answer": answer}
        )

    async def _post(self, url: str, fields: dict[str, str], token: str) -> int | None:
        answer = await self._send(url, fields, token)
        return None if answer is None else answer.status_code

    async def _send(self, url: str, fields: dict[str, str], token: str) -> httpx.Response | None:
        """POST a signed form; once more if no connection was made, as Twilio does by default."""
        url = urldefrag(url).url
        headers = {
            "X-Twilio-Signature": RequestValidator(self._options.auth_token).compute_signature(url, fields),
            "I-Twilio-Idempotency-Token": token,
            "User-Agent": "TwilioProxy/1.1",
        }
        for repeat in (False, True):
            if repeat:
                await asyncio.sleep(_PAUSE_BEFORE_REPEAT)
            try:
                return await self._client.post(url, data=fields, headers=headers)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
            except (httpx.HTTPError, httpx.InvalidURL):
                return None
        return None


def _status_fields(message: StoredMessage) -> dict[str, str]:
    fields = {
        "AccountSid": message.account_sid,
        "ApiVersion": "2010-04-01",
        "From": message.from_,
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": message.to,
    }
    if message.service_sid:
        fields["MessagingServiceSid"] = message.service_sid
    if message.error_code is not None:
        fields["ErrorCode"] = str(message.error_code)
    return fields | _status_fields_of(message.channel, message)


def _status_fields_of(channel: Channel, message: StoredMessage) -> dict[str, str]:
    match channel:
        case Channel.WHATSAPP:
            return {"ChannelPrefix": "whatsapp", "EventType": message.status.upper()}
        case Channel.SMS:
            return {}
        case _:
            assert_never(channel)


def _inbound_fields(message: StoredMessage, opt_out: str) -> dict[str, str]:
    fields: dict[str, Any] = {
        "AccountSid": message.account_sid,
        "ApiVersion": "2010-04-01",
        "Body": message.body,
        "From": message.from_,
        "MessageSid": message.sid,
        "NumMedia": str(len(message.files)),
        "NumSegments": str(message.segments),
        "SmsMessageSid": message.sid,
        "SmsSid": message.sid,
        "SmsStatus": "received",
        "To": message.to,
    }
    if message.service_sid:
        fields["MessagingServiceSid"] = message.service_sid
    for number, file in enumerate(message.files):
        base = f"https://api.twilio.com/2010-04-01/Accounts/{message.account_sid}/Messages"
        fields[f"MediaUrl{number}"] = f"{base}/{message.sid}/Media/{file.sid}"
        fields[f"MediaContentType{number}"] = file.type
    if message.pressed is not None:
        fields |= {"ButtonText": message.pressed.title, "ButtonPayload": message.pressed.id}
    fields |= _inbound_fields_of(message.channel, message)
    if opt_out:
        fields["OptOutType"] = opt_out
    return fields


def _inbound_fields_of(channel: Channel, message: StoredMessage) -> dict[str, str]:
    match channel:
        case Channel.WHATSAPP:
            return {"ProfileName": "", "WaId": bare(message.from_).removeprefix("+")}
        case Channel.SMS:
            return {}
        case _:
            assert_never(channel)
