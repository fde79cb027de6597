"""What the owner of a partition of customers knows besides the watermark: time, sources, bundles in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from stamgast.domain.events import Source
from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.service import Bundle
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
    numbers: dict[str, int] = field(default_factory=dict)
    """merchant -> number of the newest barrier applied (whose bundle may have been unusable)."""
    paused: dict[str, frozenset[str]] = field(default_factory=dict)
    """merchant -> rules that raised under the bundle in force and rest until the next one."""

    def copy(self) -> Standing:
        """What a step changes until it is committed."""
        return Standing(self.time, dict(self.marks), dict(self.in_force), dict(self.numbers), dict(self.paused))

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


async def standing_of(meta: dict[str, str], bundles: Bundles) -> Standing:
    """Parse a partition's meta, and compile the bundles that are in force in it.

    A merchant whose bundle cannot be had has none in force: its events wait for the next one, and nobody else's do.
    """
    standing = Standing(int(meta.get("time", 0)), marks_of(meta))
    for name, value in meta.items():
        if name.startswith("b:"):
            number, _, content = value.partition(":")
            standing.numbers[name[2:]] = int(number)
            if content:
                try:
                    standing.in_force[name[2:]] = await bundles.get(name[2:], content)
                except UnusableBundleError as error:
                    log.error("the bundle in force cannot be had; its merchant waits for the next", why=str(error))
    for name, value in meta.items():
        if name.startswith("p:") and value:
            pause_rules(standing, name[2:], value.split(","))
    for merchant in standing.numbers:
        bundle = standing.in_force.get(merchant)
        if merchant in bundles.newest and (bundle is None or bundle.hash != bundles.newest[merchant][1]):
            await bundles.judge_newest(merchant)  # an owner that starts here has not heard yet that it is refused
    return standing


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
        waits = merchant not in standing.in_force  # else the one before it stays
        log.error("a bundle cannot be used", merchant=merchant, why=str(error), merchant_waits=waits)
        standing.numbers[merchant] = number
        return False
    standing.numbers[merchant] = number
    standing.in_force[merchant] = bundle
    if merchant in standing.paused:
        standing.paused[merchant] = frozenset()
    return True


def pause_rules(standing: Standing, merchant: str, rules: Iterable[str]) -> None:
    """Let rules of the bundle in force rest."""
    standing.paused[merchant] = standing.paused.get(merchant, frozenset()) | frozenset(rules)
    bundle = standing.in_force.get(merchant)
    if bundle is not None:
        standing.in_force[merchant] = replace(bundle, rules=bundle.rules.pausing(standing.paused[merchant]))
