"""Lists of purchases of many makes: what their rows mean, and what is said of those that mean nothing."""

import pytest

from stamgast.lists.mapping import Mapping
from stamgast.lists.receipts import Draft, Receipts, Rejected
from stamgast.lists.survey import survey
from stamgast.pos.reading import Received, read_item
from tests.builders import program


def amounts(found):
    return [each.document["totals"]["gross_minor"] for each in found if isinstance(each, Draft)]


def test_a_dutch_spreadsheet_is_read_as_it_is_saved(receipts):
    """Semicolons, a mark before the first byte, decimal commas, thousands apart, euros beside, a return in red."""
    found = receipts(
        "\ufeffDatum;Bedrag;Klantenkaart;Filiaal\r\n"
        '31-03-2026 08:15;"12,40";M-1;shop\r\n'
        "1-4-2026 09:00;€ 1.250,00;M-2;shop\r\n"
        "2-4-2026;(3,50);M-1;shop\r\n"
    )
    assert amounts(found) == [1240, 125_000, -350]
    first, _, back = found
    assert first.document["end_date_time"] == "2026-03-31T06:15:00Z"
    assert first.document["customer"] == {"membership_number": "M-1"}
    assert (back.document["end_date_time"], back.document["business_day_date"]) == (
        "2026-04-02T10:00:00Z",
        "2026-04-02",
    )
    assert back.document["transaction_link"] == {"relation": "return_of", "linked": False}
    assert all(isinstance(read_item(each.document, ""), Received) for each in found)
    assert all(each.document["provenance"]["history"] for each in found)


def test_a_customer_is_our_id_a_phone_or_a_membership_number(receipts):
    named = ("c" + "a2" * 12, "06 12345678", "M-1", "12345")
    found = receipts("date,amount,customer\n" + "".join(f"2026-03-31,1,{each}\n" for each in named))
    assert [list(each.document["customer"].items()) for each in found] == [
        [("customer_id", named[0])],
        [("phone", named[1])],
        [("membership_number", named[2])],
        [("membership_number", named[3])],
    ]


def test_sales_of_today_are_no_history(sheet):
    found = survey(sheet("date,amount\n2026-03-31,1\n"), Mapping())
    reader = Receipts(found, program(), b"key", history=False)
    (draft,) = [each for unit in reader.units() for each in reader.read(unit)]
    assert isinstance(draft, Draft)
    assert draft.document["provenance"] == {"adapter": "import"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_names_of_goods_are_read_in_every_encoding_that_spreadsheets_save(receipts, encoding: str):
    found = receipts("date;amount;product\n2026-03-31;3,50;Crème brûlée €\n".encode(encoding))
    assert found[0].document["line_items"][0]["sku"] == "Crème brûlée €"


@pytest.mark.parametrize(
    ("written", "when"),
    [
        ("45747", "2025-03-31T10:00:00Z"),
        ("45747,5", "2025-03-31T10:00:00Z"),
        ("45747.34375", "2025-03-31T06:15:00Z"),
        ("20250331", "2025-03-31T10:00:00Z"),
        ("31/3/2025 8:15", "2025-03-31T06:15:00Z"),
        ("2025-03-31T08:15:00+02:00", "2025-03-31T06:15:00Z"),
    ],
)
def test_dates_are_read_as_spreadsheets_keep_them(receipts, written: str, when: str):
    assert receipts(f"date;amount\n{written};1\n")[0].document["end_date_time"] == when


def test_what_one_amount_leaves_in_doubt_another_one_settles(receipts):
    assert amounts(receipts("date;amount\n2026-03-31;1.250\n2026-03-31;3,5\n")) == [125_000, 350]
    assert amounts(receipts("date;amount\n2026-03-31;1,250\n2026-03-31;3.5\n")) == [125_000, 350]
    assert amounts(receipts("date;amount\n2026-03-31;1.250\n", decimal_mark=",")) == [125_000]


@pytest.mark.parametrize("others", ["", "2026-03-31;3,5\n2026-03-31;3.5\n"])
def test_where_nothing_or_both_is_told_nobody_guesses(receipts, others: str):
    rejected = [each for each in receipts(f"date;amount\n2026-03-31;1.250\n{others}") if isinstance(each, Rejected)]
    assert rejected == [Rejected(2, "amount: '1.250' can be read two ways; write 1250 or 1.25, whichever is meant")]


def test_rows_of_a_receipt_are_its_lines_wherever_they_stand(receipts):
    found = receipts(
        "date,amount,transaction,product,quantity,category\n"
        "2026-03-31 09:00,3.50,b1,BROOD,1,bread\n"
        "2026-03-31 10:00,2.00,b2,TAART,1,\n"
        "2026-03-31 09:00,7.00,b1,KOEK,2,\n"
        "2026-04-02 09:00,-3.50,b1,BROOD,1,\n"
    )
    by_name = {(each.document["transaction_id"], each.document.get("refund_id")): each for each in found}
    assert set(by_name) == {("b1", None), ("b2", None), ("b1", "b1:2026-04-02")}
    sale = by_name["b1", None]
    assert (sale.lines, sale.document["totals"]["gross_minor"]) == ((2, 4), 1050)
    assert [(line["sku"], line["quantity"]) for line in sale.document["line_items"]] == [("BROOD", "1"), ("KOEK", "2")]
    assert by_name["b1", "b1:2026-04-02"].document["totals"]["gross_minor"] == 350


def test_a_discount_on_the_same_day_is_a_line_of_its_receipt(receipts):
    (found,) = receipts("date,amount,transaction\n2026-03-31,10.00,b1\n2026-03-31,-2.00,b1\n")
    assert found.document["totals"]["gross_minor"] == 800


def test_rows_without_a_receipt_have_the_same_ids_whenever_they_are_read_and_tell_nobodys_phone(receipts):
    rows = "2026-03-31,3.50,0612345678\n"
    one = receipts(f"date,amount,phone\n{rows}")
    two = receipts(f"date,amount,phone\n2026-03-30,1,0612345678\n{rows}{rows}")
    assert one[0].document["transaction_id"] == two[1].document["transaction_id"]
    assert len({each.document["transaction_id"] for each in two}) == 3
    assert all("612345678" not in each.document["transaction_id"] for each in two)


def test_a_row_that_is_wrong_takes_its_receipt_with_it_and_no_other(receipts):
    found = receipts(
        "date,amount,transaction\n2026-03-31,x,b1\n2026-03-31,1.00,b1\n2026-03-31,2.00,b2\n31.31.2026,2.00,b3\n"
        "2026-03-31,,b4\n2026-03-31,1,b5,,,extra\n"
    )
    rejected = {each.line: each.reason for each in found if isinstance(each, Rejected)}
    assert amounts(found) == [200]
    assert rejected[2].startswith("amount: 'x' is not an amount")
    assert rejected[3] == "line 2 of its receipt cannot be taken"
    assert "is not a date" in rejected[5]
    assert rejected[6] == "there is no amount"
    assert rejected[7].startswith("has 6 cells, the heading 3")


def test_absurd_rows_are_rejected_and_what_stands_around_them_is_read(receipts):
    """A megabyte in one cell, ten thousand cells, a quote that nobody closes, bytes that are no letters."""
    found = receipts(
        b"date,amount,product\n2026-03-31,1,a\n2026-03-31,2," + b"x" * 1_000_000 + b"\n"
        b"2026-03-31,3,b" + b",y" * 10_000 + b'\n2026-03-31,4,"never closed\n2026-03-31,5,c\n'
        b'2026-03-31,6,\x81\x8d\n2026-03-31,7,a\0b\n2026-03-31,8,"two\nlines"\n2026-03-31,9,5" pipe\n'
    )
    assert amounts(found) == [100, 500, 800, 900]
    rejected = {each.line: each.reason for each in found if isinstance(each, Rejected)}
    assert set(rejected) == {3, 4, 5, 7, 8}
    assert rejected[3] == "is longer than 65,536 characters"
    assert "quot" in rejected[5]
    assert all(len(reason) < 500 for reason in rejected.values())
