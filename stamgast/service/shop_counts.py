"""What the owner counts of the shop as a whole, for pages that must not go through customers.

How customers stand (bins of value, stamps on a card) moves from one counter to another; what was sold, sent and used
is added to its business day and month. Sums of days are what `stamgast.domain.day_sums` says.
"""

from typing import Final

from stamgast.domain.calendar import business_day
from stamgast.domain.card_funnel import holding, stamps_of
from stamgast.domain.day_sums import KEPT, Per, days_of_month, month_of, names_of_sale, of_day, of_month
from stamgast.domain.days import came_between, purchases_on
from stamgast.domain.events import Purchase, PurchaseChanged
from stamgast.domain.ledger import Entry
from stamgast.domain.purchase_effects import Applied
from stamgast.domain.units import DAY, Day, Minor
from stamgast.domain.value_bins import bin_of
from stamgast.service.case import Case

# Said here, for purchases and messages ask for them, and a member is slower to look up, and to hash, than its word.
_VISITS: Final = Per.VISITS.value
_CUSTOMERS: Final = Per.CUSTOMERS.value
_SENT: Final = Per.SENT.value
_COST: Final = Per.COST.value
_REDEEMED: Final = Per.REDEEMED.value


Days = tuple[bytes, Day]
"""Visit days, and the last one."""
Stood = tuple[int, Minor, bytes, int, Day]
"""A customer's purchases, profit, days, visits and last day; a plain tuple, for one is made at every purchase."""


def stood(case: Case) -> Stood:
    """How the customer stands."""
    customer = case.customer
    return customer.purchases, customer.profit, customer.days, customer.visits, customer.last_day


def purchase(case: Case, event: PurchaseChanged, applied: Applied, before: Stood) -> None:
    """A purchase gives something else now: bring the bins and the sums of its day into line."""
    customer, old, new = case.customer, applied.old, applied.new
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
    days, days_now = applied.all_days or (days, customer.days)
    if days_now == days:
        return
    if not old.counts and new.day >= last_day:
        if customer.visits != visits:  # what nearly always comes: a new day behind all others
            _visit(case, new.day, 1)
            month = month_of(new.day)
            if not visits or month != month_of(last_day):
                case.count(of_month(month, _CUSTOMERS))
        return
    _visits(case, {each.day for each in (old, new) if each.counts}, (days, last_day), (days_now, customer.last_day))


def _sale(case: Case, of: Purchase | None, entry: Entry, sign: int) -> None:
    """Count it on its day and in its store; in none where the programme does not name it: tills make up any name."""
    store = of.store if of is not None and of.store in case.program.stores else ""
    counters, day = case.change.counters, entry.day
    count, spend, profit = sign * entry.counts, sign * entry.spend, sign * entry.profit
    by_day, spend_by_day, profit_by_day, by_month, spend_by_month, profit_by_month = names_of_sale(day, store)
    counters[by_month] = counters.get(by_month, 0) + count
    counters[spend_by_month] = counters.get(spend_by_month, 0) + spend
    counters[profit_by_month] = counters.get(profit_by_month, 0) + profit
    if day > case.at // DAY - KEPT:
        counters[by_day] = counters.get(by_day, 0) + count
        counters[spend_by_day] = counters.get(spend_by_day, 0) + spend
        counters[profit_by_day] = counters.get(profit_by_day, 0) + profit


def _visit(case: Case, day: Day, by: int) -> None:
    if day > case.at // DAY - KEPT:
        case.count(of_day(day, _VISITS), by)


def _visits(case: Case, touched: set[Day], before: Days, after: Days) -> None:
    for day in touched:
        came = bool(purchases_on(*after, day)) - bool(purchases_on(*before, day))
        if came:
            _visit(case, day, came)
    for month in {month_of(day) for day in touched}:
        first, last = days_of_month(month)
        came = came_between(*after, first, last) - came_between(*before, first, last)
        if came:
            case.count(of_month(month, _CUSTOMERS), came)


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
    _today(case, _SENT, 1)


def cost(case: Case, thousandths: int) -> None:
    """A message was booked, or cost something else after all."""
    _today(case, _COST, thousandths)


def redeemed(case: Case, times: int) -> None:
    """A reward was used, or (`times` is -1) its use taken back."""
    _today(case, _REDEEMED, times)


def _today(case: Case, what: str, by: int) -> None:
    day = business_day(case.at, case.program.time_zone)
    case.count(of_day(day, what), by)
    case.count(of_month(month_of(day), what), by)
