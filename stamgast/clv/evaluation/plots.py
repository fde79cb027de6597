"""The plots of an evaluation as SVG."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stamgast.clv.data.purchase_file import Purchases
from stamgast.clv.evaluation.backtest import Evaluation
from stamgast.clv.evaluation.curves import (
    ACTUAL,
    MOST_REPEATS,
    Curves,
    Points,
    calibration,
    conditional_expectation,
    lift,
    tracking,
)
from stamgast.domain.attrition import BG_NBD, COMBINED, MBG_CNBD_K, MBG_NBD, PARETO_NBD
from stamgast.drawn_pages import check_plots, new_figure, svg_of

COLOURS: Final = {
    ACTUAL: "#1b1b1b",
    COMBINED: "#c2410c",
    BG_NBD: "#0369a1",
    MBG_NBD: "#15803d",
    MBG_CNBD_K: "#7c3aed",
    PARETO_NBD: "#a16207",
}
CAPTIONS: Final = {
    "Tracking": """Repeat purchases of all customers together since the first day. Left of the rule the models were
fitted; right of it they foretell. A line above the black one expects too much.""",
    "Conditional expectation": """Mean purchases in the holdout of customers who had come again 0, 1, 2 … times
before it.""",
    "Calibration": """Ten groups of customers by the chance that a model gave them to buy at all. On the diagonal as
many bought as were foretold; above it more.""",
    "Lift": """How much of the spend in the holdout the customers ranked first held. The black line is what knowing the
future would have caught, the grey one what picking by lot does.""",
}
LABELS: Final = {BG_NBD: "BG/NBD", MBG_NBD: "MBG/NBD", MBG_CNBD_K: "MBG/CNBD-k", PARETO_NBD: "Pareto/NBD"}
_DASHES: Final = {BG_NBD: "--", MBG_NBD: "-.", MBG_CNBD_K: (0, (1, 1)), PARETO_NBD: ":"}


def plots_of(found: Evaluation, purchases: Purchases) -> list[tuple[str, str, str]]:
    """Return title, what there is to see, and SVG of each plot."""
    check_plots()
    drawings: dict[str, Callable[[Any], None]] = {
        "Tracking": lambda axes: _tracking(axes, tracking(found, purchases)),
        "Conditional expectation": lambda axes: _conditional(axes, conditional_expectation(found)),
        "Calibration": lambda axes: _calibration(axes, calibration(found)),
        "Lift": lambda axes: _lift(axes, lift(found)),
    }
    return [(title, CAPTIONS[title], _draw(onto)) for title, onto in drawings.items()]


def line_style(name: str) -> dict[str, Any]:
    """Return how a line of this name is drawn, in every plot the same."""
    strong = name in {ACTUAL, COMBINED}
    style = {"color": COLOURS[name], "linewidth": 2.2 if strong else 1.4, "linestyle": _DASHES.get(name, "-")}
    return {"label": LABELS.get(name, name), "zorder": 3 if strong else 2, **style}


def _draw(onto: Callable[[Any], None]) -> str:
    figure, axes = new_figure()
    onto(axes)
    axes.legend(frameon=False)
    return svg_of(figure)


def _tracking(axes: Any, curves: Curves) -> None:
    for name, values in curves.lines.items():
        axes.plot(curves.x, values, **line_style(name))
    if curves.mark is not None:
        axes.axvline(curves.mark, color="#777777", linewidth=1)
    axes.set(xlabel="weeks since the first purchase of all", ylabel="repeat purchases so far")


def _conditional(axes: Any, curves: Curves) -> None:
    for name, values in curves.lines.items():
        axes.plot(curves.x, values, marker="o", markersize=3.5, **line_style(name))
    labels = [f"{place:.0f}" + ("+" if place >= MOST_REPEATS else "") for place in curves.x]
    axes.set_xticks(curves.x, labels)
    axes.set(xlabel="repeat purchases before", ylabel="mean purchases in the holdout")


def _calibration(axes: Any, points: Points) -> None:
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for name, (foretold, happened) in points.lines.items():
        axes.plot(foretold, happened, marker="o", markersize=3.5, **line_style(name))
    axes.set(xlabel="chance foretold to buy at all", ylabel="share that bought", xlim=(0, 1), ylim=(0, 1))


def _lift(axes: Any, points: Points) -> None:
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for name, (share, caught) in points.lines.items():
        axes.plot(share, caught, **line_style(name))
    axes.set(xlabel="share of customers, best first", ylabel="share of spend caught", xlim=(0, 1), ylim=(0, 1.01))
