"""What the owner counts of the shop as a whole, for pages that must not go through customers.

How customers stand (bins of value, stamps on a card) moves from one counter to another; what was sold, sent and used
is added to its business day and month. Sums of days are what `stamgast.domain.day_sums` says.
"""

from typing import Final

from stamgast.domain.calendar import business_day
from stamgast.domain.card_funnel import holding, stamps_of
from stamgast.domain.day_sums import KEPT, Per, month_of, names_of_sale, of_day, of_month
from stamgast.domain.days import decode_days
from stamgast.domain.events import Purchase, PurchaseChanged
from stamgast.domain.ledger import Entry
from stamgast.domain.units import DAY, Day, Minor
from stamgast.domain.value_bins import bin_of
from stamgast.service.case import Case

_VISITS: Final = Per.VISITS
_CUSTOMERS: Final = Per.CUSTOMERS


Stood = tuple[int, Minor, bytes, int, Day]
"""A customer's purchases, profit, days, visits and last day; a plain tuple, for one is made at every purchase."""


def stood(case: Case) -> Stood:
    """How the customer stands."""
    customer = case.customer
    return customer.purchases, customer.profit, customer.days, customer.visits, customer.last_day


def purchase(case: Case, event: PurchaseChanged, old: Entry, new: Entry, before: Stood) -> None:
    """A purchase gives something else now: bring the bins and the sums of its day into line."""
    customer = case.customer
    purchases, profit, days, visits, last_day = before
    if customer.profit != profit or customer.purchases != purchases:
        was, now = bin_of(purchases, profit), bin_of(customer.purchases, customer.profit)
        if was != now:
            case.count(was, -1)
            case.count(now)
    if old.counts or old.spend or old.profit:
        _sale(case, event.before, old, -1)
    if new.counts or new.spend or new.profit:
        _sale(case, event.after, new, 1)
    if customer.days == days:
        return
    if not old.counts and new.day >= last_day:
        if customer.visits != visits:  # what nearly always comes: a new day behind all others
            _visit(case, new.day, 1)
            if not visits or month_of(new.day) != month_of(last_day):
                case.count(of_month(month_of(new.day), _CUSTOMERS))
        return
    _visits(case, {day for day, _ in decode_days(days)}, {day for day, _ in decode_days(customer.days)})


def _sale(case: Case, of: Purchase | None, entry: Entry, sign: int) -> None:
    """Count it on its day and in its store; in none where the programme does not name it: tills make up any name."""
    store = of.store if of is not None and of.store in case.program.stores else ""
    names, counters = names_of_sale(entry.day, store), case.change.counters
    for name, by in (
        (names.purchases_of_month, entry.counts),
        (names.spend_of_month, entry.spend),
        (names.profit_of_month, entry.profit),
    ):
        counters[name] = counters.get(name, 0) + sign * by
    if _is_recent(case, entry.day):
        for name, by in (
            (names.purchases, entry.counts),
            (names.spend, entry.spend),
            (names.profit, entry.profit),
        ):
            counters[name] = counters.get(name, 0) + sign * by


def _is_recent(case: Case, day: Day) -> bool:
    return day > case.at // DAY - KEPT


def _visit(case: Case, day: Day, by: int) -> None:
    if _is_recent(case, day):
        case.count(of_day(day, _VISITS), by)


def _visits(case: Case, were: set[Day], are: set[Day]) -> None:
    for day in were ^ are:
        _visit(case, day, 1 if day in are else -1)
    had, has = {month_of(day) for day in were}, {month_of(day) for day in are}
    for month in had ^ has:
        case.count(of_month(month, _CUSTOMERS), 1 if month in has else -1)


def stamps(case: Case, card: str, now: int, by: int) -> None:
    """So many stamps stand on a customer's card now, after `by` came or went."""
    if not by:
        return
    case.count(stamps_of(card), by)
    if now != by:
        case.count(holding(card, now - by), -1)
    if now:
        case.count(holding(card, now))


def sent(case: Case) -> None:
    """A carrier took a message to the customer."""
    _today(case, Per.SENT, 1)


def cost(case: Case, thousandths: int) -> None:
    """A message was booked, or cost something else after all."""
    _today(case, Per.COST, thousandths)


def redeemed(case: Case, times: int) -> None:
    """A reward was used, or (`times` is -1) its use taken back."""
    _today(case, Per.REDEEMED, times)


def _today(case: Case, what: Per, by: int) -> None:
    day = business_day(case.at, case.program.time_zone)
    case.count(of_day(day, what), by)
    case.count(of_month(month_of(day), what), by)
