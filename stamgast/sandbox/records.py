"""What a sandbox remembers: messages, every POST seen, phones, templates. In memory, bounded, gone at its end."""

import hashlib
import re
import uuid
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from channels.twilio.addresses import bare, read_address
from channels.twilio.errors import look_up
from stamgast.clock.shop_time import format_time
from stamgast.domain.channels import pieces_of
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Channel
from stamgast.sandbox.content_types import buttons_in

_MOST_KEPT: Final = 100_000
_MOST_PHONES: Final = 100_000
_MOST_FILES: Final = 200
_PRICES: Final = {Channel.SMS: 0.0750, Channel.WHATSAPP: 0.0525}
"""EUR; of an SMS for each of its parts."""
_VARIABLE: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What came with a message. Without bytes: the carrier says that it has it, and never does."""

    sid: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button under a message that a person pressed."""

    title: str
    id: str


@dataclass(slots=True)
class StoredMessage:
    """A message, out or in. `to` and `from_` carry the channel's prefix, as Twilio writes them."""

    sid: str
    account_sid: str
    direction: str
    to: str
    from_: str
    created: Millis
    updated: Millis
    status: str
    body: str = ""
    content_sid: str = ""
    content_variables: dict[str, str] = field(default_factory=dict)
    service_sid: str = ""
    status_callback: str = ""
    validity_seconds: int = 36_000
    segments: int = 0
    encoding: str = ""
    media: int = 0
    files: tuple[StoredFile, ...] = ()
    pressed: Pressed | None = None
    buttons: tuple[dict[str, str], ...] = ()
    """What may be pressed under it: `{title, id}`, or `{title, url}`."""
    sent_at: Millis | None = None
    error_code: int | None = None
    deleted: bool = False

    @property
    def channel(self) -> Channel:
        """Over which it travels."""
        return read_address(self.to)[0]

    @property
    def person(self) -> str:
        """The number of the person, whichever way the message went."""
        return bare(self.from_ if self.direction == "inbound" else self.to)

    @property
    def business(self) -> str:
        """The number (or name) of the shop's end."""
        return bare(self.to if self.direction == "inbound" else self.from_)

    def as_twilio(self) -> dict[str, Any]:
        """The message resource of Twilio's API."""
        uri = f"/2010-04-01/Accounts/{self.account_sid}/Messages/{self.sid}"
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": _rfc2822(self.created),
            "date_sent": None if self.sent_at is None else _rfc2822(self.sent_at),
            "date_updated": _rfc2822(self.updated),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.from_ or None,
            "messaging_service_sid": self.service_sid or None,
            "num_media": str(self.media),
            "num_segments": str(self.segments),
            "price": self._price(),
            "price_unit": "EUR",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }

    def _price(self) -> str | None:
        """Known once it has left, and negative, as Twilio writes what it takes."""
        if self.direction == "inbound" or self.sent_at is None:
            return None
        each = _PRICES[self.channel] * pieces_of(self.channel, self.segments)
        return f"-{each:.5f}"

    def as_shown(self) -> dict[str, Any]:
        """The message as `GET /sandbox/messages` and the page show it: plain numbers, RFC 3339 times."""
        return {
            "sid": self.sid,
            "to": bare(self.to),
            "from": bare(self.from_),
            "person": self.person,
            "channel": self.channel,
            "direction": self.direction,
            "body": self.body,
            "files": [{"sid": each.sid, "type": each.type, "url": f"/sandbox/files/{each.sid}"} for each in self.files],
            "buttons": list(self.buttons),
            "content_sid": self.content_sid or None,
            "content_variables": self.content_variables or None,
            "messaging_service_sid": self.service_sid or None,
            "status": self.status,
            "error_code": self.error_code,
            "error": look_up(self.error_code).meaning if self.error_code else None,
            "num_segments": self.segments,
            "encoding": self.encoding,
            "status_callback": self.status_callback or None,
            "created": format_time(self.created),
            "updated": format_time(self.updated),
        }


@dataclass(slots=True)
class Phone:
    """A person's phone as the sandbox plays it."""

    number: str
    on: bool = True
    whatsapp: bool = True
    window_until: Millis = 0
    """Until then free text may be sent over WhatsApp."""
    last: StoredMessage | None = None

    def as_shown(self) -> dict[str, Any]:
        """The phone as the page lists it."""
        return {
            "number": self.number,
            "on": self.on,
            "whatsapp": self.whatsapp,
            "window_until": format_time(self.window_until) if self.window_until else None,
            "last": self.last.as_shown() if self.last else None,
        }


@dataclass(slots=True)
class Content:
    """A template: its text with numbered places, samples for them, and WhatsApp's verdict."""

    sid: str
    text: str
    friendly_name: str = ""
    language: str = "en"
    types: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)
    approval: str = "approved"
    approval_name: str = ""
    category: str = ""
    created: Millis = 0

    def filled(self, variables: dict[str, str]) -> str:
        """The text with its variables; a missing one shows its sample, as Twilio does."""
        return self._filled(self.text, variables)

    def buttons(self, variables: dict[str, str]) -> tuple[dict[str, str], ...]:
        """What may be pressed under it, with variables in addresses."""
        return tuple(
            {name: self._filled(value, variables) for name, value in each.items()} for each in buttons_in(self.types)
        )

    def _filled(self, text: str, variables: dict[str, str]) -> str:
        return _VARIABLE.sub(lambda place: variables.get(place[1], self.samples.get(place[1], place[0])), text)


class Records:
    """Everything a sandbox remembers."""

    def __init__(self) -> None:
        self.contents: dict[str, Content] = {}
        self.forget()

    def forget(self) -> None:
        """Forget messages, posts, callbacks, phones and opt-outs; templates stay."""
        self.messages: OrderedDict[str, StoredMessage] = OrderedDict()
        self.by_person: dict[str, deque[StoredMessage]] = {}
        self.posts: deque[dict[str, Any]] = deque(maxlen=_MOST_KEPT)
        self.callbacks: deque[dict[str, Any]] = deque(maxlen=_MOST_KEPT)
        self.phones: OrderedDict[str, Phone] = OrderedDict()
        self.opted_out: set[tuple[str, str]] = set()
        self.files: OrderedDict[str, StoredFile] = OrderedDict()
        self.services: dict[str, str] = {}
        self.posts_seen = 0

    def add(self, message: StoredMessage) -> None:
        """Remember a message; the oldest go when there are too many."""
        self.messages[message.sid] = message
        self.by_person.setdefault(message.person, deque(maxlen=1000)).append(message)
        phone = self.phone(message.person)
        phone.last = message
        self.phones.move_to_end(message.person)
        if len(self.messages) > _MOST_KEPT:
            self.messages.popitem(last=False)

    def keep_file(self, file: StoredFile) -> None:
        """Remember a file; the oldest go when there are too many."""
        self.files[file.sid] = file
        if len(self.files) > _MOST_FILES:
            self.files.popitem(last=False)

    def phone(self, number: str) -> Phone:
        """The phone of a number; made when first seen."""
        known = self.phones.get(number)
        if known is None:
            known = self.phones[number] = Phone(number)
            if len(self.phones) > _MOST_PHONES:
                gone, _ = self.phones.popitem(last=False)
                self.by_person.pop(gone, None)
        return known

    def newest_first(self, person: str | None = None) -> Iterator[StoredMessage]:
        """Messages, the newest first; of one person if given."""
        source = self.messages.values() if person is None else self.by_person.get(person, ())
        return (message for message in reversed(source) if not message.deleted)

    def pool_number(self, service_sid: str) -> str:
        """The number that a messaging service sends from: one each, so that STOP concerns one shop only."""
        number = f"+3197010{int(hashlib.sha256(service_sid.encode()).hexdigest(), 16) % 10**6:06d}"
        self.services[number] = service_sid
        return number

    def scope_of(self, message: StoredMessage) -> str:
        """What a STOP is about: the messaging service, or the single number."""
        return message.service_sid or message.business


def new_sid(prefix: str = "SM") -> str:
    """A fresh id, as Twilio's look."""
    return prefix + uuid.uuid4().hex


def _rfc2822(moment: Millis) -> str:
    return format_datetime(datetime.fromtimestamp(moment // 1000, UTC))
