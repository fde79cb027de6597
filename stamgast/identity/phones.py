"""Telephone numbers as people write them -> E.164. Only a mobile number that exists: everything else gets no message.

Nothing is guessed: what may have been meant in two ways is refused, and the reason says how to write it.
"""

import re
import unicodedata
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from stamgast.domain.region import Region
from stamgast.identity.placeholders import is_among, is_made_up, is_nobodys
from stamgast.identity.plain_mobiles import is_plain_mobile
from stamgast.identity.spreadsheets import is_figure

_MOBILE: Final = frozenset(
    {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.PERSONAL_NUMBER}
)
_NEIGHBOURS: Final = {"NL": ("BE",), "BE": ("NL",)}
"""Where nobody said whether a shop is at the border: what is no number here at all may be a mobile next door."""
_MACHINES: Final = ("+3197",)
"""Ranges for lifts, meters and alarms: not people."""
_MADE_UP: Final = "is a number that is typed where there is none, not a customer's"
_SCHEMES: Final = re.compile(r"^\s*(tel|sms|whatsapp):", re.IGNORECASE)
_STRANGE: Final = re.compile(r"[^\d\s+()./\-\u2010-\u2015\u2212'\u2019]")
"""What no telephone number is written with. phonenumbers would read letters as those of a dial, or leave them out."""


class BadPhoneError(ValueError):
    """This is no telephone number that a message could reach; the text says why, without repeating it."""


class NobodysPhoneError(BadPhoneError):
    """This is no customer's telephone: the shop's own, or what is typed where nobody says theirs."""


def normalise_phone(text: str, region: Region) -> str:
    """E.164 of a number written in any usual way; one without a country code is read as in `region`.

    Raises `BadPhoneError`, and `NobodysPhoneError` for one that is no customer's.
    """
    is_plain = is_plain_mobile(text)
    written = text if is_plain else _tidied(text)
    if is_made_up(re.sub(r"\D", "", written)):
        raise NobodysPhoneError(_MADE_UP)
    if is_among(written, region.nobodys, region.country):
        raise NobodysPhoneError("is the shop's own or another that is no customer's, as program.yaml says")
    if is_plain:
        return _of_a_person(written, region)
    number = _parsed(written, region.country)
    if number is None:
        raise BadPhoneError("is not a telephone number")
    if not _is_mobile(number) and not written.startswith(("+", "00")):
        number = _from_next_door(written, number, region)
    if not _is_mobile(number):
        raise BadPhoneError(_why_not(number, region))
    return _of_a_person(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), region)


def _of_a_person(phone: str, region: Region) -> str:
    """A mobile number in E.164. Raises `BadPhoneError` for a machine's, `NobodysPhoneError` for one of nobody."""
    if phone.startswith(_MACHINES):
        raise BadPhoneError("is a number for machines, not for people")
    if is_nobodys(phone, region.nobodys):
        raise NobodysPhoneError(_MADE_UP)
    return phone


def country_of(phone: str) -> str:
    """The country of a number in E.164, by its two letters; empty where there is none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""
    except phonenumbers.NumberParseException:
        return ""


def _tidied(text: str) -> str:
    """The text without what cannot be seen. Raises `BadPhoneError` for what no number is written with."""
    plain = unicodedata.normalize("NFKC", _SCHEMES.sub("", text))
    seen = "".join(each for each in plain if unicodedata.category(each) != "Cf").strip()
    if is_figure(seen):
        raise BadPhoneError(
            "was taken for a figure by a spreadsheet, which may have rounded it: format the column as text"
        )
    if _STRANGE.search(seen) or "+" in seen[1:]:
        raise BadPhoneError("holds more than the digits of one number, such as letters: write it as 0612345678")
    return seen


def _parsed(text: str, country: str) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    return None if number.extension else number


def _from_next_door(text: str, number: PhoneNumber, region: Region) -> PhoneNumber:
    """The number as a neighbour's mobile; what is a number here is one there only for a shop at the border."""
    neighbours = region.neighbours
    if neighbours is None:
        neighbours = _NEIGHBOURS.get(region.country, ())
        if phonenumbers.is_valid_number(number):
            for country in neighbours:
                if _is_mobile(_parsed(text, country)):
                    raise BadPhoneError(
                        f"is a landline in {region.country} and a mobile number in {country}: write its country code, "
                        f"or `neighbours: [{country}]` in program.yaml if the shop is at the border"
                    )
            return number
    abroad = (_parsed(text, country) for country in neighbours)
    return next((each for each in abroad if each is not None and _is_mobile(each)), number)


def _why_not(number: PhoneNumber, region: Region) -> str:
    if phonenumbers.is_valid_number(number):
        return "is not a mobile number"
    if not phonenumbers.is_possible_number_for_type(number, PhoneNumberType.MOBILE):
        return f"has too few or too many digits for a mobile number ({region.country})"
    return (
        f"is not a number that exists ({region.country}): look for a digit too many, too few or mistyped; "
        "one from abroad needs its country code"
    )


def _is_mobile(number: PhoneNumber | None) -> bool:
    return number is not None and phonenumbers.number_type(number) in _MOBILE  # unknown where it is not valid
