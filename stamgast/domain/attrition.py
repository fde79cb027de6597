"""The purchase models under their names.

Every one of them answers the same questions about a `History`; all times are weeks, all chances are at the moment
that the history's T says, and a score decays without any event.
"""

import math
from collections.abc import Mapping
from typing import Final, Protocol

from stamgast.domain.history import History
from stamgast.domain.models.alike import Alike
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.combined import Combined, Member
from stamgast.domain.models.nbd import OwnRate
from stamgast.domain.models.pareto_nbd import Pareto
from stamgast.domain.models.regressed import REGRESSED, Regressed

BG_NBD: Final = "bg_nbd"
MBG_NBD: Final = "mbg_nbd"
MBG_CNBD_K: Final = "mbg_cnbd_k"
PARETO_NBD: Final = "pareto_nbd"
NBD: Final = "nbd"
ALIKE: Final = "alike"
COMBINED: Final = "combined"
BLENDED: Final = "blended"
TOGETHER: Final = (COMBINED, BLENDED)
"""Several models together, and the same with a regression."""

PARAMETERS: Final = {
    BG_NBD: ("r", "alpha", "a", "b"),
    MBG_NBD: ("r", "alpha", "a", "b"),
    MBG_CNBD_K: ("r", "alpha", "a", "b", "k"),
    PARETO_NBD: ("r", "alpha", "s", "beta"),
    NBD: ("r", "alpha"),
    ALIKE: ("rate",),
}
"""Model -> the names of its parameters."""
CORRECTION: Final = ("weeks", "constant", "logit_p", "log_purchase_days", "least_p")
"""The names of the parameters of the combined model, which has members besides."""


_ROUNDING: Final = 1e-6


class Attrition(Protocol):
    """What a purchase model says about a customer."""

    def p_alive(self, history: History) -> float:
        """Return the chance that the customer has not left for good."""

    def p_buy(self, history: History, weeks: float) -> float:
        """Return the chance of at least one purchase within the next `weeks`."""

    def expected_purchases(self, history: History, weeks: float) -> float:
        """Return the mean number of purchases within the next `weeks`."""

    def expected_if_alive(self, history: History, weeks: float) -> float:
        """Return the mean number of purchases within the next `weeks` of somebody who has not left."""

    def lapses_at(self, history: History, threshold: float) -> float | None:
        """Return the T at which P(alive) falls to the threshold if no purchase comes; None: never."""

    def next_gap(self, history: History, quantile: float) -> float:
        """Return the weeks within which the next gap ends with that chance, if the customer has not left."""


Model = Dropout | Pareto | OwnRate | Alike | Combined


def make_model(name: str, parameters: dict[str, float]) -> Member:
    """Make the model of that name with these parameters.

    Raises:
        ValueError: there is no such model, a parameter is missing or unknown, is not a positive number, or k is none
            of 1 to 20. The text says which.
    """
    if name not in PARAMETERS:
        raise ValueError(f"there is no model {name!r}; there are {', '.join(PARAMETERS)}")
    wanted = PARAMETERS[name]
    if missing := [each for each in wanted if each not in parameters]:
        raise ValueError(f"{name} needs the parameter {missing[0]}; it has {', '.join(wanted)}")
    if unknown := [each for each in parameters if each not in wanted]:
        raise ValueError(f"{name} has no parameter {unknown[0]}; it has {', '.join(wanted)}")
    for each in wanted:
        if not 0 < parameters[each] < float("inf"):
            raise ValueError(f"{each} is {parameters[each]:g}; it must be a positive number")
    if name == PARETO_NBD:
        return Pareto(**parameters)
    if name == NBD:
        return OwnRate(**parameters)
    if name == ALIKE:
        return Alike(**parameters)
    k = parameters.get("k", 1)
    if k != int(k) or k > 20:
        raise ValueError(f"k is {k:g}; it must be a whole number from 1 to 20")
    r, alpha, a, b = (parameters[each] for each in PARAMETERS[BG_NBD])
    return Dropout(r, alpha, a, b, int(k), leaves_at_once=name != BG_NBD)


def combine_models(
    parameters: Mapping[str, float],
    members: Mapping[str, Mapping[str, float]],
    weights: Mapping[str, float],
    regression: Mapping[str, float] | None = None,
    plain: Mapping[str, float] | None = None,
) -> Combined:
    """Make the combined model of members by name, what each is believed, the correction and a regression if any.

    `plain` is what members are believed as they are, by name.

    Raises:
        ValueError: there are no members, one of them or its weight is wrong, the weights do not sum to 1, or a
            parameter of the correction is missing, unknown or no number. The text says which.
    """
    wrong = [each for each in (*parameters, *CORRECTION) if each not in CORRECTION or each not in parameters]
    if wrong:
        raise ValueError(f"{COMBINED} has the parameters {', '.join(CORRECTION)}; look at {wrong[0]}")
    if not all(math.isfinite(parameters[each]) for each in CORRECTION) or parameters["weeks"] <= 0:
        raise ValueError(f"the parameters of {COMBINED} must be numbers, and weeks a positive one")
    if not 0 < parameters["least_p"] < 1:
        raise ValueError(f"least_p is {parameters['least_p']:g}; it must be a chance between 0 and 1")
    if not members or set(members) != set(weights):
        raise ValueError(f"{COMBINED} needs members, and weights for just these")
    if any(not 0 <= weight <= 1 for weight in weights.values()) or abs(sum(weights.values()) - 1) > _ROUNDING:
        raise ValueError(f"the weights of {COMBINED} must be from 0 to 1 and sum to 1")
    made = tuple([make_model(name, dict(values)) for name, values in members.items()])
    believed = [weights[name] for name in members]
    blend = _regressed(regression) if regression else None
    alone = _plain(plain, members, blend.weight if blend else 0.0) if plain else ()
    of_all = [(1 - sum(alone)) * weight + own for weight, own in zip(believed, alone or [0.0] * len(made), strict=True)]
    knowing = [0.0 if name in {BG_NBD, ALIKE} else weight for name, weight in zip(members, of_all, strict=True)]
    total = sum(knowing)
    leaving = [each / total for each in knowing] if total > 0 else of_all
    weeks, constant, logit_p, log_purchase_days, least_p = [float(parameters[name]) for name in CORRECTION]
    shares = tuple(believed), tuple(leaving)
    return Combined(made, *shares, weeks, constant, logit_p, log_purchase_days, least_p, blend, alone)


def _plain(values: Mapping[str, float], members: Mapping[str, object], regressed: float) -> tuple[float, ...]:
    if unknown := [name for name in values if name not in members]:
        raise ValueError(f"plain has {unknown[0]}, which is none of the members {', '.join(members)}")
    if any(not 0 <= weight <= 1 for weight in values.values()) or regressed + sum(values.values()) > 1 + _ROUNDING:
        raise ValueError("the weights of plain must be from 0 to 1, and with that of the regression at most 1 together")
    return tuple([float(values.get(name, 0.0)) for name in members])


def _regressed(values: Mapping[str, float]) -> Regressed:
    if set(values) != set(REGRESSED) or not all(math.isfinite(each) for each in values.values()):
        raise ValueError(f"regression has the numbers {', '.join(REGRESSED)}")
    if not 0 <= values["weight"] <= 1 or values["size"] <= 0:
        raise ValueError("regression.weight must be from 0 to 1, and regression.size positive")
    return Regressed(**{name: float(values[name]) for name in REGRESSED})
