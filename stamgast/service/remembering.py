"""What a purchase changes of what only some shops keep: spend within spans of time, things bought, the tier.

Where no rule and no part of program.yaml asks for any of it nothing is worked out.
"""

from collections.abc import Iterator
from typing import NamedTuple

from stamgast.domain import spending, things, tiers
from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.events import PurchaseChanged
from stamgast.domain.facts import Fact
from stamgast.domain.ledger import Entry, decode_entry, field_of, is_of_transaction
from stamgast.domain.purchase_effects import Applied
from stamgast.domain.spans import Span
from stamgast.domain.units import Day, Minor
from stamgast.domain.vocabulary import FactName
from stamgast.service import recommending
from stamgast.service.case import Case
from stamgast.service.reversals import take_back


class Before(NamedTuple):
    """How things stood before a purchase changed, by the recorded time of that change."""

    today: Day
    spent: dict[Span, Minor]
    had_it: bool
    """They had what the tier takes that they earned."""


def take_stock(case: Case) -> None:
    """Have in the state what the programme asks for, from the first event on. Raises NotReadError."""
    customer, program = case.customer, case.program
    days = program.kept.spend_days
    for thing in [each for each in customer.bought if not things.is_kept(each, program.kept)]:
        del customer.bought[thing]
    if not days:
        customer.spending = None
    elif customer.spending is None or customer.spending.days < days:
        today = _today(case)
        spends = ((entry.day, entry.spend) for _, entry in _entries(case) if entry.day > today - days)
        spending.fill(customer, days, spends if customer.purchases else ())
    if not program.kept.lately:
        customer.lately = b""
    if program.tiers is None:
        customer.tier = None
        customer.given_tiers = []
    else:
        tiers.take_stock(customer, program.tiers, _today(case))


def before(case: Case) -> Before:
    """Look at what a change of a purchase may move; to be called only where the bundle minds purchases."""
    bundle, program = case.context.bundle, case.program
    today = _today(case)
    had_it = False
    if program.tiers is not None:
        rank = tiers.rank_of(case.customer, program.tiers)
        had_it = program.tiers.earned_by(tiers.figure(case.customer, program.tiers, today)) >= rank
    spent = {span: spending.spent(case.customer, span, today) for span in bundle.rules.spans}
    return Before(today, spent, had_it)


def facts_since(case: Case, was: Before, event: PurchaseChanged, applied: Applied) -> list[Fact]:
    """Bring it into line with what the transaction gives now, and say what that means. Raises NotReadError."""
    old, new = applied.old, applied.new
    customer, after = case.customer, event.after
    if customer.spending is not None and (old.spend != new.spend or old.day != new.day):
        spending.move(customer, ((old.day, -old.spend), (new.day, new.spend)), was.today)
    facts = []
    year = date_of(was.today).year if was.spent else 0
    for span, spent in was.spent.items():
        now = spending.spent(customer, span, was.today)
        if now != spent:
            data = {"span": span.text}
            occasion = spend_occasion(span.text, year)
            facts.append(Fact(FactName.WINDOW_SPEND_CHANGED, occasion, spent, now, data, after))
    facts += _goods(case, event, applied)
    if case.program.kept.lately and not customer.erased_at:
        recommending.remember(customer, event, applied)
    return facts if case.program.tiers is None else facts + _tier(case, was, event)


def tier_due(case: Case) -> list[Fact]:
    """The grace is over: who has not earned their tier again falls."""
    program = case.program
    if program.tiers is None:
        return []
    today, stood = _today(case), tiers.standing(case.customer, program.tiers)
    if not tiers.fall(case.customer, program.tiers, today, at_once=False):
        return []
    moved = tiers.moved_since(case.customer, program.tiers, stood, today)
    return [] if moved is None else [moved.fact()]


def spend_occasion(span: str, year: int) -> str:
    """What passing a threshold within a span is once per: a year in which it happened."""
    return f"spend:{span}:{year}"


def earlier_occasions(fact: Fact) -> tuple[str, ...]:
    """Under which occasions a figure that falls now may have passed its threshold."""
    if fact.name != FactName.WINDOW_SPEND_CHANGED:
        return (fact.occasion,)
    span, year = fact.data["span"], int(fact.occasion.rpartition(":")[2])
    return tuple(spend_occasion(span, year - ago) for ago in range(3))


def _tier(case: Case, was: Before, event: PurchaseChanged) -> list[Fact]:
    program, customer = case.program, case.customer
    if program.tiers is None:
        return []
    stood, fell = tiers.standing(customer, program.tiers), False
    if not tiers.rise(customer, program.tiers, was.today):
        if not was.had_it or event.before is None:
            return []
        fell = tiers.fall(customer, program.tiers, was.today, at_once=True)
        if not fell:
            return []
    moved = tiers.moved_since(customer, program.tiers, stood, was.today)
    if moved is None:
        return []
    if fell and moved.held:
        take_back(case, moved.held)
    return [moved.fact(event.after)]


def _goods(case: Case, event: PurchaseChanged, applied: Applied) -> list[Fact]:
    """What it holds now and did not hold, and the other way round."""
    kept, listened = case.program.kept, case.context.bundle.rules.things
    moved = applied.old.day != applied.new.day
    counts = dict[str, tuple[int, int]]()
    if applied.old.bought or applied.new.bought:
        for thing in things.marked(applied.old.bought + applied.new.bought, kept):
            mark = things.mark_of_thing(thing)
            held, holds = (things.has_mark(entry.bought, mark) for entry in (applied.old, applied.new))
            times = things.times(case.customer, thing)
            if holds and not held:
                things.note(case.customer, thing, applied.new.day)
            elif held and (not holds or moved):
                things.recount(case.customer, thing, _days_with(case, mark, event.transaction, applied.new))
            if held != holds:
                counts[thing] = (times, things.times(case.customer, thing))
    if listened:
        had = things.all_in(event.before if applied.old.counts else None)
        has = things.all_in(event.after if applied.new.counts else None)
        for thing in (had ^ has) & listened:
            if not things.is_kept(thing, kept):
                counts[thing] = (int(thing in had), int(thing in has))
    return [
        Fact(FactName.BOUGHT, event.transaction, *counts[thing], {"thing": thing}, event.after or event.before)
        for thing in sorted(counts)
        if thing in listened
    ]


def _days_with(case: Case, mark: bytes, transaction: str, new: Entry) -> Iterator[Day]:
    """The days of all purchases that hold a thing, this one as it is now. Raises NotReadError."""
    own = field_of(transaction)
    for field, entry in _entries(case):
        if field != own and things.has_mark(entry.bought, mark):
            yield entry.day
    if things.has_mark(new.bought, mark):
        yield new.day


def _entries(case: Case) -> Iterator[tuple[bytes, Entry]]:
    """The whole ledger's transactions. Raises NotReadError."""
    cards = list(case.customer.cards)
    for field, value in case.whole_ledger():
        if is_of_transaction(field):
            yield field, decode_entry(value, cards)


def _today(case: Case) -> Day:
    return business_day(case.at, case.program.time_zone)
