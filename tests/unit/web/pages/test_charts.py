"""Charts: what stands beside their columns can be read, and nothing in them runs or looks by itself."""

import re

import pytest

from stamgast.web.pages import charts
from stamgast.web.pages.formats import tenths


def beside(drawn: str) -> list[str]:
    """What stands along the columns' height."""
    axis = drawn[drawn.index('class="axis y') :].partition('class="axis x')[0]
    return re.findall(r"<text[^>]*>([^<]*)</text>", axis)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0, 1, 1], ["0", "1"]),
        ([0, 3, 2], ["0", "1", "2", "3"]),
        ([0, 0], ["0", "1"]),
    ],
)
def test_a_few_are_counted_in_whole_ones(values: list[float], said: list[str]):
    labels = [str(number) for number, _ in enumerate(values)]
    assert beside(charts.bars(labels, values)) == said


def test_no_number_stands_there_twice():
    for most in (4, 5, 7, 12, 90, 4_000):
        told = beside(charts.bars(["a", "b"], [1, most]))
        assert len(told) == len(set(told)) > 1, most


def test_a_drawing_has_no_style_and_no_script():
    drawn = charts.bars(["<b>", "b"], [1, 2]) + charts.rows(["a"], [3.0], str, line=3.0)
    assert not re.search(r"<script|<style|style=|<b>|on\w+=", drawn)


def test_what_was_drawn_is_not_drawn_again():
    again = [charts.rows(["a"], [3.0], tenths("fr"), line=3.0) for _ in range(2)]
    assert again[0] is again[1]
    assert charts.bars(["a"], [4]) is charts.bars(["a"], [4])
    assert charts.rows(["a"], [3.0], tenths("en"), line=3.0) != again[0], "3.0 there, 3,0 here"
