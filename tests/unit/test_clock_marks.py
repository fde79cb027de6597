"""Which part of a log was applied under which clock."""

from streams.clock_marks import is_real_at, marked, was_other


def test_a_log_that_keeps_its_clock_has_one_mark():
    assert marked(None, 12, real=True) == "0:real"
    assert marked("0:real", 90, real=True) == "0:real"


def test_a_change_is_marked_where_it_took_place_and_so_is_the_way_back():
    changed = marked("0:shop", 12, real=True)
    assert changed == "0:shop,12:real"
    assert [is_real_at(changed, at, otherwise=False) for at in (0, 11, 12, 900)] == [False, False, True, True]
    assert marked(changed, 40, real=False) == "0:shop,12:real,40:shop"


def test_where_nothing_is_known_the_present_clock_counts():
    assert is_real_at(None, 3, otherwise=True)
    assert not is_real_at("", 3, otherwise=False)
    assert not was_other(None, real=True)


def test_a_log_of_another_clock_is_told_apart():
    assert was_other("0:shop,12:real", real=True)
    assert was_other("0:real", real=False)
    assert not was_other("0:real", real=True)
