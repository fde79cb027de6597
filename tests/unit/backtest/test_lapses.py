"""What a backtest says of those who were called lapsing."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from stamgast.backtest.findings import document_of
from stamgast.backtest.plan import Plan, Share
from stamgast.backtest.shares import play, run
from stamgast.backtest.words import in_words
from stamgast.domain.lapses import Lapses, lapses_in_words
from stamgast.domain.program import LapseModel
from stamgast.domain.units import DAY
from tests.unit.backtest.conftest import FILES

MakePlan = Callable[..., Plan]
SURELY = {**FILES, "program.yaml": FILES["program.yaml"] + "lapse: {by: own_rhythm, fallback_days: 20, min_gaps: 50}\n"}


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """Thirty who come every week until March, and ten who pause for a month and come again."""
    file, lines = tmp_path / "past.csv", ["customer,date,amount,category"]
    for who in range(40):
        weeks = range(12) if who < 30 else (*range(6), *range(11, 25))
        lines += [f"c{who},{date(2026, 1, 1) + timedelta(weeks=week)} 10:00,3.50,bread" for week in weeks]
    file.write_text("\n".join(lines) + "\n")
    return file


def test_it_says_how_many_did_not_come_back_and_after_how_many_days_they_were_told(plan: MakePlan, past: Path):
    asked = plan(files=SURELY)
    found = document_of(asked, play(asked, Share()))["lapses"]
    assert found == {"called": 40, "judged": 40, "did_not_come_back": 30, "precision": 0.75, "median_days": 20}
    told = lapses_in_words(found)
    assert told in list(in_words(document_of(asked, play(asked, Share()))))
    assert "75%" in told
    assert "20 days after their last visit" in told


def test_processes_that_share_the_customers_count_the_same(plan: MakePlan, past: Path):
    asked = plan(files=SURELY)
    assert document_of(asked, run(asked, 3))["lapses"] == document_of(asked, run(asked, 1))["lapses"]


def test_what_was_before_the_first_day_is_not_counted(plan: MakePlan, past: Path):
    asked = plan(first="2026-03-10", files=SURELY)
    assert document_of(asked, play(asked, Share()))["lapses"]["called"] == 30


def test_whom_nobody_can_judge_yet_is_in_no_share():
    counted = Lapses()
    counted.add([(30 * DAY, 10)], last_day=10, end=45 * DAY, lapse=LapseModel())
    assert counted.document() == {
        "called": 1, "judged": 0, "did_not_come_back": 0, "precision": None, "median_days": None
    }  # fmt: skip
    assert "none is long enough ago" in lapses_in_words(counted.document())


def test_few_are_counted_and_make_no_share():
    counted = Lapses()
    counted.add([(30 * DAY, 10)], last_day=10, end=99 * DAY, lapse=LapseModel())
    assert (counted.document()["judged"], counted.document()["precision"]) == (1, None)
    assert "%" not in lapses_in_words(counted.document())
