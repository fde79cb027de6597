"""What a person did in the text of a message, out of what Jinja2 says of it; and what it takes for plain text."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from rules.program.template_check import ALL_WORDS
from rules.yaml.problems import nearest

_SAID: Final = (
    (
        r"can only concatenate str|unsupported operand type",
        "it reckons with a text as if it were a number: write `| int` behind the word",
    ),
    (r"expected token ':', got '}'", "a brace too many: a word stands between {{ and }}"),
    (r"unexpected '}'", "a brace too few or too many: a word stands between {{ and }}"),
    (r"unexpected '%'|unexpected '%}'", "`{%` and `%}` belong to `if`: a word stands between {{ and }}"),
    (r"looking for the following tags: .*'endif'", "an `if` does not end: write {% endif %} where it does"),
    (r"unexpected end of template|unexpected 'end of template'", "`{{` or `{%` is opened and not closed"),
    (r"Encountered unknown tag '(?P<what>endif|else|elif)'", "`{what}` stands here without an `if` before it"),
    (r"Encountered unknown tag '(?P<what>\w+)'", "there is no `{what}` in messages: only words, `if` and filters"),
    (r"expected token 'end of print statement', got '(?P<what>.+)'", "{{ … }} holds one word: `{what}` is too many"),
    (r"expected token 'end of statement block', got '='", "a comparison has two equals signs: =="),
    (r"expected token 'end of statement block', got '(?P<what>.+)'", "`{what}` is one word too many after `if`"),
    (r"Expected an expression, got 'end of print statement'", "{{ }} holds no word"),
    (r"Missing end of comment tag", "a comment `{#` is not closed: write #}"),
    (r"unexpected char (?P<what>.+) at", "the character {what} cannot stand within {{ }}: is }} missing before it?"),
)
_SINGLE: Final = re.compile(r"(?<![{%#])\{ ?(?P<word>[A-Za-z_][A-Za-z_.]{0,40}) ?\}(?!\})")
_OTHERS: Final = re.compile(
    r"\[(?P<in>(?:customer|voucher|card|merchant)\.[a-z_]+)\]|%(?P<of>[a-z_]{3,30})%|<<(?P<an>[a-z_.]+)>>"
)
_MEANT: Final = {
    word: meant
    for meant, words in {
        "customer.first_name": "voornaam naam name first_name firstname prenom vorname kunde klant client customer",
        "voucher.code": "code voucher bon gutschein gutscheincode kortingscode coupon",
        "voucher.valid_until": "datum date geldig_tot valable gueltig_bis valid_until",
        "voucher.name": "beloning reward cadeau belohnung recompense",
        "merchant.name": "winkel shop magasin laden zaak geschaeft",
        "card.stamps": "stempels stamps tampons stempel",
    }.items()
    for word in words.split()
}


class Braces(NamedTuple):
    """A word that is no word of the message, for it stands in braces of the wrong kind: it goes out as it stands."""

    line: int
    column: int
    text: str
    meant: str


def in_words(message: str) -> str:
    """What Jinja2 says of a mistake, as people say it."""
    for pattern, said in _SAID:
        if found := re.search(pattern, message):
            return said.replace("{what}", found.groupdict().get("what") or "")
    return message


def wrong_braces(source: str) -> Iterator[Braces]:
    """Words in single braces, in square ones or between per cent signs."""
    for number, line in enumerate(source.splitlines(), 1):
        for found in (*_SINGLE.finditer(line), *_OTHERS.finditer(line)):
            word = next(each for each in found.groups() if each)
            meant = _MEANT.get(word.casefold()) or nearest(word, ALL_WORDS) or ""
            yield Braces(number, found.start() + 1, found[0], meant)
