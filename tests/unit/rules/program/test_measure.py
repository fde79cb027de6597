"""How long what is bought counts for a rule."""

import pytest

from rules.loader import load_bundle
from stamgast.domain.units import DAY
from tests.unit.rules.small_shop import HELLO, PROGRAM


def read(more: str) -> tuple[int, list[str]]:
    loaded = load_bundle({"program.yaml": PROGRAM + more, "templates/nl/hello.j2": HELLO})
    return loaded.program.measure_window, [each.render() for each in loaded.problems]


@pytest.mark.parametrize(("more", "days"), [("", 7), ("measure: {window: 14 days}\n", 14)])
def test_it_is_a_week_or_what_the_shop_says(more: str, days: int):
    assert read(more) == (days * DAY, [])


@pytest.mark.parametrize("more", ["measure: {window: 365 days}\n", "measure: {window: 7}\n", "measure: {}\n"])
def test_what_nobody_can_mean_is_refused_at_its_place(more: str):
    window, problems = read(more)
    assert window == 7 * DAY
    assert len(problems) == 1
    assert "window" in problems[0]
