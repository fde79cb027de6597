"""Amounts, refunds, profit and currency of a CSV of purchases, and what follows from them."""

import pytest

from stamgast.clv.data.purchase_file import read_purchases
from stamgast.clv.data.sample import DoubtfulProfitError, sample_of
from tests.builders import sure

HEADING = "customer,date,amount,profit"


def test_who_returns_something_and_buys_something_else_was_there(file):
    path = file(
        "anna,2026-01-01,50", "anna,2026-02-01,-50", "anna,2026-02-01,30",
        "ben,2026-01-01,20", "ben,2026-02-01,-20", "ben,2026-02-01,20",
        "cleo,2026-01-01,20", "cleo,2026-01-01,-20", "dirk,2026-01-01,-5",
    )  # fmt: skip

    purchases = read_purchases(path)
    sample = sample_of(purchases)

    assert sample.names == ["anna", "ben"]
    assert list(sample.rows.x) == [1, 0], "of an even exchange a sum of 0 tells no more than of a purchase taken back"
    assert list(sample.all_spend) == [80, 20]
    assert list(sample.amounts) == [30, 20]
    (note,) = purchases.notes
    assert note.endswith("2 customers have only refunds, or purchases that were taken back the same day: left out")


def test_a_currency_is_the_same_in_small_letters(file):
    path = file("anna,2026-03-01,10,eur", "ben,2026-03-01,10,EUR", heading="customer,date,amount,currency")

    assert read_purchases(path).currency == "EUR"


def test_amounts_may_begin_with_their_point_or_be_very_small(file):
    path = file("anna,2026-03-01,.5", "anna,2026-03-02,5e-05", "anna,2026-03-03,-.25", "anna,2026-03-04,12.")

    assert list(sample_of(read_purchases(path)).amounts) == [12.25005]


def test_sums_of_floating_point_are_read_as_what_was_added(file):
    path = file(
        "anna,2026-03-01,1.7999999999999998", "anna,2026-03-02,-3.4400000000000004", "anna,2026-03-03,4.440892098500626e-16",
        "anna,2026-03-03,107374182.60000001",
    )  # fmt: skip

    assert list(sample_of(read_purchases(path)).amounts) == [107374180.96]


@pytest.mark.parametrize(
    "written", ["(12.50)", "12.50-", "12.50 -", "- 12.50", "\u221212.50", "-12.5", "-12.500000000"]
)
def test_what_is_given_back_is_read_as_bookkeepers_and_tills_write_it(file, written: str):
    path = file("anna,2026-03-01,20,", f"anna,2026-03-02,{written},", f"ben,2026-03-01,5,{written}", heading=HEADING)

    sample = sample_of(read_purchases(path))

    assert list(sample.amounts) == [7.5, 5]
    assert list(sure(sample.profits)) == [0, -12.5]


@pytest.mark.parametrize("written", ["12.33333333333333", "12.3333331", "12.33333349"])
def test_digits_beyond_six_decimals_are_rounded_whatever_they_are(file, written: str):
    assert list(sample_of(read_purchases(file(f"anna,2026-03-01,{written}"))).amounts) == [12.333333]


def test_profit_makes_the_margin(file):
    path = file("anna,2026-03-01,10,4,EUR", "ben,2026-03-01,30,6,EUR", heading="customer,date,amount,profit,currency")

    purchases = read_purchases(path)
    sample = sample_of(purchases)

    assert purchases.currency == "EUR"
    assert list(sure(sample.profits)) == [4, 6]
    assert sample.margin == 0.25


def test_a_line_without_profit_has_no_part_in_the_margin(file):
    heading = "customer,date,amount,profit"
    some = file("anna,2026-03-01,10,3", "anna,2026-03-02,10,", "ben,2026-03-01,20,6", heading=heading)
    assert sample_of(read_purchases(some)).checked_margin() == pytest.approx(0.3)

    none = sample_of(read_purchases(file("anna,2026-03-01,10,", heading=heading)))
    assert (none.profits, none.checked_margin()) == (None, 1)


@pytest.mark.parametrize(
    ("profit", "said"),
    [
        ("1200", "profit adds up to 1,200.00 of 40.00 spent, more than what was spent; write profit in the unit of"),
        ("-3", "profit adds up to -3.00 of 40.00 spent, less than nothing; write"),
    ],
)
def test_profit_that_makes_no_margin_is_refused_with_what_to_do(file, profit, said):
    sample = sample_of(read_purchases(file(f"anna,2026-03-01,40,{profit}", heading="customer,date,amount,profit")))

    with pytest.raises(DoubtfulProfitError) as caught:
        sample.checked_margin()
    assert str(caught.value).startswith(said)
    assert str(caught.value).endswith("--margin 30%")


def test_all_of_what_was_spent_may_be_profit(file):
    path = file("anna,2026-03-01,0.1,0.1", "ben,2026-03-01,0.2,0.2", heading="customer,date,amount,profit")

    assert sample_of(read_purchases(path)).checked_margin() == 1
