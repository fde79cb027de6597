"""What does a purchase cost among a thousand rules that listen to it, of which 980 do not hold, beside the other 20?

The 20 are the bakery's. The others wait for `purchase` and ask for what this shop's customers never come to: a basket
that is never so dear, a product that is never sold, figures that nobody reaches, a store that is rarely open.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import bakery
from benchmarks.core import events_per_cpu_second
from benchmarks.figures import Figure, middle, table, tell
from benchmarks.scene import Scene
from rules.loader import load_bundle
from stamgast.domain.events import encode_event
from stamgast.service import Bundle

ALL = 1_000
_MOST = 2.5

_NEVER: tuple[Callable[[int], str], ...] = (
    lambda number: f"spend: {{at_least: {900 + number} EUR}}",
    lambda number: f"basket_has: {{product: NEVER-{number}}}",
    lambda number: f"visits: {{at_least: {10_000 + number}}}",
    lambda number: f"clv: {{at_least: {100_000 + number} EUR}}",
    lambda number: f"spend: {{at_least: {1_000 + number} EUR}}",
)
"""Conditions that never hold."""


def bundle(more: int) -> Bundle:
    """The bakery with so many more rules that listen to each purchase and never hold."""
    found = bakery.files()
    for number in range(more):
        found[f"rules/deaf-{number:03}.yaml"] = (
            f"rule: deaf-{number:03}\ndescription: It never holds.\nstatus: live\nwhen: purchase\n"
            f"if:\n  - {_NEVER[number % len(_NEVER)](number)}\nthen:\n  - send: hello\n    by: [sms]\n"
        )
    loaded = load_bundle(found)
    if not loaded.ok:
        raise RuntimeError("; ".join(map(str, loaded.problems)))
    return Bundle(0, "benchmark", loaded.program, loaded.rules)


def run(scene: Scene) -> None:
    """Compare in turns on the same purchases."""
    count = scene.sized(3_000, 300)
    values = [encode_event(event) for event in bakery.stream(count, customers=count // 10)]
    few, many = bundle(0), bundle(ALL - len(bakery.RULES))
    warm = len(values) // 10
    pairs = [
        (events_per_cpu_second(values, warm, few), events_per_cpu_second(values, warm, many))
        for _ in range(scene.sized(3, 1))
    ]
    ratio = middle([alone / among for alone, among in pairs])
    rows = [(f"{rules} rules", middle([pair[place] for pair in pairs])) for place, rules in enumerate((20, ALL))]
    table("Rules that all listen", ("what", "events/cpu-s"), rows)
    tell([Figure("growth_rules_1000", round(ratio, 3), "times twenty rules").at_most(_MOST)])
