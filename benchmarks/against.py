"""Two versions beside each other: `python -m benchmarks --against REV [name ...]`.

REV is laid beside this tree as a worktree of git, and the two are measured in turn on the same broker and Redis, in the
same minutes: what else the machine does slows both. Told is how many times REV's figure each of ours is, pair by pair:
the middle of the pairs, and between what they lie. `core`, `customers` and `intake` are measured in small slices; any
other benchmark is run whole, and what both versions tell is compared.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, middle, table, tell
from benchmarks.scene import ROOT, RUN_DIR, Scene
from benchmarks.slices import SLICED

NEED_NOTHING = frozenset({"core"})
"""These are measured without a broker and without Redis."""
USUAL = ("core", "customers", "intake")
_ROUNDS, _WHOLE_ROUNDS = 9, 3

Pairs = list[tuple[float, float]]
"""REV's figure and ours, round by round."""


class Driven:
    """A version's slices, in a process that has made its input."""

    def __init__(self, tree: Path, name: str, count: int, scene: Scene | None) -> None:
        where = ("", "") if scene is None else (str(scene.kafka.bootstrap), scene.redis.url)
        command = [sys.executable, "-P", str(Path(__file__).with_name("slices.py")), name, str(count), *where]
        self._process = subprocess.Popen(
            command, cwd=tree, env=of_tree(tree), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._tree = tree

    def ready(self) -> None:
        """Wait until its input is made. Raises RuntimeError."""
        self._heard("READY")

    def slice(self) -> float:
        """Carry one slice: events per CPU second. Raises RuntimeError."""
        if self._process.stdin is not None:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        figure = float(self._heard("SLICE"))
        if figure <= 0:  # a step takes a thousand records of a partition: the warm-up was all there was
            raise RuntimeError(f"a slice of {self._tree} measured nothing: it is too small")
        return figure

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def _heard(self, word: str) -> str:
        for line in self._process.stdout or ():
            mark, _, rest = line.partition(" ")
            if mark.strip() == word:
                return rest.strip()
        raise RuntimeError(f"the slices of {self._tree} ended with {self._process.wait()}")


def of_tree(tree: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment in which a process imports that tree."""
    return {**os.environ, "PYTHONPATH": str(tree), **(more or {})}


@contextlib.contextmanager
def beside(rev: str, root: Path = ROOT, folder: Path = RUN_DIR) -> Iterator[tuple[Path, str]]:
    """That revision in a folder of its own while the context is open, and its short name. Raises SystemExit."""
    found = _git(root, "rev-parse", "--verify", "--quiet", "--short=10", "--end-of-options", f"{rev}^{{commit}}")
    commit = found.stdout.strip()
    if found.returncode or not commit:
        said = found.stderr.strip() or "a commit, branch or tag of this repository is wanted"
        raise SystemExit(f"--against {rev}: no such revision: {said}")
    tree = folder / "against" / f"{commit}-{os.getpid()}"
    laid = _git(root, "worktree", "add", "--detach", "--force", str(tree), commit)
    if laid.returncode:
        raise SystemExit(f"--against {rev}: git could not lay it beside this tree: {laid.stderr.strip()}")
    try:
        yield tree, commit
    finally:
        _git(root, "worktree", "remove", "--force", str(tree))


def _git(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)


def run(scene: Scene | None, rev: str, names: Sequence[str], *, quick: bool) -> None:
    """Measure both in turn and tell the ratios. `scene` may be None where nothing is named that needs it."""
    with beside(rev) as (tree, commit):
        found: dict[str, tuple[str, Pairs]] = {}
        for name in names:
            if name in SLICED:
                found[name] = ("events per CPU second", _sliced(scene, tree, name, quick=quick))
            else:
                found |= _whole(scene, tree, name, quick=quick)
    rows = []
    for name, (unit, pairs) in found.items():
        low, mid, high = spread(pairs)
        before, now = (middle([pair[side] for pair in pairs]) for side in (0, 1))
        rows.append((name, unit, before, now, round(mid, 3), round(low, 3), round(high, 3), len(pairs)))
    table(
        f"This tree beside {commit}, in turn", ("what", "unit", commit, "now", "times", "from", "to", "pairs"), rows
    )  # fmt: skip
    tell([as_figure(name, pairs, commit) for name, (_, pairs) in found.items()])


def as_figure(name: str, pairs: Pairs, commit: str) -> Figure:
    """The ratio's line: `value` is how many times the other's figure ours is."""
    low, mid, high = spread(pairs)
    return Figure(f"against_{name}", mid, f"times {commit}", commit, 1.0, span=(low, high))


def spread(pairs: Pairs) -> tuple[float, float, float]:
    """The ratios of the pairs: a quarter lies below the first, half below the second, a quarter above the third."""
    ratios = sorted(now / before for before, now in pairs)
    last = len(ratios) - 1
    return ratios[round(last * 0.25)], middle(ratios), ratios[round(last * 0.75)]


def _sliced(scene: Scene | None, tree: Path, name: str, *, quick: bool) -> Pairs:
    few, many = (400, 8_000) if name in NEED_NOTHING else (10_000, 20_000)
    count, rounds = (few, 2) if quick else (many, _ROUNDS)
    with contextlib.ExitStack() as stack:
        both = [Driven(each, name, count, scene) for each in (tree, ROOT)]
        for one in both:
            stack.callback(one.close)
        for one in both:
            one.ready()
        return in_turn(both, rounds)


def in_turn(both: Sequence[Any], rounds: int) -> Pairs:
    """So many pairs; who goes first takes turns as well, and what comes before the first pair does not count."""
    for one in both:
        one.slice()
    pairs: Pairs = []
    for number in range(rounds):
        order = (0, 1) if number % 2 == 0 else (1, 0)
        figures = {side: both[side].slice() for side in order}
        pairs.append((figures[0], figures[1]))
    return pairs


def _whole(scene: Scene | None, tree: Path, name: str, *, quick: bool) -> dict[str, tuple[str, Pairs]]:
    found: dict[str, tuple[str, Pairs]] = {}
    for number in range(1 if quick else _WHOLE_ROUNDS):
        order = (tree, ROOT) if number % 2 == 0 else (ROOT, tree)
        told = {each: _told(scene, each, name, quick=quick) for each in order}
        for what, (unit, before) in told[tree].items():
            if what in told[ROOT] and before:
                found.setdefault(what, (unit, []))[1].append((before, told[ROOT][what][1]))
    return found


def _told(scene: Scene | None, tree: Path, name: str, *, quick: bool) -> dict[str, tuple[str, float]]:
    """What a benchmark tells in that tree: figure -> unit and value. Raises RuntimeError."""
    services = (
        {"STAMGAST_KAFKA_BOOTSTRAP": str(scene.kafka.bootstrap), "STAMGAST_REDIS_URL": scene.redis.url} if scene else {}
    )
    command = [sys.executable, "-m", "benchmarks", "--no-peers", *(["--quick"] if quick else []), name]
    done = subprocess.run(
        command, cwd=tree, env=of_tree(tree, services), capture_output=True, text=True, check=False
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{name} in {tree} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
    lines = (line.removeprefix("BENCH ") for line in done.stdout.splitlines() if line.startswith("BENCH "))
    return {each["name"]: (each["unit"], each["value"]) for each in map(json.loads, lines)}
