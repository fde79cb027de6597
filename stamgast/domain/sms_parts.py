"""How many parts an SMS takes: GSM 7-bit where every character has a place in it, else UCS-2.

One part holds 160 septets or 70 UTF-16 code units; of several parts each holds 153 or 67, because a header
takes the rest. A character that takes two units never straddles two parts.
"""

import unicodedata
from collections.abc import Collection, Container, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from stamgast.domain.vocabulary import Letters

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")

_PLAIN: Final = {
    "ç": "c",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "\u0131": "i",
    "ħ": "h",
    "Ħ": "H",
    "ŧ": "t",
    "Ŧ": "T",
    "ŋ": "ng",
    "Ŋ": "NG",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "œ": "oe",
    "Œ": "OE",
    "\u2019": "'",
    "\u2018": "'",
    "\u201a": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u201e": '"',
    "«": '"',
    "»": '"',
    "\u2013": "-",
    "\u2014": "-",
    "\u2011": "-",
    "\u2026": "...",
    "\u00a0": " ",
    "\u202f": " ",
    "\u2009": " ",
    "\t": " ",
    "·": ".",
    "•": "-",
    "ẞ": "SS",
    "ĳ": "ij",
    "Ĳ": "IJ",
    "\u00d7": "x",
}
"""What has no accent to drop, or would drop the wrong one, and what it becomes."""


@dataclass(frozen=True, slots=True)
class Parts:
    """How a text travels: `gsm7` or `ucs2`, its units (septets or UTF-16 code units), its parts."""

    encoding: Literal["gsm7", "ucs2"]
    units: int
    count: int


def fits_gsm7(character: str) -> bool:
    """True if the character has a place in the GSM 7-bit alphabet or its extension."""
    return character in _BASIC or character in _EXTENDED


def count_parts(text: str) -> Parts:
    """Encoding, units and parts of a text; the empty text takes one part."""
    if all(fits_gsm7(character) for character in text):
        septets = [2 if character in _EXTENDED else 1 for character in text]
        return Parts("gsm7", sum(septets), _pack(septets, single=160, several=153))
    units = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return Parts("ucs2", sum(units), _pack(units, single=70, several=67))


def as_sent(text: str, letters: Letters, names: Collection[str] = ()) -> tuple[str, Parts]:
    """The text as it will be sent, and its parts. Letters are replaced only where that takes fewer of them.

    `names` are those of the customer.
    """
    written = composed(text)
    parts = count_parts(written)
    if letters is Letters.KEEP or parts.encoding == "gsm7":
        return written, parts
    plain = transliterate(written, frozenset("".join(names)) if letters is Letters.KEEP_NAMES else ())
    cheaper = count_parts(plain)
    return (plain, cheaper) if cheaper.count < parts.count else (written, parts)


def transliterate(text: str, keep: Container[str] = ()) -> str:
    """Replace what is outside GSM 7-bit by a near equivalent, where there is one (ë → e, a curly quote → ').

    What has none (an emoji, a raised 2) stays, and so does what is to be kept: the text then still takes UCS-2.
    """
    # Composed first: "e" + combining acute is é, which GSM 7-bit has; and a stray mark is not a letter.
    return "".join(
        character if fits_gsm7(character) or character in keep else _plain(character) for character in composed(text)
    )


def composed(text: str) -> str:
    """The same letters, each as one character where there is one: of "e" and a combining mark, é costs double."""
    return unicodedata.normalize("NFC", text)


def _plain(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    base = "".join(part for part in unicodedata.normalize("NFD", character) if not unicodedata.combining(part))
    return base if base and all(fits_gsm7(part) for part in base) else character


def _pack(units: Iterable[int], *, single: int, several: int) -> int:
    """Parts needed, filled in order."""
    sizes = list(units)
    if sum(sizes) <= single:
        return 1
    parts, used = 1, 0
    for size in sizes:
        if used + size > several:
            parts, used = parts + 1, 0
        used += size
    return parts
