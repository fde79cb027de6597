"""Two versions are measured beside each other: the other one lies in a folder of its own, and pairs are compared."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.against import Driven, as_figure, beside, in_turn, spread
from benchmarks.scene import ROOT


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "word.txt").write_text("before")
    for words in ("init -q", "add .", "-c user.name=Jo -c user.email=jo@example.org commit -q -m before"):
        subprocess.run(["git", *words.split()], cwd=root, check=True)
    (root / "word.txt").write_text("now")
    return root


def test_a_revision_lies_beside_the_tree_and_is_gone_afterwards(repository: Path, tmp_path: Path):
    with beside("HEAD", repository, tmp_path / "run") as (tree, commit):
        assert (tree / "word.txt").read_text() == "before"
        assert tree.name.startswith(commit)
    assert not tree.exists()
    assert (repository / "word.txt").read_text() == "now"
    listed = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1


@pytest.mark.parametrize("rev", ["nowhere", "--force"])
def test_an_unknown_revision_is_said(repository: Path, tmp_path: Path, rev: str):
    with pytest.raises(SystemExit, match=f"--against {rev}: no such revision"), beside(rev, repository, tmp_path):
        pass


class Scripted:
    """A version whose slices take what is written."""

    def __init__(self, name: str, order: list[str], figures: list[float]) -> None:
        self.name, self.order, self.figures = name, order, figures

    def slice(self) -> float:
        self.order.append(self.name)
        return self.figures.pop(0)


def test_who_goes_first_takes_turns_and_the_first_slices_do_not_count():
    order: list[str] = []
    pairs = in_turn([Scripted("before", order, [1, 10, 20, 40]), Scripted("now", order, [1, 15, 50, 60])], 3)
    assert order == ["before", "now", "before", "now", "now", "before", "before", "now"]
    assert pairs == [(10, 15), (20, 50), (40, 60)]


def test_the_ratios_are_told_pair_by_pair_with_their_spread():
    pairs = [(100.0, 150.0), (50.0, 80.0), (200.0, 280.0), (100.0, 170.0), (100.0, 300.0)]
    assert spread(pairs) == (1.5, 1.6, 1.7)
    told = json.loads(as_figure("core", pairs, "abc").line().removeprefix("BENCH "))
    assert told == {
        "name": "against_core", "value": 1.6, "unit": "times abc", "peer": "abc", "peer_value": 1, "ratio": 1.6,
        "low": 1.5, "high": 1.7,
    }  # fmt: skip


def test_a_version_carries_slices_for_as_long_as_it_is_asked():
    driven = Driven(ROOT, "core", 40, None)
    try:
        driven.ready()
        assert driven.slice() > 0
        assert driven.slice() > 0
    finally:
        driven.close()


def test_a_version_that_cannot_be_driven_is_an_error(tmp_path: Path):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__init__.py").touch()
    driven = Driven(tmp_path, "core", 40, None)
    try:
        with pytest.raises(RuntimeError, match="ended with 1"):
            driven.ready()
    finally:
        driven.close()
