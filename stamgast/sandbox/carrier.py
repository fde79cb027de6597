"""What becomes of a message once it was accepted, and of what people write: the carrier's part."""

import asyncio
from dataclasses import dataclass
from typing import Final, assert_never
from xml.etree import ElementTree as ET

from channels.twilio.addresses import bare, write_address
from stamgast.domain.channels import spec_of
from stamgast.domain.sms_parts import count_parts
from stamgast.domain.vocabulary import Channel
from stamgast.sandbox.content_types import text_in
from stamgast.sandbox.faults import FaultSwitches
from stamgast.sandbox.live import Live
from stamgast.sandbox.options import DEFAULT_ACCOUNT, SandboxOptions
from stamgast.sandbox.records import Content, Phone, Records, StoredMessage, new_sid
from stamgast.sandbox.said import Said
from stamgast.sandbox.webhooks import Webhooks

_STOP_WORDS: Final = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "ARRET"})
_START_WORDS: Final = frozenset({"START", "YES", "UNSTOP"})
_HELP_WORDS: Final = frozenset({"HELP", "INFO"})
_LOOK_AGAIN: Final = 0.1
"""Seconds between looks at a switch or at shop time while a message waits for it."""
_NOT_APPROVED: Final = {"rejected": 63040, "paused": 63041, "disabled": 63042}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a message that a person wrote."""

    message: StoredMessage
    webhook_status: int | None
    opt_out: str


class Carrier:
    """Carries messages, one task each: accepted → sent → delivered → read, or not."""

    def __init__(self, options: SandboxOptions, records: Records, faults: FaultSwitches, live: Live) -> None:
        self._options = options
        self._records = records
        self._faults = faults
        self._live = live
        self._webhooks = Webhooks(options, faults, records)
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, message: StoredMessage) -> None:
        """Take a message and begin its way."""
        if message.content_sid:
            content = self._known(message.content_sid)
            message.body = _readable(content, message)
            message.buttons = () if content is None else content.buttons(message.content_variables)
        parts = count_parts(message.body)
        message.encoding = "" if spec_of(message.channel).most_parts is None else parts.encoding
        if message.from_:
            message.segments = parts.count
        self._records.add(message)
        self._show(message)
        task = asyncio.create_task(self._carry(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def receive(self, said: Said) -> Reply:
        """A person writes, presses or sends: note STOP, START and the window, then tell the shop."""
        now = self._options.now()
        number = bare(said.business)
        message = StoredMessage(
            sid=new_sid(),
            account_sid=DEFAULT_ACCOUNT,
            direction="inbound",
            to=said.business,
            from_=said.person,
            created=now,
            updated=now,
            status="received",
            body=said.body,
            service_sid=self._records.services.get(number, ""),
            segments=count_parts(said.body).count,
            sent_at=now,
            media=len(said.files),
            files=said.files,
            pressed=said.pressed,
        )
        for file in said.files:
            self._records.keep_file(file)
        self._records.add(message)
        phone = self._records.phone(message.person)
        window = spec_of(message.channel).window
        if window is not None:
            phone.window_until = now + window
            self.switch(phone)
        opt_out = self._note_keyword(message)
        self._show(message)
        status, answer = await self._webhooks.inbound(message, opt_out if self._options.advanced_opt_out else "")
        self._answer(message, answer)
        return Reply(message, status, opt_out)

    def switch(self, phone: Phone) -> None:
        """Show how a phone stands now: on or off, on WhatsApp or not, its window."""
        self._live.show("phone", phone.as_shown())

    def notice(self, person: str, text: str) -> None:
        """Show something on a phone that is no message."""
        self._live.show("notice", {"person": person, "text": text})

    async def forget(self) -> None:
        """Stop carrying anything."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._webhooks.forget()

    async def aclose(self) -> None:
        """Stop, and close all connections."""
        await self.forget()
        await self._webhooks.aclose()

    async def cancel(self, message: StoredMessage) -> bool:
        """Cancel a message that has not left; False if it has."""
        if message.status not in {"accepted", "queued", "scheduled"}:
            return False
        await self._move(message, "canceled", last=True)
        return True

    async def _carry(self, message: StoredMessage) -> None:
        await asyncio.sleep(self._options.delays.sent / 1000)
        while self._faults.hold:
            if self._expired(message):
                break
            await asyncio.sleep(_LOOK_AGAIN)
        if message.status == "canceled":
            return
        code = self._refusal(message)
        if code is not None:
            message.error_code = code
            await self._move(message, "undelivered" if code == 63003 else "failed", last=True)
            return
        self._leave(message)
        await self._move(message, "sent", last=False)
        await asyncio.sleep(self._options.delays.delivered / 1000)
        while not self._records.phone(message.person).on:  # noqa: ASYNC110 - a person's hand, looked at now and then
            await asyncio.sleep(_LOOK_AGAIN)
        read = spec_of(message.channel).read_receipts
        await self._move(message, "delivered", last=not read)
        if read:
            await asyncio.sleep(self._options.delays.read / 1000)
            await self._move(message, "read", last=True)

    def _known(self, sid: str) -> Content | None:
        """A content that was given or pushed, or that the shop's files say."""
        content = self._records.contents.get(sid)
        if content is None and (types := self._options.types_of(sid)):
            return Content(sid, text_in(types), types=dict(types))
        return content

    def _leave(self, message: StoredMessage) -> None:
        """The pool picks a sender, and the parts are known."""
        if not message.from_:
            message.from_ = write_address(message.channel, self._records.pool_number(message.service_sid))
        message.segments = 1 if spec_of(message.channel).most_parts is None else count_parts(message.body).count
        message.sent_at = self._options.now()

    def _refusal(self, message: StoredMessage) -> int | None:
        """The code of what Twilio finds out only after it accepted a message."""
        if (message.person, self._records.scope_of(message)) in self._records.opted_out:
            return 21610
        if self._expired(message):
            return 30036
        channel = message.channel
        match channel:
            case Channel.SMS:
                return None
            case Channel.WHATSAPP:
                return self._refusal_by_whatsapp(message)
            case _:
                assert_never(channel)

    def _refusal_by_whatsapp(self, message: StoredMessage) -> int | None:
        phone = self._records.phone(message.person)
        if not phone.whatsapp:
            return 63003
        if not message.content_sid:
            return 63016 if self._options.now() >= phone.window_until else None
        content = self._records.contents.get(message.content_sid)
        return None if content is None else _NOT_APPROVED.get(content.approval)

    def _expired(self, message: StoredMessage) -> bool:
        return self._options.now() > message.created + message.validity_seconds * 1000

    async def _move(self, message: StoredMessage, status: str, *, last: bool) -> None:
        message.status = status
        message.updated = self._options.now()
        self._show(message)
        await self._webhooks.report(message, last=last)

    def _note_keyword(self, message: StoredMessage) -> str:
        """Twilio's own list: single English words, whatever the shop makes of the text itself."""
        word = message.body.strip().upper()
        key = (message.person, self._records.scope_of(message))
        if word in _STOP_WORDS:
            self._records.opted_out.add(key)
            self.notice(message.person, "The carrier stops all messages from this sender (21610).")
            return "STOP"
        if word in _START_WORDS:
            self._records.opted_out.discard(key)
            return "START"
        return "HELP" if word in _HELP_WORDS else ""

    def _answer(self, inbound: StoredMessage, twiml: str) -> None:
        """`<Response><Message>…` in the webhook's answer goes back to the person."""
        for text in _twiml_messages(twiml):
            now = self._options.now()
            self.accept(
                StoredMessage(
                    sid=new_sid(),
                    account_sid=inbound.account_sid,
                    direction="outbound-reply",
                    to=inbound.from_,
                    from_=inbound.to,
                    created=now,
                    updated=now,
                    status="queued",
                    body=text,
                )
            )

    def _show(self, message: StoredMessage) -> None:
        if self._live.watched and not message.deleted:
            self._live.show("message", message.as_shown())


def _readable(content: Content | None, message: StoredMessage) -> str:
    """A template's text with its variables; of an unknown template the variables alone."""
    if content is not None:
        return content.filled(message.content_variables)
    values = " · ".join(f"{key}: {value}" for key, value in message.content_variables.items())
    return f"[{message.content_sid[:8]}…] {values}".strip()


def _twiml_messages(text: str) -> list[str]:
    if "<Message" not in text or "<!" in text:  # no declarations: entities could be made to expand without end
        return []
    try:
        root = ET.fromstring(text)  # noqa: S314 - of the shop's own server, without declarations
    except ET.ParseError:
        return []
    found = []
    for element in root.iter("Message"):
        body = element.find("Body")
        found.append(((element.text if body is None else body.text) or "").strip())
    return [message for message in found if message]
