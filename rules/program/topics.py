"""`topics:` of program.yaml: what customers may leave one by one, in the shop's own words.

`topics: {news: {purpose: marketing, words: {nl: [nieuws, nieuwsbrief], fr: actus}}}`
"""

from collections.abc import Mapping
from typing import Final

from rules.bounds import hold_to
from rules.yaml.nodes import Node, ScalarNode
from rules.yaml.problems import suggest
from rules.yaml.reader import Reader
from stamgast.domain.questions import plain_words
from stamgast.domain.templates import Template
from stamgast.domain.topics import LONGEST_ID, TAKEN, Topic
from stamgast.domain.vocabulary import Purpose

WORDS: Final = ("words", "purpose", "templates")
MOST_TOPICS: Final = 20
MOST_WORDS: Final = 20
LONGEST_WORD: Final = 40


def read_topics(
    reader: Reader, node: Node | None, languages: tuple[str, ...], templates: Mapping[str, Template]
) -> dict[str, Topic]:
    """Read each with the messages that it covers."""
    topics: dict[str, Topic] = {}
    if node is None or (isinstance(node, ScalarNode) and node.value is None):
        return topics
    with reader.showing("topics: {news: {purpose: marketing, words: {nl: nieuws}}}"):
        entries = reader.entries(node, "topics")
    hold_to(reader, node, "topics", len(entries), MOST_TOPICS)
    said: dict[str, str] = {}
    for key, value in entries:
        if not key.text or len(key.text) > LONGEST_ID or not key.text.replace("-", "a").replace("_", "a").isalnum():
            reader.problem(key, f'"{key.text}" cannot be an id in `topics`', "Use letters, digits and dashes.")
            continue
        _take(reader, key, key.text, key.text, said)
        found = reader.mapping(value, f"topics: {key.text}", WORDS, ("words",))
        words = _words(reader, found["words"], key, languages, said) if "words" in found else {}
        topic = Topic(key.text, words, *_covered(reader, key, found, templates))
        if ("purpose" in found or "templates" in found) and not any(map(topic.covers, templates.values())):
            reader.problem(key, f"no message is about the topic {key.text}", "Name a template of it.", warning=True)
        topics[key.text] = topic
    return topics


def _covered(
    reader: Reader, key: ScalarNode, found: Mapping[str, Node], templates: Mapping[str, Template]
) -> tuple[str, frozenset[str]]:
    if ("purpose" in found) == ("templates" in found):
        hint = "Write `purpose: marketing` for all messages of a purpose, or `templates: [hello]` for some."
        reader.problem(key, f"the topic {key.text} needs one of `purpose` and `templates`", hint)
        return "", frozenset()
    if "purpose" in found:
        return reader.one_of(found["purpose"], "purpose", Purpose, thing="purpose") or "", frozenset()
    return "", frozenset(reader.some_of(found["templates"], "templates", tuple(templates), thing="template"))


def _words(
    reader: Reader, node: Node, key: ScalarNode, languages: tuple[str, ...], said: dict[str, str]
) -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    with reader.showing(f"words: {{{languages[0] if languages else 'nl'}: [nieuws, nieuwsbrief]}}"):
        entries = reader.entries(node, f"topics: {key.text}: words")
    for language, value in entries:
        if language.text not in languages:
            hint = suggest(language.text, languages)
            reader.problem(language, f'"{language.text}" is not a language of this programme', hint)
            continue
        these = reader.texts(value, f"words: {language.text}")
        hold_to(reader, value, f"words: {language.text}", len(these), MOST_WORDS)
        for word in these:
            _take(reader, value, word, key.text, said)
        if these:
            words[language.text] = these
    missing = [each for each in languages if each not in words]
    if entries and missing:
        hint = f"Add `{missing[0]}: …` under `words`: answers call it so."
        reader.problem(key, f"the topic {key.text} has no word in {', '.join(missing)}", hint)
    return words


def _take(reader: Reader, at: Node, word: str, topic: str, said: dict[str, str]) -> None:
    """Note what nobody could tell from another topic, or from a STOP of everything."""
    plain = plain_words(word)
    other = said.setdefault(plain, topic)
    if other != topic:
        reader.problem(at, f'"{word}" means the topic {other} as well', "Each word means one topic.")
    if not plain or len(word) > LONGEST_WORD or plain.isdecimal():
        reader.problem(at, f'"{word}" is no word for a topic', f"Use a word or two, of at most {LONGEST_WORD} letters.")
    if plain in TAKEN:
        hint = "Who writes STOP with it wants no messages at all. Use a word for what they are about."
        reader.problem(at, f'"{word}" cannot name a topic', hint)
