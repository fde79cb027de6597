"""SMS and WhatsApp through Twilio: one message, one POST, one answer. Retries are the engine's business."""

import json
from collections.abc import Collection
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, cast

import httpx
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from channels.model import (
    Fault,
    Found,
    Inbound,
    Lookup,
    Message,
    NotAskedError,
    Prepared,
    Price,
    Refusal,
    Sender,
    SendResult,
    StatusEvent,
    WebhookRequest,
)
from channels.prepare import prepare_message
from channels.twilio.addresses import PREFIXES, bare, write_address
from channels.twilio.classify import asked_pause, classify_exchange
from channels.twilio.client import (
    LIVE_BASE_URL,
    SingleShotHttpClient,
    TwilioCredentials,
    check_endpoint,
    open_client,
    record_exchanges,
)
from channels.twilio.errors import look_up
from channels.twilio.signatures import SignatureVerifier
from channels.twilio.status import our_status
from channels.twilio.webhooks import TwilioWebhooks
from stamgast.domain.sms_parts import transliterate
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Status, Treatment

_LOOKED_AT: Final = 50
"""Messages to one number that a look-up reads: far more than a cap lets through within its window."""
_UNKNOWN: Final = 404
_CLOCK_SLACK: Final[Millis] = 60_000


class TwilioChannel:
    """Sends, looks up and reads webhooks, for SMS and WhatsApp alike, at Twilio or at the sandbox."""

    name = "twilio"

    def __init__(
        self,
        credentials: TwilioCredentials,
        verifier: SignatureVerifier,
        base_url: str = LIVE_BASE_URL,
        http_client: SingleShotHttpClient | None = None,
    ) -> None:
        check_endpoint(base_url, credentials)
        self._http = http_client or SingleShotHttpClient(base_url)
        self._client: Client = open_client(credentials, base_url, http_client=self._http)
        self._webhooks = TwilioWebhooks(verifier)

    def prepare(self, message: Message, now: Millis) -> Prepared | Refusal:
        """Render, count parts, check. Pure."""
        if message.channel not in PREFIXES:
            return Refusal(Fault.CONFIG, f"Twilio carries no {message.channel}: it carries {', '.join(PREFIXES)}")
        return prepare_message(message, now)

    async def send(self, prepared: Prepared, attempt_id: str, status_callback: str) -> SendResult:  # noqa: ARG002
        """Submit exactly once. `attempt_id` travels inside `status_callback`; Twilio takes no other key."""
        return await self._create(_create_arguments(prepared, status_callback))

    async def probe(self) -> SendResult:
        """Submit a message to nobody: where the API works it is refused (21604)."""
        return await self._create({"to": "", "body": "probe"})

    async def _create(self, arguments: dict[str, Any]) -> SendResult:
        with record_exchanges() as exchanges:
            try:
                await self._client.messages.create_with_http_info_async(**arguments)
            except (TwilioException, httpx.HTTPError, TimeoutError):
                pass  # what the exchange was says more than what the SDK made of it
            except Exception:
                # The SDK fails in its own ways on answers that are not what it expects. Once a request was begun
                # the exchange decides; before that it is our own mistake, and nothing was sent.
                if not exchanges:
                    raise
        return classify_exchange(exchanges[0])

    async def find(
        self,
        prepared: Prepared,
        attempt_id: str,  # noqa: ARG002 - Twilio's list does not return it; other channels may use it
        since: Millis,
        bound: Collection[str] = (),
    ) -> Found:
        """Look for the message of an attempt begun at `since` among the newest ones to the same number."""
        with record_exchanges() as exchanges:
            try:
                # No filter by date of sending: a message that was not sent yet has none.
                listed = await self._client.messages.list_async(
                    to=write_address(prepared.message.channel, prepared.message.to), limit=_LOOKED_AT
                )
            except (TwilioException, httpx.HTTPError, TimeoutError, ValueError):
                return Found(Lookup.UNAVAILABLE, retry_after=asked_pause(exchanges[-1]) if exchanges else None)
        fitting = [message for message in listed if _fits(message, prepared, since) and message.sid not in bound]
        if not fitting:
            # A list that is full of newer messages may hold it further down.
            return Found(Lookup.SEVERAL if len(listed) >= _LOOKED_AT and _is_newer(listed[-1], since) else Lookup.NONE)
        if len(fitting) > 1:
            return Found(Lookup.SEVERAL)
        return _found(fitting[0])

    async def price(self, provider_id: str) -> Price | None:
        """Ask what a message cost: Twilio knows it some time after it went. Raises `NotAskedError`."""
        with record_exchanges() as exchanges:
            try:
                found = await self._client.messages(provider_id).fetch_async()
            except (TwilioException, httpx.HTTPError, TimeoutError, ValueError):
                if exchanges and exchanges[-1].status == _UNKNOWN:
                    return None  # it was deleted there
                raise NotAskedError(asked_pause(exchanges[-1]) if exchanges else None) from None
        return _price(found.price, found.price_unit)

    def parse_status(self, request: WebhookRequest) -> StatusEvent:
        """Verify and read a status callback."""
        return self._webhooks.parse_status(request)

    def parse_inbound(self, request: WebhookRequest) -> Inbound:
        """Verify and read a person's message."""
        return self._webhooks.parse_inbound(request)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()


def _create_arguments(prepared: Prepared, status_callback: str) -> dict[str, Any]:
    """Arguments of `messages.create`: what is empty is left out, because an empty field means something else."""
    message = prepared.message
    arguments: dict[str, Any] = {
        "to": write_address(message.channel, message.to),
        "status_callback": status_callback,
        "validity_period": prepared.validity_seconds,
    }
    if message.sender.messaging_service_sid:
        arguments["messaging_service_sid"] = message.sender.messaging_service_sid
    if message.sender.from_:
        arguments["from_"] = write_address(message.channel, bare(message.sender.from_))
    if prepared.content_sid:
        arguments["content_sid"] = prepared.content_sid
        if prepared.content_variables:
            arguments["content_variables"] = json.dumps(dict(prepared.content_variables), ensure_ascii=False)
    else:
        arguments["body"] = prepared.body
    return arguments


def _is_newer(listed: Any, since: Millis) -> bool:
    """Twilio's times have whole seconds, and its clock is not ours."""
    return listed.date_created is not None and int(listed.date_created.timestamp() * 1000) >= since - _CLOCK_SLACK


def _fits(listed: Any, prepared: Prepared, since: Millis) -> bool:
    """Could this listed message be the one that was prepared?"""
    if not str(listed.direction or "").startswith("outbound") or not _is_newer(listed, since):
        return False
    if not _same_sender(listed, prepared.message.sender):
        return False
    # The text of a template is filled in later, if at all; only an SMS can be compared.
    # An older version may have sent the letters that this one replaces.
    return bool(prepared.content_sid) or transliterate(listed.body or "") == transliterate(prepared.body)


def _same_sender(listed: Any, sender: Sender) -> bool:
    if sender.messaging_service_sid:
        return bool(listed.messaging_service_sid == sender.messaging_service_sid)
    return bare(str(listed.from_ or "")) == bare(sender.from_)


def _price(price: object, unit: object) -> Price | None:
    """Twilio writes what it takes as a negative number."""
    try:
        millionths = abs(Decimal(str(price))) * 1_000_000
        return Price(int(millionths.to_integral_value(ROUND_HALF_UP)), str(unit).upper())
    except (ArithmeticError, ValueError):
        return None


def _found(listed: Any) -> Found:
    code = "" if listed.error_code is None else str(listed.error_code)
    entry = look_up(code) if code else None
    return Found(
        Lookup.FOUND,
        provider_id=cast("str", listed.sid),
        status=our_status(str(listed.status or "")) or Status.ACCEPTED,
        code=code,
        fault=entry.fault if entry else Fault.NONE,
        treatment=entry.treatment if entry else Treatment.NONE,
    )
