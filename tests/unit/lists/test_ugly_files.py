"""Files as shops really have them: what is understood of each, and what is refused, on which line and why."""

from typing import Any

import pytest

from stamgast.domain.units import DAY
from stamgast.lists.checking import checked
from stamgast.lists.columns import Kind
from stamgast.lists.mapping import Mapping
from stamgast.lists.members import Member, Members
from stamgast.lists.preview import in_one_line, notes_on
from stamgast.lists.receipts import Draft, Receipts
from stamgast.lists.survey import survey
from stamgast.sheets.lines import SheetError
from tests.builders import program

HEAD = "Datum;Bedrag;GSM\n"
ROW = "13-10-2025;12,40;0612345678\n"
OCT_13 = ("2025-10-13", 1240, "0612345678")
LONG = b"x" * 5_000_000
NOW = 20_600 * DAY
"""In 2026."""


def read(path: Any) -> list[Any]:
    """Of each row what it says, or its line and why it is refused."""
    found = survey(path, Mapping())
    shop = program()
    people = found.columns.kind is Kind.CUSTOMERS
    reader = Members(found, shop, NOW) if people else Receipts(found, shop, b"key", at=NOW)
    notes_on(found)
    said: list[Any] = []
    for _, several in checked(reader, shop):
        for each in several:
            assert "\n" not in in_one_line(each)
            said.append(_said(each))
    return said


def _said(each: Any) -> Any:
    if isinstance(each, Draft):
        document = each.document
        who = document.get("customer", {}).get("phone", "")
        return document["end_date_time"][:10], document["totals"]["gross_minor"], who
    if isinstance(each, Member):
        consents = [(one.channel, one.granted) for one in each.given.consents]
        return each.given.phone, each.given.first_name, consents
    return each.line, each.reason


def refused(line: int, why: str) -> tuple[int, str]:
    return line, why


PURCHASES: dict[str, tuple[str | bytes, list[Any]]] = {
    "of an old Mac": ((HEAD + ROW).replace("\n", "\r"), [OCT_13]),
    "with ends of three kinds": (HEAD + ROW.strip() + "\r\n" + ROW.strip() + "\r" + ROW, [OCT_13] * 3),
    "UTF-16, as Excel's Unicode text": ((HEAD + ROW).replace(";", "\t").encode("utf-16"), [OCT_13]),
    "UTF-8 with its mark, in quotes": (b'\xef\xbb\xbf"Datum";"Bedrag"\r\n"13-10-2025";"12,40"\r\n', [("2025-10-13", 1240, "")]),
    "Windows-1252": ("Datum;Bedrag;Omschrijving\n13-10-2025;€ 12,40;Crème brûlée\n".encode("cp1252"), [("2025-10-13", 1240, "")]),
    "days as Excel stores them": ("date,amount\n45943,12.40\n45943.5104,3.10\n", [("2025-10-13", 1240, ""), ("2025-10-13", 310, "")]),
    "months as words": (
        "date;amount\n13 okt 2025;1,00\n13-okt-25;1,00\n13 octobre 2025;1,00\n13. Oktober 2025;1,00\nOct 13, 2025;1,00\nma 13-10-2025 9u15;1,00\n13 dinges 2025;1,00\n32 okt 2025;1,00\n",
        [("2025-10-13", 100, "")] * 6 + [refused(8, "date: '13 dinges 2025' is not a date"), refused(9, "date: '32 okt 2025' is not a date")],
    ),
    "thousands of every style": (
        "date;amount\n" + "".join(f"2025-10-13;{each}\n" for each in ("1.250,00", "1 250,00", "1\u202f250,00", "1'250.00", "1,250.00", "1250,-", "€ 1.250,--", "1.250")),
        [("2025-10-13", 125000, "")] * 7 + [refused(9, "amount: '1.250' can be read two ways; write 1250 or 1.25")],
    ),
    "thousands that other rows settle": ("date;amount\n2025-10-13;1.250\n2025-10-13;12,40\n", [("2025-10-13", 125000, ""), ("2025-10-13", 1240, "")]),
    "less than one, and without cents": ("date;amount\n2025-10-13;,50\n2025-10-13;12,-\n2025-10-13;EUR 3\n", [("2025-10-13", each, "") for each in (50, 1200, 300)]),
    "of another currency": ("date;amount\n2025-10-13;$ 5\n2025-10-13;5 USD\n", [refused(line, "give it a column `currency`") for line in (2, 3)]),
    "below zero in every style": (
        "date;amount;transaction\n2025-10-13;100,00;a\n" + "".join(f"2025-10-13;{each};a\n" for each in ("-2,50", "(2,50)", "2,50-", "- 2,50", "\u22122,50", "€ -2,50", "-€2,50", "(€ 2,50)")),
        [("2025-10-13", 8000, "")],
    ),
    "of two signs, and credit": (
        "date;amount\n2025-10-13;--2,50\n2025-10-13;(2,50-)\n2025-10-13;2,50 CR\n",
        [refused(2, "has two signs"), refused(3, "has two signs"), refused(4, "is not an amount")],
    ),
    "text over lines": ('date,amount,description\n2025-10-13,12.40,"a\nb, ""c"""\n2025-10-13,1.00,x\n', [("2025-10-13", 1240, ""), ("2025-10-13", 100, "")]),
    "a quote that never ends": ('date,amount,description\n2025-10-13,12.40,"a\n2025-10-13,1.00,x\n', [refused(2, "has a quote that is opened and not closed"), ("2025-10-13", 100, "")]),
    "with empty lines and rows": (f"\n;;\n{HEAD}\n;;\n{ROW}\n\n", [OCT_13]),
    "below a title and a period": (f"Verkooprapport\nPeriode: oktober; 2025\n\n{HEAD}{ROW}", [OCT_13]),
    "that ends in totals": (f"{HEAD}{ROW}Totaal;12,40;\nAantal rijen: 1\n;12,40;\n", [OCT_13, refused(3, "a row of totals"), refused(4, "a row of totals"), refused(5, "there is no date")]),
    "with a cell too many or few": (
        "date,amount,phone\n2025-10-13,12,40,0612345678\n2025-10-13,1.00\n2025-10-13,1.00,,,\n",
        [refused(2, "has 4 cells, the heading 3; if that is a decimal comma"), refused(3, "has 2 cells"), ("2025-10-13", 100, "")],
    ),
    "of cells that are formulas": ('date;amount;phone\n="2025-10-13";12,40;="0612345678"\n\'2025-10-13;12,40;\'0612345678\n', [OCT_13, OCT_13]),
    "of phones that became figures": (
        "date;amount;phone\n2025-10-13;12,40;3,16123E+10\n2025-10-13;12,40;612345678\n",
        [refused(2, "format the column as text"), ("2025-10-13", 1240, "612345678")],
    ),
    "that contradicts itself about days": (
        "date,amount\n31/03/2025,1.00\n03/31/2025,1.00\n03/04/2025,1.00\n",
        [("2025-03-31", 100, ""), ("2025-03-31", 100, ""), refused(4, "'03/04/2025' could be of two days; write 2025-04-03, or 2025-03-04")],
    ),
    "that is ahead, and of a slip": ("date,amount\n2099-10-01,1.00\n0025-10-01,1.00\n", [refused(2, "lies ahead"), refused(3, "is not a date")]),
    "with bytes that are no text": (b"date,amount\n2025-10-13,1.0\x000\n2025-10-13,12.40\n", [refused(2, "column 2 holds what is no letter"), ("2025-10-13", 1240, "")]),
    "with a line of megabytes": (b"date,amount\n2025-10-13,12.40\n" + LONG + b"\n2025-10-13,1.00\n", [("2025-10-13", 1240, ""), refused(3, "is longer than 65,536"), ("2025-10-13", 100, "")]),
    "with a cell of megabytes in quotes": (b'date,amount\n2025-10-13,"' + LONG + b'"\n2025-10-13,1.00\n', [refused(2, "is longer than 65,536"), ("2025-10-13", 100, "")]),
}  # fmt: skip

CUSTOMERS: dict[str, tuple[str | bytes, list[Any]]] = {
    "with consents as columns": (
        "Telefoon;Voornaam;marketing-sms;consent_how\n0612345678;Anna;ja;formulier\n0687654321;Bram;15-02-2024;formulier\n0687654322;Cas;nee;\n",
        [("0612345678", "Anna", [("sms", True)]), ("0687654321", "Bram", [("sms", True)]), ("0687654322", "Cas", [("sms", False)])],
    ),
    "with consents that prove nothing": (
        "phone;marketing_sms;consent_how\n0612345678;ja;\n0687654321;misschien;form\n0687654322;31-31-2024;form\n",
        [refused(2, "a consent proves something only with how it was given"), refused(3, "'misschien' is neither yes nor no, nor a date"), refused(4, "'31-31-2024' is not a date")],
    ),
    "of an old Mac, in Windows-1252": ("phone;first_name\r0612345678;Zoë\r".encode("cp1252"), [("0612345678", "Zoë", [])]),
    "with a phone that is nobody's": ("phone;first_name\n0600000000;Anna\n12;Bram\n;Cas\n", [refused(2, "typed where there is none"), refused(3, "phone"), refused(4, "nobody is named")]),
    "that ends in totals": ("phone;first_name\n0612345678;Anna\nTotal: 1;\n", [("0612345678", "Anna", []), refused(3, "a row of totals")]),
    "below a title": ("Klantenlijst;\n\nTelefoon;Voornaam\n0612345678;Anna\n", [("0612345678", "Anna", [])]),
}  # fmt: skip


@pytest.mark.parametrize("name", [*PURCHASES, *(f"customers: {each}" for each in CUSTOMERS)])
def test_what_is_understood_of_a_list_and_what_is_refused_with_line_and_reason(sheet, name: str):
    content, expected = PURCHASES[name] if name in PURCHASES else CUSTOMERS[name.removeprefix("customers: ")]
    found = read(sheet(content))
    assert len(found) == len(expected), found
    for said, wanted in zip(found, expected, strict=True):
        if len(wanted) == 2:
            assert (said[0], wanted[1] in said[1]) == (wanted[0], True), said
        else:
            assert said == wanted


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("Datun;Bedarg;Telefon\n" + ROW, ":1: purchases have columns `date` and `amount`, and there are none; is 'Datun' the date?; is 'Bedarg' the amount?"),
        ("date;ammount\n" + ROW, "is 'ammount' the amount?"),
        ("Datum;GSM\n", "purchases have a column `amount`, and there is none"),
        ("fone;first_name\n0612345678;Anna\n", "nobody is named: customers have a column `phone`"),
        ("telefoonumer;voornaam\n0612345678;Anna\n", "is 'telefoonumer' the phone?"),
        ("Datum;Bedrag;Bedrag\n" + ROW, "columns 2 and 3 are both called 'Bedrag', which is `amount`: rename one of them"),
        ("phone;gsm\n", "two columns could be `phone`: 'phone' and 'gsm'"),
        ('"date,amount"\n"2025-10-13,12.40"\n', "the whole line stands in one pair of quotes"),
        (ROW * 3, ":1:"),
        ("Verkooprapport\n" * 30 + HEAD, ":1:"),
        (b"PK\x03\x04\x14\x00", "this is an Excel workbook (.xlsx)"),
        (b"\xd0\xcf\x11\xe0", "this is an old Excel workbook (.xls)"),
        ("<html><table><tr><td>Datum</td></tr></table>", "this is a web page (HTML), as some tills call .xls"),
        ("\ufeff<?xml version='1.0'?><Workbook/>", "this is XML"),
        ('[{"date": "2025-10-13"}]', "this is JSON"),
        (LONG, "the heading is longer than 65,536 characters"),
    ],
)  # fmt: skip
def test_a_file_whose_heading_cannot_be_understood_is_refused_with_what_was_meant(sheet, content, why: str):
    with pytest.raises(SheetError) as caught:
        survey(sheet(content), Mapping())
    assert why in str(caught.value)


def test_a_column_that_is_not_read_is_named_with_what_it_may_have_been_meant_to_be(sheet):
    notes = notes_on(survey(sheet("date;amount;phnoe;colour\n"), Mapping()))
    assert "not read: phnoe (did you mean phone?), colour" in notes
    notes = notes_on(survey(sheet("phone;Toestemming sms\n"), Mapping()))
    assert "not read: Toestemming sms (did you mean marketing_sms?)" in notes
    assert "it has bytes that are no UTF-8: they are read as Windows-1252" in notes_on(
        survey(sheet("phone;caf\xe9".encode("cp1252")), Mapping())
    )
    assert not [
        each for each in notes_on(survey(sheet("phone;caf\xe9".encode("utf-16")), Mapping())) if "UTF-8" in each
    ]
