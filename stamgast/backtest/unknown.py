"""What a rule asks about and a file of purchases cannot tell: said of each rule, by the word it stands at."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from rules.advice.rule_text import RuleText, rule_texts, words_within
from rules.loader import PROGRAM, LoadedMerchant
from rules.segments import SECTION as SEGMENTS
from rules.yaml.nodes import MapNode, Node, ScalarNode
from rules.yaml.source import Source, read_yaml
from stamgast.domain.program import Program

_JOINED: Final = "a file does not tell when somebody joined: taken for their first purchase in it"
_TRIGGERS: Final[Mapping[str, str]] = {
    "birthday": "a file tells no birthdays: nobody has one",
    "anniversary": _JOINED,
    "joined": _JOINED,
    "replied": "a file tells no answers: nobody wrote",
    "answered": "a file tells no answers: nobody answers what was asked",
    "referred": "a file does not tell who brought whom: nobody has a friend",
    "drawn": "a backtest draws nothing: nobody wins",
    "event": "a file tells no events but purchases: none came",
    "reward_redeemed": "a file tells of no voucher that was used: nobody redeems one",
}
_CONDITIONS: Final[Mapping[str, str]] = {
    "consent": "a file tells no consents: everybody counts as having agreed",
    "age": _JOINED,
    "joined": _JOINED,
    "event_has": _TRIGGERS["event"],
    "feedback": _TRIGGERS["answered"],
    "referrals": _TRIGGERS["referred"],
    "feed": "a file does not tell when the till was silent: the feed counts as healthy",
}
_ABSENCE: Final = "a file does not tell when the till was silent: people are called absent as if it never were"
_COLUMNS: Final[Mapping[str, str]] = {
    "language": "the file has no column language: everybody counts as speaking {language}",
    "source": "the file has no column source: nobody is known to come from anywhere",
    "store": "the file has no column store: nobody is known to buy in any",
    "category": "the file has no column category: no purchase is known to hold one",
    "product": "the file has no column product: no purchase is known to hold one",
}
"""Of columns that a file may lack."""
_OF_GOODS: Final = frozenset({"basket_has", "bought"})
_SEGMENT_WORDS: Final = frozenset({"segment", "entered", "left"})


def unknown_to_file(loaded: LoadedMerchant, columns: Collection[str]) -> dict[str, list[str]]:
    """Rule -> what it needs that a file with these columns does not tell, each with the word that needs it."""
    segments = _segments(loaded)
    found = {}
    for text in rule_texts(loaded, ""):
        told = [*_asked(text, segments, columns), *_absent(text, loaded.program)]
        told += _stamped(text, loaded.program, columns)
        said = [f"`{word}`: {why.format(language=loaded.program.languages[0])}" for word, why in told]
        found[text.rule.id] = list(dict.fromkeys(said))
    return found


def _asked(text: RuleText, segments: Mapping[str, Node], columns: Collection[str]) -> Iterator[tuple[str, str]]:
    trigger = text.rule.trigger.name
    if trigger in _TRIGGERS:
        yield trigger, _TRIGGERS[trigger]
    for part in ("when", "if", "then", "otherwise"):
        node = text.root.get(part)
        if node is not None:
            known = _CONDITIONS if part == "if" else _TRIGGERS
            yield from _within(node, known, segments, columns)


def _absent(text: RuleText, program: Program) -> Iterator[tuple[str, str]]:
    """Whom a shop that watches its feed calls absent: nobody while it is stale, and a file has no such times."""
    if text.rule.trigger.absence and (program.feed_stale_after or program.store_feeds.by_store):
        yield text.rule.trigger.name, _ABSENCE


def _within(
    node: Node, known: Mapping[str, str], segments: Mapping[str, Node], columns: Collection[str]
) -> Iterator[tuple[str, str]]:
    for key, value in words_within(node):
        word = key.text
        if word in known:
            yield word, known[word]
        elif word in _COLUMNS and word not in columns and known is _CONDITIONS:
            yield word, _COLUMNS[word]
        elif word in _OF_GOODS and isinstance(value, MapNode):
            asked = [each for each in ("category", "product") if value.get(each) is not None]
            yield from ((word, _COLUMNS[each]) for each in asked if each not in columns)
        if word in _SEGMENT_WORDS and isinstance(value, ScalarNode) and value.text in segments:
            rest = {name: each for name, each in segments.items() if name != value.text}
            for within, why in _within(segments[value.text], _CONDITIONS, rest, columns):
                yield f"{within}` of the segment `{value.text}", why
        if word == "unless" and isinstance(value, ScalarNode) and value.text in _TRIGGERS:
            yield value.text, _TRIGGERS[value.text]


def _stamped(text: RuleText, program: Program, columns: Collection[str]) -> Iterator[tuple[str, str]]:
    """A card that counts what the file does not tell."""
    card = program.cards.get(text.rule.trigger.card)
    if card is None:
        return
    counted = [name for name, goods in (("category", card.categories), ("product", card.products)) if goods]
    if counted and not any(name in columns for name in counted):
        yield card.id, f"the card counts by {counted[0]}, and the file has no such column: nobody gets a stamp"


def _segments(loaded: LoadedMerchant) -> Mapping[str, Node]:
    root = read_yaml(Source(PROGRAM, loaded.files.get(PROGRAM, "")))
    node = root.get(SEGMENTS) if isinstance(root, MapNode) else None
    return {key.text: value for key, value in node.entries} if isinstance(node, MapNode) else {}
