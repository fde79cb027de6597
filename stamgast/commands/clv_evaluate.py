"""`stamgast clv evaluate`: every model held against what customers did after a day."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from stamgast.commands.answering import AsJson, answer, fail, misuse, print_json, say
from stamgast.commands.clv_data import Data, ends_early, read_data
from stamgast.commands.clv_fits import read_given
from stamgast.commands.clv_program import Trade, closed_of, trade_of
from stamgast.commands.clv_words import read_day
from stamgast.domain.counting import so_many

if TYPE_CHECKING:
    from stamgast.clv.data.purchase_file import Purchases
    from stamgast.clv.evaluation.backtest import Evaluation
    from stamgast.domain.closed_days import ClosedDays
    from stamgast.domain.clv_parameters import ParameterSet
    from stamgast.domain.units import Day

_SHOWN: Final = (
    ("log_score", 4),
    ("crps", 4),
    ("brier", 4),
    ("poisson_deviance", 3),
    ("auc_p_buy", 4),
    ("auc", 4),
    ("n_bias", 3),
    ("v_bias", 3),
    ("slope", 3),
    ("top10", 3),
    ("n_mae", 3),
    ("n_rmse", 3),
    ("v_mae", 2),
)

_SPEND: Final = {
    "all": "all purchase days; `fit` and `score` take the repeat ones unless told --orders all",
    "repeat": "repeat purchase days, as `fit` and `score` do unless told otherwise",
}
_TOO_LONG: Final = "the holdout is longer than what is known and all models seem to be too high"


def evaluate(
    data: Data,
    calibration_end: Annotated[str, typer.Option(help="Models are fitted up to and including this day.")],
    holdout_end: Annotated[str, typer.Option(help="They are judged on the days after it up to and including this.")],
    *,
    orders: Annotated[
        str, typer.Option(help="Average spend over `all` purchase days or those after the first.")
    ] = "all",
    season: Trade = "",
    parameters: Annotated[
        Path | None, typer.Option(help="Judge this parameter set beside them (`given`), as `clv score` goes by it.")
    ] = None,
    merchant: Annotated[
        str, typer.Option(help="Whose closed days --parameters leaves out, if it says open_days.")
    ] = "",
    report: Annotated[Path | None, typer.Option(help="Write a page with plots here (needs the extra plots).")] = None,
    as_json: AsJson = False,
) -> None:
    """Hold all models and the naive ones against what customers did in a holdout, and say which to go by."""
    from stamgast.clv.ensemble.combined import doubt_about
    from stamgast.clv.evaluation.backtest import evaluate as evaluate_all

    begin, end = read_day("--calibration-end", calibration_end), read_day("--holdout-end", holdout_end)
    if end <= begin:
        misuse(f"--holdout-end is {holdout_end}; it is after --calibration-end, which is {calibration_end}")
    if orders not in {"repeat", "all"}:
        misuse(f"--orders is {orders!r}; it is repeat or all")
    trade = trade_of("", season)
    given = _given(parameters, merchant)
    if report is not None:
        _check_plots()
    purchases = read_data(data, end, so="")
    warnings = _check(purchases, begin, end)
    for warning in warnings:
        say(f"warning: {warning}")
    found = evaluate_all(purchases, begin, end, "repeat" if orders == "repeat" else "all", say, trade=trade)
    if found.combination is not None and (doubt := doubt_about(found.window.days)):
        warnings.append(doubt)
        say(f"warning: {doubt}")
    if doubt := found.doubt_about_ranks():
        warnings.append(doubt)
        say(f"warning: {doubt}")
    found = _heeding(found, purchases)
    if given is not None:
        found = _beside(found, purchases, given, warnings)
    if report is not None:
        _write(report, found)
    if as_json:
        dates = {"calibration_end": calibration_end, "holdout_end": holdout_end, "warnings": warnings}
        print_json({**found.document(), **dates})
    else:
        _show(found)


class _Given(NamedTuple):
    parameters: ParameterSet
    closed: ClosedDays


def _given(file: Path | None, merchant: str) -> _Given | None:
    """Read the parameters to judge, and whose closed days they leave out."""
    if file is None:
        if merchant:
            misuse("--merchant says whose closed days --parameters leaves out; give both")
        return None
    parameters = read_given(file)
    return _Given(parameters, closed_of(merchant, file, parameters))


def _heeding(found: Evaluation, purchases: Purchases) -> Evaluation:
    """Return the same with what scores do to what is best; say what was found of them, if anybody gave any."""
    from stamgast.clv.evaluation.heeded import with_scores

    found = with_scores(found, purchases)
    if found.scores:
        say(f"note: {found.scores}")
    return found


def _beside(found: Evaluation, purchases: Purchases, given: _Given, warnings: list[str]) -> Evaluation:
    """Return the same with the given parameters beside the models; warn where they have seen the holdout."""
    from stamgast.clv.evaluation.given import GIVEN, judge_given, learnt_of, seen_of

    if seen := seen_of(given.parameters, found.ends[0]):
        warnings.append(seen)
        say(f"warning: {seen}")
    judged = judge_given(purchases, given.parameters, *found.ends, given.closed)
    learnt = learnt_of(given.parameters)
    return replace(found, judged={**found.judged, GIVEN: judged}, learnt={**found.learnt, GIVEN: learnt})


def _check(purchases: Purchases, begin: Day, end: Day) -> list[str]:
    """Exit with 1 where there is nothing to learn from or to judge by; return what may not be as it was meant."""
    from stamgast.clv.scoring import date_of

    days = [day for buyer in purchases.buyers.values() for day in buyer.days()]
    oldest, newest = min(days), max(days)
    if oldest > begin:
        fail(f"the oldest purchase is of {date_of(oldest)}; the calibration ends before it")
    if newest <= begin:
        fail(f"the newest purchase is of {date_of(newest)}; there is none in the holdout to judge by")
    came = {name for name, buyer in purchases.buyers.items() if buyer.days()[0] <= begin}
    if not any(begin < day for name in came for day in purchases.buyers[name].days()):
        fail(
            "of the customers known at --calibration-end nobody bought in the holdout, so there is nothing to judge by"
        )
    early = ends_early(purchases, end, _TOO_LONG)
    return [early] if early else []


def _check_plots() -> None:
    from stamgast.drawn_pages import PlotsMissingError, check_plots

    try:
        check_plots()
    except PlotsMissingError as error:
        fail(str(error))


def _write(report: Path, found: Evaluation) -> None:
    from stamgast.clv.evaluation.report import report_of

    say("drawing …")
    page = report_of(found)
    try:
        report.write_text(page, encoding="utf-8")
    except OSError as error:
        fail(f"{report}: {error.strerror}")
    say(f"wrote {report}")


def _show(found: Evaluation) -> None:
    document: dict[str, Any] = found.document()
    models = document["models"]
    sample, days = found.window.sample, found.window.days
    came = so_many(int(found.window.purchases.sum()), "purchase day")
    answer(f"{so_many(len(sample.names), 'customer')}, {days} days foretold, {came} came")
    width = max(map(len, models))
    answer(f"{'':<17}" + " ".join(f"{name:>{width}}" for name in models))
    for figure, digits in _SHOWN:
        cells = (model[figure] for model in models.values())
        answer(
            f"{figure:<17}" + " ".join(f"{'-' if cell is None else f'{cell:.{digits}f}':>{width}}" for cell in cells)
        )
    for name, gains in found.gains.items():
        told = ", ".join(f"{figure} [{low:+.4f}, {high:+.4f}]" for figure, (low, high) in gains.items())
        answer(f"combined gains on {name:<{width}} {told} (95 %)")
    for learnt in found.learnt.values():
        for note in learnt.notes:
            say(f"note: {note}")
    answer(f"spend: averaged over {_SPEND[found.orders]}")
    answer(f"best: {found.choice.best}, {_because(found)}")


def _because(found: Evaluation) -> str:
    from stamgast.clv.scoring import date_of

    choice = found.choice
    if choice.cut is None:
        return "the usual one, for there is too little to choose with"
    told = f"by log scores after {' and '.join(date_of(found.counter.date(cut)) for cut in sorted(choice.cuts))}"
    return f"{told}; {doubt}" if (doubt := choice.doubt()) else told
