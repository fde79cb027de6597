"""`stamgast clv change`: who will spend more, and who less, than in the last year."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from stamgast.commands.answering import AsJson, answer, fail, is_given, misuse, print_json, say
from stamgast.commands.clv_data import DATA, read_data
from stamgast.commands.clv_fits import Orders, check_model, fit_shop
from stamgast.commands.clv_program import Trade, closed_of, trade_of
from stamgast.commands.clv_words import read_day

if TYPE_CHECKING:
    from stamgast.clv.changes import Change
    from stamgast.domain.clv_parameters import ParameterSet


_WEEKS: Final = 52.0
_OF_A_FILE: Final = ("as_of", "model", "parameters", "orders", "season")


def change(
    context: typer.Context,
    data: Annotated[Path | None, DATA] = None,
    as_of: Annotated[str, typer.Option(help="The last year ends with this day (default: the newest).")] = "",
    *,
    merchant: Annotated[
        str, typer.Option(help="Live states of this merchant; with --data, leave out the days on which it is closed.")
    ] = "",
    model: Annotated[str, typer.Option(help="Fit this model (of live states what is in force counts).")] = "best",
    parameters: Annotated[Path | None, typer.Option(help="A parameter set instead of a fit.")] = None,
    orders: Orders = "repeat",
    season: Trade = "",
    as_json: AsJson = False,
) -> None:
    """Expect of each customer what the next year brings against the last; whose spend grows most comes first."""
    from stamgast.clv.changes import LastYear, changes_of, last_year_of
    from stamgast.clv.data.state_sample import live_of
    from stamgast.clv.scoring import date_of

    if data is not None:
        check_model(model, orders)
        known = None if parameters is None else _read(parameters)
        if known is not None and season:
            misuse(f"--season belongs to a fit; {parameters} says which season its days are counted by")
        closed, trade = closed_of(merchant, parameters, known), trade_of(merchant, season)
        purchases = read_data(data, read_day("--as-of", as_of) if as_of else None)
        live = live_of(purchases).without(closed)
        found = known or fit_shop(live, model, orders, _WEEKS, closed, trade=trade)
        time = found.time(closed)
        told = LastYear(live.without(time), last_year_of(purchases), found, time)
    elif merchant:
        from stamgast.commands.clv_live_change import live_last_year

        if given := [name for name in _OF_A_FILE if is_given(context, name)]:
            misuse(f"--{given[0].replace('_', '-')} belongs to a CSV; of live states it is now, and what is in force")
        told = live_last_year(merchant)
    else:
        misuse("give --data FILE, --merchant M, or both")
    changes = changes_of(told)
    if changes is None:
        fail("there is no spend model, so nothing can be said of what customers will spend")
    total, each = changes
    listed = sorted(zip(told.live.sample.names, each, strict=True), key=lambda one: (-one[1].expected_change, one[0]))
    day, found = date_of(told.live.sample.as_of), told.parameters
    if as_json:
        customers = [{"customer": name, **msgspec.structs.asdict(one)} for name, one in listed]
        document: dict[str, Any] = {
            "as_of": day,
            "model": found.model,
            "parameters_version": found.version,
            "season": found.season.origin if found.season else None,
        }
        print_json({**document, "all": total, "customers": customers})
        return
    say(f"{found.model}, version {found.version}; 52 weeks to {day} and 52 after; 8 times in 10")
    _show([("(all)", total), *listed])


def _read(file: Path) -> ParameterSet:
    from stamgast.clv.models.parameter_file import ParameterFileError, read_parameters

    try:
        return read_parameters(file)
    except ParameterFileError as error:
        fail(str(error))


def _show(told: list[tuple[str, Change]]) -> None:
    width = max(8, *(len(name) for name, _ in told))
    answer(f"{'customer':<{width}} {'last year':>12} {'next year':>12} {'change':>12} {'from':>12} {'to':>12}")
    for name, one in told:
        figures = (one.spent_last_year, one.expected_next_year, one.expected_change, one.change_low, one.change_high)
        answer(f"{name:<{width}} " + " ".join(f"{figure:>12,.2f}" for figure in figures))
