"""What WhatsApp takes as a text to approve, asked before anything is submitted.

Sources: Twilio's pages on variables in contents, on quick replies and on cards, and Meta's on the parts of a template
(2026): a text has at most 1,024 characters, neither begins nor ends with a place, has no two places side by side and
about 2x + 1 words of its own for x places, which are numbered from 1 without gaps; a title or a footer has at most 60
characters, a button 20, and there are at most ten.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

LONGEST_BODY: Final = 1_024
LONGEST_LINE: Final = 60
LONGEST_BUTTON: Final = 20
MOST_BUTTONS: Final = 10
MOST_LINKS: Final = 2
_PLACE: Final = re.compile(r"\{\{([^{}]*)\}\}")
_NUMBER: Final = re.compile(r"[1-9][0-9]?")
_ALIKE: Final = re.compile(r"\}\}\s*\{\{")
_WORD: Final = re.compile(r"\w[\w'\u2019-]*")
_MANY_SPACES: Final = re.compile(r" {5,}|\t")
_KINDS: Final = ("jpg", "jpeg", "png", "mp4", "pdf")
"""What WhatsApp shows above a text."""


class Refused(NamedTuple):
    """What is wrong, and what to write instead."""

    message: str
    hint: str


def places_in(text: str) -> list[str]:
    """What stands in double braces, in order, each once."""
    return list(dict.fromkeys(each.strip() for each in _PLACE.findall(text)))


def tidied(text: str) -> str:
    """The same without spaces around it and in its places: {{1}} for {{ 1 }}, which the provider would not fill."""
    return _PLACE.sub(lambda place: f"{{{{{place[1].strip()}}}}}", text.strip())


def wrong_with_body(text: str) -> Iterator[Refused]:
    """What keeps the text itself from being approved."""
    plain = text.strip()
    if len(plain) > LONGEST_BODY:
        much = len(plain) - LONGEST_BODY
        yield Refused(f"this text has {len(plain):,} characters; at most {LONGEST_BODY:,} are taken", _shorter(much))
    yield from _wrong_places(plain)
    if plain.startswith("{{") or plain.endswith("}}"):
        where = "begins" if plain.startswith("{{") else "ends"
        yield Refused(f"this text {where} with a place, and WhatsApp refuses that", "Put a word or a full stop there.")
    if _ALIKE.search(plain):
        yield Refused("two places stand side by side, and WhatsApp refuses that", "Put a word between them.")
    if _MANY_SPACES.search(plain):
        yield Refused("there is a tab, or more than four spaces in a row", "Write single spaces, or a new line.")
    count = len(_PLACE.findall(plain))
    words = len(_WORD.findall(_PLACE.sub(" ", plain)))
    if count and words < 2 * count + 1:
        few = f"{words} words of its own for {count} place{'s' if count > 1 else ''}"
        yield Refused(f"this text has {few}, and WhatsApp wants {2 * count + 1}", "Say more around them.")


def _wrong_places(text: str) -> Iterator[Refused]:
    for place in places_in(text):
        if not _NUMBER.fullmatch(place):
            hint = "Write {{1}}, {{2}} …; `variables` of program.yaml says what stands there."
            yield Refused(f"places are numbered in what WhatsApp approves, and this one is {{{{{place}}}}}", hint)


def gaps_in(places: Sequence[str]) -> str:
    """The number that is missing among those of all parts of a text; empty if none is."""
    numbers = {int(each) for each in places if _NUMBER.fullmatch(each)}
    return next((str(number) for number in range(1, max(numbers, default=0)) if number not in numbers), "")


def wrong_with_line(text: str, what: str, most_places: int) -> Iterator[Refused]:
    """What is wrong with a title or a footer."""
    if len(text) > LONGEST_LINE:
        message = f"this {what} has {len(text)} characters; at most {LONGEST_LINE} are taken"
        yield Refused(message, _shorter(len(text) - LONGEST_LINE))
    if "\n" in text.strip():
        yield Refused(f"this {what} has more than one line", "Write it in one.")
    if len(_PLACE.findall(text)) > most_places:
        yield Refused(f"a {what} takes {'one place' if most_places else 'no places'}", "Say it in the text.")
    yield from _wrong_places(text)


def wrong_with_button(title: str) -> Iterator[Refused]:
    """What is wrong with what stands on a button."""
    if len(title) > LONGEST_BUTTON:
        message = f'"{title}" has {len(title)} characters; a button takes {LONGEST_BUTTON}'
        yield Refused(message, _shorter(len(title) - LONGEST_BUTTON))
    if _PLACE.search(title):
        yield Refused(f'"{title}" has a place, and a button takes none', "Say it in the text.")


def wrong_with_url(url: str, *, media: bool = False) -> Iterator[Refused]:
    """What is wrong with the address of a page, or of a picture, film or document."""
    if not urlsplit(url).netloc or urlsplit(url).scheme != "https":
        yield Refused(f'"{url}" is not an address', "It begins with https://.")
        return
    if _PLACE.search(urlsplit(url).netloc) or len(_PLACE.findall(url)) > 1:
        yield Refused("an address takes one place, after its domain", "Such as https://example.com/{{1}}.")
    elif _PLACE.search(url) and not url.endswith("}}") and not media:
        yield Refused("the place of an address stands at its end", "Such as https://example.com/{{1}}.")
    if media and not _PLACE.search(url) and urlsplit(url).path.rpartition(".")[2].casefold() not in _KINDS:
        yield Refused("this address does not say what it shows", f"It ends in one of: .{', .'.join(_KINDS)}.")
    yield from _wrong_places(url)


def _shorter(by: int) -> str:
    return f"Shorten it by {by} character{'s' if by > 1 else ''}."
