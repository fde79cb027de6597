"""What one purchase gives under the programme in force: money, a visit, stamps before the caps of its day."""

from stamgast.domain import stamps
from stamgast.domain.calendar import LocalTime, business_day, local_time, weekday
from stamgast.domain.events import Purchase
from stamgast.domain.exchange import converted
from stamgast.domain.kept import NOTHING_KEPT
from stamgast.domain.ledger import Entry
from stamgast.domain.profit import profit_of
from stamgast.domain.program import Program
from stamgast.domain.things import marks_in
from stamgast.domain.units import Day

NOTHING = Entry(day=0, spend=0, profit=0, counts=0)


def day_of(purchase: Purchase, program: Program) -> Day:
    """The business day of a purchase: as its till says, else by its store's calendar; that of an unknown store is the
    merchant's.
    """
    if purchase.day is not None:
        return purchase.day
    store = program.stores.get(purchase.store)
    if store is None:
        return business_day(purchase.occurred_at, program.time_zone)
    return business_day(purchase.occurred_at, store.time_zone, store.day_start)


def on_the_wall(purchase: Purchase, program: Program, day: Day) -> LocalTime:
    """When a purchase was made on the clock of its store, on that business day."""
    store = program.stores.get(purchase.store)
    local = local_time(purchase.occurred_at, program.time_zone if store is None else store.time_zone)
    return LocalTime(day, local.minute, weekday(day))


def entry_for(purchase: Purchase | None, program: Program) -> Entry:
    """What a purchase gives under the programme in force.

    Money in another currency is converted at the rate of its day; without a rate it gives nothing
    (`stamgast.domain.review`: it waits).
    """
    if purchase is None:
        return NOTHING
    raw = {}
    day = day_of(purchase, program)
    ours: Purchase | None = purchase
    if purchase.currency != program.currency or purchase.foreign:
        ours = converted(purchase, program.currency, program.rates, day)
    if ours is None:
        return Entry(day=day, spend=0, profit=0, counts=0)
    for card in program.cards.values():
        earned = stamps.raw_stamps(ours, card)
        if earned and card.double:
            earned = stamps.doubled(earned, card, on_the_wall(purchase, program, day), ours)
        if earned and not (card.dated and not card.takes(day)) and not (ours.history and not card.count_history):
            raw[card.id] = earned
    kept = program.kept
    entry = Entry(day, ours.spend, profit_of(ours, program.costs), 1 if ours.counts else 0, ours.refunded, raw)
    if kept is not NOTHING_KEPT:
        entry.bought = marks_in(ours, kept)
    return entry
