"""One of something is one, and not `1 purchases`: wherever a command, a page or a backtest counts."""

import pytest

from stamgast.domain.counting import how_often, so_many


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 purchases"), (1, "1 purchase"), (2, "2 purchases"), (1_200, "1,200 purchases")]
)
def test_a_number_is_said_with_what_it_counts(number: int, said: str):
    assert so_many(number, "purchase") == said


def test_a_verb_or_another_plural_goes_along():
    assert (so_many(1, "person", "people"), so_many(2, "person", "people")) == ("1 person", "2 people")
    assert (so_many(1, "purchase waits", "purchases wait"), so_many(3, "purchase waits", "purchases wait")) == (
        "1 purchase waits",
        "3 purchases wait",
    )
    assert (how_often(1), how_often(2)) == ("once", "2 times")
