"""A million rows end to end: read, fit, score and write a file of purchases, beside lifetimes' own steps on it.

Customers are drawn as in `benchmarks.clv`, with their amounts. Each side runs in a process of its own, BLAS in one
thread, and is measured after its imports: lifetimes reads with pandas, summarises, fits MBG/NBD and Gamma-Gamma, tells
P(alive), purchases of 39 weeks and the mean purchase, and writes a CSV; we do what `stamgast clv score` does: choose
the best of nine candidates by rehearsals, fit it and how regularly customers come, and tell the lapse and the value of
36 months as well, as JSON. That value alone takes lifetimes twice as long as all its other steps.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clv import TRUE
from benchmarks.figures import Figure, table, tell
from benchmarks.meter import Meter
from benchmarks.scene import Scene, measure

_TO: int = date(2026, 1, 1).toordinal()
_LONGEST = 104 * 7


def run(scene: Scene) -> None:
    """Draw a file, and let both do their steps."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of both; as `stamgast clv` has it
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sales.csv"
        lines = draw(file, scene.sized(425_000, 5_000))
        out = str(Path(folder) / "out")
        asked = {name: {"file": str(file), "by": name, "out": out} for name in ("stamgast", "lifetimes")}
        found = {name: measure("benchmarks.clv_file", each, timeout=900) for name, each in asked.items()}
    ours, theirs = (found[name] for name in asked)
    rows = [
        (f"read, fit, score and write {lines} rows", ours["cpu"], ours["peak_mb"]),
        ("  the same by lifetimes 0.11.3, without a value", theirs["cpu"], theirs["peak_mb"]),
    ]
    table("a file of purchases", ("what", "CPU seconds", "peak MB"), rows)
    tell(
        (
            Figure("clv_file_cpu", ours["cpu"], "s", "lifetimes", theirs["cpu"]),
            Figure("clv_file_peak", ours["peak_mb"], "MB", "lifetimes", theirs["peak_mb"]),
        )
    )


def draw(file: Path, customers: int) -> int:
    """Write the purchases of so many customers in the order of their days, and return how many they are."""
    rng = np.random.default_rng(1)
    age = rng.integers(28, _LONGEST, customers)
    rate = rng.gamma(TRUE["r"], 1 / TRUE["alpha"] / 7, customers)
    leave, mean = rng.beta(TRUE["a"], TRUE["b"], customers), rng.gamma(3.0, 10.0, customers)
    at = np.zeros(customers, dtype=np.int64)
    bought: list[tuple[Any, Any, Any]] = []
    who = np.arange(customers)
    while len(who):
        amounts = np.round(mean[who] * rng.gamma(4.0, 0.25, len(who)) + 0.01, 2)
        bought.append((who, _TO - age[who] + at[who], amounts))
        who = who[rng.random(len(who)) >= leave[who]]
        gap = np.minimum(rng.exponential(1 / rate[who]), _LONGEST)
        at[who] += np.maximum(np.ceil(gap), 1).astype(np.int64)
        who = who[at[who] <= age[who]]
    names, days, amounts = (np.concatenate(each) for each in zip(*bought, strict=True))
    order = np.argsort(days, kind="stable")
    written = {day: date.fromordinal(day).isoformat() for day in np.unique(days).tolist()}
    each = zip(names[order].tolist(), days[order].tolist(), amounts[order].tolist(), strict=True)
    with file.open("w") as out:
        out.write("customer,date,amount\n")
        out.writelines(f"c{name:07d},{written[day]},{amount:.2f}\n" for name, day, amount in each)
    return len(names)


def main(settings: dict[str, Any]) -> None:
    """Do one side's steps, in this process, and tell what they took."""
    (_ours if settings["by"] == "stamgast" else _theirs)(settings)


def _ours(settings: dict[str, Any]) -> None:
    import msgspec  # noqa: PLC0415  each side's memory is its own

    from stamgast.clv.data.purchase_file import read_purchases  # noqa: PLC0415
    from stamgast.clv.data.state_sample import live_of  # noqa: PLC0415
    from stamgast.clv.ensemble.best_fit import BEST, fit_any  # noqa: PLC0415
    from stamgast.clv.lapse_days import lapse_days  # noqa: PLC0415
    from stamgast.clv.scoring import Asked, score_each  # noqa: PLC0415
    from stamgast.commands.clv_fits import with_regularity  # noqa: PLC0415
    from stamgast.domain.closed_days import ClosedDays  # noqa: PLC0415
    from stamgast.domain.program import LapseModel  # noqa: PLC0415

    meter = Meter()
    meter.start()
    live = live_of(read_purchases(Path(settings["file"])))
    found = with_regularity(live, fit_any(live, BEST, "repeat", round(Asked().horizon) * 7))
    scores = score_each(live.sample, found, Asked(), lapse_days(live, found, LapseModel(), ClosedDays()))
    with Path(settings["out"]).open("wb") as out:
        while piece := list(islice(scores, 5_000)):
            out.write(msgspec.json.encode(piece))
    meter.tell(len(live.sample.names))


def _theirs(settings: dict[str, Any]) -> None:
    warnings.simplefilter("ignore")
    import lifetimes  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from lifetimes.utils import summary_data_from_transaction_data  # noqa: PLC0415

    meter = Meter()
    meter.start()
    sales = pd.read_csv(settings["file"], parse_dates=["date"])
    known = summary_data_from_transaction_data(
        sales, "customer", "date", monetary_value_col="amount", freq="D", freq_multiplier=7
    )
    history = (known["frequency"], known["recency"], known["T"])
    comes = lifetimes.ModifiedBetaGeoFitter().fit(*history)
    again = known[known["frequency"] > 0]
    spends = lifetimes.GammaGammaFitter().fit(again["frequency"], again["monetary_value"])
    told = {
        "p_alive": comes.conditional_probability_alive(*history),
        "purchases": comes.conditional_expected_number_of_purchases_up_to_time(39, *history),
        "spend": spends.conditional_expected_average_profit(known["frequency"], known["monetary_value"]),
    }
    pd.DataFrame(told).to_csv(settings["out"])
    meter.tell(len(known))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
