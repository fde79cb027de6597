"""When a customer counts as lapsing, and which stage they are in.

The gap after which a customer is late is a quantile of their own gaps: ln(gap) is normal with the
customer's mean m and the programme's `log_sd` s. With n gaps of mean log g the mean is shrunk to the
merchant's, m = w*g + (1-w)*ln(median gap), w = t^2 / (t^2 + s^2/n) with t = `between_sd` (the normal-normal
posterior mean; Gelman et al., Bayesian Data Analysis, 3rd ed., 2.5). Gap = exp(m + z_q * s) days.
"""

import math
from functools import lru_cache
from statistics import NormalDist

from stamgast.domain.customer import Customer
from stamgast.domain.days import LOG_SCALE, decode_days
from stamgast.domain.program import LapseModel
from stamgast.domain.units import DAY, Millis

LAPSE = "lapse"
LAPSED = "lapsed"


@lru_cache(maxsize=64)
def _terms(model: LapseModel) -> tuple[float, float, float, float]:
    z = NormalDist().inv_cdf(model.quantile)
    return math.log(model.median_gap_days), model.between_sd**2, model.log_sd**2, z * model.log_sd


def lapse_gap_days(visits: int, log_gaps: int, model: LapseModel) -> float:
    """Days without a visit after which the customer is late. `log_gaps` as in `Customer.gaps`."""
    n = visits - 1
    if n < model.min_gaps or n < 1:
        return model.fallback_days
    prior, between, within, reach = _terms(model)
    weight = between / (between + within / n)
    mean = weight * (log_gaps / LOG_SCALE / n) + (1 - weight) * prior
    return math.exp(mean + reach)


def plan_lapse(customer: Customer, model: LapseModel) -> None:
    """Move the lapse timer to where the state says it belongs. Counted from midnight UTC of the last day."""
    timers = customer.timers
    if not customer.visits:
        timers.pop(LAPSE, None)
        timers.pop(LAPSED, None)
        return
    gap = lapse_gap_days(customer.visits, customer.gaps, model)
    if customer.lapse_day != customer.last_day:
        timers[LAPSE] = _after(customer.last_day, gap)
        timers.pop(LAPSED, None)
    else:
        timers.pop(LAPSE, None)
        if customer.lapsed_day == customer.last_day:
            timers.pop(LAPSED, None)
        else:
            timers[LAPSED] = _after(customer.last_day, gap * max(model.lapsed_after, 1.0))


def stage_of(customer: Customer) -> str:
    """The stage follows from the visit days and from the last quiet spells that were noticed, in any order."""
    if not customer.visits:
        return "new"
    if customer.lapsed_day == customer.last_day:
        return "lapsed"
    if customer.lapse_day == customer.last_day:
        return "lapsing"
    if customer.lapse_day and _one_visit_since(customer):
        return "won_back"
    return "new" if customer.visits == 1 else "active"


def _one_visit_since(customer: Customer) -> bool:
    if customer.visits == 1:
        return customer.first_day > customer.lapse_day
    previous = decode_days(customer.days)[-2][0]
    return previous <= customer.lapse_day < customer.last_day


def _after(day: int, days: float) -> Millis:
    return day * DAY + round(days * DAY)
