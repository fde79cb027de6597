"""How far campaigns and schedules are, as the owners of the partitions note it, and what came of them by the log."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from rules.engine import CompiledRule
from stamgast import bootstrap
from stamgast.broker import kafka_of
from stamgast.clock.shop_time import format_time
from stamgast.domain.activation import FINAL_WITHOUT_SEND, RANKS, TAKEN, UNSENT_RANK, Note
from stamgast.domain.schedules import occasion_of
from stamgast.domain.units import DAY, Millis
from stamgast.domain.vocabulary import NoteKind, OncePer, Status
from stamgast.filling import Filling
from stamgast.log.reading import LogReader, TopicPartition
from stamgast.log.topics import Topics
from stamgast.service import Bundle
from stamgast.settings import Settings
from stamgast.state.campaign_marks import (
    LISTED,
    NO_CAMPAIGN,
    STOPPING,
    UNDER_WAY,
    WALKING,
    CampaignMark,
    campaign_of,
    list_of,
    rule_of,
)
from stamgast.state.keys import customers
from stamgast.state.nodes import Redis
from stamgast.state.partition_meta import CAMPAIGNS, SCHEDULES
from stamgast.state.schedule_marks import NO_MARK, Name, ScheduleMark, name_of

_decode = msgspec.json.Decoder(Note).decode
_COUNTED_FOR: Final = 7 * DAY
"""So long what came of a campaign is counted without being asked for: it is a log that is read."""
_UNCOUNTED: Final[dict[str, Any]] = dict.fromkeys(("sent", "waiting", str(Status.IN_DOUBT), "withheld"))
_ENDED: Final = FINAL_WITHOUT_SEND | {Status.FAILED}
_ENDS: Final = ("stopped", "late", "over")
"""Of what some partitions ended with one of these, the campaign as a whole did."""


@dataclass(slots=True)
class Came:
    """What came of a campaign: messages by what became of them."""

    sent: int = 0
    waiting: int = 0
    in_doubt: int = 0
    """The carrier never said whether it took them."""
    withheld: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Its keys in `campaign … --json`."""
        return {
            "sent": self.sent,
            "waiting": self.waiting,
            str(Status.IN_DOUBT): self.in_doubt,
            "withheld": dict(self.withheld.most_common()),
        }


@dataclass(slots=True)
class Campaign:
    """One that a person started, by the partitions that know of it."""

    merchant: str
    rule: str
    occasion: Millis
    partitions: int
    marks: dict[int, CampaignMark] = field(default_factory=dict)
    walks: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Partition -> how many were looked at, and matched, of a walk that goes on."""
    came: Came | None = None
    """None: nobody counted it."""

    @property
    def id(self) -> str:
        """How it is called."""
        return campaign_of(self.rule, self.occasion)

    @property
    def state(self) -> str:
        """`starting` until every partition knows of it, then as the last of them."""
        hows = {mark.how for mark in self.marks.values()}
        if STOPPING in hows:
            return STOPPING
        if "stopped" in hows and not hows & UNDER_WAY:
            return "stopped"
        if len(self.marks) < self.partitions:
            return "starting"
        if WALKING in hows:
            return WALKING
        return next((each for each in _ENDS if each in hows), "walked")

    @property
    def is_under_way(self) -> bool:
        """Whether somebody is still to be walked, or called off."""
        return self.state in {*UNDER_WAY, "starting"}

    @property
    def looked(self) -> int:
        """How many were looked at by now."""
        return sum(self.figures(number)[0] for number in self.marks)

    @property
    def matched(self) -> int:
        """How many of them the rule is asked of."""
        return sum(self.figures(number)[1] for number in self.marks)

    @property
    def size(self) -> int:
        """How many it is for."""
        return next(iter(self.marks.values())).size

    def figures(self, number: int) -> tuple[int, int]:
        """How many were looked at in a partition, and matched."""
        mark = self.marks[number]
        return (
            self.walks.get(number, (mark.looked, mark.matched)) if mark.how == WALKING else (mark.looked, mark.matched)
        )

    def as_json(self) -> dict[str, Any]:
        """Its keys in `campaign … --json`."""
        return {
            "campaign": self.id,
            "merchant": self.merchant,
            "rule": self.rule,
            "started_at": format_time(self.occasion),
            "state": self.state,
            "audience": self.size,
            "audience_name": next(iter(self.marks.values())).audience or None,
            "looked": self.looked,
            "matched": self.matched,
            "appended": self.matched,
            **(_UNCOUNTED if self.came is None else self.came.as_json()),
            "partitions": [
                {"partition": number, "state": mark.how, "of": mark.place.size}
                | dict(zip(("looked", "matched"), self.figures(number), strict=True))
                for number, mark in sorted(self.marks.items())
            ],
        }


@dataclass(slots=True)
class Occasions:
    """A rule's schedule: the occasion that was last, and the next one."""

    merchant: str
    rule: CompiledRule
    next: Millis | None
    marks: dict[int, ScheduleMark] = field(default_factory=dict)
    walks: dict[int, tuple[int, int]] = field(default_factory=dict)
    lists: dict[int, CampaignMark] = field(default_factory=dict)
    """Whom its occasions are for, in the partitions that know a list of its audience."""

    @property
    def list_is_wanted(self) -> bool:
        """Whether its occasions wait for somebody to say whom they are for."""
        audience = self.rule.trigger.audience
        return audience is not None and bool(audience.file) and not self.lists

    def as_json(self) -> dict[str, Any]:
        """Its keys in `campaign status --json`."""
        marks = self.marks.values()
        last = max((mark.due or mark.done for mark in marks if mark.due or mark.how != "begun"), default=None)
        mine = {n: m for n, m in self.marks.items() if last is not None and last in {m.due, m.done}}
        figures = [self.walks.get(n, (0, 0)) if m.due else (m.looked, m.matched) for n, m in mine.items()]
        hows = {"walking" if mark.due else mark.how for mark in mine.values()}
        return {
            "merchant": self.merchant,
            "rule": self.rule.id,
            "schedule": self.rule.trigger.text,
            "last": None if last is None else format_time(last),
            "next": None if self.next is None else format_time(self.next),
            **self._listed(),
            "state": next((each for each in ("walking", "late", "walked") if each in hows), "waiting"),
            "looked": sum(looked for looked, _ in figures),
            "matched": sum(matched for _, matched in figures),
        }

    def _listed(self) -> dict[str, Any]:
        audience, mark = self.rule.trigger.audience, next(iter(self.lists.values()), None)
        return {
            "audience_name": None if audience is None else audience.name,
            "audience": None if mark is None else mark.size,
            "fixed_at": None if mark is None else format_time(mark.occasion),
            "list_is_wanted": self.list_is_wanted,
        }


async def look(
    settings: Settings, bundles: Mapping[str, Bundle], now: Millis
) -> tuple[list[Campaign], list[Occasions]]:
    """All that is known of these merchants, the newest campaign first; nothing that came of them is counted yet.

    Raises StateError and what Kafka does.
    """
    topics = bootstrap.topics_of(settings)
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        return await look_in(redis, topics, bundles, now)


async def check(settings: Settings) -> None:
    """Raise NotFilledError while Redis does not hold all of the marks."""
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        await Filling(redis, bootstrap.topics_of(settings), settings.kafka_bootstrap).check()


async def lists_of(settings: Settings, merchant: str, rule: str) -> dict[int, CampaignMark]:
    """Whom a rule's occasions by the calendar are for, in each partition that knows, whatever the rule's status.

    Raises StateError.
    """
    found: dict[int, CampaignMark] = {}
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        for number in range(bootstrap.topics_of(settings).partitions):
            meta, _ = await _of_partition(redis, number)
            mark = list_of(CAMPAIGNS.of(meta), (merchant, rule))
            if mark is not None:
                found[number] = mark
    return found


def worth_counting(campaigns: Sequence[Campaign], now: Millis) -> list[Campaign]:
    """The newest one, and those that are under way or were so lately."""
    return [
        each
        for number, each in enumerate(campaigns)
        if not number or each.is_under_way or now - each.occasion < _COUNTED_FOR
    ]


async def count(settings: Settings, bundles: Mapping[str, Bundle], campaigns: Sequence[Campaign]) -> None:
    """Count what came of these, by what the log of activations took since the oldest of them began."""
    topics = bootstrap.topics_of(settings)
    for each in campaigns:
        each.came = Came()
    for number in range(topics.partitions):
        here = [each for each in campaigns if number in each.marks]
        if not here:
            continue
        sorting = _Sorting(here, bundles)
        since = min(each.marks[number].place.log for each in here)
        async with LogReader(kafka_of(settings), client_id="stamgast-campaign") as reader:
            ends = await reader.ends([(topics.activations, number)])
            end = ends[TopicPartition(topics.activations, number)]
            async for records in reader.read(topics.activations, number, since, end):
                for record in records:
                    sorting.see(record.value or b"")
        sorting.hand_over()


async def look_in(
    redis: Redis, topics: Topics, bundles: Mapping[str, Bundle], now: Millis
) -> tuple[list[Campaign], list[Occasions]]:
    """The same, by a client that is there. Raises StateError."""
    found: dict[Name, Campaign] = {}
    scheduled = {
        (merchant, rule.id): Occasions(merchant, rule, rule.trigger.schedule.after(now, bundle.program.time_zone))
        for merchant, bundle in bundles.items()
        for rule in bundle.rules.scheduled
        if rule.trigger.schedule is not None
    }
    read = (_of_partition(redis, number) for number in range(topics.partitions))
    for number, (meta, walks) in enumerate(await asyncio.gather(*read)):
        for name, mark in CAMPAIGNS.of(meta).items():
            if mark.how == LISTED:
                _note_list(scheduled, (name[0], rule_of(name[1])), number, mark)
            elif name[0] in bundles and mark != NO_CAMPAIGN:
                campaign = found.setdefault(
                    name, Campaign(name[0], rule_of(name[1]), mark.occasion, topics.partitions)
                )  # fmt: skip
                campaign.marks[number] = mark
                if name_of(name) in walks:
                    campaign.walks[number] = walks[name_of(name)]
        for name, schedule in SCHEDULES.of(meta).items():
            if name in scheduled and schedule != NO_MARK:
                scheduled[name].marks[number] = schedule
                walk = name_of((name[0], campaign_of(name[1], schedule.due)))
                if walk in walks:
                    scheduled[name].walks[number] = walks[walk]
    newest_first = sorted(found.values(), key=lambda each: (-each.occasion, each.rule))
    return newest_first, sorted(scheduled.values(), key=lambda each: (each.merchant, each.rule.id))


def _note_list(scheduled: Mapping[Name, Occasions], name: Name, number: int, mark: CampaignMark) -> None:
    """One of another audience than the rule names by now is none of its own."""
    found = scheduled.get(name)
    audience = None if found is None else found.rule.trigger.audience
    if found is not None and audience is not None and audience.name == mark.audience:
        found.lists[number] = mark


async def _of_partition(redis: Redis, number: int) -> tuple[dict[str, str], dict[str, tuple[int, int]]]:
    keys = customers(number)
    meta = _pairs(await redis.call("HGETALL", keys.meta))
    walks = _pairs(await redis.call("HGETALL", keys.walks))
    return meta, {name: _figures(text) for name, text in walks.items()}


def _pairs(flat: Iterable[bytes]) -> dict[str, str]:
    words = iter(flat)
    return {name.decode(): value.decode() for name, value in zip(words, words, strict=True)}


def _figures(text: str) -> tuple[int, int]:
    looked, _, matched = text.partition("|")
    return int(looked), int(matched)


class _Sorting:
    """Which activations of a partition are whose, and what became of each last."""

    def __init__(self, campaigns: list[Campaign], bundles: Mapping[str, Bundle]) -> None:
        self._by_rule: dict[tuple[str, str], list[Campaign]] = {}
        for each in campaigns:
            self._by_rule.setdefault((each.merchant, each.rule), []).append(each)
        self._words = tuple(each.rule.encode() for each in campaigns)
        self._bundles = bundles
        self._last: dict[int, dict[str, tuple[int, str, str]]] = {}

    def see(self, value: bytes) -> None:
        """Take in a line of the log."""
        if not any(word in value for word in self._words):
            return
        try:
            note = _decode(value)
        except msgspec.DecodeError:
            return
        campaign = self._whose(note)
        if campaign is None or note.kind not in {NoteKind.DECIDED, NoteKind.OUTCOME}:
            return
        known = UNSENT_RANK if note.status in FINAL_WITHOUT_SEND else RANKS.get(note.status, 0)
        rank = 0 if note.kind == NoteKind.DECIDED else known + 1
        last = self._last.setdefault(id(campaign), {})
        if rank >= last.get(note.activation, (-1, "", ""))[0]:
            last[note.activation] = (rank, note.status, note.reason)

    def _whose(self, note: Note) -> Campaign | None:
        """By its occasion; of a rule that is asked once per something else, by the time."""
        campaigns = self._by_rule.get((note.merchant, note.rule), ())
        for each in campaigns:
            if note.occasion.startswith(occasion_of(each.occasion)):
                return each
        rule = self._bundles[note.merchant].rules.by_id.get(note.rule) if campaigns else None
        if rule is None or rule.once_per == OncePer.OCCASION:
            return None
        before = [each for each in campaigns if each.occasion <= note.at]
        return max(before, key=lambda each: each.occasion, default=None)

    def hand_over(self) -> None:
        """Add them up."""
        for campaigns in self._by_rule.values():
            for each in campaigns:
                came = each.came or Came()
                for _, status, reason in self._last.get(id(each), {}).values():
                    if status in TAKEN:
                        came.sent += 1
                    elif status in _ENDED:
                        came.withheld[reason or status] += 1
                    elif status == Status.IN_DOUBT:
                        came.in_doubt += 1
                    else:
                        came.waiting += 1
                each.came = came
