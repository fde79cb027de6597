"""Running customer lifetime value: closed forms over the running state, in minor units.

historic  the profit realised so far.
profit    average profit per purchase times purchases, which is the same figure today.
simple    average purchase value x purchases a year x lifespan in years - acquisition cost, with the age
          counted as at least a year, so that one purchase today is not taken for a daily habit.
"""

from msgspec import Struct

from stamgast.domain.customer import Customer
from stamgast.domain.program import Costs
from stamgast.domain.units import DAY, Day, Millis, Minor

DAYS_A_YEAR = 365


class Clv(Struct, frozen=True):
    """Figures of one customer at one moment, minor units of the programme's currency."""

    historic: Minor
    simple: Minor
    profit: Minor


def clv_of(customer: Customer, costs: Costs, at: Millis) -> Clv:
    """All methods at a moment (milliseconds UTC)."""
    return Clv(customer.profit, simple_clv(customer, costs, at // DAY), customer.profit)


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
