"""What is said of a partition's meta is what the scripts and the modules do."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from stamgast.state import partition_meta
from stamgast.state.backlogs import Backlog
from stamgast.state.meta_fields import Family, Field
from stamgast.state.meta_values import InForce, Trial
from stamgast.state.partition_meta import ASIDE, FAMILIES, FIELDS, IN_FORCE, PAUSED, SOURCES, TRIAL, WAITS, WATERMARK

ROOT = Path(__file__).resolve().parents[3]
NAMED = {
    constant: said for constant, said in vars(partition_meta).items() if isinstance(said, Field | Family)
}  # fmt: skip
OF_META = re.compile(r"'(H[A-Z]+)', KEYS\[1\]((?:, '[^']*')*)")
"""A command on a script's first key, and the words behind it that are no variables."""


@cache
def named_in_scripts() -> dict[str, set[str]]:
    """Field -> scripts that name it."""
    found = defaultdict(set)
    for script in (ROOT / "stamgast" / "state").glob("*.lua"):
        text = script.read_text()
        if "-- KEYS: meta" not in text:
            continue
        for command, words in OF_META.findall(text):
            names = re.findall(r"'([^']*)'", words)
            for name in names[:1] if command.startswith("HSET") else names:  # a value stands behind the name
                found[name].add(script.name)
    return found


@cache
def named_in_modules() -> dict[str, set[str]]:
    """Constant of `partition_meta` -> modules that import it."""
    found = defaultdict(set)
    for package in ("stamgast", "streams", "rules", "channels"):
        for file in (ROOT / package).rglob("*.py"):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module == "stamgast.state.partition_meta":
                    for alias in node.names:
                        found[alias.name].add(module)
    return found


def test_every_field_is_listed_once():
    listed = [*FIELDS, *FAMILIES]
    assert sorted(map(id, listed)) == sorted(map(id, NAMED.values()))
    names = [field.name for field in FIELDS]
    assert len(set(names)) == len(names)
    prefixes = [family.prefix for family in FAMILIES]
    assert len(set(prefixes)) == len(prefixes)
    assert not any(name.startswith(prefix) for name in names for prefix in prefixes)


def test_scripts_use_no_field_that_is_not_listed_and_each_is_said_to():
    used = named_in_scripts()
    assert used["token"] >= {"commit.lua", "outbox_begin.lua"}, "the search finds them"
    assert set(used) <= {field.name for field in FIELDS}
    said = {
        field.name: {name for name in (*field.written_by, *field.read_by) if name.endswith(".lua")}
        for field in FIELDS
    }  # fmt: skip
    assert said == {name: used[name] for name in said}


@pytest.mark.parametrize("constant", sorted(NAMED))
def test_a_field_is_written_and_read_by_the_modules_that_are_said_to(constant: str):
    field = NAMED[constant]
    said = {name for name in (*field.written_by, *field.read_by) if not name.endswith(".lua")}
    assert said == named_in_modules()[constant]


def test_no_module_names_a_field_of_its_own():
    of_its_own = re.compile(r'\b(?<!shard\.)meta(?:\.get\(|\[|,\s*)f?"')
    files = [file for package in ("stamgast", "streams") for file in (ROOT / package).rglob("*.py")]
    assert [str(file) for file in files if of_its_own.search(file.read_text())] == []


@pytest.mark.parametrize(
    ("said", "value", "word"),
    [
        (WATERMARK, 12, 12),
        (TRIAL, Trial("p", 3, 9, 1), "p|3|9|1"),
        (ASIDE, (3, 7), "3,7"),
        (ASIDE, (), ""),
        (WAITS, {"bakery": Backlog(5, 1_000, 4)}, '{"bakery":[5,1000,4]}'),
        (WAITS, {}, ""),
        (SOURCES, (12, 0), "12:0"),
        (IN_FORCE, InForce(4, "ab12"), "4:ab12"),
        (IN_FORCE, InForce(4, ""), "4:"),
        (PAUSED, frozenset({"b", "a"}), "a,b"),
        (PAUSED, frozenset(), ""),
    ],
)
def test_what_is_written_is_read_back(said, value, word):
    assert said.encode(value) == word
    assert said.read(str(word).encode()) == value


def test_fields_of_one_kind_are_told_apart_by_whose_they_are():
    meta = {"wm": "12", "s:AAa:b-1:3": "7:1", "b:bakery": "4:ab12", "time": "9"}
    assert WATERMARK.of(meta) == 12
    assert SOURCES.of(meta) == {("AAa:b-1", 3): (7, 1)}
    assert SOURCES.written({("AAa:b-1", 3): (7, 1)}) == {"s:AAa:b-1:3": "7:1"}
    assert IN_FORCE.of(meta) == {"bakery": InForce(4, "ab12")}
    assert IN_FORCE.name("bakery") == "b:bakery"


def test_of_a_partition_that_nobody_has_taken_nothing_is_known():
    assert [field.of({}) for field in FIELDS] == [field.read(None) for field in FIELDS]
    assert WATERMARK.of({}) == -1
    assert TRIAL.of({}) is None
    assert WAITS.of({}) is not WAITS.of({}), "what is known of one partition is nobody else's"
