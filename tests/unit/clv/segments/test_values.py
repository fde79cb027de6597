import pytest

from stamgast.clv.segments.values import trend_of


@pytest.mark.parametrize(
    ("now", "customers", "then", "earlier", "trend"),
    [
        (300.0, 30, 200.0, 20, 1.5),
        (300.0, 30, 200.0, 19, None),
        (300.0, 30, 0.01, 20, None),
        (300.0, 30, 0.0, 20, None),
        (0.0, 30, 200.0, 20, 0.0),
        (9_000.0, 3_000, 60.0, 20, 150.0),
    ],
)
def test_a_trend_is_told_only_where_there_was_something_to_set_it_against(now, customers, then, earlier, trend):
    assert trend_of(now, customers, then, earlier) == trend
