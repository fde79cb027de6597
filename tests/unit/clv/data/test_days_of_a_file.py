"""Days of a file of purchases: which number is the day, and whose clock tells them."""

from datetime import date

import pytest

from stamgast.clv.data.purchase_file import PurchaseFileError, read_purchases

EPOCH = date(1970, 1, 1).toordinal()


def day(year: int, month: int, number: int) -> int:
    return date(year, month, number).toordinal() - EPOCH


@pytest.mark.parametrize(("other", "march"), [("25/12/2023", (2024, 4, 3)), ("12/25/2023", (2024, 3, 4))])
def test_a_file_says_which_number_is_the_day_wherever_it_does(file, other: str, march: tuple[int, int, int]):
    path = file("anna,03/04/2024,10", f"ben,{other} 8:26,5")

    assert read_purchases(path).buyers["anna"].days() == [day(*march)]


@pytest.mark.parametrize("others", [(), ("25/12/2023", "12/25/2023")])
def test_where_the_file_says_nothing_or_both_nobody_guesses(file, others: tuple[str, ...]):
    path = file("anna,03/04/2024,10", *(f"ben,{other},5" for other in others))

    with pytest.raises(PurchaseFileError) as caught:
        read_purchases(path)

    (problem,) = caught.value.problems
    assert problem.endswith(
        "2:2: '03/04/2024' is not a date; write 2024-04-03, or 2024-03-04 if the month stands first"
    )


def test_days_of_universal_time_are_taken_as_written_and_that_is_said(file):
    (note,) = read_purchases(file("anna,2026-03-01T23:30:00Z,10")).notes

    assert "universal time" in note


def test_a_line_of_megabytes_is_named(file):
    path = file("anna,2026-03-01,10", "ben,2026-03-01," + "1" * 200_000)

    with pytest.raises(PurchaseFileError) as caught:
        read_purchases(path)

    assert caught.value.problems[0].split(": ", 1)[0].endswith(":3:1")
    assert len(caught.value.problems[0]) < 300
