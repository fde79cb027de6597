"""How far a list has come in, on disk beside it: what Kafka acknowledged is not sent again after a process was killed.

One line of JSON a step, each forced to the disk; half a line at the end is one that was not written. The file goes when
the list is through: the same list again is then read from its beginning, and changes nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from msgspec import Struct

from stamgast.domain.errors import UNREADABLE
from stamgast.lists.receipts import Rejected

SUFFIX: Final = ".import-progress"


class OtherListError(Exception):
    """The progress that is there is of another list, merchant or cluster; the text says what to do."""


class Begun(Struct, frozen=True):
    """What is being brought in, and where."""

    list: str
    merchant: str
    kind: str
    cluster: str
    history: bool


class Step(Struct, frozen=True, omit_defaults=True):
    """Some units that Kafka has, or that were rejected; all of the figures are of these alone."""

    units: int
    accepted: int = 0
    rejected: tuple[Rejected, ...] = ()
    warnings: dict[str, int] = {}


_decode_begun = msgspec.json.Decoder(Begun).decode
_decode_step = msgspec.json.Decoder(Step).decode
_encode = msgspec.json.Encoder().encode


class Progress:
    """Opened for one list; see the module."""

    def __init__(self, path: Path, begun: Begun) -> None:
        self.path = path
        self.steps: list[Step] = []
        """What was done before this process came."""
        self.resumed = False
        """A process was killed before it was through."""
        self._begun = begun
        self._file: IO[bytes] | None = None

    def open(self) -> None:
        """Read what is there, and go on behind it.

        Raises:
            OtherListError: it is of something else.
            OSError: the file cannot be read or written.
        """
        whole = self._read() if self.path.exists() else b""
        self.resumed = bool(whole)
        self._file = self.path.open("r+b" if whole else "wb")
        self._file.seek(len(whole))
        self._file.truncate()
        if not whole:
            self._write(self._begun)

    def note(self, step: Step) -> None:
        """Remember a step once Kafka has it."""
        self._write(step)

    def close(self, *, done: bool) -> None:
        """Keep what was noted, or forget it where the list is through."""
        if self._file is not None:
            self._file.close()
        if done:
            self.path.unlink(missing_ok=True)

    def _read(self) -> bytes:
        """The bytes of what was written whole."""
        lines = self.path.read_bytes().splitlines(keepends=True)
        whole = b""
        for number, line in enumerate(lines):
            try:
                if not line.endswith(b"\n"):
                    break
                if number:
                    self.steps.append(_decode_step(line))
                else:
                    self._check(_decode_begun(line))
            except UNREADABLE:
                if not number:
                    raise OtherListError(f"{self.path} is no progress of ours: move it away") from None
                break
            whole += line
        return whole

    def _check(self, found: Begun) -> None:
        if found == self._begun:
            return
        differs = [name for name in Begun.__struct_fields__ if getattr(found, name) != getattr(self._begun, name)]
        raise OtherListError(
            f"{self.path} says how far an import came of which the {' and the '.join(differs)} "
            f"{'is' if len(differs) == 1 else 'are'} another: the file, its mapping or the options were changed "
            "meanwhile. Bring that one in first, or remove this file: what it counts as done is then sent again, "
            "which doubles nothing"
        )

    def _write(self, what: Any) -> None:
        if self._file is not None:
            self._file.write(_encode(what) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
