"""The drawn shops that the choice of a model is judged on."""

from benchmarks.choice_shops import KINDS, draw_people


def test_a_shop_known_for_less_than_six_weeks_was_as_busy_lately_as_in_all_of_them():
    assert draw_people(KINDS[0], 10, 30, seed=1).lately == 1
