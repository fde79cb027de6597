"""What can stand after `when:`. Each trigger fires when something *becomes* true, never because it *is* true."""

import re
from collections.abc import Collection
from typing import ClassVar, Final

from rules.engine import CompiledTrigger
from rules.language.conditions import CONDITIONS
from rules.language.registry import Context, Registry, Schema, Word
from rules.language.wished import TRIGGER, refusal
from rules.yaml.nodes import MapNode, Node, ScalarNode, kind_of
from rules.yaml.problems import nearest, suggest
from rules.yaml.reader import Reader
from stamgast.domain.vocabulary import FactName, OncePer


class Trigger(Word[CompiledTrigger]):
    """A word after `when:`. `facts` are all that it may listen to.

    `earned`: what rules with it give was paid for, unless they say `offered: true`; otherwise it is an offer, unless
    they say `earned: true`.
    """

    facts: ClassVar[tuple[FactName, ...]]
    earned: ClassVar[bool] = False


TRIGGERS: Registry[Trigger] = Registry("trigger")

_AGAIN: Final = re.compile(r"(?:every|each|elke|iedere|chaque|tous les|jede[nsr]?) ", re.IGNORECASE)
_EVERY: Final = 'Write `when: {every: {week: monday, at: "10:00"}}`; also `every: week`, and month and day.'

PERIODS = (OncePer.DAY, OncePer.WEEK, OncePer.MONTH, OncePer.YEAR, OncePer.CUSTOMER)
"""What any trigger may be limited to, once per."""


def read_trigger(node: Node, context: Context, where: str) -> CompiledTrigger | None:
    """A word alone, or one word with its settings; None when problems were noted."""
    reader, words = context.reader, TRIGGERS.words
    if isinstance(node, ScalarNode) and node.value is not None:
        name = _name(context, node, where)
        return _read(name, MapNode((), node.mark), context) if name else None
    if not isinstance(node, MapNode):
        hint = "Such as `when: purchase`, or `when: {visits_reached: 10}`." if where == "when" else suggest("", words)
        reader.problem(node, f"`{where}` is one trigger, not {kind_of(node)}", hint)
        return None
    entries = reader.entries(node, where)
    if len(entries) != 1:
        hint = "Make a rule of each." if entries else suggest("", words)
        reader.problem(node, f"`{where}` needs exactly one trigger, not {len(entries)}", hint)
        return None
    key, value = entries[0]
    name = _name(context, key, where)
    return _read(name, value, context) if name else None


def _read(name: str, node: Node, context: Context) -> CompiledTrigger | None:
    word = TRIGGERS.words[name]
    with context.reader.showing(word.in_a_line()):
        return word.read(node, context)


def _name(context: Context, node: ScalarNode, where: str) -> str | None:
    reader, text = context.reader, node.text
    if is_wished(reader, node, TRIGGER, TRIGGERS.words, where):
        return None
    if text not in TRIGGERS.words and text in CONDITIONS.words:
        message = f"`{text}` is a condition: it says what is true, and not what happens"
        reader.problem(node, message, "Write it under `if`; a trigger is something like `purchase`.")
        return None
    if text in context.program.events and not nearest(text, TRIGGERS.words):
        reader.problem(node, f'"{text}" is an event of program.yaml', f"Write `{where}: {{event: {text}}}`.")
        return None
    if _AGAIN.match(text) and text not in TRIGGERS.words:
        reader.problem(node, f'unknown trigger "{text}" in `{where}`', _EVERY)
        return None
    return reader.one_of(node, where, TRIGGERS.words, thing="trigger")


def is_wished(reader: Reader, node: ScalarNode, kind: str, real: Collection[str], where: str) -> bool:
    """Note a word that is looked for and not there: the nearest one that is there would be another one."""
    message, instead = refusal(kind, node.text, real, where)
    if instead:
        reader.problem(node, message, instead)
    return bool(instead)


def trigger_schema() -> Schema:
    """A trigger that takes no settings may stand alone; any other is a word with its settings."""
    words = TRIGGERS.words.items()
    alone = [name for name, word in words if {"type": "null"} in word.schema().get("anyOf", ())]
    described = {name: word.schema() | {"description": word.meaning()} for name, word in words}
    settings = {"type": "object", "properties": described, "additionalProperties": False}
    return {"anyOf": [{"type": "string", "enum": alone}, settings | {"minProperties": 1, "maxProperties": 1}]}


# The words register themselves when their modules are read.
from rules.language.triggers import (  # noqa: E402
    answers,
    cards,
    customers,
    dates,
    draws,
    events,
    goods,
    joining,
    purchases,
    referrals,
    replies,
    rewards,
    schedules,
    segments,
    silence,
    spend,
    tiers,
)

__all__ = [
    "PERIODS",
    "TRIGGERS",
    "Trigger",
    "answers",
    "cards",
    "customers",
    "dates",
    "draws",
    "events",
    "goods",
    "is_wished",
    "joining",
    "purchases",
    "read_trigger",
    "referrals",
    "replies",
    "rewards",
    "schedules",
    "segments",
    "silence",
    "spend",
    "tiers",
    "trigger_schema",
]
