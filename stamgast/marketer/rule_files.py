"""A rule as its file has it, and its messages as a customer would read them in each language."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct

from rules.actions import Send
from rules.advice.rule_text import rule_texts
from rules.engine import CompiledRule
from rules.loader import LoadedMerchant
from rules.read_back import conditions_in
from rules.rule_set import RuleSet
from stamgast.domain.units import Millis
from stamgast.marketer.rule_words import segment_names, words_of
from stamgast.programs.previews import previews_of
from stamgast.programs.record import BundleRecord, decode_bundle, load_record
from stamgast.programs.versions import file_of_rule, text_of_rule

_KEPT = 16


class Phone(Struct, frozen=True):
    """One message as a phone shows it. `text` is empty where it would not go out."""

    template: str
    language: str
    channel: str
    text: str
    parts: int
    """Of an SMS."""
    price: str
    why_not: str
    """In English."""


def record_of(packed: bytes) -> BundleRecord:
    """What is in force, as it stands on `programs.v1`."""
    return _opened(packed)[0]


def words_in(packed: bytes) -> dict[str, Any]:
    """What may stand in a rule's file of the shop."""
    record, loaded = _opened(packed)
    return words_of(loaded.program, segment_names(record.files), tuple(loaded.rules.by_id))


def source_of(packed: bytes, rule: str) -> str:
    """The text of the file in which the rule stands."""
    return text_of_rule(_opened(packed)[0], rule)


def conditions_said(packed: bytes, rule: str, language: str) -> dict[str, str]:
    """What the rule asks, as its counters have it, and how that is said in a language."""
    return _conditions(packed, language).get(rule, {})


@lru_cache(maxsize=_KEPT)
def _conditions(packed: bytes, language: str) -> dict[str, dict[str, str]]:
    texts = rule_texts(_opened(packed)[1], "")
    return {each.rule.id: conditions_in(each.root, each.rule, language) for each in texts}


def edited_at(packed: bytes, rule: str) -> Millis:
    """When its file was edited on a page; 0: the shop's own folder had it."""
    record = _opened(packed)[0]
    return record.edited.get(file_of_rule(record, rule), 0)


def phones_of(packed: bytes, rule: str, now: Millis) -> list[Phone]:
    """Each message that the rule sends, to one sample customer, in each language and over each channel."""
    loaded = _opened(packed)[1]
    compiled = loaded.rules.by_id.get(rule)
    if compiled is None:
        return []
    called = next(iter(loaded.program.languages), "")
    found: list[Phone] = []
    for template in dict.fromkeys(_templates(compiled)):
        shown = [each for each in previews_of(loaded, template, now) if each.customer == "Noor"]
        found += [
            Phone(template, each.language, each.channel.value, each.text, each.parts, each.price, each.why_not)
            for each in sorted(shown, key=lambda each: (each.language != called, each.language, each.channel.value))
        ]
    return found


def _templates(rule: CompiledRule) -> Iterator[str]:
    for action in (*rule.actions, *rule.otherwise):
        if isinstance(action, Send):
            yield from (each.template for each in action.variants)
            if not action.variants:
                yield action.template


@lru_cache(maxsize=_KEPT)
def _opened(packed: bytes) -> tuple[BundleRecord, LoadedMerchant]:
    record = decode_bundle(packed)
    return record, load_record(record)


def rules_of(packed: bytes) -> RuleSet:
    """Return the rules, compiled, with the statuses that they were launched with."""
    return _opened(packed)[1].rules
