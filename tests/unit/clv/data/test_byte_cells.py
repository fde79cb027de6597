"""Cells straight from bytes are those that the reader of CSVs makes of them, or the file is handed to it."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stamgast.clv.data import byte_cells
from stamgast.clv.data.byte_cells import NotPlainError, joined, lines_in

WIDTH = 3


def from_bytes(content: bytes, parted_by: str = ",") -> list[list[str]]:
    """Raises NotPlainError."""
    pieces = list(lines_in(io.BytesIO(content), WIDTH, parted_by))
    told = []
    for place in range(WIDTH if pieces else 0):
        texts, back = joined([each.cells(place) for each in pieces]).different()
        assert texts == sorted(set(texts))
        told.append([texts[number] for number in back.tolist()])
    return [list(row) for row in zip(*told, strict=True)]


def by_the_reader(content: bytes, parted_by: str = ",") -> list[list[str]]:
    rows = csv.reader(io.StringIO(content.decode(), newline=""), strict=True, delimiter=parted_by)
    return [[cell.strip() for cell in row] for row in rows if row]


odd = st.text(alphabet='ab\n\r", é\t;0', max_size=60)
cells = st.text(alphabet=st.characters(exclude_characters='\n\r",\0', codec="utf-8"), max_size=20)
tidy = st.lists(
    st.lists(cells | cells.map('"{}"'.format), min_size=WIDTH, max_size=WIDTH).map(",".join), max_size=20
).flatmap(lambda lines: st.sampled_from(["\n", "\r\n", "\n\n"]).map(lambda end: end.join(lines)))


@given(odd | tidy)
@example('a,b,"c\n,"\n1,2,3\n')
@example('a,b,"c""d"')
@example('a,b,"c"d\n')
@example('a,b,c"d"\n')
@example("a,b,c\rd,e,f\n")
@example('a,b,"c"\r\nd,e,"f"\r\n')
@example('a,b,"c')
@example('"",,""')
def test_cells_are_those_of_the_reader_or_nothing_is_told(content: str):
    raw = content.encode()
    try:
        found = from_bytes(raw)
    except NotPlainError:
        return
    assert [[cell.strip() for cell in row] for row in found] == by_the_reader(raw)


@given(tidy)
def test_what_is_tidy_is_read(content: str):
    assert [[cell.strip() for cell in row] for row in from_bytes(content.encode())] == by_the_reader(content.encode())


def test_a_file_is_read_alike_in_pieces_of_any_size(monkeypatch):
    lines = [f'c{number},"a, {"b" * (number % 40)}\r\n",{number}.50' for number in range(60)]
    content = "\r\n".join(lines).encode()
    for size in (1, 7, 64, 1_000, 1 << 20):
        monkeypatch.setattr(byte_cells, "_AT_ONCE", size)
        pieces = list(lines_in(io.BytesIO(content), WIDTH, ","))

        amounts, back = joined([piece.cells(2) for piece in pieces]).different()

        assert [amounts[place] for place in back.tolist()] == [f"{number}.50" for number in range(60)]


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n",
        b"a,b,c,d\n",
        b"a,b,c\na,b\nc\n",
        b"a,b,\xff\n",
        b"a,b,\0\n",
        b"a,b," + b"c" * 600 + b"\n",
        b'a,b,"c',
        b"a,b,c\rd,e,f\n",
        b'a,b,"c""d"\n',
    ],
)
def test_what_wants_a_closer_look_is_handed_on(content: bytes):
    with pytest.raises(NotPlainError):
        from_bytes(content)


def test_a_line_without_an_end_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(byte_cells, "_LONGEST_LINE", 1_000)
    monkeypatch.setattr(byte_cells, "_AT_ONCE", 100)
    file = io.BytesIO(b"a" * 100_000)

    with pytest.raises(NotPlainError):
        list(lines_in(file, WIDTH, ","))

    assert file.tell() < 2_000
