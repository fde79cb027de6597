"""Telephone numbers as people write them -> E.164. Only what may be a mobile: everything else gets no message."""

from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

_MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_PERHAPS: Final = _MOBILE | {PhoneNumberType.PERSONAL_NUMBER, PhoneNumberType.UNKNOWN}
_NEIGHBOURS: Final = {"NL": ("BE",), "BE": ("NL",)}
"""In a border shop a number that is a landline at home may be a mobile next door (0475, 0485, 0497, ...)."""
_MACHINES: Final = ("+3197",)
"""Ranges for lifts, meters and alarms: not people."""


class BadPhoneError(ValueError):
    """This is no telephone number that a message could reach; the text says why, without repeating it."""


def normalise_phone(text: str, region: str) -> str:
    """E.164 of a number written in any usual way; one without a country code is read as in `region` (ISO 3166).

    Raises `BadPhoneError`.
    """
    number = _parsed(text, region)
    if number is None:
        raise BadPhoneError("is not a telephone number")
    if not _is_mobile(number) and not text.strip().startswith(("+", "00")):
        abroad = (_parsed(text, other) for other in _NEIGHBOURS.get(region, ()))
        number = next((each for each in abroad if each is not None and _is_mobile(each)), number)
    if not phonenumbers.is_possible_number_for_type(number, PhoneNumberType.MOBILE):
        raise BadPhoneError(f"has too few or too many digits for a mobile number ({region})")
    if phonenumbers.number_type(number) not in _PERHAPS:
        raise BadPhoneError("is not a mobile number")
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if written.startswith(_MACHINES):
        raise BadPhoneError("is a number for machines, not for people")
    return written


def _parsed(text: str, region: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return None if number.extension else number


def _is_mobile(number: PhoneNumber) -> bool:
    return phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in _MOBILE
