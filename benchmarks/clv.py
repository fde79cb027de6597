"""What do lifetime values cost? A fit of a million customers beside lifetimes, and one score on one event.

Customers are drawn from the BG/NBD of the published record shop, bought first up to two years ago, in whole days. Each
fit runs in a process of its own and is measured from the arrays on; both must find the parameters that were put in.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import Figure, table, tell
from benchmarks.meter import Meter
from benchmarks.scene import Scene, measure
from stamgast.domain.attrition import combine_models, make_model
from stamgast.domain.history import History
from stamgast.domain.residual_value import Discounting, discounted_purchases
from stamgast.domain.value_table import ValueTable

TRUE = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}
PARETO = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
BG = {"r": 0.2426, "alpha": 4.414, "a": 0.793, "b": 2.426}
CORRECTION = {"weeks": 39.0, "constant": -0.43, "logit_p": 0.68, "log_purchase_days": 0.53, "least_p": 0.02}
REGRESSION = {
    "weight": 0.3, "constant": -2.5, "log_purchase_days": 0.9, "log_quiet": -0.7, "log_age": -0.2, "size": 1.2
}  # fmt: skip
TARGETS = {
    "share": 0.35,
    "peak_mb": 200,
    "p_alive_us": 5,
    "crossing_us": 5,
    "expected_us": 50,
    "combined_us": 60,
    "first_us": 5_000,
}
_LONGEST = 104 * 7
_REGULAR = "blended with CNBD-2"


def run(scene: Scene) -> None:
    """Fit, then score."""
    customers = scene.sized(1_000_000, 20_000)
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "customers.npz")
        draw(file, customers)
        ours = {model: _fit(file, "stamgast", model) for model in ("mbg_nbd", "bg_nbd")}
        theirs = _fit(file, "lifetimes", "mbg_nbd")
        some = customers // 10
        draw(file, some)
        pareto = _fit(file, "stamgast", "pareto_nbd")
    found = ours["mbg_nbd"]
    rows = [
        (f"MBG/NBD, {customers} customers", found["seconds"], found["peak_mb"]),
        ("  the same by lifetimes 0.11.3", theirs["seconds"], theirs["peak_mb"]),
        (f"BG/NBD, {customers} customers", ours["bg_nbd"]["seconds"], ours["bg_nbd"]["peak_mb"]),
        (f"Pareto/NBD, {some} customers", pareto["seconds"], pareto["peak_mb"]),
    ]
    table("fit", ("model", "seconds", "peak MB"), rows)
    scores = _scores(scene.sized(2_000, 50))
    table("one score in plain Python", ("what", "us"), scores.items())
    tell(
        (
            Figure("clv_fit_seconds", found["seconds"], "s", "lifetimes", theirs["seconds"]),
            Figure("clv_fit_peak", found["peak_mb"], "MB", "target, at most", TARGETS["peak_mb"]),
            Figure("clv_p_alive", scores["MBG/NBD P(alive)"], "us", "target, at most", TARGETS["p_alive_us"]),
            Figure("clv_crossing", scores["MBG/NBD lapse"], "us", "target, at most", TARGETS["crossing_us"]),
            Figure(
                "clv_expected", scores["MBG/NBD purchases in 39 weeks"], "us", "target, at most", TARGETS["expected_us"]
            ),
            *(
                Figure(
                    f"clv_combined_{name}", scores[f"combined {what}"], "us", "target, at most", TARGETS["combined_us"]
                )
                for name, what in (("p_alive", "P(alive)"), ("p_buy", "P(buy)"), ("value", "value from a table"))
            ),
            *(
                Figure(f"clv_regular_{name}", scores[f"{_REGULAR} {what}"], "us", "target, at most", TARGETS[target])
                for name, what, target in (
                    ("p_buy", "P(buy) for another time", "combined_us"),
                    ("value", "value from a table", "combined_us"),
                    ("first", "value of an x that is new", "first_us"),
                )
            ),
        )
    )


def draw(file: str, customers: int) -> None:
    """Draw x, recency and age in days, from the MBG/NBD itself."""
    rng = np.random.default_rng(1)
    age = rng.integers(28, _LONGEST, customers)
    rate = rng.gamma(TRUE["r"], 1 / TRUE["alpha"] / 7, customers)
    leave = rng.beta(TRUE["a"], TRUE["b"], customers)
    x, recency, at = (np.zeros(customers, dtype=np.int64) for _ in range(3))
    there = rng.random(customers) >= leave
    while there.any():
        who = np.flatnonzero(there)
        gap = np.minimum(rng.exponential(1 / rate[who]), _LONGEST)
        at[who] += np.maximum(np.ceil(gap), 1).astype(np.int64)
        bought = at[who] <= age[who]
        x[who[bought]] += 1
        recency[who[bought]] = at[who[bought]]
        there[who] = bought & (rng.random(len(who)) >= leave[who])
    np.savez(file, x=x, recency=recency, age=age)


def _fit(file: str, by: str, model: str) -> dict[str, Any]:
    found: dict[str, Any] = measure("benchmarks.clv", {"file": file, "by": by, "model": model}, timeout=900)
    if model == "mbg_nbd":
        wrong = [name for name, true in TRUE.items() if abs(found["parameters"][name] / true - 1) > 0.35]
        assert not wrong, f"{by} found {found['parameters']}"
    return found


def _scores(times: int) -> dict[str, float]:
    """The fastest of several rounds, in microseconds a call: what else runs only ever adds."""
    mbg, cnbd = make_model("mbg_nbd", TRUE), make_model("mbg_cnbd_k", {**TRUE, "alpha": 2.3, "k": 2})
    pareto = make_model("pareto_nbd", PARETO)
    regular, fresh = History(2, 30.43, 38.86), History(0, 0.0, 0.0)

    discounting = Discounting()
    values = ValueTable(mbg, discounting)
    members = {"bg_nbd": BG, "mbg_nbd": TRUE, "pareto_nbd": PARETO}
    combined = combine_models(CORRECTION, members, {"bg_nbd": 0.48, "mbg_nbd": 0.3, "pareto_nbd": 0.22})
    together = ValueTable(combined, discounting)
    blended = combine_models(CORRECTION, members, {"bg_nbd": 0.48, "mbg_nbd": 0.3, "pareto_nbd": 0.22}, REGRESSION)
    blend = ValueTable(blended, discounting)
    several = {"bg_nbd": BG, "mbg_cnbd_k": {**TRUE, "alpha": 2.3, "k": 2}, "pareto_nbd": PARETO}
    regulars = combine_models(CORRECTION, several, {"bg_nbd": 0.48, "mbg_cnbd_k": 0.3, "pareto_nbd": 0.22}, REGRESSION)
    of_regulars = ValueTable(regulars, discounting)
    unmet = count(3)

    asked: dict[str, Callable[[], object]] = {
        "MBG/NBD P(alive)": lambda: mbg.p_alive(regular),
        "MBG/NBD P(buy)": lambda: mbg.p_buy(regular, 39),
        "MBG/NBD lapse": lambda: mbg.lapses_at(regular, 0.5),
        "MBG/NBD purchases in 39 weeks": lambda: mbg.expected_purchases(regular, 39),
        "  in 36 months, right after the first": lambda: mbg.expected_purchases(fresh, 156),
        "MBG/NBD value of 36 months": lambda: discounted_purchases(mbg, regular, discounting),
        "  the same from a table": lambda: values.purchases(regular),
        "MBG/CNBD-2 P(alive)": lambda: cnbd.p_alive(regular),
        "MBG/CNBD-2 lapse": lambda: cnbd.lapses_at(regular, 0.5),
        "MBG/CNBD-2 purchases in 39 weeks": lambda: cnbd.expected_purchases(regular, 39),
        "Pareto/NBD P(alive)": lambda: pareto.p_alive(regular),
        "Pareto/NBD P(buy)": lambda: pareto.p_buy(regular, 39),
        "Pareto/NBD lapse": lambda: pareto.lapses_at(regular, 0.5),
        "Pareto/NBD purchases in 39 weeks": lambda: pareto.expected_purchases(regular, 39),
        "Pareto/NBD value of 36 months": lambda: discounted_purchases(pareto, regular, discounting),
        "combined P(alive)": lambda: combined.p_alive(regular),
        "combined P(buy)": lambda: combined.p_buy(regular, 39),
        "combined P(buy) for another time": lambda: combined.p_buy(regular, 13),
        "combined value from a table": lambda: together.purchases(regular),
        "combined lapse": lambda: combined.lapses_at(regular, 0.5),
        "blended P(alive)": lambda: blended.p_alive(regular),
        "blended P(buy) for another time": lambda: blended.p_buy(regular, 13),
        "blended value from a table": lambda: blend.purchases(regular),
        f"{_REGULAR} P(buy) for another time": lambda: regulars.p_buy(regular, 13),
        f"{_REGULAR} value from a table": lambda: of_regulars.purchases(regular),
        f"{_REGULAR} value of an x that is new": lambda: of_regulars.purchases(History(next(unmet), 80.0, 90.0)),
    }
    return {name: min(_microseconds(ask, times // 10 + 1) for _ in range(10)) for name, ask in asked.items()}


def _microseconds(ask: Callable[[], object], times: int) -> float:
    begin = time.process_time()
    for _ in range(times):
        ask()
    return (time.process_time() - begin) / times * 1e6


def main(settings: dict[str, Any]) -> None:
    """Fit once, in this process, and tell what it took."""
    meter = Meter()
    with np.load(settings["file"]) as data:
        x, recency, age = data["x"], data["recency"], data["age"]
    if settings["by"] == "lifetimes":
        warnings.simplefilter("ignore")
        import lifetimes  # noqa: PLC0415  its memory is its own, not ours

        meter.start()
        fitter = lifetimes.ModifiedBetaGeoFitter().fit(x, recency / 7, age / 7)
        parameters = {name: float(value) for name, value in fitter.params_.items()}
    else:
        from stamgast.clv.data.rows import make_rows  # noqa: PLC0415
        from stamgast.clv.models.fitting import fit  # noqa: PLC0415  nor ours its

        meter.start()
        parameters = fit(settings["model"], make_rows(x, recency, age)).parameters
    meter.tell(len(x), parameters=parameters)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
