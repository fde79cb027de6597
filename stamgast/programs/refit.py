"""A merchant's purchase model from live states (or given purchases) to the bundle in force.

Nothing that is worse than what is in force is published, nor what could not be compared with it: both are asked at a
day inside the data (`stamgast.clv.selection.validation_split`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from stamgast.clv.data.histories import PurchaseDays
from stamgast.clv.data.state_sample import Live, StatesRead, live_of_days
from stamgast.clv.ensemble.best_fit import fit_any, fit_in_season
from stamgast.clv.ensemble.combined import FEWEST_DAYS
from stamgast.clv.ensemble.feedback_choice import heeding
from stamgast.clv.models.fitting import MODELS, usual_shop
from stamgast.clv.models.regularity_fit import fit_regularity
from stamgast.clv.scoring import weight_of_margin
from stamgast.clv.selection.season_choice import SeasonChoice
from stamgast.clv.selection.validation_split import FEWEST, Comparison, New, compare
from stamgast.domain.attrition import ALIKE, MBG_CNBD_K, MBG_NBD, TOGETHER, Model
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.models.gamma_gamma import Orders
from stamgast.domain.program import Program
from stamgast.domain.units import Day, Millis
from stamgast.log.topics import Topics
from stamgast.programs.publish import newest_bundles, publish_parameters
from stamgast.programs.writer import InForce
from stamgast.state.customer_states import live_states
from stamgast.state.nodes import Redis


@dataclass(frozen=True, slots=True)
class Refit:
    """What a fit came to. `in_force` is what was so far, `comparison` None where there was nothing to compare."""

    parameters: ParameterSet
    in_force: ParameterSet | None
    comparison: Comparison | None

    @property
    def refusal(self) -> str:
        """Why it is not to be published unless somebody insists; empty if it may be."""
        if self.in_force is None:
            return ""
        compared, version = self.comparison, self.in_force.versioned().version
        if compared is None:
            return (
                f"it cannot be compared with version {version}, which is in force: that takes {FEWEST} customers who "
                f"had come by a day in the last third of the time, and a week after it; {self.customers:,} were read"
            )
        if not compared.new_is_worse:
            return ""
        return (
            f"its log score over the last {compared.days} days is worse than that of version {version} "
            f"by {compared.difference:.4f} ({compared.low:.4f} to {compared.high:.4f})"
        )

    @property
    def customers(self) -> int:
        """How many it was fitted to."""
        return self.parameters.fit.customers if self.parameters.fit else 0


async def live_sample(redis: Redis, topics: Topics, program: Program, as_of: Day, today: Day) -> Live | None:
    """Read every customer of a merchant; None if nobody has bought by that day. Of a day gone by no money is known."""
    read = StatesRead(as_of, money=as_of >= today)
    async for piece in live_states(redis, topics.partitions, program.merchant):
        read.add(piece)
    return read.live(program.currency)


def refit(
    live: Live, program: Program, clv: dict[str, Any], model: str, orders: Orders, *, with_prior: bool = False
) -> Refit:
    """Fit, and compare with the parameters in force (`clv`, as they stand in the bundle).

    The programme's closed days are left out of all times here, wherever the purchases come from.

    Raises:
        ValueError: there are no customers, or the file is in another currency than the programme.
    """
    if live.currency and live.currency.upper() != program.currency:
        raise ValueError(
            f"the file is in {live.currency} and {program.merchant} counts in {program.currency}: convert its amounts "
            f"first; a file without the column currency is taken to be in {program.currency}"
        )
    live = live.without(program.closed)
    sample, days = live.sample, max(program.horizon.churn_days, FEWEST_DAYS)
    found = fit_any(live, model, orders, days, program.closed, with_prior=with_prior, trade=program.horizon.season)
    margin = min(1.0, max(0.0, sample.margin)) if sample.profits is not None else None
    regularity = fit_regularity(live.days, sample.as_of, program.closed)
    found = msgspec.structs.replace(
        found,
        margin=margin,
        open_days=bool(program.closed.days),
        margin_weight=weight_of_margin(sample),
        regularity=regularity,
    )
    found = heeding(found, live, days, program.closed).versioned()
    in_force = msgspec.convert(clv, ParameterSet) if clv else None
    new = _new(found, model, days, program.closed)
    compared = None if in_force is None else compare(live.days, sample.as_of, in_force, new, program.closed)
    return Refit(found, in_force, compared)


def _new(found: ParameterSet, model: str, days: int, closed: ClosedDays) -> New:
    """What is asked at the cut: what was found, by the same way; a k that was not taken is not asked there either.

    Days are counted there by the season that was found.
    """
    if found.attrition() == usual_shop():
        return New(found.model, found, lambda known, cut: usual_shop())  # noqa: ARG005  whatever is known
    if found.model not in {*TOGETHER, ALIKE}:
        asked = model if model in MODELS and found.model != MBG_NBD else found.model
        return New(asked if asked in MODELS else MBG_CNBD_K, found)

    def refitted(known: Sequence[PurchaseDays], cut: Day) -> Model:
        some = live_of_days(known, cut, closed)
        return fit_in_season(some, found.model, "all", days, SeasonChoice(found.season), closed=closed).attrition()

    return New(found.model, found, refitted)


async def parameters_in_force(bootstrap: str, topics: Topics, merchant: str) -> InForce:
    """The merchant's newest bundle.

    Raises:
        LookupError: the merchant has published nothing yet.
    """
    newest = await newest_bundles(bootstrap, topics.programs)
    if merchant not in newest:
        known = ", ".join(sorted(newest)) or "none has published yet"
        raise LookupError(f"there is no merchant {merchant!r}; known: {known}")
    return newest[merchant]


async def put_into_force(
    bootstrap: str, topics: Topics, merchant: str, found: ParameterSet, now: Millis, *, who: str = ""
) -> InForce:
    """Publish a set. Raises LookupError, ValueError or EmitError, as `publish_parameters` does."""
    document: dict[str, Any] = msgspec.to_builtins(found)
    return await publish_parameters(bootstrap, topics.programs, merchant, document, now, who=who)
