"""An evaluation as one page of HTML that needs nothing beside it: the figures, what they mean, and the plots."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from stamgast.clv.evaluation.backtest import Evaluation
from stamgast.clv.evaluation.plots import plots_of
from stamgast.clv.scoring import date_of
from stamgast.drawn_pages import figure_of, page_of

_FIGURES: Final = {
    "log_score": ("log score", "4f", "mean of -ln of the chance given to what happened; smaller is better"),
    "crps": ("CRPS", "4f", "how far the whole distribution of purchases was off, in purchases; smaller is better"),
    "brier": ("Brier", "4f", "squared error of the chance to buy at all; smaller is better"),
    "poisson_deviance": ("Poisson deviance", "3f", "how far means were off, for counts; smaller is better"),
    "n_bias": ("bias, purchases", "+.1%", "all purchases foretold against all that came; 0 is best"),
    "v_bias": ("bias, spend", "+.1%", "all spend foretold against all that came; 0 is best"),
    "slope": ("slope", "3f", "of actual on expected purchases; 1 is best"),
    "auc_p_buy": (
        "AUC",
        "4f",
        "chance that a buyer is ranked above a non-buyer, by the chance to buy; greater is better",
    ),
    "auc": ("AUC, means", "4f", "the same, by expected purchases; right means need not be best at it"),
    "top10": ("top tenth", ".1%", "share of all spend held by the tenth foretold to spend most; greater is better"),
    "n_mae": ("MAE, purchases", "3f", "mean absolute error; no goal, for foretelling nothing does well at it"),
    "n_rmse": ("RMSE, purchases", "3f", "root mean square error"),
    "v_mae": ("MAE, spend", "2f", "mean absolute error of spend, in the data's currency"),
}


def report_of(found: Evaluation) -> str:
    """Return the page.

    Raises:
        PlotsMissingError: there is nothing to draw with.
    """
    cut, end = found.ends
    title = f"Foretold after {date_of(cut)}, judged until {date_of(end)}"
    figures = "\n".join(figure_of(*plot) for plot in plots_of(found, found.purchases))
    body = f"""<p>{len(found.window.sample.names):,} customers, {end - cut} days, \
{found.window.purchases.sum():,}
purchase days came. {escape(_sentence(found.season.said))}{_choice(found)}
{escape(_sentence(found.scores))}Spend is averaged over {found.orders} purchase days.</p>
{_table(found)}
{_gains(found)}
{figures}"""
    return page_of(title, body)


def _sentence(said: str) -> str:
    return f"{said[0].upper()}{said[1:]}. " if said else ""


def _choice(found: Evaluation) -> str:
    choice = found.choice
    best = f"<strong>{escape(choice.best)}</strong>"
    if choice.cut is None:
        return f"There are too few data to choose a model with; the usual one is {best}."
    doubt = choice.doubt()
    cuts = " and ".join(date_of(found.counter.date(cut)) for cut in sorted(choice.cuts))
    return (
        f"The model to go by is {best}, by log scores after {cuts}, before anything that is "
        f"judged here{f'; {escape(doubt)}' if doubt else ''}."
    )


def _table(found: Evaluation) -> str:
    models: dict[str, Any] = found.document()["models"]
    best = found.choice.best
    heads = "".join(f"<th{_mark(name, best)}>{escape(name)}</th>" for name in models)
    rows = []
    for figure, (title, form, meaning) in _FIGURES.items():
        cells = "".join(f"<td{_mark(name, best)}>{_cell(model[figure], form)}</td>" for name, model in models.items())
        rows.append(f"<tr><th title='{escape(meaning)}'>{title}</th>{cells}</tr>")
    meanings = "; ".join(f"{title}: {meaning}" for title, _, meaning in _FIGURES.values())
    body = "\n".join(rows)
    return (
        f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>\n{body}\n</tbody></table>"
        f"\n<p><small>{escape(meanings)}.</small></p>"
    )


def _gains(found: Evaluation) -> str:
    if found.combination is None:
        return f"<p>{escape(' '.join(found.learnt['combined'].notes))}</p>"
    items = "".join(
        f"<li>over {escape(name)}: "
        + ", ".join(f"{figure.replace('_', ' ')} {low:+.4f} to {high:+.4f}" for figure, (low, high) in gains.items())
        + "</li>"
        for name, gains in found.gains.items()
    )
    heading = "What the combined model gains, by paired 95 % intervals over customers; positive is better:"
    return f"<p>{heading}</p><ul>{items}</ul>"


def _mark(name: str, best: str) -> str:
    return " class='best'" if name == best else ""


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form if form.startswith(("+", ".")) else f".{form}")
