"""What became of rules: whom each reached, what followed, what it changed, and why it did not speak."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from stamgast.domain.earned import report, uplift_of
from stamgast.domain.units import Millis, Minor
from stamgast.domain.uplift import Judgement
from stamgast.marketer.overview import Seen
from stamgast.people.rule_counts import RuleCounts
from stamgast.programs.told_rules import ToldRule


class Changed(Struct, frozen=True):
    """What a rule changed: profit per person, less costs, against those held out, in minor units.

    It lies between `low` and `high` in 95 of 100 cases; None where nothing can be said.
    """

    per_customer: float | None
    low: float | None
    high: float | None
    judgement: Judgement
    people: int
    """On the smaller side of the comparison."""
    needed: int
    """So many are about needed there, where it is too few to tell."""


class RuleFigures(Struct, frozen=True):
    """A rule and its figures since ever; money in minor units."""

    rule: str
    sentence: str
    status: str
    """As it is written: `canary 5%`."""
    broke: bool
    """It raised, and rests."""
    tripped: str
    """Why a trip wire paused it, in English; empty: none did."""
    speaks_since: Millis
    """When it was launched; 0: that is not known, or it does not speak."""
    decided: int
    """How often it fired."""
    reached: int
    """Customers for whom it fired, those held out with them."""
    sent: int
    delivered: int
    read: int
    redeemed: int
    opted_out: int
    held_out: int
    attributed_purchases: int
    attributed_profit: Minor
    """Of purchases within the window after a message that arrived."""
    messages: Minor
    rewards: Minor
    changed: Changed
    wire: str = ""
    """Which trip wire paused it (`stamgast.domain.trip_wires.Watched`); what it found, and compared that with."""
    wire_found: int = 0
    wire_of: int = 0


class WhyNot(Struct, frozen=True):
    """How often a rule did not speak, and why: `kind` is `not_met` (the condition in words), `withheld` (a reason's
    name) or what else became of it.
    """

    kind: str
    what: str
    times: int


class Rules(Struct, frozen=True):
    """All rules of a merchant."""

    merchant: str
    currency: str
    prices_known: bool
    rules: list[RuleFigures]


class RulePage(Struct, frozen=True):
    """One rule. `source` is its file; `edited_at` is 0 where that is as the shop's own folder had it."""

    merchant: str
    currency: str
    prices_known: bool
    figures: RuleFigures
    why_not: list[WhyNot]
    source: str
    edited_at: Millis = 0


def rules_page(seen: Seen, told: Iterable[ToldRule]) -> Rules:
    """Make the list, in the order of the files."""
    program = seen.program
    return Rules(program.merchant, program.currency, program.prices_known, list(_figures(seen, told)))


def rule_page(seen: Seen, told: ToldRule, source: str, edited_at: Millis = 0) -> RulePage:
    """Make one rule's page."""
    [figures] = _figures(seen, [told])
    program, why_not = seen.program, why_not_of(told.rule, seen.totals)
    return RulePage(program.merchant, program.currency, program.prices_known, figures, why_not, source, edited_at)


def why_not_of(rule: str, totals: Mapping[str, int]) -> list[WhyNot]:
    """Why a rule did not speak, as far as it was counted, what came about most often first."""
    counts = RuleCounts(rule)
    counts.add(totals)
    why_not = [
        *(WhyNot("not_met", each, times) for each, times in counts.not_met.items()),
        *(WhyNot("withheld", each, times) for each, times in counts.withheld.items()),
        *(WhyNot(each, "", times) for each, times in counts.others.items()),
    ]
    return sorted((each for each in why_not if each.times > 0), key=lambda each: (-each.times, each.kind, each.what))


def _figures(seen: Seen, told: Iterable[ToldRule]) -> Iterable[RuleFigures]:
    rules = list(told)
    document = report(seen.totals, seen.program, [each.rule for each in rules])["rules"]
    for each in rules:
        found, launch = document[each.rule], seen.launches.get(each.rule)
        lift = uplift_of(seen.totals, each.rule)
        yield RuleFigures(
            rule=each.rule,
            sentence=each.sentence,
            status=each.status if launch is None else launch.status,
            broke=each.rule in seen.broken,
            tripped="" if launch is None else launch.tripped,
            speaks_since=0 if launch is None else launch.at,
            decided=found["decided"],
            reached=found["reached"],
            sent=found["sent"],
            delivered=found["delivered"],
            read=found["read"],
            redeemed=found["redeemed"],
            opted_out=found["opted_out"],
            held_out=found["held_out"],
            attributed_purchases=found["attributed"]["purchases"],
            attributed_profit=found["attributed"]["profit_minor"],
            messages=found["cost"]["messages_minor"],
            rewards=found["cost"]["rewards_minor"],
            changed=Changed(lift.per_customer, lift.low, lift.high, lift.judgement, lift.people, lift.needed),
            wire="" if launch is None else launch.wire,
            wire_found=0 if launch is None else launch.figures[0],
            wire_of=0 if launch is None else launch.figures[1],
        )
