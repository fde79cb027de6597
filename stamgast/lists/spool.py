"""Records of many customers, set apart on disk so that some customers can be read at a time; the log is read once."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Final, NamedTuple, Self

_HEAD: Final = struct.Struct("<BHI")
"""Kind, and the lengths of key and value."""


class Spooled(NamedTuple):
    """A record as it was set apart."""

    kind: int
    key: bytes
    value: bytes


class Spool:
    """Files without a name in `folder`, gone when the context ends or the process does; one for each group of keys.

    `group_of` says which group a key belongs to (from 0); without it they are spread evenly.
    """

    def __init__(self, folder: Path, groups: int, group_of: Callable[[bytes], int] = zlib.crc32) -> None:
        self._group_of = group_of
        with ExitStack() as stack:
            self._files: list[IO[bytes]] = [stack.enter_context(TemporaryFile(dir=folder)) for _ in range(groups)]
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        """Nothing to do yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Remove the files."""
        self._open.close()

    def add(self, kind: int, key: bytes, value: bytes) -> None:
        """Set a record apart; all of one key come to one group, in their order."""
        file = self._files[self._group_of(key) % len(self._files)]
        file.write(_HEAD.pack(kind, len(key), len(value)))
        file.write(key)
        file.write(value)

    def groups(self) -> Iterator[Iterator[Spooled]]:
        """The records, a group of keys at a time."""
        for file in self._files:
            file.seek(0)
            yield _records(file)
            file.truncate(0)


def _records(file: IO[bytes]) -> Iterator[Spooled]:
    while head := file.read(_HEAD.size):
        kind, key, value = _HEAD.unpack(head)
        yield Spooled(kind, file.read(key), file.read(value))
