"""What the owner counts of the shop as a whole, for pages that must not go through customers.

How customers stand (bins of value, stamps on a card) moves from one counter to another; what was sold, sent and used
is added to its business day and month. Sums of days are what `stamgast.domain.day_sums` says.
"""

from functools import lru_cache
from typing import Final

from stamgast.domain.calendar import business_day
from stamgast.domain.card_funnel import holding, stamps_of
from stamgast.domain.counters import Counter
from stamgast.domain.day_sums import KEPT, Per, days_of_month, month_of, names_of_sale, of_day, of_month
from stamgast.domain.days import came_between, purchases_on
from stamgast.domain.events import Purchase, PurchaseChanged
from stamgast.domain.purchase_effects import Applied
from stamgast.domain.units import DAY, Day, Minor
from stamgast.domain.value_bins import bin_of
from stamgast.service.case import Case

# Said here, for purchases and messages ask for them, and a member is slower to look up, and to hash, than its word.
_PURCHASES: Final = Counter.PURCHASES.value
_SPEND: Final = Counter.SPEND.value
_PROFIT: Final = Counter.PROFIT.value
_VISITS: Final = Per.VISITS.value
_CUSTOMERS: Final = Per.CUSTOMERS.value
_SENT: Final = Per.SENT.value
_COST: Final = Per.COST.value
_REDEEMED: Final = Per.REDEEMED.value


Days = tuple[bytes, Day]
"""Visit days, and the last one."""
Stood = tuple[int, Minor, Minor, bytes, int, Day]
"""A customer's purchases, profit, spend, days, visits and last day; a plain tuple: one is made at every purchase."""


def stood(case: Case) -> Stood:
    """How the customer stands."""
    customer = case.customer
    return customer.purchases, customer.profit, customer.spend, customer.days, customer.visits, customer.last_day


def purchase(case: Case, event: PurchaseChanged, applied: Applied, before: Stood) -> None:
    """A purchase gives something else now: bring the sums of all, the bins and the sums of its day into line."""
    customer, old, new, counters = case.customer, applied.old, applied.new, case.change.counters
    purchases, profit, spend, days, visits, last_day = before
    bought, profits = customer.purchases, customer.profit
    counters[_PURCHASES] = counters.get(_PURCHASES, 0) + bought - purchases
    counters[_SPEND] = counters.get(_SPEND, 0) + customer.spend - spend
    counters[_PROFIT] = counters.get(_PROFIT, 0) + profits - profit
    if profits != profit or bought != purchases:
        was, now = bin_of(purchases, profit), bin_of(bought, profits)
        if was != now:
            counters[was] = counters.get(was, 0) - 1
            counters[now] = counters.get(now, 0) + 1
    if old.counts or old.spend or old.profit:
        _sale(case, event.before, old.day, -old.counts, -old.spend, -old.profit)
    if new.counts or new.spend or new.profit:
        _sale(case, event.after, new.day, new.counts, new.spend, new.profit)
    days, days_now = applied.all_days or (days, customer.days)
    if days_now == days:
        return
    if not old.counts and new.day >= last_day:
        if customer.visits != visits:  # what nearly always comes: a new day behind all others
            by_day, by_month = _names_of_visit(new.day)
            if new.day > case.at // DAY - KEPT:
                counters[by_day] = counters.get(by_day, 0) + 1
            if not visits or by_month != _names_of_visit(last_day)[1]:
                counters[by_month] = counters.get(by_month, 0) + 1
        return
    _visits(case, {each.day for each in (old, new) if each.counts}, (days, last_day), (days_now, customer.last_day))


def _sale(case: Case, of: Purchase | None, day: Day, count: int, spend: Minor, profit: Minor) -> None:  # noqa: PLR0917
    """Count it on its day and in its store; in none where the programme does not name it: tills make up any name."""
    store = of.store if of is not None and of.store in case.program.stores else ""
    counters = case.change.counters
    by_day, spend_by_day, profit_by_day, by_month, spend_by_month, profit_by_month = names_of_sale(day, store)
    counters[by_month] = counters.get(by_month, 0) + count
    counters[spend_by_month] = counters.get(spend_by_month, 0) + spend
    counters[profit_by_month] = counters.get(profit_by_month, 0) + profit
    if day > case.at // DAY - KEPT:
        counters[by_day] = counters.get(by_day, 0) + count
        counters[spend_by_day] = counters.get(spend_by_day, 0) + spend
        counters[profit_by_day] = counters.get(profit_by_day, 0) + profit


@lru_cache(maxsize=4096)
def _names_of_visit(day: Day) -> tuple[str, str]:
    """What whoever comes on a day counts towards: of that day, and of its month."""
    return of_day(day, _VISITS), of_month(month_of(day), _CUSTOMERS)


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
    counters, all_of_them = case.change.counters, stamps_of(card)
    counters[all_of_them] = counters.get(all_of_them, 0) + by
    if now != by:
        had = holding(card, now - by)
        counters[had] = counters.get(had, 0) - 1
    if now:
        has = holding(card, now)
        counters[has] = counters.get(has, 0) + 1


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
