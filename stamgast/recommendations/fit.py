"""From counts to what is published: which products are bought next so much more often that it is no accident.

A pair counts if it is significant: at least `FEWEST` customers, and more of them than chance explains (a likelihood
ratio above `SURE`). What is left is ordered by the chance that the next visit brings it, drawn towards how often the
product is new at anybody's next visit, as if `PRIOR` more customers had been looked at who do as everybody does.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from stamgast.domain.calendar import date_of
from stamgast.domain.recommendations import Fitted, Product
from stamgast.domain.units import Day
from stamgast.recommendations.counts import Counts, Numbers, Pairs
from stamgast.recommendations.shelf import Shelf

FEWEST: Final = 3
"""Customers who did it, for a pair to count."""
SURE: Final = 10.83
"""Twice the logarithm of the likelihood ratio: 0.001 of the pairs of chance come to more."""
PRIOR: Final = 20.0
MOST_NEXT: Final = 5
"""Products that are kept after each."""
MOST_BEST: Final = 30
MOST_BEST_OF: Final = 10
"""Of each category."""
STILL_SOLD: Final[Day] = 90
"""What was not sold for so long before the newest purchase is not recommended."""
MOST_BYTES: Final = 450_000
"""Compressed, beside the files in a bundle of 900,000."""

_encode = msgspec.json.Encoder(order="deterministic").encode


def fit(
    counts: Counts, shelf: Shelf, as_of: Day, together: float, purchases: int = 0, *, most_bytes: int = MOST_BYTES
) -> Fitted:
    """Make what is published of counts. `together` is what a pair bought together counts beside one bought next.

    Products without a name are bought and not recommended. What is more than `most_bytes` goes: first what is bought
    after the products that are bought least.
    """
    can_be = _can_be(counts, shelf, as_of)
    rows = _rows(counts, can_be, together)
    order = np.argsort(-counts.buyers, kind="stable")
    best = [int(each) for each in order[: MOST_BEST * 4] if can_be[each]][:MOST_BEST]
    rows_in_order = [(int(each), rows[int(each)]) for each in order if int(each) in rows]
    kept = len(rows_in_order)
    while True:
        found = _packed(rows_in_order[:kept], best, counts, shelf, can_be)
        found = replace(
            found, purchases=purchases, customers=counts.customers, as_of=str(date_of(as_of)), together=together
        )
        size = len(zlib.compress(_encode(found), 6))
        if size <= most_bytes or not kept:
            return versioned(found)
        kept = min(kept - 1, int(kept * most_bytes / size * 0.97))


def versioned(found: Fitted) -> Fitted:
    """The same under the name of its content."""
    content = _encode(replace(found, version=""))
    return replace(found, version=hashlib.sha256(content).hexdigest()[:12])


def _can_be(counts: Counts, shelf: Shelf, as_of: Day) -> NDArray[np.bool_]:
    named = np.zeros(counts.products, bool)
    named[list(shelf.names)] = True
    recent: NDArray[np.bool_] = counts.last >= as_of - STILL_SOLD
    return named & recent & (counts.buyers >= FEWEST)


Row = Sequence[tuple[int, int]]
"""What is bought next, and how many of 10,000 buy it; the best first."""


def _rows(counts: Counts, can_be: NDArray[np.bool_], together: float) -> dict[int, Row]:
    rows: dict[int, Row] = {}
    for pairs in counts.pairs():
        rows.update(_rows_of(pairs, counts, can_be, together))
    return rows


def _rows_of(pairs: Pairs, counts: Counts, can_be: NDArray[np.bool_], together: float) -> Mapping[int, Row]:
    first, then = pairs.first, pairs.then
    came, bought = counts.came_again[first].astype(float), counts.buyers[first].astype(float)
    usual_next = counts.came_next[then] / max(1, counts.returning)
    usual = counts.buyers[then] / max(1, counts.customers)
    surprise = _surprise(pairs.next, came * usual_next) + together * _surprise(pairs.together, bought * usual)
    enough = (pairs.next >= FEWEST) | ((together > 0) & (pairs.together >= FEWEST))
    by_next = (pairs.next + PRIOR * usual_next) / (came + PRIOR)
    lift = (pairs.together + PRIOR * usual) / (bought + PRIOR) / np.maximum(usual, 1e-12)
    by_together = usual_next * np.minimum(lift, 1.0 / np.maximum(usual_next, 1e-12))
    chance = (by_next + together * by_together) / (1.0 + together)
    chosen = np.flatnonzero(enough & (surprise > SURE) & (chance > usual_next) & can_be[then])
    chosen = chosen[np.lexsort((then[chosen], -chance[chosen], first[chosen]))]
    rows: dict[int, list[tuple[int, int]]] = {}
    for place in chosen:
        row = rows.setdefault(int(first[place]), [])
        if len(row) < MOST_NEXT:
            row.append((int(then[place]), min(10_000, round(10_000 * float(chance[place])))))
    return rows


def _surprise(seen: Numbers, expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Twice the logarithm of the likelihood ratio (Poisson) where there are more than expected; 0 elsewhere."""
    expected = np.maximum(expected, 1e-9)
    ratio = np.maximum(seen, 1e-9) / expected
    found: NDArray[np.float64] = np.where(seen > expected, 2 * (seen * np.log(ratio) - (seen - expected)), 0.0)
    return found


def _packed(
    rows: Sequence[tuple[int, Row]], best: Sequence[int], counts: Counts, shelf: Shelf, can_be: NDArray[np.bool_]
) -> Fitted:
    """With products by their places in what is published, and no others than are needed."""
    names = list(shelf.skus)
    needed = dict.fromkeys(best)
    for base, row in rows:
        needed.setdefault(base)
        needed.update(dict.fromkeys(place for place, _ in row))
    categories = sorted({shelf.category[each] for each in needed if each in shelf.category})
    best_of = _best_of(categories, counts, shelf, can_be)
    needed.update(dict.fromkeys(each for those in best_of for each in those))
    at = {each: place for place, each in enumerate(needed)}
    of_category = {name: place for place, name in enumerate(categories)}
    return Fitted(
        products=tuple(
            Product(names[each], shelf.names.get(each, ""), of_category.get(shelf.category.get(each, ""), -1))
            for each in needed
        ),
        categories=tuple(categories),
        after=tuple((at[base], *(at[place] for place, _ in row)) for base, row in rows),
        chances=tuple(tuple(chance for _, chance in row) for _, row in rows),
        best=tuple(at[each] for each in best),
        best_of=tuple(tuple(at[each] for each in those) for those in best_of),
    )


def _best_of(categories: Sequence[str], counts: Counts, shelf: Shelf, can_be: NDArray[np.bool_]) -> list[list[int]]:
    places = {name: place for place, name in enumerate(categories)}
    found: list[list[int]] = [[] for _ in categories]
    for number in np.argsort(-counts.buyers, kind="stable"):
        each = int(number)
        place = places.get(shelf.category.get(each, ""))
        if place is not None and can_be[each] and len(found[place]) < MOST_BEST_OF:
            found[place].append(each)
    return found
