"""What of the cost of a choice is chance? The holdout of each drawn shop is drawn again, many times, from the truth.

`python -m benchmarks choice` holds a choice against the candidate that was best on the one half year that came. Here
customers are the same and have done the same until the cut, and 400 half years are drawn that may follow
(`benchmarks.choice_oracle`): the mean over them is what each candidate's log score is expected to be, so it is known
which is best in truth. Told of every shop:

- `expected`: what the choice costs by expected log scores against the best candidate by them. No chance of the holdout
  is in it, but that of the past from which all have learnt.
- `told`: in how many of the 400 half years a look would tell a cost above the goal.
- `knowing`: the same of who goes by the best candidate in truth, and so costs nothing.
- `bound`: what no mixture of two candidates can avoid that has seen this past alone. There are worlds with the same one
  in which nobody comes again, and in which the shop stays as busy as in the last six weeks: any mixture of the
  candidate that is best here and of the one that is best there costs at least so much in one of the two.
- `truth`: how much worse the best candidate is than who knows each one's rhythm.

`--quick` looks at one small shop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from benchmarks.choice import GOAL, SIZES, Shop, fitted_shop
from benchmarks.choice_oracle import DRAWS
from benchmarks.choice_shops import KINDS, Kind
from benchmarks.figures import Figure, table, tell
from benchmarks.scene import Scene
from stamgast.clv.data.rows import Floats, Integers
from stamgast.clv.selection.forecasts import Forecast, log_scores

SEEDS: Final = (1101, 1102)
SPANS: Final = (365, 540, 760, 1_000)
_MIXTURES: Final = 400
_OURS: Final = ""
_QUICK: Final = (KINDS[1], 150, 365, 1)


class Found(NamedTuple):
    """What came of one shop; see the module."""

    shop: str
    model: str
    best: str
    expected: float
    told: float
    knowing: float
    bound: float
    truth: float


def run(scene: Scene) -> None:
    """Look at every shop."""
    found = [look(*shop) for shop in ([_QUICK] if scene.quick else _shops())]
    heads = ("shop", "gone by", "best in truth", "expected", "told above", "knowing", "bound", "truth")
    table(f"half a year ahead, {DRAWS} times", heads, [_row(each) for each in found])
    count = len(found)
    tell(
        (
            Figure("choice_expected_above", sum(each.expected > GOAL for each in found), "shops", "looked at", count),
            Figure("choice_told_above", sum(each.told for each in found), "shops", "looked at", count),
            Figure("choice_knowing_above", sum(each.knowing for each in found), "shops", "looked at", count),
            Figure("choice_expected_mean", float(np.mean([each.expected for each in found])), "log score"),
        )
    )


def _shops() -> Iterator[tuple[Kind, int, int, int]]:
    for seed in SEEDS:
        for place, kind in enumerate(KINDS):
            yield kind, SIZES[(seed + place) % len(SIZES)], SPANS[(seed * 3 + place) % len(SPANS)], seed


def look(kind: Kind, customers: int, days: int, seed: int) -> Found:
    """Draw a shop, fit as `fit` does, and hold it and every candidate against all that may come."""
    shop = fitted_shop(kind, customers, days, seed)
    futures = shop.drawn.futures(seed)
    lately = shop.drawn.futures_as_lately(seed)
    surprises = _surprises(shop, futures)
    ours, expected = surprises.pop(_OURS), {name: float(each.mean()) for name, each in surprises.items()}
    best = min(expected, key=lambda name: expected[name])
    least = np.min(list(surprises.values()), axis=0)
    told, knowing = ours - least, surprises[best] - least
    return Found(
        f"{kind.name}, {customers}, {days} days",
        shop.model,
        best,
        float(ours.mean()) - expected[best],
        float((told > GOAL).mean()),
        float((knowing > GOAL).mean()),
        max(_bound(shop, futures, other) for other in (np.zeros((len(futures), 1), np.int64), lately)),
        expected[best] - _entropy(futures),
    )


def _surprises(shop: Shop, futures: Integers) -> dict[str, Floats]:
    """Return the log score in each future, by candidate, and of what is gone by under no name."""
    each = _each(shop.candidates | {_OURS: shop.ours}, futures)
    return {name: surprises.mean(axis=0) for name, surprises in each.items()}


def _each(forecasts: Mapping[str, Forecast], futures: Integers) -> dict[str, Floats]:
    """Return -ln of the chance that each forecast gave to what each customer did in each future."""
    counts = range(int(futures.max()) + 1)
    rows = np.arange(len(futures))[:, None]
    return {
        name: np.stack([log_scores(each, np.full(len(futures), n)) for n in counts], axis=1)[rows, futures]
        for name, each in forecasts.items()
    }


def _entropy(futures: Integers) -> float:
    """Return the mean surprise of who knows how likely each number is: what no forecast is expected to better.

    By how often it was drawn, with half a degree of freedom for each number that was (Miller, 1955).
    """
    found = []
    for row in futures:
        shares = np.unique(row, return_counts=True)[1] / len(row)
        found.append(-float(shares @ np.log(shares)) + (len(shares) - 1) / (2 * len(row)))
    return float(np.mean(found))


def _bound(shop: Shop, futures: Integers, others: Integers) -> float:
    """Return what a mixture of two candidates costs at least in this world or in that of the other futures."""
    here, there = (_each(shop.candidates, each) for each in (futures, others))
    best_here, best_there = (min(each, key=lambda name: each[name].mean()) for each in (here, there))
    costs = []
    for share in np.linspace(0, 1, _MIXTURES + 1):
        worst = 0.0
        for world, best in ((here, best_here), (there, best_there)):
            mixed = share * np.exp(-world[best_here]) + (1 - share) * np.exp(-world[best_there])
            worst = max(worst, float(-np.log(mixed).mean() - world[best].mean()))
        costs.append(worst)
    return min(costs)


def _row(found: Found) -> tuple[str, ...]:
    return (
        found.shop,
        found.model,
        found.best,
        f"{found.expected:+.4f}",
        f"{found.told:.0%}",
        f"{found.knowing:.0%}",
        f"{found.bound:.3f}",
        f"{found.truth:.3f}",
    )
