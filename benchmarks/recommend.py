"""What does it take to count what customers buy next? Two million purchases of a hundred thousand products.

Purchases are laid down as the log tells them, three lines each, some of which follow from the visit before; then they
are counted, tried on the newest fifth and packed, in a process of its own whose peak of memory is told.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
import zlib
from random import Random

import msgspec

from benchmarks.figures import Figure, table, tell
from benchmarks.scene import Scene
from stamgast.domain.events import Line, Purchase
from stamgast.domain.recommendations import Table
from stamgast.domain.units import DAY
from stamgast.programs.recommend_fit import fit_shelf
from stamgast.recommendations.shelf import Shelf

PRODUCTS = 100_000
VISITS = 10
TARGETS = {"peak_mb": 500, "packed_kb": 450}
_FIRST = 20_000


def run(scene: Scene) -> None:
    """Lay down and fit, and tell what that took."""
    purchases = scene.sized(2_000_000, 20_000)
    products = scene.sized(PRODUCTS, 2_000)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.recommend", str(purchases), str(products)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    rows = [
        (f"lay {purchases:,} purchases down", found["laid_down_s"], found["peak_mb"]),
        ("  count, try and pack them", found["fitted_s"], found["peak_mb"]),
    ]
    table("what is bought next", ("what", "CPU seconds", "peak MB"), rows)
    tell(
        (
            Figure("recommend_cpu", found["laid_down_s"] + found["fitted_s"], "s"),
            Figure("recommend_peak", found["peak_mb"], "MB", "target", TARGETS["peak_mb"]),
            Figure("recommend_packed", found["packed_kb"], "kB", "target", TARGETS["packed_kb"]),
            Figure("recommend_hit_rate", found["hit_rate"] or 0.0, "share", "best seller", found["baseline"]),
        )
    )


def draw(shelf: Shelf, purchases: int, products: int) -> None:
    """One in four visits brings what follows from a product of the visit before, else products as they sell."""
    dice = Random(7)
    for number in range(purchases // VISITS):
        day, last = _FIRST + dice.randrange(300), -1
        for visit in range(VISITS):
            goods = [int(products * dice.random() ** 3) for _ in range(3)]
            if last >= 0 and dice.random() < 0.25:
                goods[0] = (last * 7 + 11) % products
            lines = tuple(Line(str(place), 500, sku=f"SKU-{each:06}") for place, each in enumerate(goods))
            purchase = Purchase(day * DAY, "shop", "EUR", 1_500, lines=lines)
            shelf.note(f"c{number}", f"t{number}-{visit}", purchase)
            last, day = goods[1], day + dice.randrange(2, 25)
    for sku in shelf.skus:
        shelf.call(sku, f"Product {sku}")


def main(purchases: int, products: int) -> None:
    """Do it, and write a JSON line."""
    with Shelf() as shelf:
        began = time.process_time()
        draw(shelf, purchases, products)
        laid = time.process_time()
        found = fit_shelf(shelf, {}).fitted
        ended = time.process_time()
    held = found.held
    print(json.dumps({
        "laid_down_s": round(laid - began, 1),
        "fitted_s": round(ended - laid, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "packed_kb": round(len(zlib.compress(msgspec.json.encode(found), 6)) / 1000),
        "products": len(Table(found).fitted.after),
        "hit_rate": None if held is None else held.hit_rate,
        "baseline": None if held is None else held.baseline,
    }))  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
