"""Which model is fitted how, and what is done when a fit has come to nothing.

Small or very regular shops often have their most likely parameters at the end of the scale: nobody ever leaves, and
P(alive) is 1 for all. Where hardly anybody came again it is the other end: all have left as soon as they paid. Such a
fit is recognised (`signs_of_nothing`), and what is done instead is said: the same with a prior (maximum a posteriori),
the same with customers who count for no more than `FEW` beside it, then the customers' own rates shrunk to that of all
(NBD). docs/adr/0122 has the space of poor data that this was tried on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from stamgast.clv.data.rows import Floats, Integers, Rows, collapse
from stamgast.clv.models.bg_nbd import DropoutLikelihood
from stamgast.clv.models.gamma_gamma import SpendLikelihood
from stamgast.clv.models.maximum import Likelihood, Maximum, Prior, believed, maximise
from stamgast.clv.models.nbd import OwnRateLikelihood
from stamgast.clv.models.pareto_nbd import ParetoLikelihood
from stamgast.domain.attrition import ALIKE, BG_NBD, MBG_CNBD_K, MBG_NBD, NBD, PARAMETERS, PARETO_NBD, Model, make_model
from stamgast.domain.history import WEEK_DAYS, History
from stamgast.domain.models.gamma_gamma import Orders, Spend

MODELS: Final = (BG_NBD, MBG_NBD, MBG_CNBD_K, PARETO_NBD)
"""What can be asked for."""
MOST_REGULAR: Final = 4
"""The largest k that is tried."""
CLEARLY: Final = 4.0
"""In log-likelihood. By chance k > 1 was likelier in up to half of small or young parts of the record shop, by so much
in 5 % at most; of ten customers drawn with k = 3 it always was (docs/adr/0045)."""
FEW: Final = 200
"""Below so many customers a prior foretells new ones better, or as well: docs/adr/0040 has the figures."""
FEW_FOR_K: Final = 5
YOUNG_FOR_K: Final = 6 * WEEK_DAYS
"""Days since the first purchase of all. Of gaps that end within them few are longer than some days, and whole days
make short gaps look regular."""
FEW_REPEATERS: Final = 20
"""Below so many customers who ever came again there is nothing to learn rates from, however many came once."""
LIKELIHOOD: Final = "maximum likelihood"
POSTERIOR: Final = "maximum a posteriori"
UNLEARNT: Final = "what shops usually are like"

_ALIKE: Final = 1_000
"""A gamma distribution beyond this is next to a point: what it spreads over customers is the same for all."""
_NOBODY_STAYS: Final = 0.02
"""A chance to be there the day after the first purchase, below which a fit says that all have left at once."""
_APART: Final = 0.02
"""A beta distribution with a smaller a + b has next to nothing between 0 and 1."""
_NEXT_DAY: Final = History(0, 0.0, 1 / WEEK_DAYS)
_PRIORS: Final = {
    BG_NBD: (0.5, 6.0, 1.0, 2.5),
    MBG_NBD: (0.5, 6.0, 1.0, 2.5),
    MBG_CNBD_K: (0.5, 6.0, 1.0, 2.5),
    PARETO_NBD: (0.5, 8.0, 0.6, 12.0),
    NBD: (0.5, 8.0),
    ALIKE: (0.5, 8.0),
}
"""A retail shop as the published data sets have it; weak, and stated."""


@dataclass(frozen=True)
class Fit:
    """A fitted purchase model. `method` says how; `notes` say in sentences what went otherwise than asked for."""

    name: str
    parameters: dict[str, float]
    method: str
    maximum: Maximum
    notes: tuple[str, ...] = ()

    @property
    def model(self) -> Model:
        """The model with these parameters."""
        return make_model(self.name, self.parameters)


@dataclass(frozen=True)
class SpendFit:
    """A fitted spend model, as `Fit`."""

    spend: Spend
    method: str
    maximum: Maximum
    notes: tuple[str, ...] = ()


def fit(name: str, rows: Rows, log_gaps: float | None = None, prior: Prior | None = None) -> Fit:
    """Fit one model as it is, with or without a prior; for MBG/CNBD-k the most likely k among 1 to 4.

    k = 1 is taken unless another is likelier by `CLEARLY`: few gaps, or none, tell nothing of k, nor do those of fewer
    customers than `FEW_FOR_K`, of whom a single one with hundreds would say how regular everybody is, nor those of a
    shop younger than `YOUNG_FOR_K`.

    `log_gaps` is the sum over customers and gaps of ln(gap in weeks); the choice of k needs it, nothing else does.

    Raises:
        ValueError: there are no customers, or k is to be chosen without `log_gaps`.
    """
    rows, _ = collapse(rows)
    if not len(rows):
        raise ValueError("there are no customers to fit to")
    if name != MBG_CNBD_K:
        found = maximise(_likelihood(name, rows), prior)
        return Fit(name, found.parameters, POSTERIOR if prior else LIKELIHOOD, found)
    if log_gaps is None:
        raise ValueError("k cannot be chosen without the sum of ln(gap)")
    tells = _repeaters(rows) >= FEW_FOR_K and rows.age.max() >= YOUNG_FOR_K
    regular = MOST_REGULAR if tells else 1
    tried = [_with_k(k, rows, log_gaps, prior) for k in range(1, regular + 1)]
    healthy = [each for each in tried if not signs_of_nothing(each)]
    best = max(healthy or tried, key=_log_likelihood)
    plain = tried[0]
    doubtful = (_log_likelihood(best) - _log_likelihood(plain)) * believed(prior, rows.customers) < CLEARLY
    return plain if doubtful and (plain in healthy or not healthy) else best


def fit_with_fallback(name: str, rows: Rows, log_gaps: float | None = None, *, with_prior: bool = False) -> Fit:
    """Fit a model; where that comes to nothing, the same with a prior, and at last the customers' own rates.

    With a prior from the start for fewer than `FEW` customers, or if `with_prior` says so: what retail shops have. With
    one beside which they count for no more than `FEW` where fewer than `FEW_REPEATERS` came again, unless these came so
    regularly that it is no chance: then their gaps tell when the others are to be expected (docs/adr/0223).

    Raises:
        ValueError: as `fit`.
    """
    notes: list[str] = []
    if rows.customers < FEW and not with_prior:
        with_prior = True
        notes.append(f"there are fewer than {FEW} customers, so {name} was fitted with a prior")
    repeaters = _repeaters(rows)
    steps: list[tuple[str, str, Prior | None]] = [
        (name, "", None),
        (name, "it was fitted with a prior", Prior(_PRIORS[name])),
        (name, f"its customers count for {FEW} beside the prior", Prior(_PRIORS[name], most=FEW)),
        (NBD, "nobody is taken to leave", Prior(_PRIORS[NBD])),
    ]
    if rows.customers >= FEW and repeaters < FEW_REPEATERS and _are_regular(name, rows, log_gaps):
        notes.append(f"{repeaters} of {rows.customers:,} customers came again, and regularly: {steps[1][1]}")
        steps = steps[1:]
    elif rows.customers >= FEW and repeaters < FEW_REPEATERS:
        notes.append(f"{repeaters} of {rows.customers:,} customers came again, which tells too little: {steps[2][1]}")
        steps = steps[2:]
    elif with_prior:
        steps = steps[1:]
    signs: list[str] = []
    for wanted, instead, prior in steps:
        if signs:
            notes.append(f"the fit of {name} is not usable ({'; '.join(signs)}), so {instead}")
        found = fit(wanted, rows, log_gaps, prior)
        signs = signs_of_nothing(found)
        if not signs:
            break
    return replace(found, notes=tuple(notes))


def fit_alike(rows: Rows) -> Fit:
    """Fit one rate for everybody. Half a purchase in eight weeks is believed beforehand, so that it is never 0."""
    purchases, weeks = _PRIORS[ALIKE]
    rate = (float(rows.count @ rows.x) + purchases) / (float(rows.count @ rows.T) + weeks)
    log_likelihood = float(rows.count @ (rows.x * math.log(rate) - rate * rows.T))
    error = rate / math.sqrt(float(rows.count @ rows.x) + purchases)
    return Fit(ALIKE, {"rate": rate}, POSTERIOR, Maximum({"rate": rate}, log_likelihood, {"rate": error}, True))


def usual_shop() -> Model:
    """Return what a retail shop usually is like, with nothing learnt: the middle of the prior."""
    return make_model(MBG_NBD, dict(zip(PARAMETERS[MBG_NBD], _PRIORS[MBG_NBD], strict=True)))


def taken_as_usual(rows: Rows) -> Fit:
    """Return that as a fit of which nothing is learnt."""
    parameters = dict(zip(PARAMETERS[MBG_NBD], _PRIORS[MBG_NBD], strict=True))
    log_likelihood = _likelihood(MBG_NBD, collapse(rows)[0]).at(np.array(_PRIORS[MBG_NBD]))[0]
    found = Maximum(parameters, float(log_likelihood), {}, converged=True)
    told = "all that was fitted foretold worse than what shops usually are like, so that is gone by and nothing learnt"
    return Fit(MBG_NBD, parameters, UNLEARNT, found, (told,))


def signs_of_nothing(found: Fit) -> list[str]:
    """Return why a fit means nothing, empty if it means something."""
    values = found.parameters
    signs = []
    if not found.maximum.converged:
        signs.append("no maximum was found")
    signs += [f"{name} ended at {values[name]:.3g}" for name in found.maximum.at_bounds]
    if values["alpha"] > _ALIKE:
        signs.append(f"alpha is {values['alpha']:.0f}: all buy at one rate")
    if "a" in values and values["a"] / (values["a"] + values["b"]) < 1e-3:
        signs.append("next to nobody leaves")
    elif "b" in values and values["b"] > 500:
        signs.append(f"b is {values['b']:.0f}: all leave at one rate")
    if "b" in values and values["a"] + values["b"] < _APART:
        signs.append("all leave at once or never")
    if found.model.p_alive(_NEXT_DAY) < _NOBODY_STAYS:
        signs.append("all leave as soon as they have come")
    if "s" in values and values["s"] / values["beta"] < 1e-4:
        signs.append("next to nobody leaves")
    elif "beta" in values and values["beta"] > 10_000:
        signs.append(f"beta is {values['beta']:.0f}: all leave at one rate")
    return signs


def fit_spend(days: Integers, totals: Floats, orders: Orders = "repeat") -> SpendFit | None:
    """Fit the spend model; None where nobody has spent anything that counts.

    `days` and `totals` are purchase days and their sums, one per customer, counted as `orders` says. They are fitted
    in units of the middle customer's average, so that it does not matter whether prices are in euros or in yen. Where
    the most likely parameters mean nothing, a prior is used.
    """
    bought = (days > 0) & (totals > 0)
    if not bought.any():
        return None
    unit = float(np.median(totals[bought] / days[bought]))
    likelihood = SpendLikelihood(days, totals / unit)
    found = maximise(likelihood)
    method, notes = LIKELIHOOD, tuple[str, ...]()
    if signs := _signs_in_spend(found):
        found = maximise(likelihood, Prior(likelihood.start))
        method, notes = (
            POSTERIOR,
            (f"the fit of the spend model is not usable ({'; '.join(signs)}), so it was fitted with a prior",),
        )
    if not found.parameters["q"] > 1:
        return None
    found = _in_money(found, unit, likelihood.customers)
    return SpendFit(Spend(**found.parameters, orders=orders), method, found, notes)


def _signs_in_spend(found: Maximum) -> list[str]:
    """Return why a fit of the spend model means nothing. That all customers are alike (a large q) is no reason."""
    signs = []
    if not found.converged:
        signs.append("no maximum was found")
    if found.parameters["p"] > _ALIKE:
        signs.append("all purchases are alike")
    if found.parameters["q"] <= 1:
        signs.append(f"q is {found.parameters['q']:.3g}, so average spend has no mean")
    return signs


def _in_money(found: Maximum, unit: float, customers: int) -> Maximum:
    """Return what was found for amounts in units of `unit` as it is for the amounts themselves."""
    scale = {"p": 1.0, "q": 1.0, "v": unit}
    return Maximum(
        {name: value * scale[name] for name, value in found.parameters.items()},
        found.log_likelihood - customers * math.log(unit),
        {name: value * scale[name] for name, value in found.standard_errors.items()},
        found.converged,
    )


def _likelihood(name: str, rows: Rows) -> Likelihood:
    if name == PARETO_NBD:
        return ParetoLikelihood(rows)
    if name == NBD:
        return OwnRateLikelihood(rows)
    return DropoutLikelihood(rows, leaves_at_once=name != BG_NBD)


def _with_k(k: int, rows: Rows, log_gaps: float, prior: Prior | None) -> Fit:
    if prior is not None:
        r, alpha, a, b = prior.around
        prior = replace(prior, around=(r, alpha / k, a, b))  # k phases take as long as one gap
    found = maximise(DropoutLikelihood(rows, k, log_gaps=log_gaps), prior)
    return Fit(MBG_CNBD_K, {**found.parameters, "k": k}, POSTERIOR if prior else LIKELIHOOD, found)


def _are_regular(name: str, rows: Rows, log_gaps: float | None) -> bool:
    """Say whether those few who came again did so with a k above 1, beyond chance, by a fit that means something."""
    if name != MBG_CNBD_K or _repeaters(rows) < FEW_FOR_K:
        return False
    found = fit(name, rows, log_gaps, Prior(_PRIORS[name]))
    return found.parameters["k"] > 1 and not signs_of_nothing(found)


def _repeaters(rows: Rows) -> int:
    return int(rows.count[rows.x > 0].sum())


def _log_likelihood(found: Fit) -> float:
    return found.maximum.log_likelihood


def known(numbers: dict[str, float]) -> dict[str, float | None]:
    """Return the same with None for what is not a number, as JSON has it."""
    return {name: value if math.isfinite(value) else None for name, value in numbers.items()}


def sentences(fits: Iterable[Fit | SpendFit | None]) -> list[str]:
    """Return all notes."""
    return [note for each in fits if each is not None for note in each.notes]
