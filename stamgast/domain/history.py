"""What the purchase models know of one customer: how often, how recently, for how long.

One purchase a day counts, days are whole, and the models' unit is the week (days / 7), as in Fader, Hardie and Lee,
"'Counting Your Customers' the Easy Way" (2005).
"""

from msgspec import Struct

from stamgast.domain.units import Day

WEEK_DAYS = 7


class History(Struct, frozen=True):
    """Purchase days of one customer up to a moment.

    `x` counts repeat purchase days (all but the first one); `t_x` is the time from the first to the last purchase day
    and `T` that from the first purchase day until now, both in weeks: 0 <= t_x <= T, and t_x is 0 where x is 0.
    """

    x: int
    t_x: float
    T: float

    @property
    def quiet(self) -> float:
        """Weeks since the last purchase day."""
        return self.T - self.t_x


def history_of(first_day: Day, last_day: Day, visits: int, today: Day) -> History:
    """Make the history of a customer with `visits` purchase days; `today` is at least the last of them."""
    now = max(today, last_day)
    return History(visits - 1, (last_day - first_day) / WEEK_DAYS, (now - first_day) / WEEK_DAYS)
