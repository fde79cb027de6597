"""`stamgast clv`: what customers are worth, by formulas that need no model or by models fitted to purchases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from stamgast.commands.answering import AsJson, answer, fail, misuse, new_app, print_json, say
from stamgast.commands.clv_change import change
from stamgast.commands.clv_data import DATA, read_live
from stamgast.commands.clv_evaluate import evaluate
from stamgast.commands.clv_fits import Orders, check_model, fit_shop, kinds_in_words, tell_notes, with_regularity
from stamgast.commands.clv_program import Trade, trade_of
from stamgast.commands.clv_score import score
from stamgast.commands.clv_segments import segments
from stamgast.commands.clv_words import Cost, read_cost, read_day, read_money, read_number, read_share, read_weeks
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.clv.models.by_hand import Sum
    from stamgast.domain.clv_parameters import ParameterSet

app = new_app(
    "Compute what customers are worth. Of a CSV money is in decimal major units, as in the file.",
    no_args_is_help=True,
)

app.command()(change)
app.command()(evaluate)
app.command()(score)
app.command()(segments)


@app.command()
def simple(
    average: Annotated[str, typer.Option(help="Average purchase.")],
    frequency: Annotated[str, typer.Option(help="Purchases a year.")],
    lifespan: Annotated[str, typer.Option(help="Years.")],
    *,
    acquisition_cost: Cost = "",
    as_json: AsJson = False,
) -> None:
    """Average purchase times purchases a year times years."""
    from stamgast.clv.models.by_hand import simple_value

    factors = (
        read_money("--average", average),
        read_number("--frequency", frequency),
        read_number("--lifespan", lifespan),
    )
    _tell(simple_value(*factors, read_cost(acquisition_cost)), as_json)


@app.command()
def profit(
    profit: Annotated[str, typer.Option("--profit", "--average", help="Average profit of a purchase.")],
    purchases: Annotated[str, typer.Option("--purchases", "--frequency", help="Purchases in the lifetime.")],
    *,
    acquisition_cost: Cost = "",
    as_json: AsJson = False,
) -> None:
    """Average profit per purchase times purchases."""
    from stamgast.clv.models.by_hand import profit_value

    factors = (read_money("--profit", profit), read_number("--purchases", purchases))
    _tell(profit_value(*factors, read_cost(acquisition_cost)), as_json)


@app.command()
def npv(
    profit: Annotated[str, typer.Option("--profit", "--yearly", help="Profit a year.")],
    years: Annotated[int, typer.Option("--years", "--lifespan", min=1, max=100, help="Years.")],
    rate: Annotated[str, typer.Option("--rate", "--discount-rate", help="Discount a year: 0.1 or 10%.")] = "0.1",
    *,
    timing: Annotated[str, typer.Option(help="When a year's profit counts: end, mid or start of the year.")] = "end",
    retention: Annotated[str, typer.Option(help="Share that stays from year to year: 0.6 or 60%.")] = "",
    acquisition_cost: Cost = "",
    as_json: AsJson = False,
) -> None:
    """Profit of each year at its value today."""
    from stamgast.clv.models.by_hand import TIMINGS, net_present_value

    if timing not in TIMINGS:
        misuse(f"--timing is {timing!r}; it is one of {', '.join(TIMINGS)}")
    share = read_share("--retention", retention) if retention else None
    found = net_present_value(
        read_money("--profit", profit),
        years,
        read_share("--rate", rate),
        timing=timing,
        retention=share,
        acquisition_cost=read_cost(acquisition_cost),
    )
    _tell(found, as_json, timing=timing)


@app.command()
def fit(
    data: Annotated[Path | None, DATA] = None,
    *,
    merchant: Annotated[str, typer.Option(help="Publish it for this merchant; without --data from live states.")] = "",
    as_of: Annotated[str, typer.Option(help="Look at purchases up to this day (default: the newest, or today).")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the parameter set here.")] = None,
    model: Annotated[
        str, typer.Option(help="best, combined, blended, bg_nbd, mbg_nbd, mbg_cnbd_k, pareto_nbd or alike.")
    ] = "best",
    horizon: Annotated[
        str,
        typer.Option(
            help="What best and combined are learnt for, of a file: 39w or 273d (of a merchant: churn_within)."
        ),
    ] = "39w",
    orders: Orders = "repeat",
    season: Trade = "",
    prior: Annotated[bool, typer.Option("--prior", help="With a prior, as for fewer than 200 customers.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Publish it although it is worse, or cannot be compared.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fit a purchase model and a spend model; for a merchant they come into force unless what is in force is better."""
    day = read_day("--as-of", as_of) if as_of else None
    check_model(model, orders)
    trade = trade_of("", season)
    if merchant and season:
        misuse("--season is for a CSV alone; a merchant's trade stands in program.yaml: `clv: {season: clothing}`")
    if not merchant:
        if data is None:
            misuse("give --data FILE, --merchant M, or both")
        if force:
            misuse("--force is for --merchant: without it nothing is published")
        told = read_live(data, day)
        fitted = fit_shop(told, model, orders, read_weeks(horizon), with_prior=prior, trade=trade)
        found, document = with_regularity(told, fitted), None
    else:
        from stamgast.commands.clv_publishing import Wanted, fit_merchant

        live = None if data is None else read_live(data, day)
        wanted = Wanted(day, model, "all" if orders == "all" else "repeat", with_prior=prior, force=force)
        found, document = fit_merchant(merchant, live, wanted, tell_notes)
    _write(out, found)
    from stamgast.clv.meaning import meaning_of

    means = meaning_of(found)
    if as_json:
        print_json({**msgspec.to_builtins(found), "means": means, **(document or {})})
        return
    _show(found)
    for sentence in means:
        answer(sentence)


def _write(out: Path | None, found: ParameterSet) -> None:
    from stamgast.clv.models.parameter_file import ParameterFileError, write_parameters

    if out is None:
        return
    try:
        write_parameters(out, found)
    except ParameterFileError as error:
        fail(str(error))
    say(f"wrote {out}")


def _tell(found: Sum, as_json: bool, **more: Any) -> None:
    if as_json:
        print_json({"method": found.method, "value": float(found.value), "sum": found.sum, **more})
    else:
        answer(found.sum + "".join(f"   ({name}: {value} of each year)" for name, value in more.items()))


def _show(found: ParameterSet) -> None:
    report = found.fit
    answer(f"{'model':<16} {found.model}, version {found.version}")
    if report is not None:
        answer(f"{'fitted':<16} to {so_many(report.customers, 'customer')} as of {report.as_of}, by {report.method}")
        if report.log_likelihood is not None:
            answer(f"{'log-likelihood':<16} {report.log_likelihood:.4f}")
    for line in kinds_in_words(found):
        answer(f"{'customers':<16} {line}")
    errors = report.standard_errors if report else {}
    for name, value in found.parameters.items():
        error = errors.get(name)
        answer(f"{name:<16} {value:.6g}" + (f" ± {error:.3g}" if error is not None else ""))
    if found.spend is not None:
        spend = found.spend
        answer(f"{'spend':<16} p {spend.p:.6g}, q {spend.q:.6g}, v {spend.v:.6g} over {spend.orders} purchase days")
