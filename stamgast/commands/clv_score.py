"""`stamgast clv score`: what is to be expected of each customer."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from msgspec.structs import replace

from stamgast.commands.answering import (
    AsJson,
    answer,
    end_json_items,
    is_given,
    misuse,
    print_json_items,
    say,
)
from stamgast.commands.clv_costs import Costs, costs_in, tell_of_strangers
from stamgast.commands.clv_data import Data, read_data
from stamgast.commands.clv_fits import Orders, check_model, fit_shop, read_given, tell_notes, with_regularity
from stamgast.commands.clv_margin import Margin, settle_margin
from stamgast.commands.clv_program import Trade, closed_of, program_of, trade_of
from stamgast.commands.clv_words import Cost, Margins, read_cost, read_day, read_margins, read_share, read_weeks

if TYPE_CHECKING:
    from decimal import Decimal

    from stamgast.clv.data.acquisition_costs import AcquisitionCosts
    from stamgast.clv.data.sample import Sample
    from stamgast.clv.scoring import Asked, Score
    from stamgast.domain.clv_parameters import ParameterSet
    from stamgast.domain.program import LapseModel

_AT_ONCE: Final = 5_000
_USUAL: Final = "best"


def score(
    context: typer.Context,
    data: Data,
    as_of: Annotated[str, typer.Option(help="Score at the end of this day; later purchases are not looked at.")],
    *,
    model: Annotated[str, typer.Option(help="Fit this model first, as `clv fit` does (default: best).")] = "",
    parameters: Annotated[Path | None, typer.Option(help="A parameter set instead of a fit.")] = None,
    horizon: Annotated[str, typer.Option(help="For p_buy and expected_*: 39w or 273d.")] = "39w",
    precision: Annotated[
        str, typer.Option(help="How sure a lapse is to be: 60% (default: the merchant's `lapse`, else 60%).")
    ] = "",
    threshold: Annotated[
        float | None,
        typer.Option(min=0.001, max=0.999, help="Instead: a customer whose P(alive) falls below this has lapsed."),
    ] = None,
    months: Annotated[int, typer.Option(min=1, max=600, help="Months that `predicted` reaches.")] = 36,
    yearly_rate: Annotated[str, typer.Option(help="Discount a year for `predicted`.")] = "0.1",
    margin: Annotated[
        str,
        typer.Option(help="Profit as a share of spend (default: of --parameters, else of the data's profit, else 1)."),
    ] = "",
    margins: Margins = "",
    acquisition_cost: Cost = "",
    costs: Costs = None,
    orders: Orders = "repeat",
    merchant: Annotated[str, typer.Option(help="Leave out the days on which this merchant is closed.")] = "",
    season: Trade = "",
    as_json: AsJson = False,
) -> None:
    """Score the customers of a CSV: chances, expected purchases and spend, value, next lapse."""
    from stamgast.clv.data.state_sample import live_of
    from stamgast.clv.lapse_days import lapse_days
    from stamgast.clv.scoring import Asked, lapses_by_chance, score_each
    from stamgast.domain.residual_value import Discounting

    check_model(model or _USUAL, orders)
    lapse = _lapse_of(merchant, precision, threshold)
    if parameters and is_given(context, "orders"):
        misuse(f"--orders belongs to a fit; {parameters} says what its spend is averaged over")
    known = _given(parameters, model) if parameters else None
    closed, trade = closed_of(merchant, parameters, known), trade_of(merchant, season)
    if known is not None and season:
        misuse(f"--season belongs to a fit; {parameters} says which season its days are counted by")
    weeks = read_weeks(horizon)
    rate = float(read_share("--yearly-rate", yearly_rate))
    given = Margin(float(read_share("--margin", margin))) if margin else None
    usual, table = _costs_of(acquisition_cost, costs)
    purchases = read_data(data, read_day("--as-of", as_of), margins=read_margins(margins) if margins else None)
    if given is None and known is not None and known.margin is not None:
        given = Margin(known.margin, known.margin_weight)
    purchases, settled = settle_margin(data, purchases, given)
    live = live_of(purchases).without(closed)
    won = None
    if table is not None:
        tell_of_strangers(costs, table, data, purchases)
        won = table.of_buyers(purchases)
    asked = Asked(
        weeks,
        threshold or 0.5,
        Discounting(months, rate, settled.share),
        float(usual or 0),
        won,
        closed,
        settled.weight,
    )
    if known is not None:
        tell_notes(known)
    else:
        found = fit_shop(live, model or _USUAL, orders, weeks, closed, trade=trade)
        _warn_of_short(found, weeks)
        known = with_regularity(live, found, closed)
    time = known.time(closed)
    live, asked = live.without(time), replace(asked, closed=time)
    sample = live.sample
    lapses = lapses_by_chance(sample, known, asked) if lapse is None else lapse_days(live, known, lapse, closed)
    _tell(score_each(sample, known, asked, lapses), sample, asked, lapses.by, as_json=as_json)


def _lapse_of(merchant: str, precision: str, threshold: float | None) -> LapseModel | None:
    """Return when somebody lapses; None: by P(alive) alone."""
    from stamgast.domain.program import LapseModel, surely

    if threshold is not None:
        if precision:
            misuse("give --precision or --threshold, not both")
        return None
    usual = program_of(merchant).lapse if merchant else LapseModel()
    if not precision:
        return usual
    sure = float(read_share("--precision", precision))
    if not 0.1 <= sure <= 0.99:
        misuse(f"--precision is {precision}; it is from 10% to 99%")
    return replace(surely(usual, sure), by="model")


def _costs_of(usual: str, file: Path | None) -> tuple[Decimal | None, AcquisitionCosts | None]:
    """Return what winning a customer usually cost, and what it did by source if there is a file of that."""
    known = read_cost(usual)
    return known, costs_in(file, None if known is None else float(known)) if file else None


def _warn_of_short(found: ParameterSet, weeks: float) -> None:
    from stamgast.clv.ensemble.combined import doubt_about
    from stamgast.domain.attrition import TOGETHER
    from stamgast.domain.history import WEEK_DAYS

    if found.model in TOGETHER and (doubt := doubt_about(weeks * WEEK_DAYS)):
        say(f"warning: {doubt}")


def _given(file: Path, model: str) -> ParameterSet:
    found = read_given(file)
    if model and model != found.model:
        misuse(f"--model is {model}, and {file} has parameters of {found.model}; give one of the two")
    return found


def _tell(scores: Iterable[Score], sample: Sample, asked: Asked, lapses: str, *, as_json: bool) -> None:
    """Answer a piece at a time: nobody needs a million scores at once."""
    width = max((len(name) for name in sample.names), default=8)
    each, first = iter(scores), True
    while piece := list(islice(each, _AT_ONCE)):
        if first:
            told = f"{piece[0].model}, version {piece[0].parameters_version}"
            season = f"; days counted by the season: {piece[0].season}" if piece[0].season else ""
            say(f"{told}; horizon {asked.horizon:g} weeks; predicted: {asked.words()}; lapses by {lapses}{season}")
        if as_json:
            print_json_items(piece, first=first)
        else:
            _list(piece, width, with_heads=first)
        first = False
    if as_json:
        end_json_items(empty=first)


def _list(scores: list[Score], width: int, *, with_heads: bool) -> None:
    heads = ("alive", "buys", "purchases", "spend", "predicted", "net", "lapses")
    if with_heads:
        answer(f"{'customer':<{width}} {heads[0]:>6} {heads[1]:>6} " + " ".join(f"{head:>10}" for head in heads[2:]))
    for each in scores:
        money = (each.expected_spend, each.predicted, each.net)
        cells = [f"{each.expected_purchases:>10.3f}", *(f"{'' if m is None else f'{m:.2f}':>10}" for m in money)]
        shown = " ".join([*cells, f"{each.next_lapse or 'never':>10}"])
        answer(f"{each.customer:<{width}} {each.p_alive:>6.3f} {each.p_buy:>6.3f} {shown}")
