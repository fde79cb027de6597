"""What WhatsApp approved, as `stamgast templates fetch` wrote it down, held against what `variables` fill in.

The file is no part of what is published: a worker asks nothing of it, and it tells of one moment. Its `contents` are
those of Twilio's `ContentAndApprovals`, so that a list which was saved from there will do as well.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from rules.yaml.nodes import MapNode, Mark, Node
from rules.yaml.reader import Reader
from stamgast.domain.program import Program
from stamgast.domain.templates import Template

APPROVED: Final = "templates/approved.json"
AGAIN: Final = "`stamgast templates fetch` asks again."
_PLACE: Final = re.compile(r"{{([^{}]*)}}")
_ALIKE: Final = 0.9
_LONGEST_QUOTE: Final = 80
_GOES: Final = "approved"
STATES: Final[Mapping[str, str]] = {
    "unsubmitted": "was never submitted to WhatsApp for approval",
    "received": "waits for WhatsApp's approval",
    "pending": "waits for WhatsApp's approval",
    "rejected": "was rejected by WhatsApp",
    "paused": "is paused by WhatsApp, since people did not like it",
    "disabled": "is disabled by WhatsApp",
}
"""What is said of a content that may not go out."""
_MEND: Final = frozenset({"rejected", "disabled"})


class NotContentsError(Exception):
    """This is not what Twilio says of its contents."""


@dataclass(frozen=True, slots=True)
class Content:
    """One template at Twilio: its language, text with places such as {{1}}, samples, and where its approval stands."""

    sid: str
    language: str
    text: str
    places: tuple[str, ...]
    samples: Mapping[str, str]
    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What was asked of Twilio: the contents that there were, and the day on which they were asked for."""

    contents: Mapping[str, Content]
    day: str = ""

    @property
    def as_of(self) -> str:
        """The day, in words that may stand in a sentence."""
        return f" (on {self.day})" if self.day else ""


def read_contents(text: str) -> Known:
    """Read the file. Raises `NotContentsError`."""
    try:
        document = json.loads(text)
        found = [_content(each) for each in document["contents"]]
        return Known({each.sid: each for each in found}, str(document.get("fetched_at", ""))[:10])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotContentsError from None


def _content(told: Mapping[str, Any]) -> Content:
    texts = list(_texts(told["types"]))
    places = dict.fromkeys(place.strip() for text in texts for place in _PLACE.findall(text))
    approval = told.get("approval_requests") or {}
    return Content(
        sid=str(told["sid"]),
        language=str(told.get("language") or ""),
        text=next(iter(texts), ""),
        places=tuple(places),
        samples={str(name): str(value) for name, value in (told.get("variables") or {}).items()},
        status=str(approval.get("status") or "unsubmitted"),
        reason=str(approval.get("rejection_reason") or ""),
    )


def _texts(told: Any) -> Iterator[str]:
    """All texts of a content, its buttons included."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, Mapping):
        for each in told.values():
            yield from _texts(each)
    elif isinstance(told, list):
        for each in told:
            yield from _texts(each)


def compare_contents(reader: Reader, root: Node, program: Program, text: str, own: Reader) -> None:
    """Note at program.yaml where its templates and what WhatsApp approved do not fit; `own` is the file's reader."""
    try:
        known = read_contents(text)
    except NotContentsError:
        hint = "Write it anew with `stamgast templates fetch`, or delete it."
        own.problem(Mark(1, 1), "this is not what Twilio says of approved messages", hint)
        return
    templates = root.get("templates") if isinstance(root, MapNode) else None
    for template in program.templates.values():
        entry = templates.get(template.id) if isinstance(templates, MapNode) else None
        written = entry.get("whatsapp") if isinstance(entry, MapNode) else None
        if isinstance(entry, MapNode) and isinstance(written, MapNode):
            for language, sid in template.whatsapp.items():
                place = written.get(language) or written
                content = known.contents.get(sid)
                if content is None:
                    _tell_of_unknown(reader, place, sid, known)
                else:
                    pair = _Pair(reader, template, language, content, place, entry.get("variables") or place)
                    compare_places(reader, pair.variables, template, language, content)
                    pair.compare_language()
                    pair.look_at_approval(known)


def _tell_of_unknown(reader: Reader, place: Node, sid: str, known: Known) -> None:
    near = get_close_matches(sid, known.contents, n=1, cutoff=_ALIKE)
    asked = f"Did you mean {near[0]}? " if near else ""
    message = f"Twilio's account had no such message{known.as_of}"
    reader.problem(place, message, f"{asked}{AGAIN}", warning=True)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A template in one language, and what WhatsApp approved for it; `at` and `variables` are where they stand."""

    reader: Reader
    template: Template
    language: str
    content: Content
    at: Node
    variables: Node

    def compare_language(self) -> None:
        """The language that it was submitted in."""
        told = self.content.language
        if told and _plain(told) != _plain(self.language):
            message = f'this message is in "{told}" at Twilio, and stands under {self.language}'
            self.reader.problem(
                self.at, message, f"Has it been mixed up with another? {quoted(self.content)}", warning=True
            )

    def look_at_approval(self, known: Known) -> None:
        """Whether it may go out."""
        status = self.content.status
        if status == _GOES:
            return
        state = STATES.get(status, f'is "{status}" at WhatsApp')
        why = f", for {self.content.reason}" if self.content.reason else ""
        hint = "Write it anew at Twilio, and its new ContentSid here." if status in _MEND else AGAIN
        message = f"this message {state}{known.as_of}{why}: nothing goes out with it over WhatsApp"
        self.reader.problem(self.at, message, hint, warning=True)


def compare_places(
    reader: Reader,
    variables: Node,
    template: Template,
    language: str,
    content: Content,
    *,
    called: str = "approved text",
) -> None:
    """Note places of a text that nothing fills, and variables without a place. `variables` is where they stand."""
    says = quoted(content)
    for place in content.places:
        if place in template.variables:
            continue
        sample = content.samples.get(place)
        shows = f': people would read "{sample}" there' if sample else ""
        message = f"the {called} in {language} has the place {{{{{place}}}}}, and nothing fills it{shows}"
        hint = f'Add `"{place}": …` to `variables`. {says}'
        if not place.isdecimal():
            hint = f"Places are numbered here: write a new one with {{{{1}}}}, {{{{2}}}} … at Twilio. {says}"
        reader.problem(variables, message, hint)
    for number in template.variables:
        if number not in content.places:
            message = f'variable "{number}" has no place in the {called} in {language}'
            where = variables.get(number) if isinstance(variables, MapNode) else None
            reader.problem(where or variables, message, f"Leave it out, if it is not missed. {says}", warning=True)


def quoted(content: Content) -> str:
    """What a content says, for a hint."""
    text = " ".join(content.text.split())
    return f'It says: "{text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"}"'


def _plain(language: str) -> str:
    """Without country: `nl` of `nl_BE`."""
    return re.split(r"[_-]", language.casefold())[0]
