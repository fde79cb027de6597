"""Categories and products that rules ask about: how often a customer bought something of them, and when last.

Kept only for those that rules or `watch:` of program.yaml name (`Kept`). What was bought before is not known.
Purchases are counted, not pieces; a refund takes its purchase out again.
"""

import hashlib
from collections.abc import Collection, Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final

from stamgast.domain.customer import Bought, Customer
from stamgast.domain.events import Purchase
from stamgast.domain.kept import Kept
from stamgast.domain.units import Day

MOST_THINGS: Final = 64
"""That a state knows of; what was bought longest ago goes."""
_CATEGORY: Final = "category:"
_PRODUCT: Final = "product:"
_MARK: Final = 4


def category(name: str) -> str:
    """A category as a thing."""
    return _CATEGORY + name


def product(name: str) -> str:
    """A product (by SKU) as a thing."""
    return _PRODUCT + name


def name_of(thing: str) -> str:
    """What it is called without its kind."""
    return thing.partition(":")[2]


def is_kept(thing: str, kept: Kept) -> bool:
    """Whether states know how often it was bought."""
    names = kept.categories if thing.startswith(_CATEGORY) else kept.products
    return name_of(thing) in names


def things_in(purchase: Purchase | None, categories: Collection[str], products: Collection[str]) -> list[str]:
    """Which of these a purchase that counts holds, each once."""
    if purchase is None or not purchase.counts:
        return []
    found: dict[str, None] = {}
    for line in purchase.lines:
        if line.quantity > 0:
            if line.category is not None and line.category in categories:
                found[_CATEGORY + line.category] = None
            if line.sku is not None and line.sku in products:
                found[_PRODUCT + line.sku] = None
    return list(found)


def all_in(purchase: Purchase | None) -> AbstractSet[str]:
    """Everything that a purchase that counts holds, by category and by product."""
    if purchase is None or not purchase.counts:
        return frozenset()
    found: set[str] = set()
    for line in purchase.lines:
        if line.quantity > 0:
            if line.category is not None:
                found.add(_CATEGORY + line.category)
            if line.sku is not None:
                found.add(_PRODUCT + line.sku)
    return found


def marks_in(purchase: Purchase, kept: Kept) -> bytes:
    """The same for those that are kept, as a ledger's entry remembers it: four bytes each."""
    return b"".join(map(mark_of_thing, things_in(purchase, kept.categories, kept.products)))


@lru_cache(maxsize=4096)
def mark_of_thing(thing: str) -> bytes:
    """What an entry keeps of a thing."""
    return hashlib.blake2b(thing.encode(), digest_size=_MARK).digest()


def marked(marks: bytes, kept: Kept) -> list[str]:
    """What is kept and has one of those marks, in the order of its name: what is looked at costs, not what is kept."""
    by_mark = _by_mark(kept)
    found = {thing for at in range(0, len(marks), _MARK) for thing in by_mark.get(marks[at : at + _MARK], ())}
    return sorted(found)


@lru_cache(maxsize=64)
def _by_mark(kept: Kept) -> dict[bytes, tuple[str, ...]]:
    found: dict[bytes, tuple[str, ...]] = {}
    for thing in (*map(category, kept.categories), *map(product, kept.products)):
        mark = mark_of_thing(thing)
        found[mark] = (*found.get(mark, ()), thing)
    return found


def has_mark(marks: bytes, mark: bytes) -> bool:
    """Whether an entry has kept that."""
    return any(marks[at : at + _MARK] == mark for at in range(0, len(marks), _MARK))


def times(customer: Customer, thing: str) -> int:
    """How often it was bought, as far as that is known."""
    known = customer.bought.get(thing)
    return 0 if known is None else known.times


def note(customer: Customer, thing: str, day: Day) -> None:
    """It was bought once more."""
    known = customer.bought.get(thing)
    customer.bought[thing] = Bought(day, 1) if known is None else Bought(max(day, known.day), known.times + 1)
    if len(customer.bought) > MOST_THINGS:
        del customer.bought[min(customer.bought, key=lambda each: (customer.bought[each].day, each))]


def recount(customer: Customer, thing: str, days: Iterable[Day]) -> None:
    """It was bought on these days, once for each purchase."""
    all_days = list(days)
    if all_days:
        customer.bought[thing] = Bought(max(all_days), len(all_days))
    else:
        customer.bought.pop(thing, None)
