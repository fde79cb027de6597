"""How the commands of `stamgast clv` fit a model, and say what went otherwise than asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from stamgast.commands.answering import misuse, say

if TYPE_CHECKING:
    from stamgast.clv.data.state_sample import Live
    from stamgast.domain.closed_days import ClosedDays
    from stamgast.domain.clv_parameters import ParameterSet

Orders = Annotated[str, typer.Option(help="Average spend over `repeat` purchase days, as in the papers, or `all`.")]


def check_model(model: str, orders: str, *others: str) -> None:
    """Exit with 2 unless it is a model that can be fitted, or one of the others that can be asked for."""
    from stamgast.clv.models.fitting import MODELS

    known = (*MODELS, *others)
    if model not in known:
        misuse(f"--model is {model!r}; it is one of {', '.join(known)}")
    if orders not in {"repeat", "all"}:
        misuse(f"--orders is {orders!r}; it is repeat or all")


def fit_shop(
    live: Live, model: str, orders: str, closed: ClosedDays | None = None, *, with_prior: bool = False
) -> ParameterSet:
    """Fit a model of `MODELS`, and say so; `live` leaves the days `closed` out already."""
    from stamgast.clv.selection.k_selection import fit_live
    from stamgast.domain.closed_days import ClosedDays

    say(f"fitting {model} …")
    found = fit_live(live, model, "all" if orders == "all" else "repeat", closed or ClosedDays(), with_prior=with_prior)
    tell_notes(found)
    return found


def with_regularity(live: Live, found: ParameterSet) -> ParameterSet:
    """Add how regularly the customers of a file come; where they have shown too little of it, say so."""
    import msgspec

    from stamgast.clv.models.regularity_fit import fit_regularity
    from stamgast.domain.closed_days import ClosedDays

    regularity = fit_regularity(live.days, live.sample.as_of, ClosedDays())
    if regularity is None:
        say("note: too few came again, or fell silent, to tell how regularly they come; lapses go by the model alone")
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
