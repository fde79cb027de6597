"""How the commands of `stamgast clv` fit a model, and say what went otherwise than asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from stamgast.commands.answering import fail, misuse, say

if TYPE_CHECKING:
    from pathlib import Path

    from stamgast.clv.data.state_sample import Live
    from stamgast.domain.closed_days import ClosedDays
    from stamgast.domain.clv_parameters import ParameterSet
    from stamgast.domain.models.gamma_gamma import Orders as Orders_
    from stamgast.domain.season import Season

Orders = Annotated[str, typer.Option(help="Average spend over `repeat` purchase days, as in the papers, or `all`.")]


def check_model(model: str, orders: str) -> None:
    """Exit with 2 unless it is a model that can be fitted."""
    from stamgast.clv.ensemble.best_fit import LEARNT
    from stamgast.clv.models.fitting import MODELS

    known = (*MODELS, *LEARNT)
    if model not in known:
        misuse(f"--model is {model!r}; it is one of {', '.join(known)}")
    if orders not in {"repeat", "all"}:
        misuse(f"--orders is {orders!r}; it is repeat or all")


def read_given(file: Path) -> ParameterSet:
    """Read a parameter set; exit with 1 if it cannot be gone by."""
    from stamgast.clv.models.parameter_file import ParameterFileError, read_parameters

    try:
        return read_parameters(file)
    except ParameterFileError as error:
        fail(str(error))


def fit_shop(
    live: Live,
    model: str,
    orders: str,
    weeks: float,
    closed: ClosedDays | None = None,
    *,
    with_prior: bool = False,
    trade: Season | None = None,
) -> ParameterSet:
    """Fit a model for a horizon of so many weeks, and say so; `live` leaves the days `closed` out already, and so does
    what is found.

    `trade` is the season of the shop's trade, if one is named. Scores that customers gave are gone by where they
    foretold.
    """
    from msgspec.structs import replace

    from stamgast.clv.ensemble.best_fit import fit_any
    from stamgast.clv.ensemble.feedback_choice import heeding
    from stamgast.domain.closed_days import ClosedDays
    from stamgast.domain.history import WEEK_DAYS

    say(f"fitting {model} …")
    average: Orders_ = "all" if orders == "all" else "repeat"
    days, closed = round(weeks * WEEK_DAYS), closed or ClosedDays()
    found = fit_any(live, model, average, days, closed, with_prior=with_prior, trade=trade)
    found = heeding(replace(found, open_days=bool(closed.days)).versioned(), live, days, closed)
    tell_notes(found)
    return found


def with_regularity(live: Live, found: ParameterSet, closed: ClosedDays | None = None) -> ParameterSet:
    """Add how regularly customers come, dead seasons left out; where they have shown too little of it, say so."""
    import msgspec

    from stamgast.clv.models.regularity_fit import fit_regularity
    from stamgast.domain.closed_days import ClosedDays

    regularity = fit_regularity(live.days, live.sample.as_of, closed or ClosedDays())
    if regularity is None:
        say("note: too few came again to tell how regularly they come; lapses go by the model alone")
    return msgspec.structs.replace(found, regularity=regularity).versioned()


def kinds_in_words(found: ParameterSet) -> list[str]:
    """How often each kind of customers comes and leaves, the commonest first."""
    if found.regularity is None:
        return []
    return [
        f"{each.share:.0%} of new ones come about every {math.exp(each.mean):.0f} days, and of a hundred visits of "
        f"theirs {100 * each.leaves:.0f} are the last"
        for each in sorted(found.regularity.kinds, key=lambda each: -each.share)
    ]


def tell_notes(found: ParameterSet) -> None:
    """Say what went otherwise than asked for."""
    for note in found.fit.notes if found.fit else ():
        say(f"note: {note}")
