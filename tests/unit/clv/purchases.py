"""Purchase files for the tests of what is learnt and judged out of time."""

from datetime import date, timedelta
from typing import Any

import numpy as np

from stamgast.clv.data.purchase_file import Buyer, Purchases
from stamgast.sheets.cells import MICRO

EPOCH = date(1970, 1, 1)

SALES = """customer,date,amount
anna,2026-01-01,10
anna,2026-01-15,12
anna,2026-02-03,9
ben,2026-01-04,30
cleo,2026-01-20,5
cleo,2026-01-22,7
dirk,2026-02-01,11
late,2026-05-01,11
"""
MBG: dict[str, Any] = {"model": "mbg_nbd", "parameters": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}}


def purchases_of(sums: dict[Any, dict[int, float]], as_of: int) -> Purchases:
    """Make purchases of customer -> day -> amount in major units."""
    named = {f"{name:>06}": days for name, days in sums.items()}
    buyers = {name: Buyer({day: round(x * MICRO) for day, x in days.items()}) for name, days in sorted(named.items())}
    return Purchases(buyers, as_of, "", has_profit=False)


def csv_of(sums: dict[Any, dict[int, float]]) -> str:
    """Write the same as a CSV."""
    lines = [
        f"{name},{EPOCH + timedelta(days=day)},{amount:.2f}"
        for name, days in sums.items()
        for day, amount in days.items()
    ]
    return "\n".join(["customer,date,amount", *lines]) + "\n"


def drawn_shop(
    customers: int, seed: int = 1, days: int = 500, first: int = 10_000, *, alpha: float = 4.0, a: float = 0.6
) -> dict[Any, dict[int, float]]:
    """Draw customers of an MBG/NBD with r = 0.8 and b = 2 who first come in the first 120 days."""
    rng = np.random.default_rng(seed)
    shop: dict[Any, dict[int, float]] = {}
    for number in range(customers):
        rate, leaves = rng.gamma(0.8, 1 / alpha) / 7, rng.beta(a, 2.0)
        day = first + (0 if number == 0 else int(rng.integers(120)))
        mean = rng.gamma(3.0, 10.0)
        bought = shop[number] = {}
        while day <= first + days:
            bought[day] = round(mean * rng.gamma(4.0, 0.25) + 0.01, 2)
            if rng.random() < leaves:
                break
            day += max(1, round(rng.exponential(1 / rate)))
    return shop


def regular_shop(customers: int, seed: int = 4, days: int = 500, first: int = 10_000) -> dict[Any, dict[int, float]]:
    """Draw customers whose gaps are sums of three exponential ones (k = 3), one in twelve of whom leaves at a purchase."""
    rng = np.random.default_rng(seed)
    shop: dict[Any, dict[int, float]] = {}
    for number in range(customers):
        rate, day = rng.gamma(4.0, 1 / 16.0) / 7, first + (0 if number == 0 else int(rng.integers(120)))
        bought = shop[number] = {}
        while day <= first + days:
            bought[day] = 10.0
            if rng.random() < 1 / 12:
                break
            day += max(1, round(rng.gamma(3.0, 1 / (3 * rate))))
    return shop


def all_alike(customers: int, seed: int = 5, days: int = 364, first: int = 10_000) -> dict[Any, dict[int, float]]:
    """Draw customers who come with the same chance every day from their first on, all within half a year."""
    rng = np.random.default_rng(seed)
    shop: dict[Any, dict[int, float]] = {}
    for number in range(customers):
        began = first + (0 if number == 0 else int(rng.integers(180)))
        came = np.flatnonzero(rng.random(first + days - began) < 1 / 28) + began + 1
        shop[number] = dict.fromkeys([began, *map(int, came)], 10.0)
    return shop


def date_of(day: int) -> str:
    return str(EPOCH.fromordinal(EPOCH.toordinal() + day))
