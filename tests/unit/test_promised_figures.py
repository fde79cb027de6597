"""Machines go by some figures' names: each is told by its benchmark under exactly that name, and beside something."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from benchmarks.__main__ import NAMES
from benchmarks.figures import PROMISED, Figure, tell
from benchmarks.scene import ROOT

ASKED_FOR = {
    *("http_rate_c16", "http_rate_c64", "http_p99_c16", "http_keepalive_p50", "http_enrol_rate", "http_stops_lost"),
    *("waiting_takeover", "waiting_peak", "erase_growth", "growth_state_1000", "growth_purchase_1000"),
    *("growth_late_1000", "growth_cards_50", "growth_rules_1000", "bytes_per_remembered_purchase", "fit_live_peak"),
    *("full_logic", "idle_worker_cpu", "idle_web_cpu"),
}


def written(module: str) -> Iterator[str]:
    """Patterns of the texts that a benchmark's code holds; what is put into one may be anything."""
    for node in ast.walk(ast.parse((ROOT / "benchmarks" / f"{module}.py").read_text())):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z]+" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.escape(node.value)


def test_no_name_is_forgotten():
    assert {name for names in PROMISED.values() for name in names} == ASKED_FOR


@pytest.mark.parametrize(("module", "name"), [(module, name) for module, names in PROMISED.items() for name in names])
def test_each_is_told_by_its_benchmark(module: str, name: str):
    assert module in NAMES
    assert any(re.fullmatch(pattern, name) for pattern in written(module))


def test_none_is_told_without_a_peer_or_a_goal(capsys):
    with pytest.raises(ValueError, match="erase_growth: has neither a peer nor a goal beside it"):
        tell([Figure("erase_growth", 1.0, "times that among 10")])
    tell([Figure("erase_growth", 1.0, "times that among 10").at_most(1.5), Figure("anything_else", 1.0, "ms")])
    assert [line.split('"')[3] for line in capsys.readouterr().out.splitlines()] == ["erase_growth", "anything_else"]
