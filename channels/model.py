"""What a channel is: the message it is given, the answers it may give, and the Protocol it fulfils.

Retry policy lives in the engine. A channel prepares (pure), submits once, looks up, and reads webhooks.
Times are milliseconds UTC.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from stamgast.domain.channels import SPECS
from stamgast.domain.sms_parts import Parts
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Channel, Letters, Reason, Treatment


class Outcome(StrEnum):
    """What one submission came to, as far as its answer proves it."""

    ACCEPTED = "accepted"
    """The provider has it, and named it."""
    REJECTED = "rejected"
    """The provider refused it for good: certainly not sent, not to be repeated as it is."""
    NOT_SENT_RETRY = "not_sent_retry"
    """Certainly not submitted (429, or no connection was made): a new attempt is safe."""
    IN_DOUBT = "in_doubt"
    """It may or may not have been accepted: never to be repeated blindly."""


class Fault(StrEnum):
    """Why a message was not delivered: each is a `Reason` too, with the sentence that people read."""

    NONE = "none"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    BAD_NUMBER = "bad_number"
    OPT_OUT = "opt_out"
    NOT_ON_CHANNEL = "not_on_channel"
    WINDOW = "window"
    TEMPLATE = "template"
    CONTENT = "content"
    TOO_LONG = "too_long"
    COSTLY = "costly"
    CONFIG = "config"
    POLICY = "policy"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @property
    def reason(self) -> Reason:
        """The same, as outcomes say it."""
        return Reason(self.value)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a message comes from: a messaging service (its pool picks the number) or one number or name."""

    messaging_service_sid: str = ""
    from_: str = ""

    @classmethod
    def named(cls, text: str) -> "Sender":
        """`MG…` is a messaging service; anything else a number or an alphanumeric name."""
        return cls(messaging_service_sid=text) if text.startswith("MG") else cls(from_=text)


@dataclass(frozen=True, slots=True)
class SmsText:
    """Source of an SMS (Jinja2). `letters` says which may be replaced where that takes fewer parts (ë → e)."""

    text: str
    letters: Letters = Letters.PLAIN
    max_parts: int = SPECS[Channel.SMS].most_parts or 0
    """More parts than this are refused, not sent; 0 means no limit."""


@dataclass(frozen=True, slots=True)
class WhatsAppTemplate:
    """An approved template: its ContentSid in one language, and the source of each numbered variable."""

    content_sid: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FreeText:
    """Source (Jinja2) of what goes as it is, without approval, inside the window that the customer has opened."""

    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """All a channel needs to know to say one thing to one person. Holds personal data: never log it whole."""

    merchant: str
    activation: str
    customer: str
    template: str
    channel: Channel
    to: str
    """E.164, without a channel prefix."""
    locale: str
    variables: Mapping[str, object]
    """What the template may ask for: texts and numbers, or such by name (`voucher.code`)."""
    source: SmsText | WhatsAppTemplate | FreeText
    sender: Sender
    valid_until: Millis
    """After this it must not leave the provider's queue any more."""
    country: str = ""
    """Where it goes to, if messages there have a price of their own."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message as it will be submitted, and as a preview shows it."""

    message: Message
    body: str = ""
    """The text of an SMS, or inside a window; empty for a WhatsApp template."""
    content_sid: str = ""
    content_variables: Mapping[str, str] = field(default_factory=dict)
    parts: Parts | None = None
    validity_seconds: int = 0

    @property
    def priced_parts(self) -> int:
        """Into how many parts it falls; 0 where that makes no difference."""
        return self.parts.count if self.parts else 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message cannot be submitted at all, in a sentence that names template, locale and variable."""

    fault: Fault
    reason: str


@dataclass(frozen=True, slots=True)
class SendResult:
    """What one submission came to. `raw` is bounded and holds no phone number and no text."""

    outcome: Outcome
    provider_id: str = ""
    status: str = ""
    """Our word for the provider's status, when accepted."""
    fault: Fault = Fault.NONE
    treatment: Treatment = Treatment.NONE
    code: str = ""
    reason: str = ""
    retry_after: Millis | None = None
    raw: Mapping[str, str] = field(default_factory=dict)


class Lookup(StrEnum):
    """What a look-up at the provider proved about an attempt in doubt."""

    FOUND = "found"
    NONE = "none"
    """The provider's own list was read, and knows no message that could be the attempt's."""
    SEVERAL = "several"
    """More than one message fits, or may: none of them may be bound to the attempt."""
    UNAVAILABLE = "unavailable"
    """The provider did not answer, which proves nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """Answer of `Carrier.find`; `provider_id` and `status` only when exactly one message fits."""

    lookup: Lookup
    provider_id: str = ""
    status: str = ""
    code: str = ""
    fault: Fault = Fault.NONE
    treatment: Treatment = Treatment.NONE
    retry_after: Millis | None = None
    """The pause that a provider asks for which would not look now (`unavailable`)."""


@dataclass(frozen=True, slots=True)
class CallbackKey:
    """Whose status a callback reports; travels in the callback's URL."""

    merchant: str
    customer: str
    activation: str
    attempt: str
    address: str = ""
    """What stands for the address it went to (`OptOut`); empty in callbacks of messages from before it was told."""
    parts: int = 0
    """Into how many it falls, so that whoever hears of it first knows what it costs; 0: it was not told."""
    country: str = ""
    """As of the message."""


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """One report about one message. `status` is our word (see `channels.twilio.status`), `rank` its order."""

    key: CallbackKey
    provider_id: str
    status: str
    rank: int
    fault: Fault = Fault.NONE
    treatment: Treatment = Treatment.NONE
    code: str = ""
    raw: Mapping[str, str] = field(default_factory=dict)


class Keyword(StrEnum):
    """What a reply means to the rules about consent."""

    NONE = "none"
    STOP = "stop"
    START = "start"
    HELP = "help"
    CARD = "card"
    LEAVE = "leave"
    """STOP of a topic or several."""
    RETURN = "return"
    """START of a topic or several."""
    JOIN = "join"


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a carrier has a file that somebody sent: its account's, the message's and the file's own ids."""

    account: str
    message: str
    file: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """A person wrote to us. Holds personal data: seal it before it is kept."""

    provider_id: str
    channel: Channel
    from_: str
    """E.164, without a channel prefix."""
    to: str
    messaging_service_sid: str
    text: str
    keyword: Keyword
    button: str = ""
    media: int = 0
    handled: bool = False
    """The carrier recognised it by itself, and has answered."""
    files: tuple[FilePlace, ...] = ()
    """Where the carrier has what came with it, as far as it says so in a way that is understood."""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A webhook as it came in: undecoded path and query, raw body, and the signature header (or None)."""

    path: str
    query: str
    body: bytes
    signature: str | None


class WebhookRefusedError(Exception):
    """The signature is missing or wrong: answer 403 and do nothing else."""


class MalformedWebhookError(Exception):
    """The webhook is signed, but lacks what it must have: answer 400."""


@dataclass(frozen=True, slots=True)
class Price:
    """What the carrier says that one message cost, all of its parts together."""

    millionths: int
    """Of a unit of the currency."""
    currency: str


class NotAskedError(Exception):
    """The carrier did not answer, or would not now; `retry_after` is the pause that it asks for."""

    def __init__(self, retry_after: Millis | None = None) -> None:
        super().__init__("the carrier does not answer")
        self.retry_after = retry_after


class Priced(Protocol):
    """A carrier that can be asked afterwards what a message cost."""

    async def price(self, provider_id: str) -> Price | None:
        """Ask about one message; None while it is not known (yet), or not at all. Raises `NotAskedError`."""
        ...


class FileGoneError(Exception):
    """The carrier has no such file (any more, or not yet)."""


class FileTooLargeError(Exception):
    """It has more bytes than were asked for."""


class FileAwayError(Exception):
    """It was not handed over this time; the text says why, without an address."""


class HandsOver(Protocol):
    """A carrier that hands over what people sent with a message."""

    async def fetch(self, place: FilePlace, most: int) -> bytes:
        """The file, of at most so many bytes. Raises `FileGoneError`, `FileTooLargeError`, `FileAwayError`."""
        ...


class Carrier(Protocol):
    """A way out to people. One object may serve SMS and WhatsApp; the message says which it is for."""

    name: str

    def prepare(self, message: Message, now: Millis) -> Prepared | Refusal:
        """Render, count parts, check. Pure: used by previews too."""
        ...

    async def send(self, prepared: Prepared, attempt_id: str, status_callback: str) -> SendResult:
        """Submit exactly once. Never repeats, never raises for a fault of the provider or the network."""
        ...

    async def probe(self) -> SendResult:
        """Ask, on the way that messages take, for something that can become none. Any refusal of it is an answer."""
        ...

    async def find(self, prepared: Prepared, attempt_id: str, since: Millis, bound: Collection[str] = ()) -> Found:
        """Look for the message of an attempt begun at `since`; `bound` are provider ids of other attempts."""
        ...

    def parse_status(self, request: WebhookRequest) -> StatusEvent:
        """Verify and read a status callback. Raises `WebhookRefusedError` or `MalformedWebhookError`."""
        ...

    def parse_inbound(self, request: WebhookRequest) -> Inbound:
        """Verify and read a person's message. Raises `WebhookRefusedError` or `MalformedWebhookError`."""
        ...

    async def aclose(self) -> None:
        """Give back connections."""
        ...
