"""What a heading means, and files that are none."""

import pytest

from stamgast.lists.columns import Kind
from stamgast.lists.mapping import Mapping, read_mapping
from stamgast.lists.survey import survey
from stamgast.sheets.dates import DateOrder
from stamgast.sheets.lines import SheetError


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("date,amount,phone", Kind.PURCHASES),
        ("Datum;Omzet;Klant", Kind.PURCHASES),
        ("phone;voornaam", Kind.CUSTOMERS),
        ("sep=;\ndate;amount", Kind.PURCHASES),
        ("\n\nGSM\tNaam", Kind.CUSTOMERS),
    ],
)
def test_the_heading_says_what_a_list_is_of(sheet, heading: str, kind: Kind):
    found = survey(sheet(heading + "\n"), Mapping())
    assert (found.columns.kind, found.rows) == (kind, 0)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"\n\n  \n", "there is no heading"),
        (b"PK\x03\x04abc", "an Excel workbook"),
        ("date;amount\n".encode("utf-16-le"), "UTF-16 without its mark"),
        (b"colour,size\n", "nobody is named: customers have a column `phone`"),
        (b"amount,phone\n", "purchases have a column `date`, and there is none"),
        (b"date,amount,bedrag\n", "two columns could be `amount`: 'amount' and 'bedrag'"),
        (",".join(f"c{number}" for number in range(10_000)).encode(), "10,000 columns; at most 1,000"),
        (b"x" * 3_000_000, "the heading is longer than"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_the_reason(sheet, content: bytes, why: str):
    with pytest.raises(SheetError, match=r".") as caught:
        survey(sheet(content), Mapping())
    assert why in str(caught.value)


def test_a_mapping_says_what_columns_mean_and_what_all_rows_share(sheet):
    mapping, problems = read_mapping(
        sheet("columns: {phone: Nr, joined: Aangemaakt}\nconstants: {wording: paper}\nkind: customers\n", "map.yaml")
    )
    assert not problems
    found = survey(sheet("Nr;Aangemaakt;Extra\n"), mapping)
    assert found.columns.places == {"phone": 0, "joined": 1}
    assert (found.columns.unread, found.constants) == (["Extra"], {"wording": "paper"})
    with pytest.raises(SheetError, match="there is no column 'Nr'"):
        survey(sheet("phone\n"), mapping)


def test_a_mapping_with_a_word_that_is_none_says_which_was_meant(sheet):
    _, (problem,) = read_mapping(sheet("columns: {fone: Nr}\n", "map.yaml"))
    assert (problem.line, "phone" in problem.hint) == (1, True)


@pytest.mark.parametrize(
    ("content", "order"),
    [
        ("date;amount\n01-10-2025;12,40\n", DateOrder.DAY_FIRST),
        ('date,amount\n01/10/2025,"12,40"\n', DateOrder.DAY_FIRST),
        ("phone;joined\n0612345678;01-10-2025\n", DateOrder.DAY_FIRST),
        ("date;amount\n01/10/2025;12,40\n01/31/2025;3,00\n", DateOrder.MONTH_FIRST),
        ("date;amount\n01/10/2025;12.40\n", None),
        ("date,amount\n01/10/2025,12.40\n", None),
    ],
)
def test_whoever_writes_a_decimal_comma_writes_the_day_first_unless_a_date_says_otherwise(sheet, content, order):
    assert survey(sheet(content), Mapping()).order is order
