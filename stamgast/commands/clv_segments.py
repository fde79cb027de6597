"""`stamgast clv segments`: what each segment's customers are worth, against what it cost to win them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from rules.yaml.problems import nearest
from stamgast.commands.answering import AsJson, answer, misuse, print_json, say
from stamgast.commands.clv_costs import Costs, costs_in, tell_of_strangers
from stamgast.commands.clv_data import DATA, read_data
from stamgast.commands.clv_fits import Orders, check_model, fit_shop, with_regularity
from stamgast.commands.clv_live_segments import LIVE_BY, tell_live_segments
from stamgast.commands.clv_margin import Margin, settle_margin
from stamgast.commands.clv_program import Trade, trade_of
from stamgast.commands.clv_segment_tables import show_segments, worth_of_new
from stamgast.commands.clv_words import Margins, read_cost, read_day, read_margins, read_share, read_weeks

if TYPE_CHECKING:
    from stamgast.clv.data.purchase_file import Purchases
    from stamgast.clv.segments.values import By, Segment


FILE_BY: Final[dict[str, By]] = {"segment": "segment", "source": "source", "cohort": "cohort", "shop": "shop"}
_COLUMNS: Final = {"segment": "segment", "source": "acquisition_source"}
_OF_A_FIT: Final = ("model", "horizon", "orders", "season")
_OF_A_FILE: Final = ("as_of", "acquisition_cost", "costs", "months", "yearly_rate", "margin", "margins", *_OF_A_FIT)
"""Options that say for a CSV what program.yaml and the clock say for live states."""


def segments(
    context: typer.Context,
    data: Annotated[Path | None, DATA] = None,
    as_of: Annotated[str, typer.Option(help="Look at purchases up to this day (default: the newest).")] = "",
    *,
    merchant: Annotated[str, typer.Option(help="Live states of this merchant instead of a CSV.")] = "",
    by: Annotated[
        str,
        typer.Option(
            help="segment (of live states: their tags; `tag` will do), source of acquisition, cohort or shop."
        ),
    ] = "segment",
    acquisition_cost: Annotated[str, typer.Option(help="What it cost to win a customer.")] = "",
    costs: Costs = None,
    months: Annotated[int, typer.Option(min=1, max=600, help="Months that `predicted` reaches.")] = 36,
    yearly_rate: Annotated[str, typer.Option(help="Discount a year for `predicted`.")] = "0.1",
    margin: Annotated[
        str, typer.Option(help="Profit as a share of spend (default: of the data's profit, else 1).")
    ] = "",
    margins: Margins = "",
    model: Annotated[str, typer.Option(help="Fit this model (of live states what is in force counts).")] = "best",
    horizon: Annotated[str, typer.Option(help="What best and combined are learnt for: 39w or 273d.")] = "39w",
    orders: Orders = "repeat",
    season: Trade = "",
    as_json: AsJson = False,
) -> None:
    """Value customers by segment: CLV, what winning them cost and may cost, and where that is below 3:1."""
    kinds = LIVE_BY if merchant else FILE_BY
    if by not in kinds:
        near = nearest(by, kinds)
        misuse(f"--by is {by!r}; it is {' or '.join(kinds)}" + (f". Did you mean {near!r}?" if near else ""))
    if merchant:
        _refuse_what_a_file_needs(context, data)
        tell_live_segments(merchant, LIVE_BY[by], as_json=as_json)
        return
    if data is None:
        misuse("give --data FILE, or --merchant M")
    from stamgast.clv.data.state_sample import live_of
    from stamgast.clv.scoring import Asked, date_of
    from stamgast.clv.segments.values import TREND, segments_of
    from stamgast.domain.residual_value import Discounting

    check_model(model, orders)
    trade = trade_of("", season)
    usual = read_cost(acquisition_cost)
    rate = float(read_share("--yearly-rate", yearly_rate))
    given = Margin(float(read_share("--margin", margin))) if margin else None
    table = costs_in(costs, None if usual is None else float(usual))
    day = read_day("--as-of", as_of) if as_of else None
    purchases = read_data(data, day, margins=read_margins(margins) if margins else None)
    _tell_of_no_column(data, purchases, by)
    tell_of_strangers(costs, table, data, purchases)
    purchases, settled = settle_margin(data, purchases, given)
    asked = Asked(discounting=Discounting(months, rate, settled.share), margin_weight=settled.weight)
    live = live_of(purchases)
    pooled = with_regularity(live, fit_shop(live, model, orders, read_weeks(horizon), trade=trade))
    say("and each segment that may deserve parameters of its own …")
    found = segments_of(purchases, pooled, FILE_BY[by], table, asked)
    told = {
        "as_of": date_of(purchases.as_of),
        "by": by,
        "method": "model",
        "model": pooled.model,
        "parameters_version": pooled.version,
        "season": pooled.season.origin if pooled.season else None,
        "predicted": asked.words(),
        "trend": TREND,
    }
    if as_json:
        print_json({**told, "segments": found})
        return
    say(f"{pooled.model}, version {pooled.version}; predicted: {asked.words()}; trend: {TREND}")
    _show(found)


def _refuse_what_a_file_needs(context: typer.Context, data: Path | None) -> None:
    if data is not None:
        misuse("give --data or --merchant, not both")
    sources = {name: context.get_parameter_source(name) for name in _OF_A_FILE}
    given = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    if given:
        option = f"--{given[0].replace('_', '-')}"
        says = "live states are as of now" if given[0] == "as_of" else "with --merchant its program.yaml says that"
        says = "with --merchant the parameters in force count" if given[0] in _OF_A_FIT else says
        misuse(f"{option} belongs to a CSV; {says}")


def _tell_of_no_column(data: Path, purchases: Purchases, by: str) -> None:
    """Say that the column to value customers by is not there."""
    if by in _COLUMNS and _COLUMNS[by] not in purchases.columns:
        say(f"warning: {data} has no column {_COLUMNS[by]!r}, so all customers are one segment, (none)")


def _show(found: list[Segment]) -> None:
    show_segments(found, lambda value: "-" if value is None else f"{value:,.2f}")
    for each in found:
        if each.parameters == "own" or len(found) > 1:
            answer(f"{each.segment}: {each.parameters} parameters: {each.because}")
    for each in found:
        if each.new_below:
            answer(f"below 3: {worth_of_new(each)}")
