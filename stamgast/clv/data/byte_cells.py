"""The cells of a CSV straight from its bytes, a column at a time, each different text made once.

Text is kept as numbers of eight bytes, the first one the highest, which sort as the texts do: a million cells are told
apart by sorting numbers, without an object for each. Cells are what `csv.reader(strict=True)` makes of them, without
white space around them. Whatever needs more than that is not plain: quotes within a cell that is read, a line with
more or fewer cells, bytes that are no UTF-8.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stamgast.clv.data.rows import Integers

_AT_ONCE: Final = 1 << 20
"""Bytes."""
_LONGEST_LINE: Final = 8 * _AT_ONCE
_WORD: Final = 8
_LONGEST: Final = 512
"""Bytes of a cell that is read."""
_END, _RETURN, _QUOTE = (ord(each) for each in '\n\r"')
_SPACE: Final = np.isin(np.arange(256), [*range(9, 14), *range(28, 33)])
"""What `str.strip` takes away, of ASCII."""
_KEPT: Final = np.array([0, *(((1 << 8 * n) - 1) << 8 * (_WORD - n) for n in range(1, _WORD + 1))], dtype=np.uint64)
"""By how many of its bytes belong to the cell, which of a word's do."""

_Bytes = NDArray[np.uint8]


class NotPlainError(Exception):
    """There is something in it that wants a closer look."""


class Texts(NamedTuple):
    """Texts of a column as words of eight bytes, one row each; shorter ones end in zeros."""

    words: NDArray[np.uint64]

    def different(self) -> tuple[list[str], Integers]:
        """Return the different texts in the order of the alphabet, and for each cell the place of its own.

        Raises:
            NotPlainError: quotes or ends of lines are among them.
        """
        different, back = np.unique(self.words[:, 0], return_inverse=True)
        words = [different]
        for column in self.words.T[1:]:
            more, number = np.unique(column, return_inverse=True)
            both, back = np.unique(back * len(more) + number, return_inverse=True)
            before, number = np.divmod(both, len(more))
            words = [*(each[before] for each in words), more[number]]
        spelt = np.stack(words, axis=1).astype(">u8")
        told = b"\n".join(spelt.view(f"S{_WORD * len(words)}")[:, 0].tolist())
        texts = told.decode().split("\n")
        if b'"' in told or len(texts) != len(spelt):
            raise NotPlainError
        return texts, back


def joined(columns: Sequence[Texts]) -> Texts:
    """Return texts beneath each other."""
    width = max(each.words.shape[1] for each in columns)
    whole = np.zeros((sum(len(each.words) for each in columns), width), dtype=np.uint64)
    begin = 0
    for (words,) in columns:
        whole[begin : begin + len(words), : words.shape[1]] = words
        begin += len(words)
    return Texts(whole)


class Lines(NamedTuple):
    """Some whole lines: their bytes, and where each cell begins and ends, a line a row."""

    content: _Bytes
    begins: Integers
    ends: Integers

    def only(self, which: NDArray[np.bool_]) -> Lines:
        """Return some of the lines."""
        return Lines(self.content, self.begins[which], self.ends[which])

    def cells(self, place: int) -> Texts:
        """Return the cells of a column, without the white space around them.

        Raises:
            NotPlainError: one is longer than anything that is read.
        """
        begins, ends, content = self.begins[:, place], self.ends[:, place], self.content
        if (ends - begins).max(initial=0) > _LONGEST:
            raise NotPlainError
        while (more := _SPACE[content[begins]] & (begins < ends)).any():
            begins = begins + more
        while (more := _SPACE[content[ends - 1]] & (begins < ends)).any():
            ends = ends - more
        lengths = ends - begins
        count = max(1, -(-int(lengths.max(initial=0)) // _WORD))
        eight = np.lib.stride_tricks.sliding_window_view(content, _WORD)
        words = np.empty((len(lengths), count), dtype=np.uint64)
        for word in range(count):
            spelt: NDArray[Any] = eight[begins + word * _WORD].view(">u8")[:, 0]
            words[:, word] = spelt.astype(np.uint64) & _KEPT[np.clip(lengths - word * _WORD, 0, _WORD)]
        return Texts(words)


def lines_in(file: IO[bytes], width: int, parted_by: str) -> Iterator[Lines]:
    """Read the lines that follow, each of `width` cells, some at a time; empty ones are left out.

    Raises:
        NotPlainError: something in them wants a closer look.
    """
    rest = b""
    while block := file.read(_AT_ONCE):
        whole = rest + block
        end = _last_end(whole)
        if len(whole) - end > _LONGEST_LINE:
            raise NotPlainError
        if end:
            yield _parted(whole[:end], width, parted_by)
        rest = whole[end:]
    if rest:
        yield _parted(rest + b"\n", width, parted_by)


def _last_end(content: bytes) -> int:
    """Return where the last whole line ends."""
    if b'"' not in content:
        return content.rfind(b"\n") + 1
    read = np.frombuffer(content, dtype=np.uint8)
    ends = np.flatnonzero(read == _END)
    outside = ends[_is_outside(np.flatnonzero(read == _QUOTE), ends)]
    return int(outside[-1]) + 1 if len(outside) else 0


def _is_outside(quotes: Integers, places: Integers) -> NDArray[np.bool_]:
    outside: NDArray[np.bool_] = np.searchsorted(quotes, places) % 2 == 0
    return outside


def _parted(whole: bytes, width: int, parted_by: str) -> Lines:
    if b"\0" in whole or not _is_text(whole):
        raise NotPlainError
    # What stands behind a cell is read with it and then left out.
    content = np.frombuffer(whole + bytes(_LONGEST + _WORD), dtype=np.uint8)
    lines = content[: len(whole)]
    mark = ord(parted_by)
    marks = np.flatnonzero((lines == mark) | (lines == _END))
    quotes = np.flatnonzero(lines == _QUOTE) if b'"' in whole else np.zeros(0, dtype=np.int64)
    if len(quotes):
        _check_quotes(content, quotes, mark)
        marks = marks[_is_outside(quotes, marks)]
    begins, ends = np.concatenate([[0], marks[:-1] + 1]), marks
    is_last = content[marks] == _END
    if b"\r" in whole:
        returns = np.flatnonzero(lines == _RETURN)
        if (content[returns[_is_outside(quotes, returns)] + 1] != _END).any():
            raise NotPlainError
        ends = ends - (is_last & (ends > begins) & (content[ends - 1] == _RETURN))
    empty = is_last & (ends == begins) & np.concatenate([[True], is_last[:-1]])
    if empty.any():
        begins, ends, is_last = begins[~empty], ends[~empty], is_last[~empty]
    if len(ends) % width or (ends - begins).max(initial=0) > csv.field_size_limit():
        raise NotPlainError
    if not np.array_equal(np.flatnonzero(is_last), np.arange(width - 1, len(ends), width)):
        raise NotPlainError
    if len(quotes):
        quoted = (content[begins] == _QUOTE) & (ends > begins)
        begins, ends = begins + quoted, ends - quoted
    return Lines(content, begins.reshape(-1, width), ends.reshape(-1, width))


def _check_quotes(content: _Bytes, quotes: Integers, mark: int) -> None:
    """They stand around whole cells, or in pairs within one."""
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, content[opening - 1], _END)
    after = content[closing + 1]
    fine = np.isin(before, [mark, _END, _QUOTE]).all() and np.isin(after, [mark, _END, _RETURN, _QUOTE]).all()
    if len(quotes) % 2 or not fine:
        raise NotPlainError


def _is_text(content: bytes) -> bool:
    if content.isascii():
        return True
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
