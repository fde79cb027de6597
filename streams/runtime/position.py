"""A partition's position, which intake and customers keep alike: recorded time, sources applied, clock believed.

How far it is in the log says the watermark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from stamgast.domain.event import Source
from stamgast.domain.units import Millis
from stamgast.state.clock_marks import marked
from stamgast.state.meta_fields import Word
from stamgast.state.partition_meta import CLOCK, SOURCES, TIME, Mark


@dataclass(slots=True)
class Position:
    """Read from the partition's meta at the taking, moved on by each step, and written back with it."""

    time: Millis = 0
    marks: dict[tuple[str, int], Mark] = field(default_factory=dict)
    """(id of a topic, partition) -> the newest record of that source which was applied."""
    clocks: str = ""
    """From which offset on which kind of clock is believed (`stamgast.state.clock_marks`)."""

    @classmethod
    def of(cls, meta: Mapping[str, str]) -> Self:
        """Read a partition's meta."""
        return cls(TIME.of(meta), SOURCES.of(meta), CLOCK.of(meta))

    def go_on_from(self, offset: int, *, real: bool) -> None:
        """Everything from this offset on is applied under that kind of clock."""
        self.clocks = marked(self.clocks, offset, real=real)

    def copy(self) -> Self:
        """What a step changes until it is committed."""
        return replace(self, marks=dict(self.marks))

    def is_repeat(self, source: Source) -> bool:
        """Say whether a record of this source was applied already; if not, note that it is now."""
        topic, partition, offset, index = source
        if (offset, index) <= self.marks.get((topic, partition), (-1, -1)):
            return True
        self.marks[topic, partition] = (offset, index)
        return False

    def changes_since(self, before: Self) -> dict[str, Word]:
        """Fields of meta that a step has to write."""
        fields = CLOCK.written(self.clocks) if self.clocks else {}
        if self.time != before.time:
            fields |= TIME.written(self.time)
        known = before.marks
        return fields | SOURCES.written({s: mark for s, mark in self.marks.items() if known.get(s) != mark})
