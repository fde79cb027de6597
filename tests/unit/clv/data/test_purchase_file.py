"""A CSV of purchases is read exactly, or refused with the place and what was meant."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.clv.data.purchase_file import PurchaseFileError, read_purchases
from stamgast.clv.data.sample import sample_of
from stamgast.demo.cdnow import day_of

DAY = day_of(date(2026, 3, 1))


def problems(path: Path, as_of: int | None = None) -> list[str]:
    with pytest.raises(PurchaseFileError) as caught:
        read_purchases(path, as_of)
    return [problem.removeprefix(f"{path}:") for problem in caught.value.problems]


def test_purchases_of_one_day_are_one_and_the_first_does_not_repeat(file):
    path = file("anna,2026-03-01,10.10", "anna,2026-03-08,20", "anna,2026-03-08T12:30:00Z,0.05", "ben,2026-03-02,5")

    sample = sample_of(read_purchases(path))

    assert sample.names == ["anna", "ben"]
    assert sample.as_of == DAY + 7
    assert list(sample.rows.x) == [1, 0]
    assert list(sample.rows.t_x) == [1, 0]
    assert list(sample.rows.T) == [1, 6 / 7]
    assert list(sample.repeat_spend) == [20.05, 0]
    assert list(sample.all_spend) == [30.15, 5]
    assert sample.log_gaps == 0
    assert sample.margin == 1


def test_refunds_lower_their_day_and_a_day_that_is_refunded_whole_is_no_purchase(file):
    path = file(
        "anna,2026-03-01,10", "anna,2026-03-05,30", "anna,2026-03-05,-30", "anna,2026-03-09,8", "anna,2026-03-09,-3",
        "anna,2026-03-20,-2", "ben,2026-03-04,-7", "cleo,2026-03-04,0",
    )  # fmt: skip

    sample = sample_of(read_purchases(path))

    assert sample.names == ["anna", "cleo"]
    assert list(sample.rows.x) == [1, 0]
    assert list(sample.rows.recency) == [8, 0]
    assert list(sample.all_spend) == [15, 0]
    assert list(sample.amounts) == [13, 0]


def test_segment_and_source_are_those_of_the_earliest_purchase_day_that_tells_them(file):
    path = file(
        "anna,2026-03-08,10,bronze,ads", "anna,2026-03-02,10,silver,flyer", "anna,2026-03-02,10,gold,friend",
        "anna,2026-03-01,-5,aaa,aaa", "ben,2026-03-01,10,,", "ben,2026-03-02,10,gold,flyer",
        "cleo,2026-03-01,10,gold,flyer", "cleo,2026-03-01,-10,gold,flyer", "cleo,2026-03-04,10,silver,friend",
        heading="customer,date,amount,segment,acquisition_source",
    )  # fmt: skip

    buyers = read_purchases(path).buyers

    assert {name: (each.segment, each.source) for name, each in buyers.items()} == {
        "anna": ("gold", "flyer"),
        "ben": ("gold", "flyer"),
        "cleo": ("silver", "friend"),
    }


def test_what_comes_after_the_day_is_not_looked_at_whatever_it_says(file):
    path = file("anna,2026-03-01,10", "anna,2026-03-09,many", ",2026-03-09,1", "ben,2026-03-09,5")

    sample = sample_of(read_purchases(path, DAY + 3))

    assert sample.names == ["anna"]
    assert list(sample.rows.age) == [3]
    assert len(problems(path)) == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "anna,01/02/2026,1",
            "2:2: '01/02/2026' is not a date; write 2026-02-01, or 2026-01-02 if the month stands first",
        ),
        ("anna,20260301,1", "2:2: '20260301' is not a date; write 2026-03-01"),
        (
            "anna,45382,1",
            "2:2: '45382' is not a date; so spreadsheets store 2024-03-31: format the column as a date, or write it",
        ),
        ("anna,2026-03-01 24:61,1", "2:2: '2026-03-01 24:61' is not a date; write it as 2026-03-31"),
        ("anna,31/02/2026,1", "2:2: '31/02/2026' is not a date; write it as 2026-03-31"),
        ("anna,2026-03-01,(1.250)", "2:3: '(1.250)' can be read two ways; write -1250 or -1.25, whichever is meant"),
        ("anna,2026-03-01,1.234-", "2:3: '1.234-' can be read two ways; write -1234 or -1.2340, whichever is meant"),
        ('anna,2026-03-01,"(€ 12,50)"', "2:3: '(€ 12,50)' is not an amount; write -12.50"),
        ('anna,2026-03-01,"12,50-"', "2:3: '12,50-' is not an amount; write -12.50"),
        (
            "anna,2026-03-01,1000000000000000",
            "2:3: '1000000000000000' is not an amount; the largest amount that is taken is 1000000000000",
        ),
        ("anna,2026-02-30,1", "2:2: '2026-02-30' is not a date; write it as 2026-03-31"),
        ('anna,2026-03-01,"12,50"', "2:3: '12,50' is not an amount; write 12.50"),
        ('anna,2026-03-01,"€ 1.200,50"', "2:3: '€ 1.200,50' is not an amount; write 1200.50"),
        ('anna,2026-03-01,"1,200.50"', "2:3: '1,200.50' is not an amount; write 1200.50"),
        ("anna,2026-03-01,EUR 12.50", "2:3: 'EUR 12.50' is not an amount; write 12.50"),
        ("anna,2026-03-01,-12.50 €", "2:3: '-12.50 €' is not an amount; write -12.50"),
        ("anna,2026-03-01,1.250", "2:3: '1.250' can be read two ways; write 1250 or 1.25, whichever is meant"),
        (
            "anna,2026-03-01,-12.375",
            "2:3: '-12.375' can be read two ways; write -12375 or -12.3750, whichever is meant",
        ),
        ('anna,2026-03-01,"1,250"', "2:3: '1,250' is not an amount; write 1250 or 1.25, whichever is meant"),
        ("anna,2026-03-01,1.250.000", "2:3: '1.250.000' is not an amount; write 1250000"),
        ("anna,2026-03-01,1\u202f250", "2:3: '1\\u202f250' is not an amount; write 1250"),
        ("anna,2026-03-01,12_000", "2:3: '12_000' is not an amount; write 12000"),
        ("anna,2026-03-01,1e3", "2:3: '1e3' is not an amount; write it as 12.50"),
        ("anna,2026-03-01,1O", "2:3: '1O' is not an amount; write it as 12.50"),
        ("anna,2026-03-01,12k", "2:3: '12k' is not an amount; write it as 12.50"),
        ("anna,2026-03-01,\u0661\u0662", "2:3: '\u0661\u0662' is not an amount; write it as 12.50"),
        ("anna,2026/03/0\u0661,1", "2:2: '2026/03/0\u0661' is not a date; write it as 2026-03-31"),
        ("anna,2026-03-01,", "2:3: '' is not an amount; write it as 12.50"),
        ("anna,2026-03-01,nan", "2:3: 'nan' is not an amount; write it as 12.50"),
        (",2026-03-01,1", "2:1: there is no customer; leave purchases of nobody known out"),
        (
            "3.16E+10,2026-03-01,1",
            "2:1: '3.16E+10' is a number that a spreadsheet has rounded; format the column as text",
        ),
        ('anna,2026-03-01,"1', "2:1: not a line of CSV: a quotation mark is opened and not closed"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_what_was_meant(file, line, said):
    assert problems(file(line)) == [said]


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("customer,date,amout", "1:3: there is no column 'amount'; is that the column 'amout'? call it 'amount'"),
        (
            "customer_id,date,amount",
            "1:1: there is no column 'customer'; is that the column 'customer_id'? call it 'customer'",
        ),
        ("customer,date,sum", "1:1: there is no column 'amount'; there are customer, date, sum"),
        ("customer|date|amount", "1:1: columns are separated by vertical bars; separate them by commas"),
        ("sep=;", "1:1: the first line has the names of the columns; leave the line with sep= out"),
        ('"customer,date,amount"', "1:1: the whole line stands in one pair of quotes; leave these out, of every line"),
        ("customer\tdate\tamount", "1:1: columns are separated by tabs; separate them by commas"),
        ("", "1:1: the first line is empty; it has the names of the columns, separated by commas"),
        ("customer,date,amount,date", "1:4: there are two columns 'date'"),
    ],
)
def test_a_wrong_heading_is_named_with_its_place_and_what_was_meant(file, heading, said):
    assert problems(file("anna,2026-03-01,1", heading=heading)) == [said]


@pytest.mark.parametrize(
    ("heading", "line", "said"),
    [
        ("customer,date,amount", "c0,2026-01-01,12,50", "2:4: line 2 has 4 cells, the heading 3; if that is a decimal"),
        ("customer,date,amount,profit", "c0,2026-01-01,12,50,5,00", "2:5: line 2 has 6 cells, the heading 4; if that"),
        ("customer,date,amount", "Vos, Anna,2026-01-01,12.50", "2:4: line 2 has 4 cells, the heading 3; if that is"),
        ("customer,date,amount,profit", "c0,2026-01-01,12.50", "2:3: line 2 has 3 cells, the heading 4; write a comma"),
        ("customer,date,amount", "total", "2:1: line 2 has 1 cell, the heading 3; write a comma"),
    ],
)
def test_a_line_with_more_or_fewer_cells_than_the_heading_is_refused_not_read_askew(file, heading, line, said):
    (found,) = problems(file(line, heading=heading))

    assert found.startswith(said)
    assert "decimal comma" in found
    assert "12.50" in found


def test_empty_cells_at_the_end_of_a_line_are_no_matter_and_neither_is_what_comes_after_the_day(file):
    path = file("anna,2026-03-01,10,,", "ben,2026-03-09,12,50")

    assert list(sample_of(read_purchases(path, DAY + 3)).amounts) == [10]


@pytest.mark.parametrize(
    ("heading", "wanted"),
    [
        ("klant,datum,bedrag", {"customer": "klant", "date": "datum", "amount": "bedrag"}),
        ("Kunde,Datum,Betrag", {"customer": "kunde", "date": "datum", "amount": "betrag"}),
        ("client,date,montant", {"customer": "client", "amount": "montant"}),
        ("amount,klant_id,order date", {"customer": "klant_id", "date": "order date"}),
        ("winst,klant,date,totaal", {"customer": "klant", "amount": "totaal"}),
    ],
)
def test_headings_in_other_languages_are_offered_as_the_columns_that_they_mean(file, heading, wanted):
    names = heading.lower().split(",")

    assert problems(file("a,b,c", heading=heading)) == [
        f"1:{names.index(found) + 1}: there is no column {name!r}; is that the column {found!r}? call it {name!r}"
        for name, found in wanted.items()
    ]


def test_columns_that_are_not_read_are_told_with_what_may_be_meant_by_them(file):
    heading = "customer,date,amount,profits,till,segments,valuta,store,source"
    purchases = read_purchases(file("anna,2026-03-01,1,,,,,,", heading=heading))

    assert [note.split("sales.csv:")[1] for note in purchases.notes] == [
        "1:4: the column 'profits' is not read; is that 'profit'? call it so",
        "1:6: the column 'segments' is not read; is that 'segment'? call it so",
        "1:7: the column 'valuta' is not read; is that 'currency'? call it so",
        "1:9: the column 'source' is not read; is that 'acquisition_source'? call it so",
        "1:5: the columns 'till', 'store' are not read",
    ]
    assert read_purchases(file("anna,2026-03-01,1,1", heading="customer,date,amount,profit")).notes == ()
    both = read_purchases(file("anna,2026-03-01,1,1,1", heading="customer,date,amount,profit,winst"))
    assert [note.split("sales.csv:")[1] for note in both.notes] == ["1:5: the column 'winst' is not read"]


def test_two_currencies_are_not_added_up(file):
    path = file("anna,2026-03-01,10,EUR", "ben,2026-03-02,100,SEK", heading="customer,date,amount,currency")

    assert problems(path) == ["3:4: SEK after EUR; convert all amounts to one currency first"]


def test_all_problems_are_told_at_once_but_not_a_thousand(file):
    assert len(problems(file(*["anna,someday,1"] * 1_000))) == 21


def test_a_file_that_is_not_there_or_empty_or_not_text_is_refused(tmp_path, file):
    assert "No such file" in problems(tmp_path / "none.csv")[0]
    assert "there is no purchase" in problems(file())[0]
    assert "up to 2026-02-20" in problems(file("anna,2026-03-01,1"), day_of(date(2026, 2, 20)))[0]
    (tmp_path / "utf16.csv").write_bytes("customer,date,amount".encode("utf-16"))
    assert "UTF-8" in problems(tmp_path / "utf16.csv")[0]
    (tmp_path / "nothing.csv").write_bytes(b"")
    assert problems(tmp_path / "nothing.csv") == [" the file is empty"]


def test_excels_mark_at_the_beginning_is_no_part_of_the_first_column(tmp_path):
    (tmp_path / "excel.csv").write_bytes("\ufeffCustomer,Date,Amount\r\nanna,2026-03-01,1\r\n".encode())

    assert list(read_purchases(tmp_path / "excel.csv").buyers) == ["anna"]


lines = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 28), st.integers(-500, 2_000)), min_size=1, max_size=25
)


@given(lines=lines, data=st.data())
def test_the_order_of_lines_changes_nothing(tmp_path_factory, lines, data):
    written = [f"{who},2026-03-{day:02},{cents / 100:.2f},{cents % 3},{cents % 5}" for who, day, cents in lines]
    shuffled = data.draw(st.permutations(written))
    samples, labels = [], []
    for order in (written, shuffled):
        path = tmp_path_factory.mktemp("sales") / "sales.csv"
        path.write_text("\n".join(["customer,date,amount,segment,acquisition_source", *order]))
        purchases = read_purchases(path, DAY + 30)
        samples.append(sample_of(purchases))
        labels.append([(each.segment, each.source) for each in purchases.buyers.values()])

    one, other = samples
    assert labels[0] == labels[1]
    assert one.names == other.names
    assert one.log_gaps == other.log_gaps
    for each in ("repeat_spend", "all_spend", "amounts"):
        assert list(getattr(one, each)) == list(getattr(other, each))
    for each in ("x", "recency", "age"):
        assert list(getattr(one.rows, each)) == list(getattr(other.rows, each))


def test_of_a_cell_of_megabytes_the_ends_are_told(file):
    (problem,) = problems(file("anna,2026-03-01,x" + "y" * 100_000))

    assert len(problem) < 600
    assert " … " in problem


@pytest.mark.parametrize("wrong", [False, True])
def test_what_a_dutch_excel_saves_is_read(file, wrong: bool):
    lines = ["anna;25-12-2025;12,50", "anna;03-04-2026;(2,50)", 'ben;2026-03-01;"1.250,75"', "cleo;2026-03-01;5.25"]
    path = file(*lines, *(["dirk;2026-03-01"] if wrong else []), heading="customer;date;amount")

    if wrong:
        said = "6:2: line 6 has 2 cells, the heading 3; write a semicolon for an empty cell too"
        assert problems(path) == [said]
    else:
        assert list(sample_of(read_purchases(path)).amounts) == [10, 1250.75, 5.25]
