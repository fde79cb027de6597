"""Stamp cards: what a purchase earns, and how a change of it moves the card.

What a purchase earns (its raw stamps) depends on that purchase alone; a daily cap is applied to the sum of
a business day. So the balance is a sum over purchases, whatever the order they arrive in. A full card is
completed at once; a refund that takes the balance below zero reopens the newest completed card, unless its
reward was redeemed: then the stamps are owed.
"""

from collections.abc import Callable
from typing import NamedTuple

from stamgast.domain.customer import Card
from stamgast.domain.events import Line, Purchase
from stamgast.domain.program import CardDefinition
from stamgast.domain.units import Day, Minor

NO_STAMP_KINDS = frozenset({"gift_card", "deposit", "shipping", "fee", "reward", "return"})


class Step(NamedTuple):
    """One movement of a card: stamps `before` -> `after` on card number `ordinal` (1 is the first).

    `kind` is `stamped`, `completed`, `uncompleted` or `taken`.
    """

    kind: str
    ordinal: int
    before: int
    after: int


def raw_stamps(purchase: Purchase | None, card: CardDefinition) -> int:
    """Stamps that this purchase earns on that card before the daily cap."""
    if purchase is None:
        return 0
    lines, spend = purchase.lines, purchase.spend
    if card.on_refund == "never" and purchase.peak is not None:
        lines, spend = purchase.peak, purchase.peak_spend or purchase.spend
    elif not purchase.counts:
        return 0
    if spend < card.minimum_spend:
        return 0
    stamps = _earned(lines, spend, card)
    if card.max_per_purchase is not None:
        stamps = min(stamps, card.max_per_purchase)
    return stamps


def asks_for_money(card: CardDefinition) -> bool:
    """Whether an amount decides on its stamps: only one in the programme's currency can."""
    return card.per == "amount" or card.minimum_spend > 0


def _earned(lines: tuple[Line, ...], spend: Minor, card: CardDefinition) -> int:
    if card.per == "item":
        return sum([_pieces(line.quantity) for line in lines if qualifies(line, card)])
    if card.per == "purchase":
        return 1 if _any_qualifies(lines, card) or _without_line(lines, spend, card) > 0 else 0
    fitting = sum([line.gross for line in lines if qualifies(line, card)])
    return max(0, fitting + _without_line(lines, spend, card)) // card.amount


def _any_qualifies(lines: tuple[Line, ...], card: CardDefinition) -> bool:
    for line in lines:  # noqa: SIM110 - asked at every purchase, and `any` would make a generator
        if qualifies(line, card):
            return True
    return False


def _without_line(lines: tuple[Line, ...], spend: Minor, card: CardDefinition) -> Minor:
    """What no line accounts for; it counts for a card that takes everything."""
    if card.products or card.categories:
        return 0
    return spend - sum([line.gross for line in lines])


def qualifies(line: Line, card: CardDefinition) -> bool:
    """Goods that were bought, of a product or category of the card; lines without a price never stamp."""
    if line.kind in NO_STAMP_KINDS or line.quantity <= 0 or line.gross <= 0:
        return False
    products, categories = card.products, card.categories
    return line.category in categories or line.sku in products or not (products or categories)


def _pieces(quantity: int) -> int:
    """Whole pieces; anything sold by weight is one piece."""
    return quantity // 1000 if quantity % 1000 == 0 else 1


def move_day(card: Card, definition: CardDefinition, day: Day, by: int, raw_of_day: Callable[[], int]) -> int:
    """Change the raw stamps of one day; returns by how much the balance moves under the daily cap.

    `raw_of_day()` says what the day held before, for days other than the newest one.
    """
    cap = definition.max_per_day
    if day > card.day:
        before = 0
        card.day, card.day_raw = day, by
    elif day == card.day:
        before = card.day_raw
        card.day_raw += by
    elif cap is None:
        return by
    else:
        before = raw_of_day()
    return by if cap is None else min(cap, before + by) - min(cap, before)


def move_balance(card: Card, definition: CardDefinition, by: int, may_reopen: Callable[[int], bool]) -> list[Step]:
    """Add `by` stamps (negative: take back). `may_reopen(ordinal)` is false once that card's reward is used."""
    if by == 0:
        return []
    if by < 0:
        return _take(card, by, may_reopen)
    size = definition.stamps_required
    steps: list[Step] = []
    before = card.balance
    card.balance += by
    while card.balance >= size:
        ordinal = card.completed + 1
        steps.append(Step("stamped", ordinal, before, size))
        card.balance -= size
        card.completed = ordinal
        _push(card, size)
        steps.append(Step("completed", ordinal, size, 0))
        before = 0
    if card.balance != before:
        steps.append(Step("stamped", card.completed + 1, before, card.balance))
    return steps


def _take(card: Card, by: int, may_reopen: Callable[[int], bool]) -> list[Step]:
    steps = [Step("taken", card.completed + 1, card.balance, card.balance + by)]
    card.balance += by
    return steps + reopen(card, may_reopen)


def reopen(card: Card, may_reopen: Callable[[int], bool]) -> list[Step]:
    """Take completed cards out again, the newest first, as long as stamps are owed."""
    steps = []
    while card.balance < 0 and card.completed and may_reopen(card.completed):
        ordinal = card.completed
        card.balance += _pop(card)
        card.completed -= 1
        steps.append(Step("uncompleted", ordinal, 0, card.balance))
    return steps


def visible_stamps(card: Card, definition: CardDefinition) -> int:
    """What the card shows: owed stamps are shown as such only if the card's policy says so."""
    return card.balance if definition.on_refund == "below_zero" else max(0, card.balance)


def _push(card: Card, size: int) -> None:
    if card.sizes and card.sizes[-1][0] == size:
        card.sizes[-1][1] += 1
    else:
        card.sizes = [*card.sizes, [size, 1]]


def _pop(card: Card) -> int:
    size, count = card.sizes[-1]
    if count == 1:
        card.sizes = card.sizes[:-1]
    else:
        card.sizes[-1][1] = count - 1
    return size
