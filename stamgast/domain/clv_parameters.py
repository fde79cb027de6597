"""A set of parameters of a purchase model and a spend model, with the version that names it.

As a document: {"model": "mbg_nbd", "parameters": {"r", "alpha", "a", "b"}, "spend": {"p", "q", "v"}}. Such a one may be
written by hand; `stamgast clv fit` adds under `fit` where it comes from. Times are weeks, amounts are in the unit of
the data (major units from a CSV). Without `spend` there is nothing to say about money. The model
"combined" has `members` by name with parameters of their own, `weights` of them, and the correction as its parameters;
"blended" has a `regression` or `plain` weights too. With a `season` weeks are of days counted by how busy they are,
with `feedback` those to come run at a pace that hangs on a customer's newest score.
"""

import hashlib
from typing import Any

import msgspec
from msgspec import Struct, field

from stamgast.domain.attrition import (
    BLENDED,
    COMBINED,
    CORRECTION,
    PARAMETERS,
    TOGETHER,
    Model,
    combine_models,
    make_model,
)
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.feedback import check_feedback
from stamgast.domain.models.gamma_gamma import Spend
from stamgast.domain.regularity import Regularity, check_regularity
from stamgast.domain.season import Season, check_season, shop_time


class FitReport(Struct, frozen=True, forbid_unknown_fields=True):
    """Where parameters come from. `method` says how: maximum likelihood, or with a prior, or nobody's own."""

    method: str
    customers: int
    as_of: str
    log_likelihood: float | None
    """None of what has none, as the combined model, which is learnt from chances."""
    standard_errors: dict[str, float | None]
    spend_log_likelihood: float | None = None
    spend_standard_errors: dict[str, float | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class ParameterSet(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Parameters under their names. Check one that comes from outside with `check`; the version is made from them."""

    model: str
    parameters: dict[str, float]
    spend: Spend | None = None
    margin: float | None = None
    """Profit as a share of spend, by which spend to come is multiplied; None: what the programme says."""
    open_days: bool = False
    """Whether the shop's closed days were left out of all times, so that they have to be left out in scores too."""
    regularity: Regularity | None = None
    """How regularly customers come, for lapses; None in sets from before it, and where that cannot be told yet."""
    fit: FitReport | None = None
    version: str = ""
    margin_weight: float | None = None
    """How much spend, in major units, `margin` weighs beside a customer's own; None: it is everybody's."""
    members: dict[str, dict[str, float]] = field(default_factory=dict)
    """Of the combined model: its members' parameters by name."""
    weights: dict[str, float] = field(default_factory=dict)
    """How far each of them is believed; they sum to 1."""
    regression: dict[str, float] = field(default_factory=dict)
    """Of the blended model: the regression that it is blended with, and how far that is believed."""
    plain: dict[str, float] = field(default_factory=dict)
    """Of the blended model: how far members are believed as they are, beside the corrected pool."""
    season: Season | None = None
    """By which all times are counted, so that they have to be in scores too; None: days count alike."""
    feedback: dict[str, float] = field(default_factory=dict)
    """By band of a customer's newest score, how fast their time to come runs (`stamgast.domain.feedback`); empty: as
    everybody's."""

    def attrition(self) -> Model:
        """Return the purchase model."""
        if self.model in TOGETHER:
            if bool(self.regression or self.plain) != (self.model == BLENDED):
                raise ValueError(f"regression and plain belong to {BLENDED}, and this is {self.model}")
            return combine_models(self.parameters, self.members, self.weights, self.regression, self.plain)
        if self.members or self.weights or self.regression or self.plain:
            raise ValueError(f"members, weights, regression and plain belong to {COMBINED}, and this is {self.model}")
        return make_model(self.model, dict(self.parameters))

    def time(self, closed: ClosedDays) -> ClosedDays:
        """Return the time that the purchase model was fitted in, for a shop with these closed days."""
        return shop_time(closed if self.open_days else ClosedDays(), self.season)

    def versioned(self) -> "ParameterSet":
        """Return the same with its version filled in."""
        return msgspec.structs.replace(self, version=version_of(self))


def version_of(parameters: ParameterSet) -> str:
    """Return 12 hex digits that follow from the model and all its numbers, and from nothing else."""
    spend: Any = None
    if parameters.spend is not None:
        given = parameters.spend
        spend = [float(given.p), float(given.q), float(given.v), given.orders]
    names = CORRECTION if parameters.model in TOGETHER else PARAMETERS[parameters.model]
    numbers = [float(parameters.parameters[name]) for name in names]
    counted: list[Any] = [parameters.model, numbers, spend]
    counted += [
        [name, [float(values[each]) for each in PARAMETERS[name]], float(parameters.weights[name])]
        for name, values in parameters.members.items()
    ]
    counted += [[name, float(value)] for name, value in sorted(parameters.regression.items())]
    counted += [["plain", name, float(value)] for name, value in sorted(parameters.plain.items())]
    if parameters.margin is not None or parameters.open_days:
        counted += [parameters.margin, parameters.open_days]
    if parameters.margin_weight is not None:
        counted.append(parameters.margin_weight)
    if parameters.regularity is not None:
        counted.append(parameters.regularity)
    if parameters.season is not None:
        counted.append(["season", *map(float, parameters.season.weekly)])
    if parameters.feedback:
        counted.append(["feedback", *sorted((band, float(pace)) for band, pace in parameters.feedback.items())])
    content = msgspec.json.encode(counted)
    return hashlib.sha256(content).hexdigest()[:12]


def check(parameters: ParameterSet) -> None:
    """Check that a set can be scored with.

    Raises:
        ValueError: an unknown model, a parameter that is missing, unknown or not positive, or a spend model that has
            no mean. The text says which.
    """
    parameters.attrition()
    if parameters.margin is not None and not 0 <= parameters.margin <= 1:
        raise ValueError(f"margin is {parameters.margin:g}; it must be from 0 to 1")
    if parameters.regularity is not None:
        check_regularity(parameters.regularity)
    if parameters.season is not None:
        check_season(parameters.season)
    if parameters.feedback:
        check_feedback(parameters.feedback)
    weight, spend = parameters.margin_weight, parameters.spend
    if weight is not None and not 0 < weight < float("inf"):
        raise ValueError(f"margin_weight is {weight:g}; it must be a positive number")
    if spend is None:
        return
    for name in ("p", "q", "v"):
        if not 0 < getattr(spend, name) < float("inf"):
            raise ValueError(f"spend.{name} is {getattr(spend, name):g}; it must be a positive number")
    if spend.q <= 1:
        raise ValueError(f"spend.q is {spend.q:g}; it must be above 1, else average spend has no mean")
