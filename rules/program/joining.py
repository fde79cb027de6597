"""`join:` of program.yaml: the codes by which somebody joins who writes `JOIN <code>`.

`join: {bread: {wording: poster-2026, source: poster, language: nl, topics: [news], welcome: hello, confirm: true}}`
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from rules.bounds import hold_to
from rules.program.template_check import ALL_WORDS, words_of
from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from stamgast.domain.joining import LONGEST_CODE, JoinCode
from stamgast.domain.templates import Template
from stamgast.domain.topics import TAKEN, Topic
from stamgast.domain.vocabulary import Purpose

WORDS: Final = ("wording", "source", "purposes", "store", "language", "topics", "welcome", "confirm")
MOST_CODES: Final = 200
LONGEST_WORDING: Final = 60
_CODE: Final = re.compile(rf"[a-z0-9]{{2,{LONGEST_CODE}}}")
_SOURCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_IN_A_WELCOME: Final = frozenset({"customer.first_name", "customer.name", "merchant.name"})


class Known(NamedTuple):
    """What of the programme codes name."""

    stores: frozenset[str]
    languages: tuple[str, ...]
    templates: Mapping[str, Template]
    topics: Mapping[str, Topic]


def read_join(reader: Reader, node: Node | None, known: Known) -> dict[str, JoinCode]:
    """Read each code; they are written in small letters and heard in any."""
    codes: dict[str, JoinCode] = {}
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return codes
    with reader.showing("join: {bread: {wording: poster-2026, source: poster}}"):
        entries = reader.entries(node, "join")
    hold_to(reader, node, "join", len(entries), MOST_CODES)
    for key, value in entries:
        plain = re.sub(r"[^a-z0-9]", "", key.text.casefold())
        if not _CODE.fullmatch(key.text) or key.text in TAKEN:
            hint = f'Write it as "{plain}".' if _CODE.fullmatch(plain) and plain not in TAKEN else ""
            hint = hint or f"Use 2 to {LONGEST_CODE} small letters and digits that mean nothing else, such as bread."
            reader.problem(key, f'"{key.text}" cannot be a code in `join`', hint)
            continue
        with reader.showing(f"{key.text}: {{wording: poster-2026, source: poster}}"):
            found = reader.mapping(value, f"join: {key.text}", WORDS, ("wording",))
        codes[key.text] = _code(reader, key.text, found, known)
    return codes


def _code(reader: Reader, code: str, found: Mapping[str, Node], known: Known) -> JoinCode:
    wording = _short(reader, found, "wording")
    source = (reader.text(found["source"], "source") or code) if "source" in found else code
    if not _SOURCE.fullmatch(source):
        reader.problem(found["source"], f'"{source}" cannot be a source', "Use letters, digits and _ . : -")
    purposes: tuple[str, ...] = (Purpose.MARKETING.value,)
    if "purposes" in found:
        purposes = tuple(map(str, reader.some_of(found["purposes"], "purposes", Purpose, thing="purpose")))
    store = _one_of(reader, found, "store", tuple(known.stores), "store")
    topics: tuple[str, ...] = ()
    if "topics" in found:
        topics = reader.some_of(found["topics"], "topics", tuple(known.topics), thing="topic")
    return JoinCode(
        code=code,
        wording=wording,
        source=source,
        purposes=purposes,
        store=store,
        language=_one_of(reader, found, "language", known.languages, "language"),
        topics=topics,
        welcome=_welcome(reader, found["welcome"], known) if "welcome" in found else "",
        confirm=bool(reader.truth(found["confirm"], "confirm")) if "confirm" in found else False,
    )


def _short(reader: Reader, found: Mapping[str, Node], word: str) -> str:
    text = (reader.text(found[word], word) or "") if word in found else ""
    if len(text) > LONGEST_WORDING:
        reader.problem(
            found[word], f"`{word}` has {len(text)} characters", f"At most {LONGEST_WORDING}: it is a version."
        )
    return text


def _one_of(reader: Reader, found: Mapping[str, Node], word: str, words: tuple[str, ...], thing: str) -> str:
    return (reader.one_of(found[word], word, words, thing=thing) or "") if word in found else ""


def _welcome(reader: Reader, node: Node, known: Known) -> str:
    name = reader.known(node, "welcome", known.templates, "template") or ""
    template = known.templates.get(name)
    if template is None:
        return ""
    if not template.sms:
        hint = f"Write templates/<language>/{name}.j2: it goes as it is, inside the window that JOIN opens."
        reader.problem(node, f"the template {name} has no text of its own", hint)
    unsuited = (words_of(template) - _IN_A_WELCOME) & {*ALL_WORDS}  # of what is no word at all the template is told
    for word in sorted(unsuited):
        hint = suggest(word, sorted(_IN_A_WELCOME))
        reader.problem(node, f"a welcome has no words of `{word}`, and the template {name} says it", hint)
    return name
