"""Which receipts of a list begin in more than one place, of however many there are: eight bytes for each.

A receipt's rows mostly stand together, and then it begins once. Names are known by their hash: two of one hash are both
told, which does no harm, and is nowhere in sight.
"""

from array import array
from itertools import pairwise
from typing import Final

_PARTS: Final = 64
"""One is sorted at a time, so that not all hashes are integers of Python's at once."""


class Runs:
    """Takes receipts in the order of their rows."""

    __slots__ = ("_last", "_parts")

    def __init__(self) -> None:
        self._parts = [array("q") for _ in range(_PARTS)]
        self._last = ""

    def add(self, name: str) -> None:
        """A row of a receipt."""
        if name != self._last:
            key = hash(name)
            self._parts[key % _PARTS].append(key)
            self._last = name

    def broken(self) -> set[int]:
        """The hashes of those that began again after another one."""
        return {key for part in self._parts for key, following in pairwise(sorted(part)) if key == following}
