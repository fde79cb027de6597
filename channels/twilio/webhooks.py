"""Reads what Twilio calls us with. Needs auth tokens only, so that whoever serves webhooks holds no API key.

What is signed is names and values without anything between them, so that whoever captured a request can send it again
with a field's end elsewhere. The name of a message is therefore taken only where it looks like one: another end would
make it another message, and a START that was heeded before would be heeded again.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from channels.keywords import read_keyword
from channels.model import Fault, FilePlace, Inbound, MalformedWebhookError, StatusEvent, WebhookRequest
from channels.twilio.addresses import ForeignAddressError, bare, read_address
from channels.twilio.callback_url import read_callback_key
from channels.twilio.errors import look_up
from channels.twilio.signatures import SignatureVerifier
from channels.twilio.status import our_status, rank_of
from stamgast.domain.vocabulary import Treatment

_KEPT_STATUS_FIELDS: Final = ("MessageSid", "MessageStatus", "ErrorCode", "MessagingServiceSid", "ChannelPrefix")
_MOST_RAW: Final = 200
_MOST_DIGITS: Final = 3
_SID: Final = re.compile(r"[A-Z]{2}[0-9a-fA-F]{1,32}")
_FILE: Final = re.compile(
    r"/2010-04-01/Accounts/(AC[0-9a-zA-Z]{1,40})/Messages/([A-Z]{2}[0-9a-fA-F]{1,32})/Media/(ME[0-9a-fA-F]{1,32})"
)
_MOST_FILES: Final = 10
"""No message has more."""


class TwilioWebhooks:
    """Verifies and reads status callbacks and inbound messages."""

    def __init__(self, verifier: SignatureVerifier) -> None:
        self._verifier = verifier

    def parse_status(self, request: WebhookRequest) -> StatusEvent:
        """Verify and read a status callback. Raises `WebhookRefusedError` or `MalformedWebhookError`."""
        fields = dict(self._verifier.verify(request))
        sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
        status = our_status(fields.get("MessageStatus") or fields.get("SmsStatus") or "")
        if not _SID.fullmatch(sid):
            raise MalformedWebhookError("a status callback must name its message")
        code = fields.get("ErrorCode", "")
        entry = look_up(code) if code else None
        return StatusEvent(
            key=read_callback_key(request.query),
            provider_id=sid,
            status=status,
            rank=rank_of(status),
            fault=entry.fault if entry else Fault.NONE,
            treatment=entry.treatment if entry else Treatment.NONE,
            code=code,
            raw={name: fields[name][:_MOST_RAW] for name in _KEPT_STATUS_FIELDS if fields.get(name)},
        )

    def parse_inbound(self, request: WebhookRequest) -> Inbound:
        """Verify and read a person's message. Raises `WebhookRefusedError` or `MalformedWebhookError`."""
        fields = dict(self._verifier.verify(request))
        sid, sender = fields.get("MessageSid", ""), fields.get("From", "")
        if not (_SID.fullmatch(sid) and sender):
            raise MalformedWebhookError("an inbound message must name itself and its sender")
        try:
            channel, number = read_address(sender)
        except ForeignAddressError as error:
            raise MalformedWebhookError(str(error)) from None
        text, button = fields.get("Body", ""), fields.get("ButtonText", "")
        media = fields.get("NumMedia", "")
        return Inbound(
            provider_id=sid,
            channel=channel,
            from_=number,
            to=bare(fields.get("To", "")),
            messaging_service_sid=fields.get("MessagingServiceSid", ""),
            text=text,
            keyword=read_keyword(text or button, fields.get("OptOutType", "")),
            button=fields.get("ButtonPayload", "") or button,
            media=int(media[:_MOST_DIGITS]) if media.isascii() and media.isdecimal() else 0,
            handled=bool(fields.get("OptOutType", "").strip()),
            files=_files(fields),
        )


def _files(fields: Mapping[str, str]) -> tuple[FilePlace, ...]:
    """Where the files of a message are. Of their addresses only the ids are taken: nobody makes us ask elsewhere."""
    addresses = (urlsplit(fields.get(f"MediaUrl{number}", "")).path for number in range(_MOST_FILES))
    return tuple(FilePlace(*found.groups()) for path in addresses if (found := _FILE.fullmatch(path)))
