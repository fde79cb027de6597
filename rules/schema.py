"""JSON Schema of a rule's file, made from the registries: editors complete and underline with it.

It describes shapes; whether a card or template exists, only `stamgast rules check` can say.
"""

from rules.engine import MAX_PRIORITY, Group
from rules.language.actions import ACTIONS, ActionWord
from rules.language.conditions import CONDITIONS
from rules.language.registry import Registry, Schema, W
from rules.language.schema_parts import DURATION, HOURS, MONEY, PER_DAY, PERCENT, TEXT, choice, one_or_more
from rules.language.triggers import trigger_schema
from rules.rule_reader import LIMITS, TIMING
from rules.testing.cases import ALSO, ANYTHING, KINDS, NOTHING
from rules.yaml.words import FEED_STATES
from stamgast.domain.vocabulary import OncePer, Outside

DRAFT = "https://json-schema.org/draft/2020-12/schema"
DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}"


def rule_schema() -> Schema:
    """The schema of one file of `rules/`."""
    condition = {"$ref": "#/$defs/condition"}
    return {
        "$schema": DRAFT,
        "title": "Stamgast rule",
        "type": "object",
        "required": ["rule", "when", "then"],
        "additionalProperties": False,
        "properties": {
            "rule": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$", "description": "Its id, for ever."},
            "description": {"type": "string"},
            "status": {"type": "string", "pattern": "^(draft|shadow|canary [0-9]{1,3}%|live|paused)$"},
            "when": {"$ref": "#/$defs/trigger"},
            "once_per": choice(OncePer),
            "if": one_or_more(condition),
            "then": one_or_more({"$ref": "#/$defs/action"}),
            "otherwise": one_or_more({"$ref": "#/$defs/action"})
            | {"description": "What happens where `if` does not hold."},
            "earned": {"type": "boolean", "description": "What it gives was paid for: nothing withholds it."},
            "starts": {"type": "string", "pattern": f"{DATE}$", "description": "The first day on which it fires."},
            "ends": {"type": "string", "pattern": f"{DATE}$", "description": "The last one."},
            "undo_window": DURATION | {"description": "Messages of the first hour after a launch wait for so long."},
            "offered": {"type": "boolean", "description": "Whatever withholds its message withholds what it gives."},
            "timing": _timing(),
            "limits": _limits(),
            "priority": {"type": "integer", "minimum": 0, "maximum": MAX_PRIORITY},
            "value": MONEY | {"description": "What one message is expected to bring; decides among equals."},
            "tests": {"type": "array", "items": {"$ref": "#/$defs/test"}},
        },
        "$defs": {
            "condition": _condition(condition),
            "trigger": trigger_schema(),
            "action": _action(),
            "test": _test(),
        },
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
    words = (DURATION, PER_DAY, PERCENT)
    return {"type": "object", "properties": dict(zip(LIMITS, words, strict=True)), "additionalProperties": False}


def _test() -> Schema:
    expectation = {
        "type": "object",
        "properties": dict.fromkeys(KINDS, TEXT)
        | {
            NOTHING: {"const": True},
            "on": {"type": "string", "pattern": f"{DATE}$"},
            "at": {"type": "string", "pattern": f"{DATE} [0-9]{{2}}:[0-9]{{2}}$"},
        },
        "additionalProperties": False,
        "minProperties": 1,
    }
    step = {
        "type": "object",
        "properties": {
            "purchase": {"type": ["object", "string", "null"]},
            "refund": {"type": "string"},
            "pass": DURATION,
            "feed": choice(FEED_STATES),
            "language": {"type": "string"},
            "join": {"type": ["object", "null"]},
            "birthday": {"type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$"},
            "reply": {"type": ["object", "null"]},
            "give": {"type": "string"},
            "redeem": {"type": "string"},
            "event": {"type": ["string", "object"]},
            "at": {"type": "string", "pattern": f"{DATE} [0-9]{{2}}:[0-9]{{2}}$"},
        },
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "required": ["name", "given", "expect"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string"},
            "given": {"anyOf": [{"type": "string"}, {"type": "array", "items": step}]},
            "expect": one_or_more(expectation),
            ALSO: {"const": ANYTHING, "description": "What `expect` does not name may happen as well."},
        },
    }


__all__ = ["described", "rule_schema"]
