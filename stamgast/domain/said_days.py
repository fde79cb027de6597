"""A day of the year as people write it: `3 mei`, `03/05`, `3.5.`, `le 3 mai 1988`, `May 3rd`, in nl, fr, de and en.

What could be two days is read by the country of whoever wrote it: 03/05 is the third of May, but in the United States
the fifth of March. What is no day, or more than one, is none.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

LONGEST: Final = 100
"""Characters of a message that may be a day."""
_MONTH_FIRST: Final = frozenset({"US"})
_MONTHS: Final[Mapping[str, int]] = {
    word: number
    for number, words in enumerate(
        (
            "januari jan janvier janv januar jaenner janner january",
            "februari feb febr fevrier fevr februar february",
            "maart mrt mars marz maerz march mar",
            "april apr avril avr",
            "mei mai may",
            "juni jun juin june",
            "juli jul juillet juil july",
            "augustus aug aout august",
            "september sep sept septembre",
            "oktober okt octobre oct october",
            "november nov novembre",
            "december dec decembre dezember dez",
        ),
        1,
    )
    for word in words.split()
}
_FIRST: Final = frozenset("eerste premier erste ersten erster first".split())  # noqa: SIM905
_ORDINAL: Final = re.compile(r"([0-9]{1,2})(?:e|de|ste|er|st|nd|rd|th|ter|ten|te)?")
_BESIDE: Final = frozenset(
    word
    for words in (
        "ik ben jarig op mijn verjaardag is de van het geboren dat en wel aub svp dank bedankt hoi hallo ja",
        "je suis ne nee le la mon anniversaire est c cest du merci bonjour oui",
        "ich bin geboren habe am mein geburtstag ist der den im an danke bitte ja",
        "i am im was my birthday is born on the of in its it thanks please hi hello yes birth date day",
    )
    for word in words.split()
)
_ISO: Final = re.compile(r"(?<![0-9])([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?![0-9])")
_NUMBERS: Final = re.compile(
    r"(?<![0-9])([0-9]{1,2}) ?[-/.] ?([0-9]{1,2})(?:\.?(?: ?[-/.] ?| )([0-9]{4}|[0-9]{2}))?\.?(?![0-9])"
)


class SaidDay(NamedTuple):
    """A day of the year; `year` is 0 where none was said, or two digits of one."""

    month: int
    day: int
    year: int = 0

    @property
    def in_year(self) -> str:
        """`MM-DD`."""
        return f"{self.month:02}-{self.day:02}"


def read_day(text: str, country: str = "") -> SaidDay | None:
    """The day that is meant; None if it cannot be told. `country` is that of whoever wrote it (ISO 3166)."""
    if len(text) > LONGEST:
        return None
    plain = _plain(text)
    for pattern, read in ((_ISO, _of_iso), (_NUMBERS, _of_numbers)):
        found = pattern.search(plain)
        if found is not None:
            rest = f"{plain[: found.start()]} {plain[found.end() :]}"
            return read(found, country) if set(_words(rest)) <= _BESIDE else None
    return _of_words(_words(plain))


def _of_iso(found: re.Match[str], _country: str) -> SaidDay | None:
    return _checked(int(found[2]), int(found[3]), int(found[1]))


def _of_numbers(found: re.Match[str], country: str) -> SaidDay | None:
    one, other = int(found[1]), int(found[2])
    year = int(found[3]) if found[3] and len(found[3]) > len("88") else 0
    day, month = (other, one) if country in _MONTH_FIRST else (one, other)
    if month > _LAST_MONTH >= day and "." not in found[0]:  # it can only be the other way round; 10.30 is a time
        day, month = month, day
    return _checked(month, day, year)


def _of_words(words: Sequence[str]) -> SaidDay | None:
    """A month by its name, a number, and perhaps a year, in whatever order."""
    months = [_MONTHS[word] for word in words if word in _MONTHS]
    days, years = [], []
    for word in words:
        number = _ORDINAL.fullmatch(word)
        if word in _MONTHS or word in _BESIDE:
            continue
        if word in _FIRST:
            days.append(1)
        elif number is not None:
            days.append(int(number[1]))
        elif len(word) == len("1988") and word.isascii() and word.isdecimal():
            years.append(int(word))
        else:
            return None
    if len(months) != 1 or not 1 <= len(days) <= 2 or len(years) > 1 or (len(days) == 2 and years):
        return None
    return _checked(months[0], days[0], years[0] if years else 0)  # of two numbers the second is a short year


_LAST_MONTH: Final = 12
_LEAP: Final = 2000


def _checked(month: int, day: int, year: int) -> SaidDay | None:
    """The day, if there is one; a year that nobody has lived in is left out by whoever knows today."""
    try:
        date(year or _LEAP, month, day)
    except ValueError:
        return None
    return SaidDay(month, day, year)


def _plain(text: str) -> str:
    """Small letters without accents, digits of any script as ours, and what parts them."""
    kept = []
    for character in unicodedata.normalize("NFKD", text.casefold()):
        if character.isdecimal():
            kept.append(str(unicodedata.digit(character)))
        elif character.isalpha() or character in "-/.":
            kept.append(character)
        elif character in "\u2010\u2011\u2012\u2013\u2212":
            kept.append("-")
        elif not (
            unicodedata.combining(character) or unicodedata.category(character) == "Cf" or character in "'\u2019"
        ):
            kept.append(" ")
    return " ".join("".join(kept).split())


def _words(plain: str) -> list[str]:
    return re.sub(r"[-/.]", " ", plain).split()
