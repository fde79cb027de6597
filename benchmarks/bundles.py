"""What does it take to read the bundles of 500 merchants of a dozen files? Web does so after its start.

Each merchant's files are its own, so that nothing is remembered of another's. They are read as they stand in the log,
and for comparison as the door reads them, which tries each text and judges each rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from benchmarks.figures import Figure, table, tell
from benchmarks.meter import cpu_seconds
from benchmarks.scene import ROOT, Scene
from rules.loader import load_bundle, load_merchant
from stamgast.lifecycle.garbage import collect_rarely

MERCHANTS = 500
_GOAL_S = 3.0
_SHIPPED = "bakkerij-noord"
_REMARKS = {"j2": "{{# {} #}}", "svg": "<!-- {} -->"}


def files_of(merchant: str) -> dict[str, str]:
    """The shipped bakery's files, made this merchant's own."""
    return {name: _made_own(name, text, merchant) for name, text in _shipped().items()}


@cache
def _shipped() -> Mapping[str, str]:
    return load_merchant(ROOT / "config" / "merchants" / _SHIPPED).files


def _made_own(name: str, text: str, merchant: str) -> str:
    remark = _REMARKS.get(name.rpartition(".")[2], "# {}\n").format(merchant)
    return text.replace(f"merchant: {_SHIPPED}", f"merchant: {merchant}") + remark


def run(scene: Scene) -> None:
    """Read all of them, both ways."""
    collect_rarely()  # as workers and web have it
    merchants = scene.sized(MERCHANTS, 3)
    at_log = _seconds([files_of(f"shop-{number}") for number in range(merchants)], published=True)
    few = max(1, merchants // 10)
    at_door = _seconds([files_of(f"door-{number}") for number in range(few)], published=False) * merchants / few
    rows = [("as they stand in the log", at_log, at_log / merchants * 1_000)]
    rows.append(("as the door reads them", at_door, at_door / merchants * 1_000))
    table(f"Bundles of {merchants} merchants, {len(_shipped())} files each", ("how", "CPU s", "ms each"), rows)
    tell([Figure("start_bundles_500", at_log, "s of a core").at_most(_GOAL_S)])


def _seconds(bundles: list[Mapping[str, str]], *, published: bool) -> float:
    began = cpu_seconds()
    for files in bundles:
        loaded = load_bundle(files, published=published)
        if not loaded.ok:
            raise RuntimeError("; ".join(map(str, loaded.problems)))
    return cpu_seconds() - began
