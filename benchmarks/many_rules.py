"""A thousand rules of which the same ten listen: what does an event cost beside ten, and what does such a bundle take?

The other rules wait for what never comes: figures that nobody reaches, products that nobody buys, a card that nobody
fills. In instructions it can be counted with `valgrind --tool=cachegrind python -m benchmarks.many_rules <how many>`.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence

from benchmarks import bakery
from benchmarks.core import Core, events_per_cpu_second
from benchmarks.figures import Figure, middle, table, tell
from benchmarks.scene import Scene
from rules.loader import load_bundle
from stamgast.domain.events import encode_event
from stamgast.service import Bundle

TEN = 10
THOUSAND = 1000
_RATIO = 1.3
_LOADED_S = 0.5

_SILENT: tuple[Callable[[int], str], ...] = (
    lambda number: f"visits_reached: {10_000 + number}",
    lambda number: f"clv_passed: {100_000 + number} EUR",
    lambda number: f"spend_reached: {100_000 + number} EUR",
    lambda number: f"bought: {{product: NEVER-{number}}}",
    lambda _: "stamp_card_completed: coffee",
    lambda number: f"stamp_card_reaches: {{coffee: {number % 10 + 1}}}",
)
"""Triggers of rules that listen to nothing that happens."""


def files(rules: int) -> dict[str, str]:
    """The bakery's files with ten of its rules, and as many more as are wanted."""
    found = bakery.files()
    listening = sorted(name for name in found if name.startswith("rules/"))
    for name in listening[TEN:]:
        del found[name]
    found["program.yaml"] = found["program.yaml"].replace(
        "rewards:\n", "  coffee: {stamps: 10, per: purchase, categories: [coffee]}\nrewards:\n", 1
    )
    for number in range(rules - TEN):
        when = _SILENT[number % len(_SILENT)](number)
        found[f"rules/silent-{number:03}.yaml"] = (
            f"rule: silent-{number:03}\ndescription: Nobody hears of it.\nstatus: live\nwhen: {{{when}}}\n"
            "then:\n  - send: hello\n    by: [sms]\n"
        )
    return found


def bundle(rules: int) -> Bundle:
    """So many rules, ready to run."""
    loaded = load_bundle(files(rules))
    if not loaded.ok:
        raise RuntimeError("; ".join(map(str, loaded.problems)))
    return Bundle(0, "benchmark", loaded.program, loaded.rules)


def run(scene: Scene) -> None:
    """Compare, in turns, on the same events; what comes of them has to be the same."""
    values = _values(scene.sized(13_000, 500))
    few, many = bundle(TEN), bundle(THOUSAND)
    if _outcome(few, values) != _outcome(many, values):
        raise RuntimeError("rules that never fire changed what became of an event")
    speeds = [
        (events_per_cpu_second(values, len(values) // 10, few), events_per_cpu_second(values, len(values) // 10, many))
        for _ in range(scene.sized(5, 1))
    ]
    ratio = middle([ten / thousand for ten, thousand in speeds])
    rows = [
        (f"{rules} rules", middle([pair[place] for pair in speeds]), *_weight(rules))
        for place, rules in enumerate((TEN, THOUSAND))
    ]
    table("Rules that do not listen", ("what", "events/cpu-s", "s to load", "MB"), rows)
    tell([
        Figure("many_rules_cost", round(ratio, 3), "times ten rules").at_most(_RATIO),
        Figure("many_rules_load", rows[1][2], "s").at_most(_LOADED_S),
        Figure("many_rules_memory", rows[1][3], "MB"),
    ])  # fmt: skip


def _values(count: int) -> list[bytes]:
    return [encode_event(event) for event in bakery.stream(count, customers=count // TEN)]


def _outcome(rules: Bundle, values: Sequence[bytes]) -> tuple[int, int]:
    core = Core(rules)
    core.apply(values)
    return core.submissions, sum(map(len, core.states.values()))


def _weight(rules: int) -> tuple[float, float]:
    """Seconds that it takes to load them, and what they hold in memory."""
    began = time.process_time()
    bundle(rules)
    seconds = time.process_time() - began
    tracemalloc.start()
    held = bundle(rules)
    size = tracemalloc.get_traced_memory()[0]
    del held
    tracemalloc.stop()
    return seconds, size / 1e6


if __name__ == "__main__":
    _outcome(bundle(int(sys.argv[1])), _values(4_000))
