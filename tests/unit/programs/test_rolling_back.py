"""Which version a rollback without a number brings back."""

import pytest

from stamgast.programs.launches import Launch
from stamgast.programs.launching import RefusedLaunchError, _signed, chosen_version
from stamgast.programs.publish import Signed
from stamgast.programs.record import BundleRecord, changed
from stamgast.programs.writer import InForce

FIRST = BundleRecord(merchant="shop", hash="", files={"rules/a.yaml": "first"})


def with_text(text: str, *, back_to: int | None = None) -> BundleRecord:
    return changed(FIRST, files={"rules/a.yaml": text}, back_to=back_to)


def before(*records: BundleRecord) -> int:
    return chosen_version("shop", [InForce(number, each) for number, each in enumerate(records)], "").number


def test_who_rolls_back_twice_comes_further_back_and_not_to_what_was_wrong():
    first, second, third = FIRST, with_text("second"), with_text("wrong")
    assert before(first, second, third) == 1
    assert before(first, second, third, with_text("second", back_to=1)) == 0
    again = (first, second, third, with_text("second", back_to=1), changed(FIRST, back_to=0))
    with pytest.raises(RefusedLaunchError, match="no version of shop before 0, whose files are in force"):
        before(*again)
    assert before(*again, with_text("new")) == 4


def test_what_was_fitted_or_heard_of_the_till_is_no_version_to_come_back_to():
    second = with_text("second")
    assert before(FIRST, second, changed(second, clv={"r": 1}), changed(second, feed={"healthy": False})) == 0


def test_a_launch_is_one():
    live = changed(FIRST, launched={"a": Launch("live", "draft", 1)})
    assert before(FIRST, live, changed(live, launched={"a": Launch("paused", "draft", 1)})) == 1
    assert changed(changed(FIRST, back_to=0), files={}).back_to is None


def test_who_signs_a_rollback_leaves_on_it_what_is_back():
    back = with_text("second", back_to=1)
    assert _signed(back, Signed(5, "els", "oh no")) == changed(back, published_at=5, who="els", why="oh no", back_to=1)


def test_who_gives_too_little_of_a_hash_is_told_how_much_is_needed():
    known = [InForce(3, BundleRecord(merchant="shop", hash="9b99228e2043", files={}))]
    with pytest.raises(RefusedLaunchError, match="9b99 is too little of a hash: give 6 characters of it, or a number"):
        chosen_version("shop", known, "9b99")
    assert chosen_version("shop", known, "9B9922").number == 3
