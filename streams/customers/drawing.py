"""Events about draws, applied in the order of the log: asked for, called, told, drawn, passed on.

What a partition is answered follows from its question and from what came before that in the first partition's log, so
whoever reads that log again answers the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from stamgast.domain.draw_events import (
    DrawCalled,
    DrawDrawn,
    DrawnFor,
    DrawOpened,
    DrawTicketed,
    DrawWished,
    PrizePassed,
)
from stamgast.domain.draws import Draw
from stamgast.domain.event import Event
from stamgast.domain.urns import URN, DrawMark, Name, Urn, bounded, called, drawn_of, mark_for, marked, passed, told
from stamgast.service import Bundle
from stamgast.state.draw_marks import NO_DRAW, NO_URN
from stamgast.state.meta_fields import Word
from stamgast.state.partition_meta import DRAWS, URNS

Answer = tuple[int, Event]
"""Partition of customers -> what it is answered."""
OfDraw = DrawOpened | DrawWished | DrawCalled | DrawTicketed | DrawDrawn | PrizePassed
ASKS_THE_BUNDLE = DrawWished
"""What cannot be answered before the merchant has a bundle in force."""


@dataclass(slots=True)
class Draws:
    """How far a partition is with its merchants' draws; in the first one, what the others told."""

    marks: dict[Name, DrawMark] = field(default_factory=dict)
    urns: dict[Name, Urn] = field(default_factory=dict)

    def copy(self) -> Self:
        """What a step changes until it is committed."""
        return replace(self, marks=dict(self.marks), urns=dict(self.urns))

    @classmethod
    def of(cls, meta: Mapping[str, str]) -> Self:
        """Read a partition's meta."""
        return cls(
            {name: mark for name, mark in DRAWS.of(meta).items() if mark != NO_DRAW},
            {name: urn for name, urn in URNS.of(meta).items() if urn != NO_URN},
        )

    def changes_since(self, before: Self) -> dict[str, Word]:
        """Fields of meta that a step has to write."""
        if self.marks == before.marks and self.urns == before.urns:
            return {}
        names = self.marks.keys() | before.marks.keys()
        marks = {name: self.marks.get(name, NO_DRAW) for name in names}
        urns = {name: urn for name, urn in self.urns.items() if before.urns.get(name) != urn}
        urns |= dict.fromkeys(before.urns.keys() - self.urns.keys(), NO_URN)
        news = {name: mark for name, mark in marks.items() if before.marks.get(name, NO_DRAW) != mark}
        return DRAWS.written(news) | URNS.written(urns)

    def closed_of(self, merchant: str) -> frozenset[str]:
        """Those of which nothing changes here any more."""
        return frozenset(draw for (of, draw), mark in self.marks.items() if of == merchant and mark.is_called)

    def open_new(self, bundle: Bundle, key: bytes, at: int) -> Iterator[DrawOpened]:
        """A bundle has come into force: the seeds of draws that are new in it are committed to."""
        merchant = bundle.program.merchant
        for draw in bundle.program.draws:
            if (merchant, draw) not in self.marks:
                mark = self.marks[merchant, draw] = mark_for(key, merchant, draw)
                yield DrawOpened(merchant=merchant, customer="", at=at, draw=draw, commitment=mark.commitment)

    def note(self, event: OfDraw, partition: int, offset: int, draw: Draw | None, key: bytes) -> list[Answer]:
        """Apply an event; what is answered to whom. `draw` is what the bundle in force says of it."""
        name = (event.merchant, event.draw)
        if isinstance(event, DrawCalled | DrawDrawn):
            known = self.marks.get(name) or mark_for(key, *name)
            self.marks[name] = marked(known, event, offset)
            bounded(self.marks, event.merchant)
        elif partition == URN and not isinstance(event, DrawOpened):
            return list(self._answers(event, name, draw, key))
        return []

    def _answers(
        self, event: DrawWished | DrawTicketed | PrizePassed, name: Name, draw: Draw | None, key: bytes
    ) -> Iterator[Answer]:
        before = self.urns.get(name)
        if isinstance(event, DrawWished):
            urn = called(before, draw, event)
            if urn is None or event.by >= event.of:
                return
            self.urns[name] = urn
            places = urn.places
            yield event.by, DrawCalled(merchant=name[0], customer="", at=event.at, draw=name[1], places=places)
        elif before is not None and isinstance(event, DrawTicketed):
            urn = self.urns[name] = told(before, event, key)
            bounded(self.urns, name[0])
            if urn.drawn is not None:
                whom = range(event.of) if before.drawn is None else (event.by,)
                yield from ((by, drawn_of(*name, urn.drawn)) for by in whom)
        elif before is not None and before.drawn is not None and isinstance(event, PrizePassed):
            yield from self._passed(before, event, name)

    def _passed(self, before: Urn, event: PrizePassed, name: Name) -> Iterator[Answer]:
        urn, place = passed(before, event)
        self.urns[name] = urn
        if urn.drawn is None:
            return
        whom = sorted({*urn.homes}) if urn is not before else [event.by]
        yield from ((by, drawn_of(*name, urn.drawn)) for by in whom)
        if place >= 0:
            winner = urn.drawn.winners[place]
            yield (
                urn.homes[place],
                DrawnFor(
                    merchant=name[0], customer=winner.customer, at=event.at, draw=name[1], reward=winner.reward,
                    place=place + 1,
                ),
            )  # fmt: skip


def closing(bundle: Bundle, draws: Collection[str]) -> Bundle:
    """The bundle for a partition in which these draws are being drawn, or have been."""
    of_it = {name: draw for name, draw in bundle.program.draws.items() if name in draws and not draw.is_closed}
    if not of_it:
        return bundle
    closed = {name: replace(draw, is_closed=True) for name, draw in of_it.items()}
    return replace(bundle, program=replace(bundle.program, draws={**bundle.program.draws, **closed}))
