"""What was spent on each of the last days, where a rule or the tiers ask for it.

It is filled from the ledger once, so that it is whole from the first question on. Days that nobody can ask for any
more go.
"""

from collections.abc import Iterable

from stamgast.domain.customer import Customer, Spending
from stamgast.domain.spans import Span
from stamgast.domain.units import Day, Minor


def per_day(customer: Customer) -> list[tuple[Day, Minor]]:
    """(day, spent on it), ascending."""
    numbers = [] if customer.spending is None else customer.spending.numbers
    found, day = [], 0
    for delta, amount in zip(numbers[::2], numbers[1::2], strict=True):
        day += delta
        found.append((day, amount))
    return found


def spent(customer: Customer, span: Span | None, today: Day) -> Minor:
    """What was spent within the span up to today; ever, without one."""
    if span is None:
        return customer.spend
    since = span.since(today)
    return sum(amount for day, amount in per_day(customer) if day >= since)


def fill(customer: Customer, days: Day, spends: Iterable[tuple[Day, Minor]]) -> None:
    """Keep so many days from now on; `spends` is what the ledger says of each transaction."""
    customer.spending = Spending(days)
    _write(customer.spending, _summed(spends))


def move(customer: Customer, changes: Iterable[tuple[Day, Minor]], today: Day) -> None:
    """Add to what was spent on some days, and let go of those that are too old."""
    if customer.spending is None:
        return
    sums = _summed([*per_day(customer), *changes])
    _write(customer.spending, {day: amount for day, amount in sums.items() if day > today - customer.spending.days})


def _summed(spends: Iterable[tuple[Day, Minor]]) -> dict[Day, Minor]:
    sums: dict[Day, Minor] = {}
    for day, amount in spends:
        sums[day] = sums.get(day, 0) + amount
    return sums


def _write(spending: Spending, sums: dict[Day, Minor]) -> None:
    numbers, before = list[int](), 0
    for day, amount in sorted(sums.items()):
        if amount:
            numbers += (day - before, amount)
            before = day
    spending.numbers = numbers
