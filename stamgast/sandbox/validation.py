"""What Twilio refuses at once about a message, with its codes."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import phonenumbers

from channels.twilio.addresses import bare, channel_of
from stamgast.domain.channels import spec_of
from stamgast.domain.errors import UNREADABLE
from stamgast.sandbox.records import Records
from stamgast.sandbox.refusals import TwilioRefusalError

_E164: Final = re.compile(r"\+[1-9]\d{6,14}")
_NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &_+\-]{1,11}")
_SERVICE: Final = re.compile(r"MG[0-9A-Za-z]{32}")
_CONTENT: Final = re.compile(r"HX[0-9a-fA-F]{32}")
_KEY: Final = re.compile(r"[^\s]{1,16}")
_LONGEST_BODY: Final = 1600
_LONGEST_VALIDITY: Final = 36_000


def check_message(form: Mapping[str, str], records: Records) -> dict[str, str]:
    """Refuse what Twilio refuses synchronously; the parsed content variables otherwise."""
    _check_recipient(form.get("To", ""))
    _check_sender(form)
    _check_text(form)
    _check_validity(form.get("ValidityPeriod"))
    if not form.get("MessagingServiceSid"):
        person = bare(form["To"])
        if (person, bare(form["From"])) in records.opted_out:
            raise TwilioRefusalError(21610, 400, "Attempt to send to unsubscribed recipient")
    return _content_variables(form)


def is_phone(number: str) -> bool:
    """True for E.164 with a length that exists in its country."""
    if not _E164.fullmatch(number):
        return False
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def _check_recipient(to: str) -> None:
    if not to:
        raise TwilioRefusalError(21604, 400, "A 'To' phone number is required.")
    if not is_phone(bare(to)):
        raise TwilioRefusalError(21211, 400, "Invalid 'To' Phone Number")


def _check_sender(form: Mapping[str, str]) -> None:
    service, sender = form.get("MessagingServiceSid", ""), form.get("From", "")
    if service:
        if not _SERVICE.fullmatch(service):
            raise TwilioRefusalError(21701, 404, "The Messaging Service does not exist")
        return
    if not sender:
        raise TwilioRefusalError(21603, 400, "A 'From' phone number is required.")
    if channel_of(sender) != channel_of(form["To"]):
        raise TwilioRefusalError(21910, 400, "Invalid From and To pair. They should be of the same channel")
    plain = bare(sender)
    if not is_phone(plain) and not (_may_be_a_name(sender) and _NAME.fullmatch(plain)):
        raise TwilioRefusalError(21212, 400, "Invalid From Number (caller ID)")


def _may_be_a_name(sender: str) -> bool:
    channel = channel_of(sender)
    return channel is not None and spec_of(channel).sender_names


def _check_text(form: Mapping[str, str]) -> None:
    content = form.get("ContentSid", "")
    if content and not _CONTENT.fullmatch(content):
        raise TwilioRefusalError(21655, 400, "The ContentSid is Invalid")
    if not content and not form.get("Body") and not form.get("MediaUrl"):
        raise TwilioRefusalError(21602, 400, "Message body is required.")
    if len(form.get("Body", "")) > _LONGEST_BODY:
        raise TwilioRefusalError(21617, 400, "The concatenated message body exceeds the 1600 character limit")


def _check_validity(text: str | None) -> None:
    if text is None:
        return
    if not text.isdecimal() or not 1 <= int(text) <= _LONGEST_VALIDITY:
        raise TwilioRefusalError(30012, 400, "ValidityPeriod must be between 1 and 36000 seconds")


def _content_variables(form: Mapping[str, str]) -> dict[str, str]:
    text = form.get("ContentVariables", "")
    if not text:
        return {}
    try:
        given: Any = json.loads(text)
    except UNREADABLE:
        given = None
    if not isinstance(given, dict) or len(given) > 100:
        raise _bad_variables()
    for key, value in given.items():
        if not _KEY.fullmatch(key) or not isinstance(value, str) or not _is_allowed(value):
            raise _bad_variables()
    return given


def _is_allowed(value: str) -> bool:
    return bool(value.strip()) and len(value) <= 1600 and not re.search(r"[\n\r\t]| {5}", value)


def _bad_variables() -> TwilioRefusalError:
    return TwilioRefusalError(21656, 400, "The Content Variables parameter is invalid.")
