"""What answers fill in of a person: a birthday, a language, a first name, tags (docs/adr/0184).

What is personal of it never stands in the clear: a birthday goes behind the merchant's veil, a name to the sealed
profile alone.
"""

import re
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from stamgast.domain.names import LONGEST_FIRST_NAME, could_be_a_name, tidy_name
from stamgast.domain.said_days import SaidDay, read_day

OLDEST_YEARS: Final = 120
SAID: Final = "said"
"""Stands for an answer that is not told."""
_MOST_WORDS: Final = 3
_LONGEST: Final = 100
_CALLED: Final = re.compile(
    r"^(ik heet|mijn naam is|ik ben|je m['\u2019 ]?appelle|mon nom est|mon prénom est|je suis|ich hei(?:ß|ss)e|"
    r"mein name ist|ich bin|my name is|call me|i am|i['\u2019]m|im|it['\u2019]?s|c['\u2019]est)(?:\s+|$)",
    re.IGNORECASE,
)
_NO_NAMES: Final = frozenset(
    word
    for words in (
        "nee neen ja ok oke okay nu niet later morgen waarom wie wat hoe dank bedankt goed hallo hoi dag",
        "iemand niemand leuk lekker",
        "non oui merci bonjour salut pourquoi qui quoi pas rien personne demain bien",
        "nein danke bitte hallo warum wer was nicht nichts niemand morgen gut",
        "no yes yeah thanks thank hello hi why who what not nothing nobody please sorry good fine tomorrow stop start",
    )
    for word in words.split()
)


class Fills(StrEnum):
    """The field that an answer fills."""

    BIRTHDAY = "birthday"
    LANGUAGE = "language"
    FIRST_NAME = "first_name"
    TAGS = "tags"


class Place(NamedTuple):
    """Where an answer comes from: the country of its phone, and what hides a birthday from whoever reads topics."""

    country: str = ""
    hide: Callable[[str], str] = str


def birthday_of(said: SaidDay, today: date) -> str:
    """A birthday as profiles have it: `YYYY-MM-DD`, or `--MM-DD` where the year cannot be that of somebody's birth."""
    try:
        born = date(said.year, said.month, said.day)
    except ValueError:
        return f"--{said.in_year}"
    is_possible = born <= today and born.year >= today.year - OLDEST_YEARS and born.year < today.year
    return born.isoformat() if is_possible else f"--{said.in_year}"


def read_first_name(text: str) -> str:
    """The name that somebody says is theirs; empty if it cannot be told that it is one."""
    if len(text) > _LONGEST or "?" in text or any(each.isdecimal() for each in text):
        return ""
    said = _CALLED.sub("", tidy_name(text).strip(" .!,")).strip(" .!,")
    words = said.split()
    if not 1 <= len(words) <= _MOST_WORDS or len(said) > LONGEST_FIRST_NAME or not could_be_a_name(said):
        return ""
    if any(word.casefold() in _NO_NAMES for word in words):
        return ""
    return " ".join(each.capitalize() if each.islower() or each.isupper() else each for each in words)


def read_said(fills: str, text: str, place: Place) -> str | None:
    """What is told of an answer by a day or a name: behind the veil, or only that it was said; None: it is none."""
    if fills == Fills.FIRST_NAME:
        return SAID if read_first_name(text) else None
    day = read_day(text, place.country)
    if day is None:
        return None
    return place.hide(day.in_year) if fills == Fills.BIRTHDAY else SAID
