"""Both of PyYAML's parsers come to the same trees and tell the same of a file, whichever is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from rules.yaml import source as reading
from rules.yaml.nodes import Node
from rules.yaml.source import Source

ROOT = Path(__file__).parents[4]
GOOD = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "config").rglob("*.yaml"))]
GOLDEN = sorted((ROOT / "tests/golden/mistakes").glob("*.txt"))
WRONG = [
    case.split("\n", 2)[2].partition("--- told\n")[0]
    for path in GOLDEN
    for case in path.read_text(encoding="utf-8").split("\n=== ")[1:]
    if case.split("\n", 2)[1].endswith(".yaml")
]
ODD = [
    "", "~", "[]", "a: |\n  x\n  y\n", "a: >-\n  x\n\n  y\nb: 1", "a: 'it''s'", 'a: "\\u00e9\\n"', "- a\n-b: c", "a: [1, 2", "? a\n: b",
    "a: &x 1\nb: *x", "<<: {a: 1}", "a: !!int 3", "a: {b: 12,50 EUR}", "a: é # ü\nb: ✓ x", "a:\n\n\n  b: c   \n", "--- a\n--- b", "\ufeffa: 1",
    "a: b: c", "a:\tb", "%YAML 1.1\n---\na: 1", "a: @x", "a: `x`", "{a: 1, a: 2}", "a: \x07", "a: 'x", "[" * 30 + "]" * 30, "a: \U0001f600 b\nc: d",
]  # fmt: skip


def test_shipped_files_wrong_ones_and_odd_ones_read_alike_with_either_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(GOOD) > 10
    assert len(WRONG) > 200
    if reading._FAST is None:
        pytest.skip("PyYAML was built without libyaml")
    for text in (*GOOD, *WRONG, *ODD):
        fast = _read(text)
        with monkeypatch.context() as patched:
            patched.setattr(reading, "_FAST", None)
            assert _read(text) == fast, text


def _read(text: str) -> tuple[Node | None, list[str]]:
    file = Source("a.yaml", text)
    return reading._read(file), [each.render() for each in file.problems]
