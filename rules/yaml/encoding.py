"""Bytes of a file into text: UTF-8, and of everything else what it is and where that shows."""

import codecs
from typing import Final

_BOMS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32", "utf-32"),
    (codecs.BOM_UTF32_BE, "UTF-32", "utf-32"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16"),
)
_DOCUMENTS: Final = (
    (b"PK\x03\x04", "a document of Word or Excel, or a zip"),
    (b"\xd0\xcf\x11\xe0", "an old document of Word or Excel"),
    (b"{\\rtf", "a document with a layout (RTF)"),
    (b"%PDF", "a PDF"),
)
"""How files of programs that are no editors begin."""
HOW_TO_SAVE: Final = 'Save it as "UTF-8": editors offer that beside the name of the file.'
AS_TEXT: Final = "Copy the words into a file of a plain editor, and save it as UTF-8."


class NotUtf8(Exception):  # noqa: N818 - it says what the file is
    """What a file is instead, as far as it can be told, and the first place that shows it. `quoted` is that line."""

    def __init__(
        self, message: str, line: int = 1, column: int = 1, quoted: str = "", *, hint: str = HOW_TO_SAVE
    ) -> None:
        super().__init__(message)
        self.message, self.line, self.column, self.quoted, self.hint = message, line, column, quoted, hint


def decode_utf8(content: bytes) -> str:
    """The text, without a byte order mark. Raises `NotUtf8`."""
    for begins, what in _DOCUMENTS:
        if content.startswith(begins):
            raise NotUtf8(f"this file is {what}, and no plain text", hint=AS_TEXT)
    for mark, name, _ in _BOMS:
        if content.startswith(mark):
            raise NotUtf8(f"this file is {name}, not UTF-8")
    if content.count(0) * 4 > len(content):
        raise NotUtf8("this file is UTF-16, not UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _described(content, error) from None


def _described(content: bytes, error: UnicodeDecodeError) -> NotUtf8:
    """Most of what is not UTF-8 comes from Windows: one byte a letter, and the letters with accents are told by it."""
    before = content[: error.start]
    line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    whole = content.split(b"\n")[line - 1].rstrip(b"\r")
    try:
        quoted, letter = whole.decode("cp1252"), content[error.start : error.start + 1].decode("cp1252")
    except UnicodeDecodeError:
        return NotUtf8(f"this file is not text in UTF-8: byte {error.start} is the first bad one", line, column)
    what = "Windows-1252" if 0x80 <= content[error.start] < 0xA0 else "Latin-1 (Windows-1252)"
    return NotUtf8(
        f'this file is {what}, not UTF-8: "{letter}" is the first letter that shows it', line, column, quoted
    )
