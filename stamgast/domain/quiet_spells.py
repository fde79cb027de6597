"""After how many days without a visit a customer is at risk, and after how many they lapse.

By how regularly the customer comes, where a fit says it (`stamgast.domain.regularity`): when the chance of having left
is as great as the shop wants to be sure. Days are whole there: who is expected on a day has until its end. Days on
which the shop is closed come on top, and are looked at nowhere else: so nobody is ever missed sooner, and no wrong call
comes about, because they were named. Only closures of more than six weeks are left out of gaps as well: where a shop is
closed every winter, everybody's gap of half a year would say nothing of them.

By the purchase model alone, where a fit says nothing of regularity: somebody is at risk where P(alive) falls to one of
the programme's thresholds and lapses where it falls to the other (closed forms, `stamgast.domain.attrition`). Whom the
model takes to be gone as soon as they have paid is not missed at once: not before a quarter of those who come back
would be back. A model in which nobody leaves says nothing of lapsing; then the quantiles of the next gap are what
counts. After three years of silence nobody waits for a model any longer.

By the customer's own rhythm, else: ln(gap) is normal with the customer's mean m and the programme's `log_sd` s. With
n gaps of mean log g the mean is shrunk to the merchant's, m = w*g + (1-w)*ln(median gap), w = t^2 / (t^2 + s^2/n) with
t = `between_sd` (the normal-normal posterior mean; Gelman et al., Bayesian Data Analysis, 3rd ed., 2.5). A gap's
quantile is exp(m + z_q * s) days. Before there are enough gaps, `fallback_days` stand for the lapse quantile.
"""

import math
from functools import lru_cache
from statistics import NormalDist

from msgspec import Struct

from stamgast.domain.attrition import Model
from stamgast.domain.customer import Customer
from stamgast.domain.days import LOG_SCALE
from stamgast.domain.history import WEEK_DAYS, History
from stamgast.domain.program import LapseModel, Program
from stamgast.domain.prospects import Prospects
from stamgast.domain.regularity import Regularity, newest_gaps

_SOONEST = 0.25
"""Share of those who come back who are back before anybody is missed."""
_SHORTEST = 1.0
"""Days: nobody is missed on the day of their visit."""
_LONGEST = 3 * 365.25
"""Days; what a model puts later is put there. It is gone by where next to nobody has come again yet: then it may take
the slowest for slower than anything that was seen, and a lapse in decades tells an owner nothing. `predicted` looks no
further either unless somebody wants it to."""


class Gaps(Struct, frozen=True, gc=False):
    """Days after the last visit day. `risk` is at most `lapse`; equal to it there is no time of being at risk."""

    risk: float
    lapse: float


def quiet_gaps(customer: Customer, program: Program) -> Gaps:
    """When this customer, who has come at least once, is at risk and lapses."""
    prospects = program.prospects
    if prospects is None or program.lapse.by != "model":
        return own_rhythm(customer.visits, customer.gaps, program.lapse)
    if prospects.regularity is not None:
        return _by_regularity(customer, prospects, prospects.regularity, program.lapse)
    return _by_model(customer, prospects, program.lapse)


def _by_regularity(customer: Customer, prospects: Prospects, regularity: Regularity, lapse: LapseModel) -> Gaps:
    last, closed = customer.last_day, prospects.closed
    silence = regularity.silence(newest_gaps(customer.days, last, prospects.dead), customer.visits)
    days = silence.days(regularity.chance_for(lapse.precision))
    sooner = min(silence.days(regularity.chance_for(lapse.risk_precision)), days)
    if not closed.days:
        return Gaps(int(sooner) + 1, int(days) + 1)
    return Gaps(closed.after(last, int(sooner) + 1), closed.after(last, int(days) + 1))


def own_rhythm(visits: int, log_gaps: int, model: LapseModel) -> Gaps:
    """Quantiles of the customer's own gaps. `log_gaps` as in `Customer.gaps`."""
    n = visits - 1
    fewest, at_first, prior, between, within, risk, lapse = _terms(model)
    if n < fewest:
        return at_first
    weight = between / (between + within / n)
    mean = weight * (log_gaps / LOG_SCALE / n) + (1 - weight) * prior
    return Gaps(math.exp(mean + risk), math.exp(mean + lapse))


@lru_cache(maxsize=64)
def _terms(model: LapseModel) -> tuple[int, Gaps, float, float, float, float, float]:
    """Fewest gaps that say something, what holds before, and the figures of the formula."""
    quantile = NormalDist().inv_cdf
    risk, lapse = (quantile(share) * model.log_sd for share in (model.risk_quantile, model.quantile))
    at_first = Gaps(model.fallback_days * math.exp(risk - lapse), model.fallback_days)
    fewest = max(model.min_gaps, 1)
    return fewest, at_first, math.log(model.median_gap_days), model.between_sd**2, model.log_sd**2, risk, lapse


def _by_model(customer: Customer, prospects: Prospects, lapse: LapseModel) -> Gaps:
    history = prospects.history(customer, customer.last_day)
    assert history is not None  # noqa: S101  whoever has not come has no gap
    at_risk = quiet_days(prospects.model, history, lapse.risk_alive_below, lapse.risk_quantile)
    lapses = quiet_days(prospects.model, history, lapse.alive_below, lapse.quantile)
    return Gaps(*(_calendar_days(prospects, customer.last_day, each) for each in (min(at_risk, lapses), lapses)))


def quiet_days(model: Model, history: History, alive_below: float, quantile: float) -> float:
    """After how many counted days without a visit the model misses somebody; `history` is that on the last one."""
    crossing = model.lapses_at(history, alive_below)
    if crossing is None:
        return _within(model.next_gap(history, quantile) * WEEK_DAYS)
    return _within(max(crossing - history.t_x, model.next_gap(history, _SOONEST)) * WEEK_DAYS)


def _within(days: float) -> float:
    return min(max(days, _SHORTEST), _LONGEST)


def _calendar_days(prospects: Prospects, last_day: int, days: float) -> float:
    return days if prospects.time.is_calendar else prospects.time.after(last_day, days)
