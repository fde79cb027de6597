"""`stamgast clv change`: who will spend more, and who less, than in the last year."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from stamgast.commands.answering import AsJson, answer, fail, print_json, say
from stamgast.commands.clv_data import Data, read_data
from stamgast.commands.clv_fits import Orders, check_model, fit_shop
from stamgast.commands.clv_words import read_day

if TYPE_CHECKING:
    from stamgast.clv.changes import Change
    from stamgast.domain.clv_parameters import ParameterSet


_WEEKS: Final = 52.0


def change(
    data: Data,
    as_of: Annotated[str, typer.Option(help="The last year ends with this day (default: the newest).")] = "",
    *,
    model: Annotated[str, typer.Option(help="Fit this model.")] = "best",
    parameters: Annotated[Path | None, typer.Option(help="A parameter set instead of a fit.")] = None,
    orders: Orders = "repeat",
    as_json: AsJson = False,
) -> None:
    """Expect of each customer what the next year brings against the last; whose spend grows most comes first."""
    from stamgast.clv.changes import changes_of
    from stamgast.clv.data.state_sample import live_of
    from stamgast.clv.scoring import date_of

    check_model(model, orders)
    known = None if parameters is None else _read(parameters)
    purchases = read_data(data, read_day("--as-of", as_of) if as_of else None)
    live = live_of(purchases)
    found = fit_shop(live, model, orders, _WEEKS) if known is None else known
    changes = changes_of(purchases, live.sample, found)
    if changes is None:
        fail("there is no spend model, so nothing can be said of what customers will spend")
    total, each = changes
    told = sorted(zip(live.sample.names, each, strict=True), key=lambda one: (-one[1].expected_change, one[0]))
    if as_json:
        customers = [{"customer": name, **msgspec.structs.asdict(one)} for name, one in told]
        document = {"as_of": date_of(purchases.as_of), "model": found.model, "parameters_version": found.version}
        print_json({**document, "all": total, "customers": customers})
        return
    say(f"{found.model}, version {found.version}; 52 weeks to {date_of(purchases.as_of)} and 52 after; 8 times in 10")
    _show([("(all)", total), *told])


def _read(file: Path) -> ParameterSet:
    from stamgast.clv.models.parameter_file import ParameterFileError, read_parameters

    try:
        found = read_parameters(file)
    except ParameterFileError as error:
        fail(str(error))
    if found.open_days:
        fail(f"{file} says open_days: it was fitted with a shop's closed days left out, which a CSV does not tell")
    return found


def _show(told: list[tuple[str, Change]]) -> None:
    width = max(8, *(len(name) for name, _ in told))
    answer(f"{'customer':<{width}} {'last year':>12} {'next year':>12} {'change':>12} {'from':>12} {'to':>12}")
    for name, one in told:
        figures = (one.spent_last_year, one.expected_next_year, one.expected_change, one.change_low, one.change_high)
        answer(f"{name:<{width}} " + " ".join(f"{figure:>12,.2f}" for figure in figures))
