"""Draws the plots of docs/clv.md: a customer who stays quiet, and the record shop foretold. Needs the extra `plots`."""

from __future__ import annotations

import sys
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from stamgast.clv.data.purchase_file import MICRO, Buyer, Purchases
from stamgast.clv.evaluation.backtest import evaluate
from stamgast.clv.evaluation.curves import conditional_expectation
from stamgast.clv.evaluation.plots import line_style
from stamgast.demo.cdnow import day_of, read_receipts
from stamgast.domain.attrition import make_model
from stamgast.domain.history import History
from stamgast.drawn_pages import new_figure, svg_of

DOCS = Path(__file__).resolve().parent.parent / "docs"
RECORD_SHOP = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}
CALIBRATION_END, HOLDOUT_END = date(1997, 9, 30), date(1998, 6, 30)
SOON = 13


def main() -> int:
    """Write both plots."""
    for name, figure in (("clv-quiet.svg", quiet()), ("clv-foretold.svg", foretold())):
        (DOCS / name).write_text(svg_of(figure))
        print(f"wrote docs/{name}")
    return 0


def quiet() -> Any:
    """Anna of the page's example, who came six times up to week 30, and somebody who came once, as weeks go by."""
    model = make_model("mbg_nbd", RECORD_SHOP)
    figure, axes = new_figure()
    weeks = [week / 4 for week in range(4 * 30 + 1)]
    for name, colour, x, t_x in (("Anna, 6 purchases", "#c2410c", 5, 30.0), ("came once", "#0369a1", 0, 0.0)):
        histories = [History(x, t_x, t_x + week) for week in weeks]
        alive = [model.p_alive(each) for each in histories]
        soon = [model.p_buy(each, SOON) for each in histories]
        axes.plot(weeks, alive, color=colour, linewidth=2, label=f"{name}: still a customer")
        axes.plot(weeks, soon, color=colour, linewidth=1.4, linestyle="--", label=f"{name}: buys within {SOON} weeks")
        axes.axvline(model.lapses_at(histories[0], 0.5) - t_x, color=colour, linewidth=0.8, linestyle=":")
    axes.axhline(0.5, color="#777777", linewidth=0.8)
    axes.set(xlabel="weeks since the last purchase", ylabel="chance", ylim=(0, 1), xlim=(0, 30))
    axes.legend(frameon=False)
    return figure


def foretold() -> Any:
    """Purchases of the record shop's customers in the nine months after, by how often they had come again before."""
    buyers: dict[str, Buyer] = defaultdict(Buyer)
    for receipt in read_receipts():
        amounts = buyers[f"{receipt.customer:05}"].amounts
        amounts[receipt.day] = amounts.get(receipt.day, 0) + receipt.amount * (MICRO // 100)
    end = day_of(HOLDOUT_END)
    found = evaluate(Purchases(dict(sorted(buyers.items())), end, "", has_profit=False), day_of(CALIBRATION_END), end)
    curves = conditional_expectation(found)
    figure, axes = new_figure()
    for name, values in curves.lines.items():
        axes.plot(curves.x, values, marker="o", markersize=3.5, **line_style(name))
    axes.set_xticks(curves.x, [*(f"{place:.0f}" for place in curves.x[:-1]), f"{curves.x[-1]:.0f}+"])
    axes.set(xlabel="repeat purchases in the first nine months", ylabel="mean purchases in the nine months after")
    axes.legend(frameon=False)
    return figure


if __name__ == "__main__":
    sys.exit(main())
