"""Names of people as messages say them."""

import unicodedata
from typing import Final

LONGEST_FIRST_NAME: Final = 40
LONGEST_NAME: Final = 100
_BESIDE_LETTERS: Final = " '\u2019-\u2010\u2011"


def tidy_name(text: str) -> str:
    """A name without white space around it, with single spaces inside and composed letters; empty for what is none."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return composed if any(each.isalnum() for each in composed) else ""


def could_be_a_name(text: str) -> bool:
    """Say whether it may go out in a shop's messages: it is no place for a link, a line of its own or a direction."""
    for at, letter in enumerate(text):
        ends_a_word = letter == "." and text[at + 1 : at + 2] in ("", " ")  # J. de Vries
        if not (letter in _BESIDE_LETTERS or unicodedata.category(letter)[0] in "LM" or ends_a_word):
            return False
    return True


def said_name(text: str, longest: int) -> str:
    """A stored name as messages say it; empty if it would be refused today, so that a template says something else."""
    tidy = tidy_name(text)
    return tidy if len(tidy) <= longest and could_be_a_name(tidy) else ""
