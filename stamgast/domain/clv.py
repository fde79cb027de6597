"""Customer lifetime value by every method: closed forms over the running state, in minor units.

historic   the profit realised so far.
profit     average profit per purchase times purchases, which is the same figure today.
simple     average purchase value x purchases a year x lifespan in years - acquisition cost, with the age
           counted as at least a year, so that one purchase today is not taken for a daily habit.
predicted  discounted profit to come by the purchase model in force (`stamgast.domain.prospects`).
net        historic + predicted - acquisition cost - what messages to the customer have cost.

`predicted` and `net` are None where no model with amounts is in force, and of one who has never bought.
"""

from typing import Final

from msgspec import Struct

from stamgast.domain.calendar import business_day
from stamgast.domain.costs import Costs
from stamgast.domain.customer import Customer
from stamgast.domain.program import Program
from stamgast.domain.standing import Standing
from stamgast.domain.units import DAY, Day, Millis, Minor
from stamgast.domain.vocabulary import ClvMethod

DAYS_A_YEAR: Final = 365
ENOUGH: Final = 3.0


class Clv(Struct, frozen=True):
    """Figures of one customer at one moment, minor units of the programme's currency."""

    historic: Minor
    simple: Minor
    profit: Minor
    predicted: Minor | None
    net: Minor | None
    acquisition_cost: Minor
    contact_cost: Minor
    clv_to_cac: float | None
    """(historic + predicted - contact cost) / acquisition cost, without a model historic alone; None if that is 0."""

    @property
    def earns_its_cost(self) -> bool | None:
        """Whether the customer brings at least three times what winning them cost, the usual measure."""
        return None if self.clv_to_cac is None else self.clv_to_cac >= ENOUGH


def clv_of(customer: Customer, program: Program, at: Millis) -> Clv:
    """All methods at a moment (milliseconds UTC)."""
    today = business_day(at, program.time_zone)
    predicted = predicted_clv(customer, program, today)
    won, spoken = acquisition_cost(customer, program.costs), contact_cost(customer)
    brings = customer.profit + (predicted or 0) - spoken
    return Clv(
        historic=customer.profit,
        simple=simple_clv(customer, program.costs, at // DAY),
        profit=customer.profit,
        predicted=predicted,
        net=None if predicted is None else brings - won,
        acquisition_cost=won,
        contact_cost=spoken,
        clv_to_cac=brings / won if won else None,
    )


def clv_by(method: str, customer: Customer, program: Program, at: Millis) -> Minor | None:
    """One of `ClvMethod` at a moment; None where there is nothing to say."""
    if method == ClvMethod.HISTORIC:
        return customer.profit
    if method == ClvMethod.SIMPLE:
        return simple_clv(customer, program.costs, at // DAY)
    predicted = predicted_clv(customer, program, business_day(at, program.time_zone))
    if predicted is None or method == ClvMethod.PREDICTED:
        return predicted
    return customer.profit + predicted - contact_cost(customer) - acquisition_cost(customer, program.costs)


def predicted_clv(customer: Customer, program: Program, today: Day) -> Minor | None:
    """Profit to come, discounted, by the model in force."""
    if program.prospects is None:
        return None
    return program.prospects.predicted(customer, today, program.currency)


def simple_clv(customer: Customer, costs: Costs, today: Day) -> Minor:
    """Spend / max(age, 1 year) x lifespan - acquisition cost, rounded half up."""
    cost = acquisition_cost(customer, costs)
    if not customer.purchases:
        return -cost
    age_days = max(today - customer.first_day, DAYS_A_YEAR)
    value = (2 * customer.spend * costs.lifespan_years * DAYS_A_YEAR + age_days) // (2 * age_days)
    return value - cost


def acquisition_cost(customer: Standing, costs: Costs) -> Minor:
    """What it cost to win the customer: by their source, on the day that they joined or first bought."""
    joined, first = customer.joined_at // DAY, customer.first_day
    return costs.acquisition(customer.source, min(joined, first) if joined and first else joined or first)


def contact_cost(customer: Standing) -> Minor:
    """What messages to the customer have cost so far, rounded half up."""
    return (customer.contact_cost + 500) // 1000
