"""Scores in a purchase file: taken in as they were known, and what is wrong with one is said."""

from pathlib import Path

import pytest

from stamgast.clv.data import purchase_file
from stamgast.clv.data.buyers import Ledger
from stamgast.clv.data.purchase_file import PurchaseFileError, Purchases, read_purchases
from stamgast.clv.data.sample import sample_of
from stamgast.clv.data.shop_days import in_shop_days
from stamgast.clv.data.windows import up_to, window_of
from stamgast.clv.segments.own_parameters import part_of
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.feedback import Band
from stamgast.sheets.dates import read_date

HEADING = "customer,date,amount,score"
LINES = (
    "anna,2026-01-05,10,9",
    "anna,2026-02-05,5,7.0",
    "anna,2026-02-05,5,4",
    "ben,2026-01-05,10,",
    "cleo,2026-01-09,10, 8 ",
    "cleo,2026-01-12,-10,0",
    "dirk,2026-01-09,-3,9",
)


def day(text: str) -> int:
    found = read_date(text)
    assert found is not None
    return found


def by_line(path: Path) -> Purchases:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return purchase_file._Reading(path, None).read(file)


def problem_of(path: Path) -> str:
    with pytest.raises(PurchaseFileError) as raised:
        read_purchases(path)
    (problem,) = raised.value.problems
    return problem.removeprefix(f"{path}:")


def test_columns_and_lines_read_the_same_scores(file):
    path = file(*LINES, heading=HEADING)

    found = read_purchases(path)

    assert isinstance(found.buyers, Ledger)
    assert found.said == by_line(path).said
    assert found.said == {
        "anna": [(day("2026-01-05"), 9), (day("2026-02-05"), 4)],
        "cleo": [(day("2026-01-09"), 8), (day("2026-01-12"), 0)],
    }


def test_a_score_in_a_line_without_an_amount_is_no_purchase_and_has_its_own_day(file):
    found = read_purchases(file(*LINES, "ben,2026-01-20,,10", "eve,2026-01-20,,3", heading=HEADING))

    assert found.buyers["ben"].days() == [day("2026-01-05")]
    assert found.said["ben"] == [(day("2026-01-20"), 10)]
    assert "eve" not in found.said
    assert found.notes[0].endswith("1 customer gave a score and bought nothing: left out")


def test_a_line_with_neither_is_wrong_as_before(file):
    assert problem_of(file("anna,2026-01-05,,", heading=HEADING)).startswith("2:3: '' is not an amount")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("11", "is that 10?"),
        ("-1", "is that 0?"),
        ("7.5", "is that 7 or 8?"),
        ("8/10", "is that 8?"),
        ("acht", "is that 8?"),
        ("85", "is that 8? of a hundred, a tenth of each is meant"),
        ("fine", "or nothing where none was given"),
    ],
)
def test_a_wrong_score_is_told_with_its_line_what_is_allowed_and_what_is_nearest(file, written: str, meant: str):
    problem = problem_of(file("anna,2026-01-05,10,9", f"ben,2026-01-05,10,{written}", heading=HEADING))

    allowed = "it is a whole number from 0 to 10, or nothing where none was given"
    assert problem.startswith(f"3:4: {written!r} is not a score; {allowed}")
    assert problem.endswith(meant)


def test_another_name_of_the_column_is_told_and_a_store_is_not_taken_for_a_score(file):
    def notes(name: str) -> tuple[str, ...]:
        return read_purchases(file("anna,2026-01-05,10,9", heading=f"customer,date,amount,{name}")).notes

    for name in ("nps", "rapportcijfer", "nps_score", "scoer"):
        assert notes(name)[0].endswith(f"the column {name!r} is not read; is that 'score'? call it so")
    assert notes("store")[0].endswith("the column 'store' is not read")


def test_stars_of_five_are_asked_about(file):
    lines = [f"c{number},2026-01-05,10,{number % 5 + 1}" for number in range(40)]

    doubt = read_purchases(file(*lines, heading=HEADING)).notes[0]

    assert doubt.endswith("none of 40 scores is above 5: 0 to 6 count alike, so if they are stars of 5, double them")
    assert read_purchases(file(*lines, "z,2026-01-05,1,6", heading=HEADING)).notes == ()


def test_a_column_of_scores_that_nobody_gave_changes_nothing(file):
    lines = [line.rpartition(",")[0] for line in LINES]
    without = read_purchases(file(*lines))

    found = read_purchases(file(*(f"{line}," for line in lines), heading=HEADING))

    assert found.said == {}
    assert dict(found.buyers) == dict(without.buyers)
    assert sample_of(found).said == ()


def test_what_is_said_later_is_not_known_at_a_cut(file):
    purchases = read_purchases(file(*LINES, heading=HEADING))
    cut = day("2026-01-10")

    for sample in (sample_of(up_to(purchases, cut)), window_of(purchases, cut, purchases.as_of).sample):
        assert dict(zip(sample.names, sample.bands(), strict=True)) == {
            "anna": Band.HIGH,
            "ben": Band.NONE,
            "cleo": Band.MIDDLE,
        }
    assert sample_of(purchases).bands() == [Band.LOW, Band.NONE, Band.LOW]


def test_a_part_and_days_that_are_counted_otherwise_keep_them(file):
    purchases = read_purchases(file(*LINES, heading=HEADING))
    closed = ClosedDays((day("2026-01-20"),))

    assert part_of(purchases, ["ben", "cleo"]).said == {"cleo": purchases.said["cleo"]}
    assert in_shop_days(purchases, closed)[0].said["anna"] == [(day("2026-01-05"), 9), (day("2026-02-04"), 4)]
