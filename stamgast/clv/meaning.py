"""What parameters mean, in sentences for the owner of a shop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from scipy.special import gammaincinv

from stamgast.clv.data.rows import make_rows
from stamgast.clv.models.scores import scores_of
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.counting import so_many
from stamgast.domain.history import WEEK_DAYS
from stamgast.domain.models.gamma_gamma import Spend

_YEARS: Final = 3
_WEEKS: Final = 52.18 * _YEARS
_LONGEST_DAYS: Final = 3_650
_MIDDLE: Final = (0.25, 0.75)
"""Between these shares lies the middle half."""


def meaning_of(parameters: ParameterSet) -> list[str]:
    """Say how often customers come, how many come once only, and what they spend."""
    told, values = [], parameters.parameters
    if parameters.members:  # of several models the one that is believed most says how often
        values = parameters.members[max(parameters.weights, key=lambda name: parameters.weights[name])]
    new = make_rows([0], [0], [0])
    once = 1 - float(scores_of(parameters.attrition()).p_buy(new, _WEEKS)[0])
    if "r" in values and "alpha" in values:
        slow, fast = gammaincinv(values["r"], _MIDDLE) / values["alpha"]
        told.append(_often(*(_days(values.get("k", 1), rate) for rate in (fast, slow))))
    told.append(f"of a hundred new ones {round(100 * once)} do not come again within {_YEARS} years")
    if parameters.spend is not None:
        told.append(_spends(parameters.spend))
    if parameters.feedback:
        told.append(_says(parameters.feedback))
    return told


def _days(phases: float, rate: float) -> float:
    """Return the mean gap of so many phases, each at a rate a week, in days."""
    return min(WEEK_DAYS * phases / rate, _LONGEST_DAYS) if rate > 0 else _LONGEST_DAYS


def _often(fast: float, slow: float) -> str:
    if fast >= _LONGEST_DAYS:
        return "while they are customers, three in four of them hardly ever come"
    if round(fast) == round(slow):
        return f"while they are customers, half of them come about every {so_many(round(fast), 'day')}"
    if slow >= _LONGEST_DAYS:
        return (
            "while they are customers, one in four comes every "
            f"{fast:,.0f} days or more often, and one in four hardly ever"
        )
    return f"while they are customers, half of them come every {fast:,.0f} to {slow:,.0f} days"


def _says(paces: Mapping[str, float]) -> str:
    """Say how fast what is expected comes, by what somebody said last."""
    each = ", ".join(f"{100 * pace:.0f} % of {band}" for band, pace in paces.items())
    return f"by their newest score customers come at {each} of the pace that their purchases alone tell of"


def _spends(spend: Spend) -> str:
    """Say what lies in the middle: a customer's mean is p / nu, nu being Gamma(q, v) across customers."""
    little, much = (spend.p / each for each in reversed(gammaincinv(spend.q, _MIDDLE) / spend.v))
    of = "a purchase day" if spend.orders == "all" else "a repeat purchase day"
    return f"{of} brings {spend.expected(0, 0.0):,.2f} on average, and half of them spend {little:,.2f} to {much:,.2f}"
