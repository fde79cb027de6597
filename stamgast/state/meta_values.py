"""Values of a partition's meta that are written in a word of their own (`stamgast.state.partition_meta`)."""

from __future__ import annotations

from typing import NamedTuple, Self


class Trial(NamedTuple):
    """Records `first` to `last` are taken up by a process. `tries`: how often the first one was tried alone by now."""

    process: str
    first: int
    last: int
    tries: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the field of meta; None for what is none."""
        process, *numbers = text.split("|")
        if len(numbers) != len(cls._fields) - 1 or not all(number.isdecimal() for number in numbers):
            return None
        return cls(process, *map(int, numbers))

    def __str__(self) -> str:
        return "|".join(map(str, self))


class InForce(NamedTuple):
    """A merchant's newest barrier."""

    number: int
    content: str
    """Hash of the bundle in force; empty while no bundle of that merchant's can be had."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `<number>:<hash>`."""
        number, _, content = text.partition(":")
        return cls(int(number), content)

    def __str__(self) -> str:
        return f"{self.number}:{self.content}"


class Goal(NamedTuple):
    """What has to be applied before a partition's state may be shown to anybody: it may have been lost before that."""

    end: int
    """Everything below: where the log ended when the partition was taken from a Redis that may have forgotten."""
    run: str
    """The run of Redis that was told so, and has forgotten nothing since. Under any other one nothing is known."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `<end>:<run>`."""
        end, _, run = text.partition(":")
        return cls(int(end), run)

    def __str__(self) -> str:
        return f"{self.end}:{self.run}"
