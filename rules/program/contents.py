"""`contents/<template>.yaml`: what WhatsApp is to approve of a message, in each language of the programme."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from rules.program.content_text import (
    MOST_BUTTONS,
    MOST_LINKS,
    Refused,
    gaps_in,
    places_in,
    tidied,
    wrong_with_body,
    wrong_with_button,
    wrong_with_line,
    wrong_with_url,
)
from rules.yaml.nodes import MapNode, Mark, Node, ScalarNode
from rules.yaml.problems import nearest
from rules.yaml.reader import Reader
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import Purpose

CATEGORY: Final = "category"
SAMPLES: Final = "samples"
TEXT: Final = "text"
WORDS_OF_A_TEXT: Final = (TEXT, "title", "media", "footer", "quick_replies", "links")
_LONGEST_ID: Final = 64


@dataclass(frozen=True, slots=True)
class Button:
    """What can be tapped: an answer by its `id`, which comes back with the reply, or a page to open."""

    title: str
    id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A message in one language, with numbered places such as {{1}}."""

    text: str
    title: str = ""
    media: str = ""
    """Address of a picture, film or document above the text."""
    footer: str = ""
    replies: tuple[Button, ...] = ()
    links: tuple[Button, ...] = ()

    @property
    def places(self) -> list[str]:
        """Numbers of all its places, in order, each once."""
        parts = (self.title, self.text, self.media, *(each.url for each in self.links))
        return list(dict.fromkeys(place for part in parts for place in places_in(part)))

    def types(self) -> dict[str, Any]:
        """The same as the Content API has it: the richest form that says all of it, and a text for other channels."""
        media = [self.media] if self.media else []
        replies = [{"type": "QUICK_REPLY", "id": each.id, "title": each.title} for each in self.replies]
        links = [{"type": "URL", "title": each.title, "url": each.url} for each in self.links]
        plain = {"twilio/text": {"body": self.text}}
        if self.title or self.footer or links or (media and replies):
            told = {"header_text": self.title, "footer": self.footer, "media": media, "actions": [*replies, *links]}
            return {"whatsapp/card": {"body": self.text, **{name: each for name, each in told.items() if each}}} | plain
        if replies:
            actions = [{"id": each.id, "title": each.title} for each in self.replies]
            return {"twilio/quick-reply": {"body": self.text, "actions": actions}} | plain
        return ({"twilio/media": {"body": self.text, "media": media}} | plain) if media else plain

    def shown(self) -> str:
        """All of it as a person reads it, from top to bottom."""
        buttons = [f"[{each.title}]" for each in self.replies] + [f"[{each.title}: {each.url}]" for each in self.links]
        return "\n".join(each for each in (self.media, self.title, self.text, self.footer, " ".join(buttons)) if each)

    def filled(self, values: Mapping[str, str]) -> Written:
        """What somebody would read."""

        def fill(text: str) -> str:
            for number in places_in(text):
                text = text.replace(f"{{{{{number}}}}}", values.get(number, f"{{{{{number}}}}}"))
            return text

        links = tuple(Button(each.title, url=fill(each.url)) for each in self.links)
        return Written(fill(self.text), fill(self.title), fill(self.media), self.footer, self.replies, links)


@dataclass(frozen=True, slots=True)
class ContentFile:
    """What a file of `contents/` says. `category` is what it is submitted as."""

    template: str
    category: Purpose
    languages: Mapping[str, Written]
    samples: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    """Where each language begins."""

    def digest(self, language: str) -> str:
        """What tells this text from any other: a change makes another content at the provider."""
        told = {"types": self.languages[language].types(), "language": language, "category": self.category.value}
        return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()


def read_content(reader: Reader, node: Node, name: str, program: Program) -> ContentFile | None:
    """Read one file. What is wrong in it is noted; None if nothing of it can be used."""
    template = program.templates.get(name)
    if template is None:
        match = nearest(name, program.templates)
        asked = f'Did you mean "{match}"? ' if match else ""
        reader.problem(Mark(1, 1), f'program.yaml names no template "{name}"', f"{asked}Add `{name}:` to `templates`.")
        return None
    allowed = (CATEGORY, SAMPLES, *program.languages)
    entries = reader.entries(node, f"contents/{name}", allowed)
    found = {key.text: value for key, value in entries}
    category = reader.one_of(found[CATEGORY], CATEGORY, Purpose, thing="category") if CATEGORY in found else None
    samples = _samples(reader, found.get(SAMPLES))
    languages: dict[str, Written] = {}
    marks = {key.text: key.mark for key, _ in entries if key.text in program.languages}
    for language in program.languages:
        value = found.get(language)
        written = _read_language(reader, value, language) if value is not None else None
        if written is not None:
            languages[language] = written
    missing = [language for language in program.languages if language not in found]
    if missing:
        hint = f"Add `{missing[0]}:` with its text."
        reader.problem(Mark(1, 1), f"the template {name} lacks {', '.join(missing)} here", hint)
    if category == Purpose.UTILITY and template.purpose == Purpose.MARKETING and CATEGORY in found:
        message = f"{name} is marketing in program.yaml; WhatsApp makes such a message marketing again, and charges it"
        reader.problem(found[CATEGORY], message, "Leave `category` out, or say `purpose: utility` there.", warning=True)
    if not languages:
        return None
    return ContentFile(name, category or Purpose(template.purpose), languages, samples, marks)


def _samples(reader: Reader, node: Node | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in reader.entries(node, SAMPLES) if node is not None else []:
        text = reader.text(value, f"{SAMPLES}: {key.text}")
        if text is not None:
            found[key.text] = text
    return found


def _read_language(reader: Reader, node: Node, language: str) -> Written | None:
    if isinstance(node, ScalarNode):
        text = reader.text(node, language)
        return _checked(reader, node, Written(tidied(text))) if text is not None else None
    found = reader.mapping(node, language, WORDS_OF_A_TEXT, (TEXT,))
    body = reader.text(found[TEXT], TEXT) if TEXT in found else None
    if body is None:
        return None

    def line(name: str) -> str:
        return tidied(reader.text(found[name], name) or "") if name in found else ""

    written = Written(
        text=tidied(body),
        title=line("title"),
        media=line("media"),
        footer=line("footer"),
        replies=_replies(reader, found.get("quick_replies")),
        links=_links(reader, found.get("links")),
    )
    for name, wrong in (
        ("title", wrong_with_line(written.title, "title", 1)),
        ("footer", wrong_with_line(written.footer, "footer", 0)),
        ("media", wrong_with_url(written.media, media=True)),
    ):
        if name in found:
            _tell(reader, found[name], wrong)
    if written.title and written.media:
        reader.problem(found["title"], "above the text stands a title or `media`, not both", "Leave one of them out.")
    if len(written.replies) + len(written.links) > MOST_BUTTONS:
        reader.problem(node, f"at most {MOST_BUTTONS} buttons are taken", "Leave some out.")
    return _checked(reader, found[TEXT], written)


def _checked(reader: Reader, at: Node, written: Written) -> Written:
    _tell(reader, at, wrong_with_body(written.text))
    if gap := gaps_in(written.places):
        hint = "They are numbered from 1 without gaps."
        reader.problem(at, f"there is no place {{{{{gap}}}}}, and there are higher ones", hint)
    return written


def _tell(reader: Reader, at: Node, wrong: Iterable[Refused]) -> None:
    for each in wrong:
        reader.problem(at, each.message, each.hint)


def _replies(reader: Reader, node: Node | None) -> tuple[Button, ...]:
    """`[Yes, No]`, or `{yes: Yes, no: No}`: then `yes` and `no` come back, in whichever language it was asked."""
    if node is None:
        return ()
    if isinstance(node, MapNode):
        pairs = [(key.text, value) for key, value in node.entries]
    else:
        pairs = [("", item) for item in reader.items(node, "quick_replies")]
    found = [Button(title, key or title) for key, item, title in _titled(reader, pairs, "quick_replies")]
    for each in found:
        if len(each.id) > _LONGEST_ID:
            reader.problem(node, f'"{each.id}" is longer than {_LONGEST_ID} characters', "Write a shorter word.")
    if len({each.id for each in found}) < len(found):
        reader.problem(node, "two quick replies say the same", "Write each of them once.")
    return tuple(found)


def _links(reader: Reader, node: Node | None) -> tuple[Button, ...]:
    """`{See your card: https://…/{{1}}}`."""
    found = []
    for key, value in reader.entries(node, "links") if node is not None else []:
        url = reader.text(value, f"links: {key.text}")
        if url is not None:
            _tell(reader, key, wrong_with_button(key.text))
            _tell(reader, value, wrong_with_url(url))
            found.append(Button(key.text, url=tidied(url)))
    if node is not None and len(found) > MOST_LINKS:
        reader.problem(node, f"at most {MOST_LINKS} links are taken", "Leave some out.")
    return tuple(found)


def _titled(reader: Reader, pairs: Iterable[tuple[str, Node]], where: str) -> Iterator[tuple[str, Node, str]]:
    for key, item in pairs:
        title = reader.text(item, where)
        if title is not None:
            _tell(reader, item, wrong_with_button(title))
            yield key, item, title
