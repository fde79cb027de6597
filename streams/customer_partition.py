"""What the owner of a partition of customers knows besides the watermark: time, sources, bundles in force.

A bundle that is in force at a taking is compiled when something of its merchant's is to be done: five hundred merchants
take some twenty seconds, and most of them have nothing to do just then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import msgspec

from stamgast.domain.events import Source
from stamgast.domain.units import Millis
from stamgast.log.bundles import Glance
from stamgast.logs import get_logger
from stamgast.service import Bundle
from stamgast.state.backlogs import FIELD, NOT_BEGUN, Backlog, decode_backlogs, encode_backlogs
from stamgast.state.partitions import NOTHING_APPLIED
from streams.bundles import Bundles, UnknownBundleError, UnusableBundleError

log = get_logger(__name__)

Mark = tuple[int, int]
"""Offset and index of the newest record of a source that was applied."""


@dataclass(slots=True)
class Standing:
    """Read from the partition's meta at the taking, moved on by each step, and written back with it."""

    time: Millis = 0
    marks: dict[tuple[str, int], Mark] = field(default_factory=dict)
    in_force: dict[str, Bundle] = field(default_factory=dict)
    to_compile: dict[str, str] = field(default_factory=dict)
    """merchant -> hash of a bundle in force that nobody has asked for since the taking; see `bundle_of`."""
    numbers: dict[str, int] = field(default_factory=dict)
    """merchant -> number of the newest barrier applied (whose bundle may have been unusable)."""
    paused: dict[str, frozenset[str]] = field(default_factory=dict)
    """merchant -> rules that raised under the bundle in force and rest until the next one."""
    backlogs: dict[str, Backlog] = field(default_factory=dict)
    """merchant -> how far what waits of it is taken up."""
    turns: int = 0
    """Steps of what waited, ever: they tell apart what is written at one place of the log."""

    @property
    def with_bundle(self) -> set[str]:
        """Merchants who have a bundle in force, compiled or not."""
        return self.in_force.keys() | self.to_compile.keys()

    def copy(self) -> Standing:
        """What a step changes until it is committed."""
        return replace(
            self,
            marks=dict(self.marks),
            in_force=dict(self.in_force),
            to_compile=dict(self.to_compile),
            numbers=dict(self.numbers),
            paused=dict(self.paused),
            backlogs=dict(self.backlogs),
        )

    @property
    def taking_up(self) -> list[str]:
        """Merchants of which something waits that can be taken up now."""
        begun = [merchant for merchant, each in self.backlogs.items() if each.begun]
        return [merchant for merchant in begun if merchant in self.in_force or merchant in self.to_compile]

    def begin_taking_up(self, merchant: str, offset: int) -> None:
        """A barrier stands at that offset, and what waited for it happens now."""
        known = self.backlogs.get(merchant)
        self.backlogs[merchant] = Backlog(offset, self.time, known.reached if known else NOTHING_APPLIED)

    def note_waiting(self, merchant: str, offset: int) -> None:
        """A record waits; if its merchant had a bundle once that cannot be had now, remember from where."""
        if merchant in self.numbers and merchant not in self.backlogs:
            self.backlogs[merchant] = Backlog(NOT_BEGUN, self.time, offset - 1)

    def is_repeat(self, source: Source) -> bool:
        """Say whether a record of this source was applied already; if not, note that it is now."""
        topic, partition, offset, index = source
        if (offset, index) <= self.marks.get((topic, partition), (-1, -1)):
            return True
        self.marks[topic, partition] = (offset, index)
        return False

    def changes_since(self, before: Standing) -> dict[str, str | int]:
        """Fields of meta that a step has to write."""
        fields: dict[str, str | int] = {}
        if self.time != before.time:
            fields["time"] = self.time
        for source, mark in self.marks.items():
            if before.marks.get(source) != mark:
                fields[f"s:{source[0]}:{source[1]}"] = f"{mark[0]}:{mark[1]}"
        for merchant, number in self.numbers.items():
            if before.numbers.get(merchant) != number:
                bundle = self.in_force.get(merchant)
                fields[f"b:{merchant}"] = f"{number}:{bundle.hash if bundle else ''}"
        for merchant, rules in self.paused.items():
            if before.paused.get(merchant) != rules:
                fields[f"p:{merchant}"] = ",".join(sorted(rules))
        if self.backlogs != before.backlogs:
            fields[FIELD] = encode_backlogs(self.backlogs)
        if self.turns != before.turns:
            fields["turns"] = self.turns
        return fields


def marks_of(meta: dict[str, str]) -> dict[tuple[str, int], Mark]:
    """Parse the sources in a partition's meta."""
    marks: dict[tuple[str, int], Mark] = {}
    for name, value in meta.items():
        if name.startswith("s:"):
            topic, _, partition = name[2:].rpartition(":")
            offset, _, index = value.partition(":")
            marks[topic, int(partition)] = (int(offset), int(index))
    return marks


def standing_of(meta: dict[str, str]) -> Standing:
    """Parse a partition's meta."""
    standing = Standing(int(meta.get("time", 0)), marks_of(meta))
    for name, value in meta.items():
        if name.startswith("b:"):
            number, _, content = value.partition(":")
            standing.numbers[name[2:]] = int(number)
            if content:
                standing.to_compile[name[2:]] = content
    for name, value in meta.items():
        if name.startswith("p:") and value:
            pause_rules(standing, name[2:], value.split(","))
    standing.backlogs, standing.turns = decode_backlogs(meta.get(FIELD)), int(meta.get("turns", 0))
    for merchant, backlog in standing.backlogs.items():
        if not backlog.begun and merchant in standing.to_compile:  # perhaps it can be had again
            next_one = int(meta.get("wm", NOTHING_APPLIED)) + 1
            standing.backlogs[merchant] = msgspec.structs.replace(backlog, barrier=next_one)
    return standing


async def bundle_of(standing: Standing, merchant: str, bundles: Bundles) -> Bundle | None:
    """Return the bundle in force, compiling it if nobody has asked for it yet.

    A merchant whose bundle cannot be had has none in force: its events wait for the next one, and nobody else's do.
    """
    if merchant in standing.to_compile:
        content = standing.to_compile[merchant]
        try:
            bundle = await bundles.get(merchant, content)
        except UnusableBundleError as error:
            log.error("the bundle in force cannot be had; its merchant waits for the next", why=str(error))
        else:
            if standing.to_compile.get(merchant) == content:  # whoever else asked may have been before us
                standing.in_force[merchant] = _resting(bundle, standing.paused.get(merchant))
        standing.to_compile.pop(merchant, None)
    return standing.in_force.get(merchant)


async def concerned(
    standing: Standing, bundles: Bundles, about: Callable[[Glance], bool], *, most: int
) -> list[Bundle]:
    """The bundles in force that may have to do with something; at most so many of them are compiled for it now."""
    for merchant, content in list(standing.to_compile.items()):
        if most and about(bundles.glance(merchant, content)):
            most -= not bundles.is_compiled(merchant, content)
            await bundle_of(standing, merchant, bundles)
    return list(standing.in_force.values())


async def judge_newest(standing: Standing, bundles: Bundles) -> None:
    """Find out which newest bundles are refused: an owner that starts here has not heard it yet."""
    for merchant in list(standing.numbers):
        bundle = standing.in_force.get(merchant)
        known = bundle.hash if bundle is not None else standing.to_compile.get(merchant)
        if merchant in bundles.newest and known != bundles.newest[merchant][1]:
            await bundles.judge_newest(merchant)


async def come_into_force(standing: Standing, merchant: str, number: int, content: str, bundles: Bundles) -> bool:
    """Apply a barrier; say whether the merchant has another bundle now. A lower number changes nothing."""
    if number <= standing.numbers.get(merchant, -1):
        return False
    try:
        bundle = await bundles.get(merchant, content, number)
    except UnknownBundleError as error:
        log.error("a barrier of nobody's was passed over", merchant=merchant, number=number, why=str(error))
        return False
    except UnusableBundleError as error:
        waits = await bundle_of(standing, merchant, bundles) is None  # else the one before it stays
        log.error("a bundle cannot be used", merchant=merchant, why=str(error), merchant_waits=waits)
        standing.numbers[merchant] = number
        return False
    standing.numbers[merchant] = number
    standing.in_force[merchant] = bundle
    standing.to_compile.pop(merchant, None)
    if merchant in standing.paused:
        standing.paused[merchant] = frozenset()
    return True


def pause_rules(standing: Standing, merchant: str, rules: Iterable[str]) -> None:
    """Let rules of the bundle in force rest."""
    standing.paused[merchant] = standing.paused.get(merchant, frozenset()) | frozenset(rules)
    bundle = standing.in_force.get(merchant)
    if bundle is not None:
        standing.in_force[merchant] = _resting(bundle, standing.paused[merchant])


def _resting(bundle: Bundle, paused: frozenset[str] | None) -> Bundle:
    return replace(bundle, rules=bundle.rules.pausing(paused)) if paused else bundle
