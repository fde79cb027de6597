"""What to recommend to somebody who bought something: what others bought next, as a fit found it.

A fit (`stamgast recommend fit`) publishes a `Fitted` beside the files; what a person wrote in program.yaml
(`recommend:`) counts before it. Which product it is follows from both, from what the customer bought and from nothing
else, so that a replay comes to the same.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from stamgast.domain.units import DAY, Day, Millis

RECOMMEND: Final = "recommend"
"""Under which an activation's data has what it is to recommend by (`Wanted`)."""
RECOMMENDED: Final = "recommended"
"""Under which a message's words have the product: `recommended.name`, `recommended.sku`."""
LONGEST_NAME: Final = 60
"""Characters of a product's name in a message."""
MOST_LATELY: Final = 64
"""Products that a state remembers: those bought longest ago go."""
_MARK: Final = 4
_ENTRY: Final = _MARK + 2
_MOST_DAYS: Final = 0xFFFF


class Instead(StrEnum):
    """What is recommended where nothing was bought next often enough."""

    NOTHING = "nothing"
    CATEGORY = "category"
    """What is bought most of the same category."""
    BEST_SELLER = "best_seller"
    """That, and where there is none what is bought most of all."""


class Product(Struct, frozen=True, array_like=True, gc=False):
    """A product as tills name it. `category` is its place among the categories of the fit; -1: it has none."""

    sku: str
    name: str
    category: int = -1


class Held(Struct, frozen=True, kw_only=True, gc=False):
    """How a fit did over the last part of the time, which it had not seen.

    `hit_rate` is the share of `customers` who bought what was recommended to them at their next visit, `baseline` the
    same of the best seller; `difference` has its standard error in `error`.
    """

    customers: int
    hits: int
    best_hits: int
    hit_rate: float
    baseline: float
    difference: float
    error: float
    cut: str
    """The first day that it had not seen."""


def tried_in_words(tried: Held) -> str:
    """How it did, in a sentence."""
    return (
        f"of {tried.customers:,} customers who came again from {tried.cut} on, {tried.hit_rate:.1%} bought what it "
        f"recommends and {tried.baseline:.1%} the best seller"
    )


class Fitted(Struct, frozen=True, kw_only=True, gc=False):
    """What a fit found, as it stands in the bundle. Products are named by their places in `products`."""

    products: tuple[Product, ...] = ()
    categories: tuple[str, ...] = ()
    after: tuple[tuple[int, ...], ...] = ()
    """A product, and behind it what is bought next, the best first."""
    chances: tuple[tuple[int, ...], ...] = ()
    """In the order of `after`: how many of 10,000 who bought the product buy each of those next."""
    best: tuple[int, ...] = ()
    """What is bought most, the best first."""
    best_of: tuple[tuple[int, ...], ...] = ()
    """The same of each category, in their order."""
    purchases: int = 0
    customers: int = 0
    as_of: str = ""
    """The day of the newest purchase that it has seen."""
    together: float = 0.0
    """What one that was bought together counts beside one that was bought next."""
    held: Held | None = None
    version: str = ""
    """Stands for all of the others."""


class Wanted(Struct, frozen=True, omit_defaults=True):
    """By what a message is to recommend: what a rule says, and what its customer has just bought."""

    instead: str = Instead.NOTHING
    again_after: Day = 0
    """What was bought so many days ago or longer may be recommended again; 0: never."""
    after: tuple[str, ...] = ()
    """What it is recommended after; empty: what was bought last."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """What program.yaml says: `pairs` count before what was fitted; what is in `out_of_stock` is not recommended."""

    out_of_stock: frozenset[str] = frozenset()
    pairs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """SKU -> language -> what messages call it, before what the till does."""

    @property
    def skus(self) -> frozenset[str]:
        """All products that it speaks of."""
        return self.out_of_stock.union(self.pairs, self.names, *self.pairs.values())


class Table:
    """A fit, to be looked things up in."""

    __slots__ = ("_after", "_marks", "_places", "fitted")

    def __init__(self, fitted: Fitted) -> None:
        self.fitted = fitted
        self._places = {each.sku: place for place, each in enumerate(fitted.products)}
        self._marks = {mark_of(each.sku): place for place, each in enumerate(fitted.products)}
        rows = zip(fitted.after, fitted.chances, strict=True)
        self._after = {places[0]: tuple(zip(places[1:], chances, strict=True)) for places, chances in rows}

    def product(self, sku: str) -> Product | None:
        """A product that the fit knows."""
        place = self._places.get(sku)
        return None if place is None else self.fitted.products[place]

    def named(self, mark: bytes) -> str:
        """The product with a mark; empty for one that the fit does not know."""
        place = self._marks.get(mark)
        return "" if place is None else self.fitted.products[place].sku

    def next_after(self, sku: str) -> Sequence[tuple[Product, int]]:
        """What is bought after it, the best first, and how many of 10,000 buy it."""
        rows = self._after.get(self._places.get(sku, -1), ())
        return [(self.fitted.products[place], chance) for place, chance in rows]

    def best_like(self, sku: str) -> Sequence[Product]:
        """What is bought most of its category."""
        product = self.product(sku)
        if product is None or product.category < 0:
            return ()
        return [self.fitted.products[each] for each in self.fitted.best_of[product.category]]

    @property
    def best(self) -> Sequence[Product]:
        """What is bought most."""
        return [self.fitted.products[each] for each in self.fitted.best]


NO_TABLE: Final = Table(Fitted())


@lru_cache(maxsize=8192)
def mark_of(sku: str) -> bytes:
    """What a state keeps of a product: four bytes."""
    return hashlib.blake2b(sku.encode(), digest_size=_MARK).digest()


def lately(kept: bytes) -> Iterator[tuple[bytes, Day]]:
    """What a state keeps of what was bought: marks, and when last; the newest last."""
    for at in range(0, len(kept), _ENTRY):
        yield kept[at : at + _MARK], int.from_bytes(kept[at + _MARK : at + _ENTRY], "big")


def bought(kept: bytes, skus: Iterable[str], day: Day) -> bytes:
    """The same after these were bought on a day."""
    known = dict(lately(kept))
    for sku in skus:
        mark = mark_of(sku)
        known[mark] = max(known.get(mark, 0), _bounded(day))
    return _written(known)


def given_back(kept: bytes, skus: Iterable[str], day: Day) -> bytes:
    """The same after these, bought on that day, were given back. What was bought again later stays."""
    known = dict(lately(kept))
    for sku in skus:
        if known.get(mark_of(sku)) == _bounded(day):
            del known[mark_of(sku)]
    return _written(known)


def _bounded(day: Day) -> Day:
    return min(max(day, 0), _MOST_DAYS)


def _written(known: Mapping[bytes, Day]) -> bytes:
    ordered = sorted(known.items(), key=lambda each: (each[1], each[0]))[-MOST_LATELY:]
    return b"".join(mark + day.to_bytes(2, "big") for mark, day in ordered)


def pick(table: Table, by_hand: ByHand, wanted: Wanted, kept: bytes, today: Day) -> Product | None:
    """What to recommend to somebody; None: nothing.

    Of what they bought last, what most buy next and they never had; by `instead` where there is none.
    """
    had = dict(lately(kept))
    after = wanted.after or tuple(_newest(table, had))
    for candidates in _in_turn(table, by_hand, wanted, after):
        for each in candidates:
            if each.sku not in after and _may_be(each, by_hand, had, wanted, today):
                return each
    return None


def _in_turn(table: Table, by_hand: ByHand, wanted: Wanted, after: Sequence[str]) -> Iterator[Sequence[Product]]:
    for sku in after:
        yield [_product(table, each) for each in by_hand.pairs.get(sku, ())]
    found = [row for sku in after for row in table.next_after(sku)]
    yield [product for product, _ in sorted(found, key=lambda row: -row[1])]
    if wanted.instead in {Instead.CATEGORY, Instead.BEST_SELLER}:
        for sku in after:
            yield table.best_like(sku)
    if wanted.instead == Instead.BEST_SELLER:
        yield table.best


def _product(table: Table, sku: str) -> Product:
    return table.product(sku) or Product(sku, "")


def _newest(table: Table, had: Mapping[bytes, Day]) -> Iterator[str]:
    """What was bought on the last day of which anything is known."""
    last = max(had.values(), default=0)
    return (sku for mark, day in had.items() if day == last and (sku := table.named(mark)))


def _may_be(product: Product, by_hand: ByHand, had: Mapping[bytes, Day], wanted: Wanted, today: Day) -> bool:
    if product.sku in by_hand.out_of_stock or not (product.name or product.sku in by_hand.names):
        return False
    day = had.get(mark_of(product.sku))
    return day is None or 0 < wanted.again_after <= today - day


def name_of(sku: str, table: Table, by_hand: ByHand, language: str) -> str:
    """What messages call a product, in a language; empty if nobody said."""
    names = by_hand.names.get(sku, {})
    product = table.product(sku)
    said = names.get(language) or names.get(language[:2]) or next(iter(names.values()), "")
    return said or ("" if product is None else product.name)


def tidy_product(name: str) -> str:
    """A product's name as it may stand in a message: in one line, and no longer than that."""
    words = "".join(letter if letter.isprintable() else " " for letter in name).split()
    tidy = " ".join(words)
    return tidy if len(tidy) <= LONGEST_NAME else tidy[: LONGEST_NAME - 1].rstrip() + "…"


def skus_of(lines: Iterable[tuple[str | None, int]]) -> list[str]:
    """The products of lines (SKU, quantity), each once, in their order."""
    return list(dict.fromkeys(sku for sku, quantity in lines if sku and quantity > 0))


def days_of(length: Millis) -> Day:
    """A length of time in whole days, one at least."""
    return max(1, -(-length // DAY))


def report_of(table: Table) -> dict[str, Any] | None:
    """What a report says of the fit in force; None where there is none, or it was never tried."""
    held = table.fitted.held
    if held is None or not held.customers:
        return None
    return {
        "version": table.fitted.version,
        "customers": held.customers,
        "cut": held.cut,
        "hit_rate": held.hit_rate,
        "baseline": held.baseline,
        "words": tried_in_words(held),
    }
