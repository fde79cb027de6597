"""What a reply means: STOP, START, HELP, in Dutch, French, German and English.

Case, accents, punctuation and emoji are ignored. A keyword counts as the whole message, or as its first word
when the message has at most four words; never inside a longer text or word. What the carrier itself
recognised (`OptOutType`) wins.
"""

import unicodedata
from typing import Final

from channels.model import Keyword

_MOST_WORDS: Final = 4

_STOP: Final = frozenset(
    {
        *("stop", "stoppen", "afmelden", "uitschrijven", "stopzetten"),  # nl
        *("arret", "arrete", "arreter", "desabonner", "desinscrire", "resilier"),  # fr
        *("stopp", "abmelden", "abbestellen", "austragen"),  # de
        *("stopall", "unsubscribe", "optout", "revoke"),  # en
    }
)
_STOP_ALONE: Final = frozenset({"cancel", "end", "quit", "opt out"})
"""Ordinary words in a longer message ("end of the week"), and one keyword of two words."""
_START: Final = frozenset(["start", "unstop", "aanmelden", "reprendre", "anmelden"])
_HELP: Final = frozenset(["help", "info", "hulp", "aide", "hilfe"])

_JOINING: Final = "-'\u2019\u2010\u2011"
"""Hyphens and apostrophes: opt-out is one word."""

_BY_TYPE: Final = {"STOP": Keyword.STOP, "START": Keyword.START, "HELP": Keyword.HELP}


def read_keyword(text: str, opt_out_type: str = "") -> Keyword:
    """The keyword of a reply; `opt_out_type` is what the carrier said it was, if it said so."""
    known = _BY_TYPE.get(opt_out_type.strip().upper())
    if known is not None:
        return known
    words = _words(text)
    if not words:
        return Keyword.NONE
    if " ".join(words) in _STOP_ALONE:
        return Keyword.STOP
    if len(words) > _MOST_WORDS:
        return Keyword.NONE
    return _of_word(words[0])


def _of_word(word: str) -> Keyword:
    if word in _STOP:
        return Keyword.STOP
    if word in _START:
        return Keyword.START
    return Keyword.HELP if word in _HELP else Keyword.NONE


def _words(text: str) -> list[str]:
    """Words in plain letters and digits. What joins words (hyphen, apostrophe) joins; the rest separates."""
    kept = []
    for character in unicodedata.normalize("NFKD", text.casefold()):
        if character.isalnum():
            kept.append(character)
        elif not (unicodedata.combining(character) or unicodedata.category(character) == "Cf" or character in _JOINING):
            kept.append(" ")
    return "".join(kept).split()
