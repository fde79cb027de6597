"""What is to be expected of a customer, from the running state alone: closed forms of the model in force.

Parameters come with the bundle (a barrier brings them into force), so that every reading of the log scores alike.
A day is the shop's own; a score is that of the end of the day `today`.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from stamgast.domain.attrition import Model
from stamgast.domain.closed_days import YEAR_DAYS, ClosedDays
from stamgast.domain.clv_parameters import ParameterSet, check
from stamgast.domain.currencies import exponent_of
from stamgast.domain.customer import Customer
from stamgast.domain.feedback import pace_of
from stamgast.domain.history import WEEK_DAYS, History, history_of
from stamgast.domain.models.credibility import drawn_margin
from stamgast.domain.models.gamma_gamma import Spend
from stamgast.domain.regularity import Regularity
from stamgast.domain.residual_value import Discounting
from stamgast.domain.season import Season
from stamgast.domain.trades import Trade, season_of_trade
from stamgast.domain.units import Day, Minor
from stamgast.domain.value_table import ValueTable

OWN_MARGINS: Final = ", each customer's own drawn towards it"
"""What is said of a margin that is not everybody's."""
_STEPS: Final = 150


class Horizon(Struct, frozen=True):
    """How far ahead is looked, and by which trade's season until the shop has shown its own.

    `churn_days` is the horizon of the churn probability.
    """

    months: int = 36
    yearly_rate: float = 0.1
    churn_days: int = 90
    trade: Trade | None = None

    @property
    def season(self) -> Season | None:
        """The season of the trade that is named, None if none is."""
        return None if self.trade is None else season_of_trade(self.trade)


class Prospects(Struct, frozen=True):
    """A merchant's purchase model in force. `time` is what its days are counted by: closed ones off, seasons in."""

    model: Model
    spend: Spend | None
    version: str
    name: str
    values: ValueTable
    """What a unit of spend on each purchase to come is worth today, discounted and times the margin, if it is all's."""
    discounting: Discounting
    time: ClosedDays = ClosedDays()
    closed: ClosedDays = ClosedDays()
    """Closures, which come on top of what `regularity` says; it knows of no seasons."""
    dead: ClosedDays = ClosedDays()
    """Those of them that are left out of its gaps."""
    margin_weight: float | None = None
    """How much spend the margin of `discounting` weighs beside a customer's own; then `values` are before it."""
    regularity: Regularity | None = None
    """What lapses go by; None: by the model alone."""
    feedback: dict[str, float] = {}
    """By band of the newest score, how fast a customer's time to come runs; empty: as everybody's."""

    def pace(self, customer: Customer) -> float:
        """Return how fast the customer's time to come runs, by what they said last."""
        return pace_of(customer.conversation, self.feedback)

    def history(self, customer: Customer, today: Day) -> History | None:
        """What the model knows of a customer at the end of a day; None of one who has never bought."""
        if not customer.visits:
            return None
        first, last = customer.first_day, customer.last_day
        if self.time.is_calendar:
            return history_of(first, last, customer.visits, today)
        x = customer.visits - 1
        # Whoever bought on a closed day found it open: never fewer days than repeat purchases.
        t_x = max(self.time.open_between(first, last), x)
        return History(x, t_x / WEEK_DAYS, (t_x + self.time.open_between(last, max(today, last))) / WEEK_DAYS)

    def p_alive(self, customer: Customer, today: Day) -> float | None:
        """Return the chance that the customer has not left for good; None without a purchase."""
        history = self.history(customer, today)
        return None if history is None else self.model.p_alive(history)

    def churn_probability(self, customer: Customer, today: Day, within_days: int) -> float | None:
        """Return the chance of no purchase within so many calendar days; None without a purchase so far.

        Of a closed day there is nothing to expect, and of a busy week more than of another.
        """
        history = self.history(customer, today)
        weeks = self.time.open_between(today, today + within_days) / WEEK_DAYS * self.pace(customer)
        return None if history is None else 1.0 - self.model.p_buy(history, weeks)

    def open_share(self, today: Day) -> float:
        """Return which share of the days of `predicted` count, as far as is known today."""
        return open_share(self.time, self.discounting.months, today)

    def discounting_on(self, today: Day) -> Discounting:
        """Return how `predicted` is counted that day."""
        return replace(self.discounting, open_share=self.open_share(today))

    def words(self) -> str:
        """Say what `predicted` counts, as it is printed beside every value."""
        return self.discounting.words() + ("" if self.margin_weight is None else OWN_MARGINS)

    def margin_of(self, customer: Customer, currency: str) -> float:
        """Return the profit that is expected of a unit of the customer's spend to come, beside what `values` say."""
        if self.margin_weight is None:
            return 1.0
        unit = 10 ** exponent_of(currency)
        return drawn_margin(customer.profit / unit, customer.spend / unit, self.discounting.margin, self.margin_weight)

    def expected_spend(self, customer: Customer, currency: str) -> float | None:
        """Return what a purchase day to come brings on average, in major units; None without a spend model."""
        if self.spend is None or not customer.visits:
            return None
        return self.spend.expected(*self.spend.counted(customer.visits, customer.spend / 10 ** exponent_of(currency)))

    def predicted(self, customer: Customer, today: Day, currency: str) -> Minor | None:
        """Return the discounted profit to come, minor units rounded; None where the model says nothing of money."""
        history, each = self.history(customer, today), self.expected_spend(customer, currency)
        if history is None or each is None:
            return None
        share = self.open_share(today) * self.pace(customer)
        worth = self.values.purchases(history, share) * each * float(10 ** exponent_of(currency))
        return round(worth if self.margin_weight is None else worth * self.margin_of(customer, currency))


def open_share(closed: ClosedDays, months: int, today: Day) -> float:
    """Return which share of the days of so many months a shop is open, as far as is known today.

    With a season it may be above 1: so many months may be busier than others. Closed days are spread evenly over the
    months and rounded to a week in three years, so that it seldom changes and tables of values can be kept.
    """
    if closed.is_calendar:
        return 1.0
    days = round(months * YEAR_DAYS / 12)
    step = max(1, days // _STEPS)
    ahead = round(closed.closed_between(today, today + days) / step) * step
    return max(0.0, 1 - ahead / days)


def prospects_of(parameters: ParameterSet, margin: float, closed: ClosedDays, horizon: Horizon) -> Prospects:
    """Make them of a parameter set; `margin` is used where the set has none.

    Raises:
        ValueError: the set cannot be scored with; the text says why.
    """
    check(parameters)
    model = parameters.attrition()
    share = margin if parameters.margin is None else parameters.margin
    weight, discounting = parameters.margin_weight, Discounting(horizon.months, horizon.yearly_rate, share)
    return Prospects(
        model=model,
        spend=parameters.spend,
        version=parameters.versioned().version,
        name=parameters.model,
        values=ValueTable(model, discounting if weight is None else replace(discounting, margin=1.0)),
        discounting=discounting,
        time=parameters.time(closed),
        closed=closed.closures(),
        dead=closed.dead_seasons(),
        margin_weight=weight,
        regularity=parameters.regularity,
        feedback=parameters.feedback,
    )
