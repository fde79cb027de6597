"""Which part of a log was applied under which clock."""

from stamgast.state.clock_marks import is_bounded_at, is_real_at, marked, was_other


def test_a_log_that_keeps_its_clock_has_one_mark():
    assert marked(None, 0, real=True) == "0:bounded"
    assert marked("0:bounded", 90, real=True) == "0:bounded"
    assert marked(None, 12, real=False) == "0:shop"


def test_a_change_is_marked_where_it_took_place_and_so_is_the_way_back():
    changed = marked("0:shop", 12, real=True)
    assert changed == "0:shop,12:bounded"
    assert [is_real_at(changed, at, otherwise=False) for at in (0, 11, 12, 900)] == [False, False, True, True]
    assert marked(changed, 40, real=False) == "0:shop,12:bounded,40:shop"


def test_where_nothing_is_known_the_present_clock_counts():
    assert is_real_at(None, 3, otherwise=True)
    assert not is_real_at("", 3, otherwise=False)
    assert not was_other(None, real=True)


def test_a_log_of_another_clock_is_told_apart():
    assert was_other("0:shop,12:real", real=True)
    assert was_other("0:real", real=False)
    assert not was_other("0:real", real=True)


def test_what_was_applied_before_stamps_of_our_own_were_held_to_the_logs_time_is_read_again_as_it_was():
    for before in (None, "0:real"):
        known = marked(before, 12, real=True)
        assert known == "0:real,12:bounded"
        assert [is_bounded_at(known, at) for at in (0, 11, 12)] == [False, False, True]
        assert is_real_at(known, 3, otherwise=False)
        assert was_other(known, real=False)
    assert not is_bounded_at(None, 3)
    assert not is_bounded_at("0:shop", 3)
