"""Lists of a shop's own codes, as shops have them."""

from pathlib import Path

import pytest

from stamgast.sheets.codes import read_codes
from stamgast.sheets.lines import SheetError


def listed(tmp_path: Path, text: str, column: str = "") -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    path = tmp_path / "codes.csv"
    path.write_text(text)
    read = read_codes(path, column)
    return list(read.codes), [(line, why) for line, why in read.wrong]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("WEB-1\nWEB-2\n", [(1, "WEB-1"), (2, "WEB-2")]),
        ("Coupon code\nweb-1\n", [(2, "WEB-1")]),
        ("id;Kortingscode;waarde\n1;WEB 001;10\n", [(2, "WEB001")]),
        ('"Code","Used"\n"WEB-1","no"\n', [(2, "WEB-1")]),
    ],
)
def test_codes_are_found(tmp_path, text, codes):
    assert listed(tmp_path, text) == (codes, [])


def test_what_is_wrong_is_told_with_its_line_and_says_no_code(tmp_path):
    codes, wrong = listed(tmp_path, f"WEB-1\nweb 1\nWEB1\nABC\n-WEB2\nWEB€3\n{'A' * 25}\n{'B' * 70_000}\n\nWEB-4\n")
    assert codes == [(1, "WEB-1"), (10, "WEB-4")]
    assert [line for line, _ in wrong] == [2, 3, 4, 5, 6, 7, 8]
    why = dict(wrong)
    assert why[2] == why[3] == "the same code as on line 1"
    assert why[4] == "has 3 characters: a code has 4 to 24"
    assert why[5] == "begins or ends with a dash, a dot or an underscore"
    assert why[6].startswith("holds '€'")
    assert why[8] == "is longer than 65,536 characters"


def test_of_several_columns_somebody_has_to_say_which(tmp_path):
    text = "Naam,Waarde\nWEB-1,10\n"
    with pytest.raises(SheetError, match="say by `--column NAME`"):
        listed(tmp_path, text)
    with pytest.raises(SheetError, match="did you mean 'Naam'"):
        listed(tmp_path, text, "Naan")
    assert listed(tmp_path, text, "naam")[0] == [(2, "WEB-1")]
