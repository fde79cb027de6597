"""What does a command cost before it has done anything? Processor time of its own, the least of several runs.

`rules check` reads the shipped merchants; `customer --help` imports no more than what parses its arguments.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

from benchmarks.figures import Figure, table, tell
from benchmarks.scene import ROOT, Scene

_COMMANDS: Final = {
    "help": (("--help",), 0.15),
    "rules_check": (("rules", "check", "config/merchants"), 0.35),
    "customer_help": (("customer", "--help"), None),
}
"""Name -> its words, and the most processor seconds that it may take."""


def run(scene: Scene) -> None:
    """Run each command some times and take the least."""
    rows, figures = [], []
    for name, (words, most) in _COMMANDS.items():
        busy = min(_busy_s(words) for _ in range(3 if scene.quick else 10))
        rows.append((f"stamgast {' '.join(words)}", f"{busy:.3f}"))
        peer = {} if most is None else {"peer": "target, at most", "peer_value": most}
        figures.append(Figure(f"command_{name}", round(busy, 3), "s of a core", **peer))
    table("Commands", ("command", "processor s"), rows)
    tell(figures)


def _busy_s(words: tuple[str, ...]) -> float:
    before = os.times()
    subprocess.run([sys.executable, "-m", "stamgast.cli", *words], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
