"""Telephone numbers that are no customer's: the shop's own, and what cashiers type where nobody says theirs.

Of a number like 0600000000 all that is sold without one would become one person's, with that person's rewards.
A run such as 0612345678 is somebody's, so it is no customer's only where program.yaml says so: by the number itself,
or by the word `usual`, which stands for all of these in the countries of our shops (`nobodys_phones`).
"""

import re
from functools import lru_cache
from typing import Final

import phonenumbers

from stamgast.domain.region import USUAL
from stamgast.identity.plain_mobiles import is_plain_mobile

_ALIKE: Final = re.compile(r"(\d)\1{7}\Z")
"""Eight digits alike at the end: no number that is given out in the countries of our shops ends like that."""
_NEVER: Final = re.compile(r"\+(?:324\d\d000000|3526\d1000000|491[567]\d{1,2}0{7,8}|33[67]0{8})")
"""Whole numbers that nobody is given: of zeros alone behind the prefix of an operator."""
_USUALLY: Final = re.compile(r"\+(?:316(\d{8})|324\d\d(\d{6})|33[67](\d{8})|491[567]\d(\d{7,9})|3526\d1(\d{6}))")
"""Mobile numbers of NL, BE, FR, DE and LU, and of each the part that a cashier makes up."""
_RUN: Final = re.compile(r"\d?(?:123456(?:7(?:8(?:9)?)?)?|98765432?|87654321|7654321|654321|11223344|112233|01020304)")
_UP: Final = "12345678901234567890"
_RUNS: Final = (_UP, _UP[::-1])
_SHORTEST_RUN: Final = 8


def is_made_up(digits: str) -> bool:
    """Whether digits, as somebody typed them, are what is typed where a number is asked for and there is none."""
    if _ALIKE.search(digits):
        return True
    run = digits.removeprefix("0")
    return len(run) >= _SHORTEST_RUN and any(run in each for each in _RUNS)


def is_nobodys(phone: str, numbers: tuple[str, ...]) -> bool:
    """Whether a whole number (E.164) is nobody's, or is usually made up and the programme says that it is so here."""
    if _NEVER.fullmatch(phone):
        return True
    if USUAL not in numbers or (match := _USUALLY.fullmatch(phone)) is None:
        return False
    return _RUN.fullmatch(next(each for each in match.groups() if each is not None)) is not None


def is_among(phone: str, numbers: tuple[str, ...], country: str) -> bool:
    """Whether a telephone number, landlines too, is one of those of a programme, however either is written."""
    return bool(numbers) and _whole(phone, country) in _all(numbers, country)


@lru_cache(maxsize=1_024)
def _all(numbers: tuple[str, ...], country: str) -> frozenset[str]:
    return frozenset(_whole(each, country) for each in numbers)


def _whole(text: str, country: str) -> str:
    """A number with its country code; one that cannot be read as a number is its digits."""
    if is_plain_mobile(text):
        return text
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return re.sub(r"\D", "", text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
