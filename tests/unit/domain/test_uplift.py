"""What a rule changed, from counts and sums alone, and what may be said of it."""

import math
import statistics

import pytest

from stamgast.domain.uplift import Side, uplift


def side(*profits: float) -> Side:
    return Side(len(profits), sum(each > 0 for each in profits), sum(profits), sum(each**2 for each in profits))


def test_the_difference_and_its_interval_are_those_of_welch():
    treated, held_out = [3.0, 5, 7, 9], [1.0, 3, 5, 7]
    found = uplift(side(*treated), side(*held_out))
    error = math.sqrt(statistics.variance(treated) / 4 + statistics.variance(held_out) / 4)
    assert found.per_customer == pytest.approx(2.0)
    assert found.low is not None
    assert found.per_customer is not None
    # Student's 97.5 % at six degrees of freedom, from a table.
    assert found.per_customer - found.low == pytest.approx(2.4469 * error, rel=2e-3)


@pytest.mark.parametrize(
    ("treated", "held_out", "verdict"),
    [
        (Side(), Side(), "nothing to compare with: the rule holds nobody out, or decided nothing yet"),
        (Side(50), Side(1), "too few to tell: 1 of at least 30 needed on each side"),
        (side(*[1.0, 2] * 20), side(*[1.0, 2] * 6), "too few to tell: 12 of at least 30 needed on each side"),
        (side(*[11.0, 12] * 20), side(*[1.0, 2] * 20), "it earns more than it costs"),
        (side(*[1.0, 2] * 20), side(*[11.0, 12] * 20), "it costs more than it earns"),
        (side(*[1.0, 2] * 50), side(*[1.0, 2] * 50), "no difference to be seen"),
        (
            side(*[0.0, 110] * 50), side(*[0.0, 100] * 21),
            "too few to tell: 42 of about 610 needed on the smaller side",
        ),
    ],
)  # fmt: skip
def test_what_may_be_said_is_said_in_words(treated: Side, held_out: Side, verdict: str):
    assert uplift(treated, held_out).verdict == verdict
