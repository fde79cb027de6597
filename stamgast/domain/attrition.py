"""The purchase models under their names.

Every one of them answers the same questions about a `History`; all times are weeks, all chances are at the moment
that the history's T says, and a score decays without any event.
"""

from typing import Final, Protocol

from stamgast.domain.history import History
from stamgast.domain.models.bg_nbd import Dropout
from stamgast.domain.models.nbd import OwnRate
from stamgast.domain.models.pareto_nbd import Pareto

BG_NBD: Final = "bg_nbd"
MBG_NBD: Final = "mbg_nbd"
MBG_CNBD_K: Final = "mbg_cnbd_k"
PARETO_NBD: Final = "pareto_nbd"
NBD: Final = "nbd"

PARAMETERS: Final = {
    BG_NBD: ("r", "alpha", "a", "b"),
    MBG_NBD: ("r", "alpha", "a", "b"),
    MBG_CNBD_K: ("r", "alpha", "a", "b", "k"),
    PARETO_NBD: ("r", "alpha", "s", "beta"),
    NBD: ("r", "alpha"),
}
"""Model -> the names of its parameters."""


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


Model = Dropout | Pareto | OwnRate


def make_model(name: str, parameters: dict[str, float]) -> Model:
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
    k = parameters.get("k", 1)
    if k != int(k) or k > 20:
        raise ValueError(f"k is {k:g}; it must be a whole number from 1 to 20")
    r, alpha, a, b = (parameters[each] for each in PARAMETERS[BG_NBD])
    return Dropout(r, alpha, a, b, int(k), leaves_at_once=name != BG_NBD)
