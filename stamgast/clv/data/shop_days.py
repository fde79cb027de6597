"""Purchases on days counted in a shop's own time: closed days left out, the others by how busy their season is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from stamgast.clv.data.buyers import Buyer
from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.data.windows import first_day_of
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.units import Day


class DayCounter:
    """Counts days from the first purchase of all on; the first one keeps its number."""

    def __init__(self, began: Day, time: ClosedDays) -> None:
        self._began, self._time = began, time
        self._counted: dict[Day, Day] = {}

    def __call__(self, day: Day) -> Day:
        """Return the number of a day."""
        found = self._counted.get(day)
        if found is None:
            found = self._counted[day] = self._began + self._time.open_between(self._began, day)
        return found

    def date(self, counted: Day) -> Day:
        """Return the day of a number."""
        return self._began + round(self._time.after(self._began, counted - self._began))

    def apart(self, days: Sequence[Day], until: Day) -> list[Day]:
        """Return the numbers of the days of one customer, up to the number `until`.

        Days on which time hardly moves may share a number; then the later one gets the next, for a purchase day is one.
        """
        found: list[Day] = []
        for day in days:
            found.append(max(self(day), found[-1] + 1) if found else self(day))
        latest = until
        for place in range(len(found) - 1, -1, -1):
            found[place] = min(found[place], latest)
            latest = found[place] - 1
        return found


def in_shop_days(purchases: Purchases, time: ClosedDays) -> tuple[Purchases, DayCounter]:
    """Return the same purchases, each on the number of its day, and what counts them."""
    counter = DayCounter(first_day_of(purchases), time)
    if time.is_calendar:
        return purchases, counter
    as_of = counter(purchases.as_of)
    counted = {name: _counted(buyer, counter, as_of) for name, buyer in purchases.buyers.items()}
    said = {name: [(counter(day), score) for day, score in each] for name, each in purchases.said.items()}
    return replace(purchases, buyers=counted, as_of=as_of, said=said), counter


def _counted(buyer: Buyer, counter: DayCounter, as_of: Day) -> Buyer:
    days = sorted(buyer.amounts)
    number = dict(zip(days, counter.apart(days, as_of), strict=True))
    return replace(
        buyer,
        amounts={number[day]: amount for day, amount in buyer.amounts.items()},
        refunded={number[day]: amount for day, amount in buyer.refunded.items()},
    )
