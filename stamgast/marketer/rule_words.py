"""What may stand in a rule's file, for an editor that completes: the schema with the shop's own names in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rules.language.schema_parts import TEXT
from rules.loader import PROGRAM
from rules.schema import rule_schema
from rules.segments import SECTION
from rules.yaml.nodes import MapNode
from rules.yaml.source import Source, read_yaml
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import FactName

NAMES: Final = "x-names"
"""Of a schema of a text: what may stand there in this shop."""
KEYS: Final = "x-keys"
"""Of a schema of a map: the words that it may have in this shop."""


def words_of(program: Program, segments: tuple[str, ...], rules: tuple[str, ...]) -> dict[str, Any]:
    """Return the schema of a rule's file with the names that the merchant's files give to things."""
    named = _named(program, segments, rules)
    found: dict[str, Any] = _with_names(rule_schema(), {name: names for name, names in named.items() if names})
    return found


def segment_names(files: Mapping[str, str]) -> tuple[str, ...]:
    """Return the segments that a merchant's files name."""
    root = read_yaml(Source(PROGRAM, files.get(PROGRAM, "")))
    found = root.get(SECTION) if isinstance(root, MapNode) else None
    return tuple(key.text for key, _ in found.entries) if isinstance(found, MapNode) else ()


def _named(program: Program, segments: tuple[str, ...], rules: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Word of the language -> the names that may stand after it."""
    cards, rewards, templates = tuple(program.cards), tuple(program.rewards), tuple(program.templates)
    draws, tiers = tuple(program.draws), tuple(name for name, _ in program.tiers.levels) if program.tiers else ()
    return {
        "give": rewards,
        "has_reward": rewards,
        FactName.REWARD_GIVEN: rewards,
        FactName.REWARD_REDEEMED: rewards,
        FactName.REWARD_EXPIRED: rewards,
        "send": templates,
        "ask": tuple(program.questions),
        "question": tuple(program.questions),
        "notify": templates,
        "recommend": templates,
        "to": tuple(program.staff),
        "set_tier": tiers,
        "tier": tiers,
        FactName.TIER_CHANGED: tiers,
        "enter_draw": draws,
        "instant_win": draws,
        "has_entered": draws,
        "store": tuple(program.stores),
        "language": program.languages,
        "segment": segments,
        "campaign": tuple(program.campaigns),
        FactName.STAMP_CARD_COMPLETED: cards,
        "stamp_card_reaches": cards,
        FactName.STAMPS_EXPIRING: cards,
        "add_stamps": cards,
        "stamps": cards,
        "event": tuple(program.events),
        "with": rules,
    }


def _with_names(schema: Any, named: Mapping[str, tuple[str, ...]]) -> Any:
    if isinstance(schema, list):
        return [_with_names(each, named) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _with_names(each, named) for name, each in schema.items()}
    if isinstance(properties := found.get("properties"), dict):
        found["properties"] = {
            name: _naming(each, named[name]) if name in named else each for name, each in properties.items()
        }
    return found


def _naming(schema: Any, names: tuple[str, ...]) -> Any:
    """The schema of what stands after a word, with the names that will do."""
    if "anyOf" in schema:
        return schema | {"anyOf": [_naming(each, names) for each in schema["anyOf"]]}
    if schema.get("type") == "array":
        return schema | {"items": _naming(schema["items"], names)}
    if schema.get("type") == TEXT["type"] or (
        schema.get("type") == "string" and not schema.keys() & {"enum", "pattern"}
    ):
        return schema | {NAMES: list(names)}
    if isinstance(schema.get("additionalProperties"), dict) and "properties" not in schema:
        return schema | {KEYS: list(names)}
    return schema
