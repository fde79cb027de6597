"""What the owner of a partition of customers knows besides the watermark: time, sources, bundles in force.

A bundle that is in force at a taking is compiled when something of its merchant's is to be done: five hundred merchants
take some twenty seconds, and most of them have nothing to do just then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import msgspec

from stamgast.domain.campaign_events import CampaignDone, CampaignStarted, CampaignStopped
from stamgast.domain.events import ScheduleDone, ScheduleDue
from stamgast.domain.feed_events import FeedsTurned
from stamgast.domain.purses import Chest, Purse
from stamgast.logs import get_logger
from stamgast.programs.record import Glance
from stamgast.service import Bundle, hearing
from stamgast.state.backlogs import NOT_BEGUN, Backlog
from stamgast.state.campaign_marks import NO_CAMPAIGN, CampaignMark
from stamgast.state.campaign_marks import after as campaigns_after
from stamgast.state.feed_marks import Unwell
from stamgast.state.meta_fields import Word
from stamgast.state.meta_values import InForce
from stamgast.state.partition_meta import (
    CAMPAIGNS,
    CHESTS,
    IN_FORCE,
    NOTHING_APPLIED,
    PAUSED,
    PURSES,
    SCHEDULES,
    STORE_FEEDS,
    TURNS,
    WAITS,
    WATERMARK,
)
from stamgast.state.schedule_marks import NO_MARK, Name, ScheduleMark, marked
from streams.customers.bundles import Bundles, UnknownBundleError, UnusableBundleError
from streams.customers.code_pools import CodePools
from streams.customers.drawing import Draws, closing
from streams.runtime.position import Position

log = get_logger(__name__)


@dataclass(slots=True)
class Standing(Position):
    """Its position, and which bundles are in force there and what waits for one."""

    in_force: dict[str, Bundle] = field(default_factory=dict)
    to_compile: dict[str, str] = field(default_factory=dict)
    """merchant -> hash of a bundle in force that nobody has asked for since the taking; see `bundle_of`."""
    numbers: dict[str, int] = field(default_factory=dict)
    """merchant -> number of the newest barrier applied (whose bundle may have been unusable)."""
    paused: dict[str, frozenset[str]] = field(default_factory=dict)
    """merchant -> rules that raised under the bundle in force and rest until the next one."""
    backlogs: dict[str, Backlog] = field(default_factory=dict)
    """merchant -> how far what waits of it is taken up."""
    schedules: dict[Name, ScheduleMark] = field(default_factory=dict)
    """How far it is with the schedules of rules."""
    campaigns: dict[Name, CampaignMark] = field(default_factory=dict)
    """How far it is with what people started."""
    purses: dict[Name, tuple[Purse, ...]] = field(default_factory=dict)
    """(merchant, budget) -> what it was leased of it."""
    chests: dict[Name, tuple[Chest, ...]] = field(default_factory=dict)
    """(merchant, budget) -> what the first partition leased of it."""
    draws: Draws = field(default_factory=Draws)
    """How far it is with draws."""
    codes: CodePools = field(default_factory=CodePools)
    """Codes of shops' own that it has to give."""
    store_feeds: dict[str, Unwell] = field(default_factory=dict)
    """merchant -> which of its stores are not heard as usual, as was said last."""
    turns: int = 0
    """Steps of what waited, ever: they tell apart what is written at one place of the log."""

    @property
    def with_bundle(self) -> set[str]:
        """Merchants who have a bundle in force, compiled or not."""
        return self.in_force.keys() | self.to_compile.keys()

    def copy(self) -> Self:
        """What a step changes until it is committed."""
        return replace(
            self,
            marks=dict(self.marks),
            in_force=dict(self.in_force),
            to_compile=dict(self.to_compile),
            numbers=dict(self.numbers),
            paused=dict(self.paused),
            backlogs=dict(self.backlogs),
            schedules=dict(self.schedules),
            campaigns=dict(self.campaigns),
            purses=dict(self.purses),
            chests=dict(self.chests),
            draws=self.draws.copy(),
            codes=self.codes.copy(),
            store_feeds=dict(self.store_feeds),
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

    def note_schedule(self, event: ScheduleDue | ScheduleDone) -> None:
        """An occasion is due, or done with."""
        name = (event.merchant, event.rule)
        mark = marked(event, self.schedules.get(name, NO_MARK))
        if mark == NO_MARK:
            self.schedules.pop(name, None)
        else:
            self.schedules[name] = mark

    def note_campaign(
        self, event: CampaignStarted | CampaignStopped | CampaignDone, partition: int, offset: int
    ) -> None:
        """A person started or stopped one, or it is at its end here."""
        self.campaigns = campaigns_after(event, partition, offset, self.campaigns)

    def note_feeds(self, event: FeedsTurned) -> None:
        """Stores are heard, or are not, from here on."""
        self.store_feeds[event.merchant] = event.unwell
        if event.merchant in self.in_force:
            self.in_force[event.merchant] = hearing(self.in_force[event.merchant], event.unwell)

    def changes_since(self, before: Self) -> dict[str, Word]:
        """Fields of meta that a step has to write."""
        fields = Position.changes_since(self, before)  # slots make another class, which `super()` would not find
        for merchant, number in self.numbers.items():
            if before.numbers.get(merchant) != number:
                bundle = self.in_force.get(merchant)
                in_force = InForce(number, bundle.hash if bundle else "")
                fields |= IN_FORCE.written({merchant: in_force})
        for merchant, rules in self.paused.items():
            if before.paused.get(merchant) != rules:
                fields |= PAUSED.written({merchant: rules})
        if self.schedules != before.schedules:
            names = self.schedules.keys() | before.schedules.keys()
            marks = {name: self.schedules.get(name, NO_MARK) for name in names}
            fields |= SCHEDULES.written({n: mark for n, mark in marks.items() if before.schedules.get(n) != mark})
        if self.campaigns != before.campaigns:
            known = self.campaigns.keys() | before.campaigns.keys()
            news = {each: self.campaigns.get(each, NO_CAMPAIGN) for each in known}
            fields |= CAMPAIGNS.written({n: mark for n, mark in news.items() if before.campaigns.get(n) != mark})
        fields |= self._told_since(before)
        fields |= self.draws.changes_since(before.draws)
        fields |= self.codes.changes_since(before.codes)
        if self.backlogs != before.backlogs:
            fields |= WAITS.written(self.backlogs)
        if self.turns != before.turns:
            fields |= TURNS.written(self.turns)
        return fields

    def _told_since(self, before: Self) -> dict[str, Word]:
        """What was said of budgets and of feeds."""
        if not (self.purses or self.chests or self.store_feeds):
            return {}
        feeds = {name: each for name, each in self.store_feeds.items() if before.store_feeds.get(name) != each}
        purses = {name: each for name, each in self.purses.items() if before.purses.get(name) != each}
        chests = {name: each for name, each in self.chests.items() if before.chests.get(name) != each}
        return PURSES.written(purses) | CHESTS.written(chests) | STORE_FEEDS.written(feeds)


def standing_of(meta: Mapping[str, str]) -> Standing:
    """Read a partition's meta."""
    standing = Standing.of(meta)
    for merchant, (number, content) in IN_FORCE.of(meta).items():
        standing.numbers[merchant] = number
        if content:
            standing.to_compile[merchant] = content
    for merchant, rules in PAUSED.of(meta).items():
        if rules:
            pause_rules(standing, merchant, rules)
    standing.schedules = {name: mark for name, mark in SCHEDULES.of(meta).items() if mark != NO_MARK}
    standing.campaigns = {name: mark for name, mark in CAMPAIGNS.of(meta).items() if mark != NO_CAMPAIGN}
    standing.purses, standing.chests = PURSES.of(meta), CHESTS.of(meta)
    standing.draws = Draws.of(meta)
    standing.codes = CodePools.of(meta)
    standing.store_feeds = STORE_FEEDS.of(meta)
    standing.backlogs, standing.turns = WAITS.of(meta), TURNS.of(meta)
    for merchant, backlog in standing.backlogs.items():
        if not backlog.begun and merchant in standing.to_compile:  # perhaps it can be had again
            next_one = WATERMARK.of(meta) + 1
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
                standing.in_force[merchant] = _as_it_stands(standing, bundle)
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
        log.error("a barrier of an unknown bundle was passed over", merchant=merchant, number=number, why=str(error))
        return False
    except UnusableBundleError as error:
        waits = await bundle_of(standing, merchant, bundles) is None  # else the one before it stays
        log.error("a bundle cannot be used", merchant=merchant, why=str(error), merchant_waits=waits)
        standing.numbers[merchant] = number
        return False
    standing.numbers[merchant] = number
    if merchant in standing.paused:
        standing.paused[merchant] = frozenset()
    standing.in_force[merchant] = _as_it_stands(standing, bundle)
    standing.to_compile.pop(merchant, None)
    return True


def pause_rules(standing: Standing, merchant: str, rules: Iterable[str]) -> None:
    """Let rules of the bundle in force rest."""
    standing.paused[merchant] = standing.paused.get(merchant, frozenset()) | frozenset(rules)
    bundle = standing.in_force.get(merchant)
    if bundle is not None:
        standing.in_force[merchant] = _resting(bundle, standing.paused[merchant])


def close_draws(standing: Standing, merchant: str) -> None:
    """Let the bundle in force know which of its draws are being drawn, or have been."""
    bundle = standing.in_force.get(merchant)
    if bundle is not None:
        standing.in_force[merchant] = closing(bundle, standing.draws.closed_of(merchant))


def _as_it_stands(standing: Standing, bundle: Bundle) -> Bundle:
    """The bundle as the partition has it: rules that rest, how stores are heard, draws that are closed."""
    merchant = bundle.program.merchant
    resting = _resting(bundle, standing.paused.get(merchant))
    heard = hearing(resting, standing.store_feeds.get(merchant))
    return closing(heard, standing.draws.closed_of(merchant)) if heard.program.draws else heard


def _resting(bundle: Bundle, paused: frozenset[str] | None) -> Bundle:
    return replace(bundle, rules=bundle.rules.pausing(paused)) if paused else bundle
