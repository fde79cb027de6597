"""Customer lifetime value by every method: closed forms over the running state, in minor units.

historic   the profit realised so far.
profit     average profit per purchase times purchases, which is the same figure today.
simple     average purchase value x purchases a year x lifespan in years - acquisition cost, with the age
           counted as at least a year, so that one purchase today is not taken for a daily habit.
predicted  discounted profit to come by the purchase model in force (`stamgast.domain.prospects`).
net        historic + predicted - acquisition cost.

`predicted` and `net` are None where no model with amounts is in force, and of one who has never bought.
"""

from typing import Final

from msgspec import Struct

from stamgast.domain.calendar import business_day
from stamgast.domain.customer import Customer
from stamgast.domain.program import Costs, Program
from stamgast.domain.units import DAY, Day, Millis, Minor

DAYS_A_YEAR: Final = 365
METHODS: Final = ("historic", "simple", "predicted", "net")
"""What rules may ask for; `profit` is `historic`."""


class Clv(Struct, frozen=True):
    """Figures of one customer at one moment, minor units of the programme's currency."""

    historic: Minor
    simple: Minor
    profit: Minor
    predicted: Minor | None
    net: Minor | None


def clv_of(customer: Customer, program: Program, at: Millis) -> Clv:
    """All methods at a moment (milliseconds UTC)."""
    today = business_day(at, program.time_zone)
    predicted = predicted_clv(customer, program, today)
    net = None if predicted is None else _net(customer, program, predicted)
    simple = simple_clv(customer, program.costs, at // DAY)
    return Clv(customer.profit, simple, customer.profit, predicted, net)


def clv_by(method: str, customer: Customer, program: Program, at: Millis) -> Minor | None:
    """One of `METHODS` at a moment; None where there is nothing to say."""
    if method == "historic":
        return customer.profit
    if method == "simple":
        return simple_clv(customer, program.costs, at // DAY)
    predicted = predicted_clv(customer, program, business_day(at, program.time_zone))
    return predicted if predicted is None or method == "predicted" else _net(customer, program, predicted)


def predicted_clv(customer: Customer, program: Program, today: Day) -> Minor | None:
    """Profit to come, discounted, by the model in force."""
    if program.prospects is None:
        return None
    return program.prospects.predicted(customer, today, program.currency)


def simple_clv(customer: Customer, costs: Costs, today: Day) -> Minor:
    """Spend / max(age, 1 year) x lifespan - acquisition cost, rounded half up."""
    cost = acquisition_cost(customer.source, costs)
    if not customer.purchases:
        return -cost
    age_days = max(today - customer.first_day, DAYS_A_YEAR)
    value = (2 * customer.spend * costs.lifespan_years * DAYS_A_YEAR + age_days) // (2 * age_days)
    return value - cost


def acquisition_cost(source: str, costs: Costs) -> Minor:
    """What it cost to win a customer from that source; the programme's default where it says nothing."""
    return costs.acquisition_costs.get(source, costs.acquisition_cost)


def _net(customer: Customer, program: Program, predicted: Minor) -> Minor:
    return customer.profit + predicted - acquisition_cost(customer.source, program.costs)
