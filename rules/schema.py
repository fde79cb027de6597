"""JSON Schema of a rule's file and of program.yaml, made from their words: editors complete and underline with it.

It describes shapes; whether a card or template exists, only `stamgast rules check` can say.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final

from rules.engine import MAX_PRIORITY, Group
from rules.language.actions import ACTIONS, ActionWord
from rules.language.conditions import CONDITIONS
from rules.language.registry import Registry, Schema, W
from rules.language.schema_parts import BUDGET, DURATION, HOURS, MONEY, PER_DAY, PERCENT, TEXT, choice, one_or_more
from rules.language.triggers import trigger_schema
from rules.program.content_text import LONGEST_BODY, LONGEST_BUTTON, LONGEST_LINE, MOST_LINKS
from rules.program.contents import CATEGORY, SAMPLES
from rules.program.contents import TEXT as CONTENT_TEXT
from rules.program_keys.key import LANGUAGE
from rules.program_keys.program import NEEDED, PROGRAM
from rules.rule_reader import LIMITS, TIMING
from rules.testing.cases import (
    ALL_LIVE,
    ALSO,
    ANYTHING,
    BECAUSE,
    BUDGET_LEFT,
    KINDS,
    MESSAGES_LEFT,
    NOTHING,
    REASONS,
    WITH,
)
from rules.testing.happenings import ANSWERS
from rules.testing.steps import AGREES, CONSENTS, GIVEN, TAKEN_BACK
from rules.yaml.words import FEED_STATES
from stamgast.domain.vocabulary import Channel, OncePer, Outside, Purpose

DRAFT = "https://json-schema.org/draft/2020-12/schema"
DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}"


RULE_WORDS: Final[Mapping[str, str]] = {
    "rule": "Its id, for ever: what is remembered and measured of it goes by it.",
    "description": "What it is for, to people.",
    "status": "Whether it listens, and whom it speaks to; see below. `draft` where nothing is said.",
    "when": "The trigger.",
    "once_per": "It fires once for each of these; what is usual stands at each trigger.",
    "if": "Conditions, all of which hold.",
    "then": "What happens, in this order.",
    "otherwise": "What happens where `if` does not hold.",
    "earned": "What it gives was paid for: nothing withholds it.",
    "offered": "Whatever withholds its message withholds what it gives.",
    "starts": "The first day on which it fires.",
    "ends": "The last one.",
    "campaign": "The group of rules that it belongs to: see [Budgets](#budgets-and-campaigns).",
    "undo_window": "Messages of the first hour after a launch wait for so long.",
    "timing": "When its messages may go: `send_between`, within the house's hours; `if_outside` them they `wait` or "
    "are `drop`ped; after `give_up_after` they are not sent any more; `send_late: true` lets old news send.",
    "limits": "How much at most: `cool_down` between two firings for one customer, `messages` a day for all customers, "
    "`hold_out` a share of customers who get none, to compare with, `budget` of money for messages and offers.",
    "priority": "Who goes first, from 0 to 100; 50 where nothing is said.",
    "value": "What one message is expected to bring; decides among equals.",
    "tests": "What it does, in examples that `stamgast rules test` plays.",
}
"""The words of a rule's file, and what each means."""


def rule_schema() -> Schema:
    """The schema of one file of `rules/`."""
    condition = {"$ref": "#/$defs/condition"}
    return {
        "$schema": DRAFT,
        "title": "Stamgast rule",
        "type": "object",
        "required": ["rule", "when", "then"],
        "additionalProperties": False,
        "properties": {name: schema | {"description": RULE_WORDS[name]} for name, schema in _rule_words().items()},
        "$defs": {
            "condition": _condition(condition),
            "trigger": trigger_schema(),
            "action": _action(),
            "test": _test(),
        },
    }


def _rule_words() -> dict[str, Schema]:
    """What stands after each word of a rule."""
    action = one_or_more({"$ref": "#/$defs/action"})
    date: Schema = {"type": "string", "pattern": f"{DATE}$"}
    return {
        "rule": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"},
        "description": {"type": "string"},
        "status": {"type": "string", "pattern": "^(draft|shadow|canary [0-9]{1,3}%|live|paused)$"},
        "when": {"$ref": "#/$defs/trigger"},
        "once_per": choice(OncePer),
        "if": one_or_more({"$ref": "#/$defs/condition"}),
        "then": action,
        "otherwise": action,
        "earned": {"type": "boolean"},
        "offered": {"type": "boolean"},
        "starts": date,
        "ends": date,
        "campaign": {"type": "string"},
        "undo_window": DURATION,
        "timing": _timing(),
        "limits": _limits(),
        "priority": {"type": "integer", "minimum": 0, "maximum": MAX_PRIORITY},
        "value": MONEY,
        "tests": {"type": "array", "items": {"$ref": "#/$defs/test"}},
    }


def program_schema() -> Schema:
    """The schema of program.yaml."""
    return {
        "$schema": DRAFT,
        "title": "Stamgast programme",
        "type": "object",
        "required": list(NEEDED),
        "additionalProperties": False,
        "properties": {name: key.to_schema() for name, key in PROGRAM.items()},
        "$defs": {"condition": _condition({"$ref": "#/$defs/condition"})},
    }


def described(registry: Registry[W]) -> dict[str, Schema]:
    """Word -> its schema, with its docstring as the description that editors show."""
    return {name: word.schema() | {"description": word.meaning()} for name, word in registry.words.items()}


def _one_word(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _condition(itself: Schema) -> Schema:
    groups = {name: one_or_more(itself) for name in Group}
    return _one_word(described(CONDITIONS) | groups)


def _action() -> Schema:
    return {"anyOf": [_one_action(name, word) for name, word in ACTIONS.words.items()]}


def _one_action(name: str, word: ActionWord) -> Schema:
    properties = {name: word.schema() | {"description": word.meaning()}, **word.options}
    return {"type": "object", "properties": properties, "required": [name], "additionalProperties": False}


def _timing() -> Schema:
    words = (HOURS, choice(Outside), DURATION, {"type": "boolean"})
    return {"type": "object", "properties": dict(zip(TIMING, words, strict=True)), "additionalProperties": False}


def _limits() -> Schema:
    words = (DURATION, PER_DAY, PERCENT, BUDGET)
    return {"type": "object", "properties": dict(zip(LIMITS, words, strict=True)), "additionalProperties": False}


def _test() -> Schema:
    expectation = {
        "type": "object",
        "properties": dict.fromkeys(KINDS, TEXT)
        | {
            NOTHING: {"const": True},
            BECAUSE: choice(REASONS) | {"description": "Why it is withheld."},
            "on": {"type": "string", "pattern": f"{DATE}$"},
            "at": {"type": "string", "pattern": f"{DATE} [0-9]{{2}}:[0-9]{{2}}$"},
        },
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {
        "type": "object",
        "required": ["name", "given", "expect"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "given": {"anyOf": [{"type": "string"}, {"type": "array", "items": _step()}]},
            "expect": one_or_more(expectation),
            WITH: {
                "anyOf": [{"const": ALL_LIVE}, one_or_more(TEXT)],
                "description": "Rules of this merchant that are played together with this one.",
            },
            BUDGET_LEFT: MONEY | {"description": "What its budgets have at the beginning; else all of it."},
            MESSAGES_LEFT: {
                "type": "integer",
                "minimum": 0,
                "description": "What its `limits: messages` leave on the first day that it sends; else all of them.",
            },
            ALSO: {"const": ANYTHING, "description": "What `expect` does not name may happen as well."},
        },
    }


def _step() -> Schema:
    nothing_or = {"type": ["object", "boolean", "null"]}
    consent = {
        "type": "object",
        "properties": dict.fromkeys(CONSENTS, choice(Purpose)) | {"by": choice(Channel)},
        "additionalProperties": False,
        "anyOf": [{"required": [GIVEN]}, {"required": [TAKEN_BACK]}],
    }
    return {
        "type": "object",
        "properties": {
            "purchase": {"type": ["object", "string", "null"]},
            "refund": {"type": "string"},
            "pass": DURATION,
            "feed": {"anyOf": [choice(FEED_STATES), {"type": "object", "additionalProperties": choice(FEED_STATES)}]},
            "language": {"type": "string"},
            "join": nothing_or | {"properties": {"source": TEXT, "consent": choice(AGREES)}},
            "birthday": {"type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$"},
            "consent": {"anyOf": [choice(CONSENTS), consent]},
            "held_out": {"anyOf": [{"const": True}, one_or_more(TEXT)]},
            "variant": TEXT,
            "reply": nothing_or | {"properties": {"keyword": choice(ANSWERS), "channel": choice(Channel)}},
            "give": {"type": "string"},
            "redeem": {"type": "string"},
            "event": {"type": ["string", "object"]},
            "campaign": {"const": "starts"},
            "at": {"type": "string", "pattern": f"{DATE} [0-9]{{2}}:[0-9]{{2}}$"},
        },
        "additionalProperties": False,
    }


def content_schema() -> Schema:
    """The schema of one file of `contents/`."""
    line = {"type": "string", "maxLength": LONGEST_LINE}
    button = {"type": "string", "maxLength": LONGEST_BUTTON}
    address = {"type": "string", "pattern": "^https://"}
    words: dict[str, Schema] = {
        CONTENT_TEXT: {"type": "string", "maxLength": LONGEST_BODY},
        "title": line,
        "media": address,
        "footer": line,
        "quick_replies": {
            "anyOf": [{"type": "array", "items": button}, {"type": "object", "additionalProperties": button}]
        },
        "links": {"type": "object", "additionalProperties": address, "maxProperties": MOST_LINKS},
    }
    properties = {name: schema | {"description": CONTENT_WORDS[name]} for name, schema in words.items()}
    whole = {"type": "object", "required": [CONTENT_TEXT], "additionalProperties": False, "properties": properties}
    return {
        "$schema": DRAFT,
        "title": "Stamgast content",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            CATEGORY: choice(Purpose) | {"description": CONTENT_WORDS[CATEGORY]},
            SAMPLES: {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "description": CONTENT_WORDS[SAMPLES],
            },
        },
        "patternProperties": {LANGUAGE: {"anyOf": [{"type": "string"}, whole]}},
    }


CONTENT_WORDS: Final[Mapping[str, str]] = {
    CATEGORY: "What it is submitted as; the purpose of its template where nothing is said.",
    SAMPLES: "What WhatsApp's people are shown in each place; what a customer would read where nothing is said.",
    CONTENT_TEXT: "What people read, with places such as {{1}}.",
    "title": "A line above the text, with one place at most.",
    "media": "The address of a picture, film or document above the text.",
    "footer": "A line below the text.",
    "quick_replies": "Answers to tap: their titles, or `id: title`; the id comes back with the reply.",
    "links": "Pages to open: `title: https://…`, with one place at its end at most.",
}
"""The words of a file of `contents/`, and what each means."""

SCHEMAS: Final[Mapping[str, Callable[[], Schema]]] = {
    "rule": rule_schema,
    "program": program_schema,
    "content": content_schema,
}
"""By the name of the file in `schemas/`."""


def as_file(schema: Schema) -> str:
    """A schema as its file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


__all__ = ["RULE_WORDS", "SCHEMAS", "as_file", "described", "program_schema", "rule_schema"]
