"""program.yaml as editors and docs/rules.md know it is program.yaml as the loader knows it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rules.loader import load_bundle
from rules.program_keys.key import Key
from rules.program_keys.program import PROGRAM, example_program
from rules.rule_reader import LIMITS, TIMING, WORDS
from rules.schema import RULE_WORDS, SCHEMAS, program_schema
from rules.yaml.nodes import MapNode, Node
from rules.yaml.reader import Reader
from stamgast.programs.rule_tests import run_tests
from tests.schemas import validate
from tests.unit.rules.plain_data import data_of
from tests.unit.rules.small_shop import RULE, files_of

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "config/merchants").glob("*/program.yaml"))
RULES = sorted((ROOT / "config/merchants").glob("*/rules/*.yaml"))
TEXTS = {f"templates/{each}.j2": "Hallo! Stop? Antwoord STOP" for each in ("nl/we_miss_you", "fr/we_miss_you")} | {
    f"templates/{each}/budget_spent.j2": "{{ staff.name }}: {{ alert.about }}, {{ alert.why }}" for each in ("nl", "fr")
}
TEXTS |= {f"templates/{each}/stamps_run_out.j2": "{{ card.expires_on }}. STOP? STOP" for each in ("nl", "fr")}
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4"/></svg>'
TEXTS |= {f"look/{each}.svg": DRAWING for each in ("logo", "loaf")}
FILES = {"program.yaml": example_program(), "rules/win-back.yaml": RULE.replace("example", "win-back"), **TEXTS}
FILES["rules/warn.yaml"] = "rule: warn\nwhen: {stamps_expiring: slow}\nthen: [{send: stamps_run_out}]\n"


def test_the_documented_programme_is_right():
    assert [problem.render() for problem in load_bundle(FILES).problems] == []
    validate(data_of(example_program()), program_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_the_schema_for_editors_takes_the_programmes_we_ship(path: Path):
    validate(data_of(path.read_text()), program_schema())


def test_every_word_that_the_loader_knows_is_documented_and_no_other(monkeypatch):
    asked: list[tuple[Node, frozenset[str]]] = []
    entries = Reader.entries

    def listening(self: Reader, node: Node, where: str, allowed: Any = None, *more: Any, **others: Any) -> Any:
        asked.append((node, frozenset(allowed) if allowed is not None else frozenset()))
        return entries(self, node, where, allowed, *more, **others)

    monkeypatch.setattr(Reader, "entries", listening)
    loaded = load_bundle(FILES)
    monkeypatch.undo()
    assert loaded.ok
    known = {id(node): words for node, words in asked if words}
    root = next(node for node, words in asked if "merchant" in words)
    assert isinstance(root, MapNode)
    found = dict(_words(root, PROGRAM, "", known))
    assert set(known[id(root)]) == set(PROGRAM)
    assert len(found) > 20
    for where, (by_loader, documented) in found.items():
        assert by_loader == documented, where


def _words(
    node: Node, keys: Mapping[str, Key], where: str, known: Mapping[int, frozenset[str]]
) -> Iterator[tuple[str, tuple[frozenset[str], frozenset[str]]]]:
    """Yield each mapping of the examples with the words that the loader takes there, and those of `PROGRAM`."""
    if not isinstance(node, MapNode):
        return
    for name, value in node.entries:
        key, path = keys[name.text], f"{where}/{name.text}"
        below = dict.fromkeys((each.text for each, _ in value.entries), key.each) if isinstance(value, MapNode) else {}
        if key.each is None and id(value) in known and "segments" not in path:
            yield path, (known[id(value)], frozenset(key.keys))
        yield from (
            _words(value, {word: each for word, each in below.items() if each} or key.keys, path, known)
            if (key.each or key.keys)
            else ()
        )


INSTEAD = frozenset({"alive_below", "risk_alive_below"})
"""Words that say what another one says, with which they cannot stand."""


@pytest.mark.parametrize("name", PROGRAM)
def test_the_example_of_a_section_shows_its_words(name: str):
    shown = json.dumps(data_of(PROGRAM[name].example))
    missing = [word for word in _documented(PROGRAM[name]) if f'"{word}"' not in shown and word not in INSTEAD]
    assert missing == []
    assert PROGRAM[name].meaning


def _documented(key: Key) -> Iterator[str]:
    if key.each is not None:
        yield from _documented(key.each)
    for name, word in key.keys.items():
        yield name
        yield from _documented(word)


@pytest.mark.parametrize(
    "line",
    [
        "curency: EUR",
        "stores: {a: {day_start: 25}}",
        "cards: {bread: {per: visit, stamps: 7}}",
        "cards: {bread: {categories: [bread]}}",
        "rewards: {loaf: {cost: 1.10 EUR}}",
        "messaging: {send_between: {marketing: all day}}",
        "costs: {margin: 0.55}",
        "segments: {vip: {spent: 3}}",
        "tiers: {by: spend}",
    ],
)
def test_the_schema_underlines_what_check_refuses(line: str):
    program = {**data_of(example_program()), **data_of(line)}
    with pytest.raises(jsonschema.ValidationError):
        validate(program, program_schema())


@pytest.mark.parametrize("path", [*SHIPPED, *RULES], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_we_ship_shows_an_editor_its_schema(path: Path):
    first = path.read_text().partition("\n")[0]
    schema = (path.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve()
    name = {"program.yaml": "program"}.get(path.name, "content" if path.parent.name == "contents" else "rule")
    assert schema == ROOT / f"schemas/{name}.json"
    assert json.loads(schema.read_text()) == SCHEMAS[name]()


def test_the_documented_rule_has_every_word_and_does_what_its_tests_say():
    page = (ROOT / "docs/rules.md").read_text().partition("## A rule")[2]
    text = page.partition("```yaml\n")[2].partition("```")[0]
    rule = data_of(text)
    assert set(rule) == set(WORDS) - {"earned"} == set(RULE_WORDS) - {"earned"}
    assert set(rule["timing"]) == set(TIMING)
    assert set(rule["limits"]) == set(LIMITS)
    loaded = load_bundle(files_of(text))
    assert [problem.render() for problem in loaded.problems] == []
    results = run_tests(loaded)
    assert [each.missing for each in results] == [()]
    assert all(each.passed for each in results)
    validate(rule, SCHEMAS["rule"]())
