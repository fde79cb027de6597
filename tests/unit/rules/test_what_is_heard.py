"""A figure that moves and sets nothing off makes no fact; what would be asked about is never left out."""

from __future__ import annotations

import random

import pytest

from benchmarks.bakery import bundle, files
from rules.loader import load_bundle
from rules.rule_set import RuleSet
from stamgast.domain.facts import Fact
from stamgast.domain.vocabulary import FactName

RULES = bundle().rules
FIGURES = (FactName.VISITS_CHANGED.value, FactName.SPEND_CHANGED.value, FactName.CLV_CHANGED.value)


def moves(seed: int, most: int) -> list[tuple[int, int]]:
    draw = random.Random(seed)
    return [(draw.randrange(most), draw.randrange(most)) for _ in range(400)]


@pytest.mark.parametrize("most", [30, 12_000, 60_000])
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_that_rises_is_heard_if_and_only_if_a_rule_would_be_asked(name: str, most: int):
    for before, after in moves(most, most):
        if after > before:
            asked = RULES.asked_by(Fact(name, "", before, after))
            assert RULES.hears(name, before, after) is bool(asked), (name, before, after)


def test_a_figure_that_falls_is_heard_wherever_a_rule_waits_for_it_to_rise():
    assert RULES.hears(FactName.VISITS_CHANGED, 10, 9)
    assert RULES.hears(FactName.VISITS_CHANGED, 4, 3)
    assert not RULES.hears(FactName.SPEND_CHANGED, 900, 400)  # nobody waits for spend


def test_every_move_is_heard_while_a_rule_waits_to_be_called_off_by_it():
    waits = (
        "rule: waits\ndescription: A message that a further visit calls off.\nstatus: live\nwhen: {purchase: {}}\n"
        "then:\n  - send: hello\n    by: [sms]\n    after: 2 days\n    unless: {visits_reached: 3}\n"
    )
    loaded = load_bundle(files() | {"rules/waits.yaml": waits})
    assert loaded.ok, loaded.problems
    assert loaded.rules.hears(FactName.VISITS_CHANGED, 30, 31)


def test_nobody_hears_anything_without_rules():
    assert not RuleSet().hears(FactName.PURCHASE, 0, 1)
    assert not RuleSet().hears(FactName.PURCHASE, 1, 0)
