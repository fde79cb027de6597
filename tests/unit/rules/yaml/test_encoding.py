"""Files that were not saved as UTF-8, or come from Windows."""

import codecs
from pathlib import Path

import pytest

from rules.loader import load_bundle, load_merchant
from rules.yaml.encoding import NotUtf8, decode_utf8
from tests.unit.rules.small_shop import PROGRAM, RULE, files_of

TEXT = "rule: example\ndescription: één brood gratis\n"


@pytest.mark.parametrize(
    ("content", "said", "place"),
    [
        (TEXT.encode("latin-1"), 'Latin-1 (Windows-1252), not UTF-8: "é" is the first letter that shows it', (2, 14)),
        ("a: “x”\n".encode("cp1252"), 'Windows-1252, not UTF-8: "“" is the first letter that shows it', (1, 4)),
        (TEXT.encode("utf-16"), "this file is UTF-16, not UTF-8", (1, 1)),
        (TEXT.encode("utf-16-be"), "this file is UTF-16, not UTF-8", (1, 1)),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "this file is UTF-32, not UTF-8", (1, 1)),
        (b"a: \x81\n", "byte 3 is the first bad one", (1, 4)),
        (b"PK\x03\x04\x14\x00rule", "a document of Word or Excel, or a zip, and no plain text", (1, 1)),
        (b"{\\rtf1\\ansi rule: x}", "a document with a layout (RTF), and no plain text", (1, 1)),
    ],
)
def test_what_is_not_utf_8_is_said_to_be_what_it_is_and_where(content: bytes, said: str, place: tuple[int, int]):
    with pytest.raises(NotUtf8) as caught:
        decode_utf8(content)
    assert said in caught.value.message
    assert (caught.value.line, caught.value.column) == place


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert decode_utf8(codecs.BOM_UTF8 + TEXT.encode()) == TEXT


def test_a_marketer_is_told_with_the_line_and_how_to_save_it(tmp_path: Path):
    for name, content in files_of(RULE, PROGRAM).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / "rules" / "example.yaml").write_bytes(TEXT.encode("latin-1"))

    [told] = [each for each in load_merchant(tmp_path).problems if each.file.endswith("example.yaml")]

    assert (told.line, told.column, told.quoted) == (2, 14, "description: één brood gratis")
    assert told.hint == 'Save it as "UTF-8": editors offer that beside the name of the file.'


def test_windows_line_ends_change_nothing():
    files = {name: text.replace("\n", "\r\n") for name, text in files_of(RULE, PROGRAM).items()}
    assert load_bundle(files).problems == ()
    wrong = {**files, "rules/example.yaml": "rule: example\r\nstatus:live\r\nwhen: purchase\r\nthen:\r\n  - tag: a\r\n"}
    [told] = load_bundle(wrong).problems
    assert (told.line, told.message, told.quoted) == (2, 'a space is missing after "status:"', "status:live")
