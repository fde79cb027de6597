"""What a person does at a phone of the sandbox, read from a request: writes, presses a button, sends a picture."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final

from channels.twilio.addresses import PREFIXES, bare, channel_of, write_address
from stamgast.domain.channels import channel_named
from stamgast.domain.vocabulary import Channel
from stamgast.sandbox.records import Pressed, Records, StoredFile, new_sid
from stamgast.sandbox.requests import BadRequestError
from stamgast.sandbox.samples import Sample, picture_of
from stamgast.sandbox.validation import is_phone

_DEFAULT_BUSINESS: Final = "+3197010200000"
_LONGEST_TEXT: Final = 4096
_LARGEST_FILE: Final = 16 * 1024 * 1024
"""What WhatsApp takes; a shop need not."""
_MOST_FILES: Final = 10


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a person. `person` and `business` carry the channel's prefix, as Twilio writes them."""

    person: str
    business: str
    body: str
    files: tuple[StoredFile, ...] = ()
    pressed: Pressed | None = None


def read_said(data: dict[str, Any], records: Records) -> Said:
    """Read `{from, to, channel, body, button, photo, file}`. Raises `BadRequestError`.

    Without `to` it goes to whoever wrote to that phone last over that channel, else to whoever wrote last to anybody.
    `from` may carry `whatsapp:`. `button` is the title, or the id, of one under the newest messages of that phone.
    `photo` names one of three samples; `file` is `{type, base64}`, or `{type, never: true}` for one that never comes.
    """
    person, body = str(data.get("from") or ""), str(data.get("body") or "")
    channel = str(data.get("channel") or channel_of(person) or "")
    person = bare(person)
    files = (*_photo(data.get("photo")), *_files(data.get("file")))
    if channel not in PREFIXES or not is_phone(person) or len(body) > _LONGEST_TEXT:
        known = " or ".join(sorted(PREFIXES))
        raise BadRequestError(f"give from (E.164), body (at most {_LONGEST_TEXT} characters), channel {known}", 422)
    over = channel_named(channel)
    pressed = _button(data.get("button"), person, over, records)
    if not (body or files or pressed):
        raise BadRequestError("give body, button, photo or file: a message says something", 422)
    to = write_address(over, _business(records, person, over, str(data.get("to") or "")))
    if channel_of(to) is not over:
        raise BadRequestError(f"{to} is not an address over {over}", 422)
    said = body or ("" if pressed is None else pressed.title)
    return Said(write_address(over, person), to, said, files, pressed)


def _photo(named: Any) -> tuple[StoredFile, ...]:
    if named is None:
        return ()
    try:
        return (_stored("image/jpeg", picture_of(Sample(str(named)))),)
    except ValueError:
        raise BadRequestError(f"photo is one of {', '.join(Sample)}", 422) from None


def _files(given: Any) -> tuple[StoredFile, ...]:
    found = given if isinstance(given, list) else [] if given is None else [given]
    if len(found) > _MOST_FILES or not all(isinstance(each, dict) for each in found):
        raise BadRequestError(f"file is {{type, base64}}, or a list of at most {_MOST_FILES} of them", 422)
    return tuple(_stored(str(each.get("type") or "application/octet-stream"), _content(each)) for each in found)


def _content(given: dict[str, Any]) -> bytes:
    if given.get("never") is True:
        return b""
    try:
        content = base64.b64decode(str(given.get("base64") or ""), validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if not 0 < len(content) <= _LARGEST_FILE:
        raise BadRequestError(f"file.base64 is base64 of at most {_LARGEST_FILE} bytes", 422)
    return content


def _stored(kind: str, content: bytes) -> StoredFile:
    return StoredFile(new_sid("ME"), kind[:100], content)


def _button(named: Any, person: str, channel: Channel, records: Records) -> Pressed | None:
    """One that stands under a message of that phone, the newest first."""
    if named is None:
        return None
    there: list[str] = []
    for message in records.newest_first(person):
        for each in message.buttons if message.channel == channel else ():
            if "id" in each and str(named) in {each["id"], each["title"]}:
                return Pressed(each["title"], each["id"])
            there.append(each["title"])
    told = f"there are {', '.join(dict.fromkeys(there))}" if there else "there is none"
    raise BadRequestError(f"no button {named!r} to press at {person}: {told}", 422)


def _business(records: Records, person: str, channel: Channel, named: str) -> str:
    """The shop's end of a conversation."""
    if named.startswith("MG"):
        return records.pool_number(named)
    if named:
        return bare(named)
    for known in (records.newest_first(person), records.newest_first()):
        for message in known:
            if message.channel == channel and message.business:
                return message.business
    return _DEFAULT_BUSINESS
