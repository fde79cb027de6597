"""Who gives more by hand than usual, or than others, is seen; who does what they always did is not."""

from __future__ import annotations

from datetime import date

from stamgast.domain.counters import AtTill, Counter, counter
from stamgast.marketer.till_use import Beside, TillUse, till_use, week_of

MONDAY = date(2026, 11, 23)
TODAY = date(2026, 11, 30)


def used(*rows: tuple[str, str, int, AtTill, int]) -> TillUse:
    """Of rows: till, operator, weeks ago, what, how many."""
    totals = {
        counter(Counter.TILL, till, operator, week_of(date.fromordinal(MONDAY.toordinal() - 7 * ago)), what): count
        for till, operator, ago, what, count in rows
    }
    others = {"purchases": 40, "till_like|x": 3, "till|a|b": 1}
    return till_use(totals | others, MONDAY, TODAY, ({"t1": "Counter"}, {"o1": "Piet"}))


def usual(till: str, operator: str, each: int) -> list[tuple[str, str, int, AtTill, int]]:
    return [(till, operator, ago, AtTill.STAMPS, each) for ago in range(9)]


def test_who_gives_far_more_than_in_a_usual_week_stands_out_and_comes_first():
    seen = used(*usual("t1", "o2", 4), *usual("t1", "o1", 4)[1:], ("t1", "o1", 0, AtTill.STAMPS, 40))
    first, second = seen.rows
    assert (first.operator_name, first.till_name, first.unusual) == ("Piet", "Counter", True)
    assert first.stamps.unusual == [Beside.USUAL, Beside.OTHERS]
    assert (first.stamps.now, first.stamps.usual, first.stamps.others) == (40, 4.0, 4.0)
    assert not second.unusual


def test_who_always_gives_much_stands_out_beside_the_others_alone():
    seen = used(*usual("t1", "o1", 40), *usual("t2", "o2", 2), *usual("t3", "o3", 3))
    assert [(each.till, list(each.stamps.unusual)) for each in seen.rows if each.unusual] == [("t1", [Beside.OTHERS])]


def test_a_till_that_is_new_has_no_usual_week_and_weeks_without_anything_count():
    seen = used(("t1", "o1", 0, AtTill.REDEEMED, 3), ("t2", "", 4, AtTill.REDEEMED, 8), ("t2", "", 0, AtTill.HANDED, 1))
    assert [each.redeemed.usual for each in seen.rows] == [None, 2.0]
    assert not any(each.unusual for each in seen.rows), "three are nothing to look at"


def test_redemptions_stand_out_as_well_and_a_few_never_do():
    seen = used(*[("t1", "o1", ago, AtTill.REDEEMED, 30 if ago == 0 else 5) for ago in range(9)])
    assert seen.rows[0].redeemed.unusual == [Beside.USUAL]
    assert seen.rows[0].stamps.unusual == []


def test_one_goes_back_and_forth_by_weeks_and_not_into_the_future():
    seen = used()
    assert (seen.week, seen.before, seen.after, seen.rows) == ("2026-W48", "2026-W47", "2026-W49", [])
    assert till_use({}, date(2026, 11, 30), TODAY, ({}, {})).after == ""
