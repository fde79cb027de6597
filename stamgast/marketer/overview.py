"""The overview: how customers stand, how this week goes, what messages cost and brought, what needs attention."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from stamgast.domain.calendar import business_day
from stamgast.domain.card_funnel import CardFunnel, funnels
from stamgast.domain.clv import ENOUGH
from stamgast.domain.counters import Counter, counter
from stamgast.domain.day_sums import Kept, Sums
from stamgast.domain.earned import report
from stamgast.domain.feed_health import Health
from stamgast.domain.program import Program
from stamgast.domain.units import Millis, Minor
from stamgast.domain.value_bins import NEVER_BOUGHT, ValueBin, bins_of, value_bins
from stamgast.domain.vocabulary import Stage
from stamgast.log.letter_table import Letter
from stamgast.log.segments import SegmentWorth
from stamgast.marketer.attention import Attention, attention
from stamgast.marketer.weeks import Weeks, weeks
from stamgast.programs.launches import NONE, Launches

STAGES = (Stage.NEW, Stage.ACTIVE, Stage.WON_BACK, Stage.AT_RISK, Stage.LAPSING, Stage.LAPSED)

WON = frozenset({"tag", "source"})
"""Kinds of segments that can still be won: of these alone it is told what winning them costs."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is read of a merchant, once, for a page."""

    program: Program
    totals: Mapping[str, int]
    """Counters of all partitions, without the merchant."""
    now: Millis
    rules: Sequence[str] = ()
    full_cards: Mapping[str, Collection[str]] = field(default_factory=dict)
    unwell: Mapping[str, Health] = field(default_factory=dict)
    """Store -> how its feed is."""
    broken: Collection[str] = ()
    """Rules that raised, and rest."""
    launches: Launches = field(default_factory=lambda: NONE)
    letters: Sequence[Letter] = ()
    segments: Sequence[SegmentWorth] = ()
    valued_at: Millis | None = None
    values: Sequence[int] = ()
    """Customers by what each is worth in all, bin by bin."""
    pools: Mapping[str, int] = field(default_factory=dict)
    """Reward -> how many codes of the shop's own came in for it."""


class StageCount(Struct, frozen=True):
    """How many customers stand at a stage of their life now."""

    stage: Stage
    customers: int


class People(Struct, frozen=True):
    """Customers ever seen, with those who were forgotten since; and of them who joined, said STOP, never bought."""

    customers: int
    joined: int
    opted_out: int
    erased: int
    never_bought: int


class SegmentRatio(Struct, frozen=True):
    """What a new customer of a tag or source is worth against what winning one costs; None where nothing is known."""

    by: str
    segment: str
    customers: int
    value_of_new: Minor | None
    acquisition_cost: Minor
    ratio: float | None
    below: bool


class Money(Struct, frozen=True):
    """What messages cost and are followed by since ever, and what the shop owes; minor units."""

    messages: Minor
    rewards: Minor
    attributed_profit: Minor
    """Of purchases within the window after a message that arrived: what followed is not what was caused."""
    owed_vouchers: Minor
    owed_stamps: Minor
    prices_known: bool
    ran_out: Minor = 0
    """What was owed for stamps that ran out."""


class Overview(Struct, frozen=True):
    """Money is in minor units of `currency`, moments are milliseconds UTC."""

    merchant: str
    name: str
    currency: str
    time_zone: str
    at: Millis
    people: People
    stages: list[StageCount]
    value: list[ValueBin]
    """Customers who have bought, by the profit that they have brought so far."""
    worth: list[ValueBin]
    """The same by what each is worth in all, what is still expected of them included; empty: nothing is expected."""
    cards: list[CardFunnel]
    weeks: Weeks
    uncounted: Sums
    """Sold before months were counted: in none of them (`stamgast verify --mend` finds where it belongs)."""
    money: Money
    segments: list[SegmentRatio]
    enough: float
    """The ratio that a segment should have."""
    valued_at: Millis | None
    attention: list[Attention]


def overview(seen: Seen) -> Overview:
    """Make it."""
    program, totals, kept = seen.program, seen.totals, Kept.of(seen.totals)
    return Overview(
        merchant=program.merchant,
        name=program.name,
        currency=program.currency,
        time_zone=program.time_zone,
        at=seen.now,
        people=_people(totals),
        stages=[StageCount(each, max(0, totals.get(counter(Counter.STAGE, each), 0))) for each in STAGES],
        value=value_bins(totals),
        worth=bins_of(seen.values),
        cards=funnels(totals, program, seen.full_cards),
        weeks=weeks(kept, business_day(seen.now, program.time_zone), list(program.stores)),
        uncounted=kept.before,
        money=_money(seen),
        segments=[_ratio(each) for each in seen.segments if each.by in WON],
        enough=ENOUGH,
        valued_at=seen.valued_at,
        attention=attention(
            program, totals, unwell=seen.unwell, broken=seen.broken, launches=seen.launches, letters=seen.letters,
            segments=seen.segments, pools=seen.pools,
        ),
    )  # fmt: skip


def _people(totals: Mapping[str, int]) -> People:
    return People(
        customers=totals.get(Counter.CUSTOMERS, 0),
        joined=totals.get(Counter.JOINED, 0),
        opted_out=totals.get(Counter.OPTED_OUT, 0),
        erased=totals.get(Counter.ERASED, 0),
        never_bought=totals.get(NEVER_BOUGHT, 0),
    )


def _money(seen: Seen) -> Money:
    document = report(seen.totals, seen.program, seen.rules, full_cards=seen.full_cards)
    rules, owed = document["rules"].values(), document["liability"]
    return Money(
        messages=(seen.totals.get(Counter.CONTACT_COST, 0) + 500) // 1000,
        rewards=sum(each["cost"]["rewards_minor"] for each in rules),
        attributed_profit=sum(each["attributed"]["profit_minor"] for each in rules),
        owed_vouchers=owed["vouchers_minor"],
        owed_stamps=owed["stamps_minor"],
        prices_known=document["prices_known"],
        ran_out=owed["ran_out_minor"],
    )


def _ratio(worth: SegmentWorth) -> SegmentRatio:
    return SegmentRatio(
        worth.by, worth.segment, worth.customers, worth.value_of_new, worth.acquisition_cost, worth.ratio, worth.below
    )
