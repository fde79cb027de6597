"""What a card in a wallet says, in the customer's language: a pass has no page behind it that could translate it."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final

from babel.dates import format_date

_OTHERWISE: Final = "en"
_LOCALES: Final = {"nl": "nl", "fr": "fr", "de": "de", "en": "en_GB"}
_LONE_ZERO: Final = "fr"
"""Counts none as one."""


class Word(StrEnum):
    """Each text; of those that count the form for one is `…_one`."""

    CARD = "card"
    STAMPS = "stamps"
    MISSING = "missing"
    MISSING_ONE = "missing_one"
    MISSING_NAMELESS = "missing_nameless"
    MISSING_NAMELESS_ONE = "missing_nameless_one"
    OWED = "owed"
    OWED_ONE = "owed_one"
    NEXT = "next"
    RUNS_OUT = "runs_out"
    LAST_DAY = "last_day"
    READY = "ready"
    READY_ONE = "ready_one"
    UNTIL = "until"
    ALL = "all"
    PAGE = "page"
    VOID = "void"


_SAID: Final[Mapping[Word, Mapping[str, str]]] = {
    Word.CARD: {
        "nl": "Stempelkaart van {shop}",
        "fr": "Carte de fidélité de {shop}",
        "de": "Stempelkarte von {shop}",
        "en": "Stamp card of {shop}",
    },
    Word.STAMPS: {"nl": "Stempels", "fr": "Tampons", "de": "Stempel", "en": "Stamps"},
    Word.MISSING: {
        "nl": "Nog {num} stempels: {reward}",
        "fr": "Encore {num} tampons : {reward}",
        "de": "Noch {num} Stempel: {reward}",
        "en": "{num} more stamps: {reward}",
    },
    Word.MISSING_ONE: {
        "nl": "Nog {num} stempel: {reward}",
        "fr": "Encore {num} tampon : {reward}",
        "de": "Noch {num} Stempel: {reward}",
        "en": "{num} more stamp: {reward}",
    },
    Word.MISSING_NAMELESS: {
        "nl": "Nog {num} stempels en je kaart is vol",
        "fr": "Encore {num} tampons et votre carte est pleine",
        "de": "Noch {num} Stempel, dann ist die Karte voll",
        "en": "{num} more stamps fill your card",
    },
    Word.MISSING_NAMELESS_ONE: {
        "nl": "Nog {num} stempel en je kaart is vol",
        "fr": "Encore {num} tampon et votre carte est pleine",
        "de": "Noch {num} Stempel, dann ist die Karte voll",
        "en": "{num} more stamp fills your card",
    },
    Word.OWED: {
        "nl": "Nog {num} stempels in te halen na een retour",
        "fr": "Encore {num} tampons à rattraper après un retour",
        "de": "Nach einer Rückgabe fehlen noch {num} Stempel",
        "en": "{num} stamps to make up for after a return",
    },
    Word.OWED_ONE: {
        "nl": "Nog {num} stempel in te halen na een retour",
        "fr": "Encore {num} tampon à rattraper après un retour",
        "de": "Nach einer Rückgabe fehlt noch {num} Stempel",
        "en": "{num} stamp to make up for after a return",
    },
    Word.NEXT: {"nl": "Volgende beloning", "fr": "Prochain avantage", "de": "Nächste Belohnung", "en": "Next reward"},
    Word.RUNS_OUT: {
        "nl": "Deze stempels vervallen na {day}. Met één nieuwe blijven ze staan.",
        "fr": "Ces tampons expirent après le {day}. Un nouveau tampon les garde.",
        "de": "Diese Stempel verfallen nach dem {day}. Ein neuer hält sie.",
        "en": "These stamps run out after {day}. One new stamp keeps them.",
    },
    Word.LAST_DAY: {
        "nl": "Stempels geldig t/m",
        "fr": "Tampons valables jusqu'au",
        "de": "Stempel gültig bis",
        "en": "Stamps good until",
    },
    Word.READY: {
        "nl": "Klaar voor jou ({num})",
        "fr": "Prêts pour vous ({num})",
        "de": "Für Sie bereit ({num})",
        "en": "Ready for you ({num})",
    },
    Word.READY_ONE: {"nl": "Klaar voor jou", "fr": "Prêt pour vous", "de": "Für Sie bereit", "en": "Ready for you"},
    Word.UNTIL: {"nl": "tot en met {day}", "fr": "jusqu'au {day}", "de": "bis {day}", "en": "until {day}"},
    Word.ALL: {"nl": "Je bonnen", "fr": "Vos bons", "de": "Ihre Gutscheine", "en": "Your vouchers"},
    Word.PAGE: {"nl": "Je kaart", "fr": "Votre carte", "de": "Ihre Karte", "en": "Your card"},
    Word.VOID: {
        "nl": "Deze kaart geldt niet meer. Vraag in de winkel om je nieuwe.",
        "fr": "Cette carte n'est plus valable. Demandez la nouvelle au magasin.",
        "de": "Diese Karte gilt nicht mehr. Fragen Sie im Laden nach Ihrer neuen.",
        "en": "This card is no longer valid. Ask the shop for your new one.",
    },
}
_ONE: Final = {
    Word.MISSING: Word.MISSING_ONE,
    Word.MISSING_NAMELESS: Word.MISSING_NAMELESS_ONE,
    Word.OWED: Word.OWED_ONE,
    Word.READY: Word.READY_ONE,
}


def spoken(language: str) -> str:
    """The language that is said of what somebody speaks."""
    return language[:2] if language[:2] in _LOCALES else _OTHERWISE


def say(word: Word, language: str, **filled: str) -> str:
    """A text in a language."""
    return _SAID[word][spoken(language)].format(**filled)


def count(word: Word, number: int, language: str, **filled: str) -> str:
    """A text that counts, in its form for that number."""
    one = number == 1 or (number == 0 and spoken(language) == _LONE_ZERO)
    return say(_ONE[word] if one else word, language, num=str(number), **filled)


def day(iso: str, language: str) -> str:
    """A day (2026-10-31) as it is written."""
    return format_date(date.fromisoformat(iso), "d MMMM y", locale=_LOCALES[spoken(language)])
