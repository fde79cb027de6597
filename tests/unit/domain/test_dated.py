"""Figures that hold from a day on."""

from stamgast.domain.dated import on_day


def test_the_newest_that_has_begun_holds_and_before_the_first_there_is_none():
    figures = ((10, 400), (20, 500), (35, 450))
    assert [on_day(figures, day) for day in (9, 10, 19, 20, 34, 35, 1_000)] == [None, 400, 400, 500, 500, 450, 450]
    assert on_day((), 10) is None
