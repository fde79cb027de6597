"""What looks like a word to be filled in and is none: it would go out to people as it stands."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from jinja2 import TemplateSyntaxError

from rules.program.template_check import ALL_WORDS, used_words
from rules.yaml.problems import nearest

_FILLED: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_NUMBERED: Final = re.compile(r"\{\{\s*(?P<what>\d{1,2})\s*\}\}")
_DOTTED: Final = "|".join(sorted(map(re.escape, ALL_WORDS), key=len, reverse=True))
_KNOWN: Final = re.compile(rf"(?<![\w./-])(?:{_DOTTED}|first_name|valid_until)(?![\w-]|\.\w)", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z_.]{0,40}")
_WRAPPED: Final = (
    re.compile(r"\$?\{{1,2} ?(?P<what>[^{}\n]{1,100}?) ?\}{1,2}"),
    re.compile(r"<{1,2} ?(?P<what>[^<>\n]{1,100}?) ?>{1,2}"),
    re.compile(r"\[{1,2} ?(?P<what>[^\[\]\n]{1,100}?) ?\]{1,2}"),
    re.compile(r"%(?P<what>[a-z_.]{3,30})%"),
    re.compile(r"%\((?P<what>\w{1,30})\)[sd]"),
    re.compile(r"\$(?P<what>[a-z_]{3,30})\b"),
    re.compile(r"\*\|(?P<what>\w{1,30})\|\*"),
    re.compile(r"#(?P<what>\w{1,30})#"),
    re.compile(r"__(?P<what>[a-z]{1,30})__"),
    re.compile(r"\(\((?P<what>\w{1,30})\)\)"),
    re.compile(r"(?<![\d%])%(?:\d\$)?(?P<what>[sd])\b"),
)
_ANY_WORD: Final = frozenset({_WRAPPED[0], _WRAPPED[3], _WRAPPED[4]})
"""What stands so is meant to be filled in, whatever word it is."""
_TYPE: Final = _WRAPPED[-1]
_MEANT: Final = {
    word: meant
    for meant, words in {
        "customer.first_name": "voornaam naam name first_name firstname prenom prénom vorname kunde "
        "klant client customer",
        "voucher.code": "code voucher vouchercode bon gutschein gutscheincode kortingscode coupon couponcode",
        "voucher.valid_until": "datum date geldig_tot valable gueltig_bis gültig_bis valid_until",
        "voucher.name": "beloning reward cadeau belohnung recompense récompense",
        "merchant.name": "winkel shop magasin laden zaak geschaeft",
        "card.stamps": "stempels stamps tampons stempel",
    }.items()
    for word in words.split()
}
_OF_THE_HOUSE: Final = "merchant.name"
"""Its names in square brackets are how some shops sign."""


class Unfilled(NamedTuple):
    """Where it stands, what it is, and what to write instead (empty: nobody knows)."""

    line: int
    column: int
    text: str
    instead: str


def unfilled(source: str) -> Iterator[Unfilled]:
    """In the order in which they stand on each line."""
    rest = _FILLED.sub(_blank, source)
    for number, (line, written) in enumerate(zip(rest.splitlines(), source.splitlines(), strict=True), 1):
        found = [Unfilled(number, each.start() + 1, each[0], "") for each in _NUMBERED.finditer(written)]
        if instead := _as_a_whole(written):
            yield Unfilled(number, len(line) - len(line.lstrip()) + 1, line.strip(), instead)
            continue
        for pattern in _WRAPPED:
            for each in pattern.finditer(line):
                if (meant := _meant(pattern, each["what"])) is not None:
                    found.append(Unfilled(number, each.start() + 1, each[0], meant))
                    line = line[: each.start()] + " " * len(each[0]) + line[each.end() :]  # noqa: PLW2901
        found += [Unfilled(number, each.start() + 1, each[0], _word_meant(each[0])) for each in _KNOWN.finditer(line)]
        yield from sorted(found)


def holds_words(text: str) -> bool:
    """Whether a text that is no template, and is never filled in, has words for it."""
    return _FILLED.search(text) is not None or next(unfilled(text), None) is not None


def _blank(filled: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", filled[0])


def _as_a_whole(line: str) -> str:
    """What a line without any braces is as an expression; empty if it is none that speaks of anything."""
    text = line.strip()
    if "{" in text or not _KNOWN.search(text):
        return ""
    return _if_right(text)


def _if_right(text: str) -> str:
    whole = f"{{{{ {text} }}}}"
    try:
        used = used_words(whole)
    except TemplateSyntaxError:
        return ""
    return whole if used and all(each.known for each in used) else ""


def _meant(pattern: re.Pattern[str], what: str) -> str | None:
    """What to write instead; None if it is no word at all."""
    if _KNOWN.search(what):
        return _if_right(what) or _word_meant(what)
    if pattern in _ANY_WORD:
        return _word_meant(what) if _WORD.fullmatch(what) else None
    if pattern is _TYPE:
        return ""
    meant = _MEANT.get(what.casefold())
    return f"{{{{ {meant} }}}}" if meant not in {None, _OF_THE_HOUSE} else None


def _word_meant(what: str) -> str:
    meant = _MEANT.get(what.casefold()) or nearest(what, ALL_WORDS)
    return f"{{{{ {meant} }}}}" if meant else ""
