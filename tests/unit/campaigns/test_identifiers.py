"""Files of identifiers: a column or a line each, whatever they hold, and never more of them in memory than a line."""

from pathlib import Path

import pytest

from stamgast.campaigns.identifiers import LONGEST_LINE, BadFileError, Named, read_identifiers


@pytest.fixture
def written(tmp_path: Path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "invited.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_one_a_line_may_be_anything(written):
    found = list(read_identifiers(written('0612345678\n\ncard-17\r\n"0687654321"\n')))
    assert found == [Named(1, "0612345678"), Named(3, "card-17"), Named(4, "0687654321")]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("phone", "phone"),
        ("Telefoon", "phone"),
        ("Card number", "membership"),
        ("kaartnummer", "membership"),
        ("customer_id", "customer"),
        ("provider_customer_id", "provider"),
    ],
)
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_a_column_is_found_by_its_head(written, head: str, kind: str, separator: str):
    file = written(f"\ufeffname{separator}{head}\nJo{separator}12\nAl\n")
    assert list(read_identifiers(file)) == [Named(2, "12", kind), Named(3, "", kind)]


def test_which_of_several_columns_is_meant_is_not_guessed(written):
    with pytest.raises(BadFileError, match=r"3 columns.*did you mean 'phone'"):
        list(read_identifiers(written("name,phon,town\nJo,0612345678,Gent\n")))
    with pytest.raises(BadFileError, match="such as phone"):
        list(read_identifiers(written("Jo;0612345678\n")))


def test_an_empty_file_is_said_to_be_so(written):
    with pytest.raises(BadFileError, match="empty"):
        list(read_identifiers(written("\n\n")))


def test_an_absurdly_long_line_and_one_that_is_no_text_name_nobody_and_hold_up_nobody(written):
    content = b"phone\n" + b"9" * 5_000_000 + b"\n0612345678\n\xff\xfe\n" + b"1" * (LONGEST_LINE + 1)
    found = list(read_identifiers(written(content)))
    assert found == [
        Named(2, "", "phone"),
        Named(3, "0612345678", "phone"),
        Named(4, "", "phone"),
        Named(5, "", "phone"),
    ]


def test_a_first_line_that_is_absurdly_long_is_no_head(written):
    found = list(read_identifiers(written(b"9" * 5_000_000 + b"\n0612345678\n")))
    assert found == [Named(1, ""), Named(2, "0612345678")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("phone\n0612345678\n".encode("utf-16"), "this file is UTF-16, not UTF-8; save the list as CSV UTF-8"),
        (
            b"PK\x03\x04\x14\x00\n",
            "a document of Word or Excel, or a zip, and no plain text; save the list as CSV UTF-8",
        ),
        ("Zoë\n0612345678\n".encode("latin-1"), "its first line is not in UTF-8; save the list as CSV UTF-8"),
    ],
)
def test_what_excel_saves_otherwise_is_told_and_does_not_name_nobody(tmp_path: Path, content: bytes, told: str):
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    with pytest.raises(BadFileError, match=told) as caught:
        list(read_identifiers(file))
    assert "Zo" not in str(caught.value)
