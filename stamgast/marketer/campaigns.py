"""Campaigns: what comes by the calendar and when, what was started by hand and how far it is, and for whom."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct

from rules.engine import Audience
from rules.rule_set import RuleSet
from stamgast.campaigns.status import Campaign, Occasions
from stamgast.clock.shop_time import parse_time
from stamgast.domain.program import Program
from stamgast.domain.units import Millis


class State(StrEnum):
    """How far one is, as `stamgast campaign status` says it."""

    STARTING = "starting"
    """Some partitions do not know of it yet."""
    WALKING = "walking"
    WALKED = "walked"
    """Everybody was looked at."""
    STOPPING = "stopping"
    STOPPED = "stopped"
    LATE = "late"
    """It came too late for its occasion, and was left out."""
    OVER = "over"
    """The rule was no longer in force."""
    WAITING = "waiting"
    """By the calendar: it has not come yet."""


class Made(StrEnum):
    """How it is said who is in an audience."""

    WHO = "who"
    """By conditions, as customers are then."""
    BOUGHT = "bought"
    FILE = "file"
    """A list that somebody fixes."""


class AudienceSeen(Struct, frozen=True):
    """An audience of the programme, and the rules that are for it."""

    name: str
    made: Made
    rules: list[str]


class PartProgress(Struct, frozen=True):
    """A campaign in one partition."""

    partition: int
    size: int
    looked: int
    matched: int


class CampaignSeen(Struct, frozen=True):
    """One that a person started. `size` counts those it is for, `looked` those whose turn it was, `matched` of them
    those whom the rule is asked of. Without an `audience` it is for everybody.
    """

    campaign: str
    rule: str
    started: Millis
    state: State
    audience: str
    size: int
    looked: int
    matched: int
    parts: list[PartProgress]


class OccasionSeen(Struct, frozen=True):
    """A rule that comes by the calendar. `schedule` is as the rule says it."""

    rule: str
    schedule: str
    next: Millis | None
    last: Millis | None
    state: State
    looked: int
    matched: int
    audience: str
    listed: int | None
    """How many stand on the list that was fixed."""
    fixed_at: Millis | None
    list_is_wanted: bool
    """Its occasions wait for somebody to say whom they are for."""


class CampaignsPage(Struct, frozen=True):
    """`scheduled`: what comes next first; `started`: the newest first; `by_hand` are rules that can be started."""

    merchant: str
    scheduled: list[OccasionSeen]
    started: list[CampaignSeen]
    by_hand: list[str]
    audiences: list[AudienceSeen]


def campaigns_page(
    program: Program, rules: RuleSet, started: Sequence[Campaign], scheduled: Sequence[Occasions]
) -> CampaignsPage:
    """Make it."""
    occasions = [_occasion(each) for each in scheduled]
    return CampaignsPage(
        merchant=program.merchant,
        scheduled=sorted(occasions, key=lambda each: (each.next is None, each.next or 0, each.rule)),
        started=[_campaign(each) for each in started],
        by_hand=sorted(
            rule.id for rule in rules.by_id.values() if rule.trigger.schedule and rule.trigger.schedule.by_hand
        ),
        audiences=_audiences(rules),
    )


def _audiences(rules: RuleSet) -> list[AudienceSeen]:
    """Those that rules name."""
    found: dict[str, tuple[Audience, list[str]]] = {}
    for rule in rules.by_id.values():
        audience = rule.trigger.audience
        if audience is not None:
            found.setdefault(audience.name, (audience, []))[1].append(rule.id)
    return [AudienceSeen(name, _made(audience), sorted(of)) for name, (audience, of) in sorted(found.items())]


def _made(audience: Audience) -> Made:
    if audience.file:
        return Made.FILE
    return Made.WHO if audience.bought is None else Made.BOUGHT


def _campaign(each: Campaign) -> CampaignSeen:
    parts = [
        PartProgress(number, mark.place.size, *each.figures(number)) for number, mark in sorted(each.marks.items())
    ]  # fmt: skip
    return CampaignSeen(
        campaign=each.id,
        rule=each.rule,
        started=each.occasion,
        state=State(each.state),
        audience=next(iter(each.marks.values())).audience,
        size=each.size,
        looked=each.looked,
        matched=each.matched,
        parts=parts,
    )


def _occasion(each: Occasions) -> OccasionSeen:
    told = each.as_json()
    return OccasionSeen(
        rule=each.rule.id,
        schedule=told["schedule"],
        next=each.next,
        last=_moment(told["last"]),
        state=State(told["state"]),
        looked=told["looked"],
        matched=told["matched"],
        audience=told["audience_name"] or "",
        listed=told["audience"],
        fixed_at=_moment(told["fixed_at"]),
        list_is_wanted=told["list_is_wanted"],
    )


def _moment(text: Any) -> Millis | None:
    return None if text is None else parse_time(text)
