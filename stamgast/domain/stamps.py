"""Stamp cards: what a purchase earns, and how a change of it moves the card.

What a purchase earns (its raw stamps) depends on that purchase alone; a daily cap is applied to the sum of
a business day. So the balance is a sum over purchases, whatever the order they arrive in. A full card is
completed at once; a refund that takes the balance below zero takes the newest completed card out again of which
nobody has used the reward; once all were used the stamps are owed. A million cards cost no more to count than one.
"""

from dataclasses import replace as replace_card
from typing import Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from stamgast.domain import stamp_days
from stamgast.domain.calendar import LocalTime
from stamgast.domain.customer import Card
from stamgast.domain.double_hours import DoubleHours
from stamgast.domain.events import Line, Purchase
from stamgast.domain.full_cards import current, is_full, lay_aside, newest, take_from_below, take_newest
from stamgast.domain.program import CardDefinition
from stamgast.domain.units import Day, Minor
from stamgast.domain.vocabulary import StepKind

NO_STAMP_KINDS = frozenset({"gift_card", "deposit", "shipping", "fee", "reward", "return"})

APART_KINDS: Final = frozenset({"gift_card", "deposit", "shipping"})
"""What has nothing to do with the goods: a deposit that is given back takes nothing off them."""

MOST_COMPLETED: Final = 200
"""Cards that one event completes at most, all of a customer's cards together (docs/adr/0057)."""

_STAMPED: Final = StepKind.STAMPED
_COMPLETED: Final = StepKind.COMPLETED
_UNCOMPLETED: Final = StepKind.UNCOMPLETED
_TAKEN: Final = StepKind.TAKEN


class Step(Struct, frozen=True, gc=False):
    """One movement of a card: stamps `before` -> `after` on card number `ordinal` (1 is the first).

    Cards that are taken out together are one step:
    `ordinal` is the first of them, `cards` how many they are, and `after` what is left on that one.
    """

    kind: StepKind
    ordinal: int
    before: int
    after: int
    cards: int = 1


class Past(Protocol):
    """What became of the rewards of full cards."""

    def newest_used(self, card: str, up_to: int) -> int:
        """The newest card up to that number whose reward was used, which is not taken out again; 0: none."""

    def unused(self, card: str, up_to: int) -> list[int]:
        """The cards up to that number of which a reward is open and none was used, the newest first."""


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
    if card.per == "purchase":
        stamps = 1 if _any_qualifies(lines, card) or _without_line(lines, spend, card) > 0 else 0
    elif card.per == "item":
        stamps = sum([_pieces(line.quantity) for line in lines if qualifies(line, card)])
    else:
        stamps = max(0, _qualifying_money(lines, spend, card)) // card.amount
    if card.max_per_purchase is not None:
        stamps = min(stamps, card.max_per_purchase)
    return stamps


def doubled(earned: int, card: CardDefinition, at: LocalTime, purchase: Purchase) -> int:
    """What a purchase earns where its hour or its goods give more; what one purchase gives at most stays."""
    those = [each for each in card.double if each.holds(at, purchase.store)]
    more = max(((each.times - 1) * _earned_by(earned, each, card, purchase) for each in those), default=0)
    return earned + more if card.max_per_purchase is None else min(earned + more, card.max_per_purchase)


def _earned_by(earned: int, double: DoubleHours, card: CardDefinition, purchase: Purchase) -> int:
    """How many of the stamps that a purchase earned are of the goods that give more: all of them, if all goods do."""
    if not (double.products or double.categories):
        return earned
    lines, narrow = purchase.lines, replace_card(card, products=double.products, categories=double.categories)
    if card.on_refund == "never" and purchase.peak is not None:
        lines = purchase.peak
    lines = tuple([line for line in lines if line.gross < 0 or qualifies(line, card)])
    if card.per == "purchase":
        return earned if _any_qualifies(lines, narrow) else 0
    if card.per == "item":
        return min(earned, sum([_pieces(line.quantity) for line in lines if qualifies(line, narrow)]))
    return min(earned, max(0, _qualifying_money(lines, 0, narrow)) // card.amount)


def _qualifying_money(lines: tuple[Line, ...], spend: Minor, card: CardDefinition) -> Minor:
    """In one loop: it is asked at every purchase. What a negative line took off was not paid."""
    if card.products or card.categories:
        money, taken_off = 0, False
        for line in lines:
            if qualifies(line, card):
                money += line.gross
            elif line.gross < 0:
                taken_off = True
        return _less_discounts(lines, money, card) if taken_off else money
    money = spend  # what no line accounts for included
    for line in lines:  # as `qualifies` has it for a card that takes everything
        gross, kind = line.gross, line.kind
        if gross > 0:
            if kind in NO_STAMP_KINDS or line.quantity <= 0:
                money -= gross
        elif kind in APART_KINDS:
            money -= gross
    return money


def _less_discounts(lines: tuple[Line, ...], money: Minor, card: CardDefinition) -> Minor:
    """A discount on what the card is for is taken off; one on the whole receipt in proportion, a fraction left out."""
    goods = whole = 0
    for line in lines:
        if line.kind in APART_KINDS:
            continue
        if line.gross > 0:
            goods += line.gross if line.kind == "sale" else 0
        elif line.category in card.categories or line.sku in card.products:
            money += line.gross
        elif line.category is None and (line.sku is None or line.kind != "return"):
            whole -= line.gross
    return money - whole * max(0, money) // goods if goods else money


def _any_qualifies(lines: tuple[Line, ...], card: CardDefinition) -> bool:
    """As `qualifies` has it, without a call a line: it is asked at every purchase."""
    products, categories = card.products, card.categories
    everything = not (products or categories)
    for line in lines:
        fits = everything or line.category in categories or line.sku in products
        if fits and line.gross > 0 and line.quantity > 0 and line.kind not in NO_STAMP_KINDS:
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


def move_day(card: Card, definition: CardDefinition, day: Day, by: int, memory: stamp_days.Memory) -> int:
    """Change the raw stamps of one day; returns by how much the balance moves under the daily cap.

    Raises `NotReadError` if the day is one of which nothing was read.
    """
    cap = definition.max_per_day
    if cap is None and card.by_day is not None:
        stamp_days.forget(card)
    if day > card.day:
        before = 0
        if cap is not None:
            stamp_days.move_on(card, definition.id, day, memory)
        card.day, card.day_raw = day, by
    elif day == card.day:
        before = card.day_raw
        card.day_raw += by
    elif cap is None:
        return by
    else:
        before = stamp_days.change(card, definition.id, day, by, memory)
    return by if cap is None else min(cap, before + by) - min(cap, before)


def add_plainly(card: Card, definition: CardDefinition, day: Day, by: int) -> bool:
    """Add a new sale's stamps to a card without a daily cap, whose stamps never run out, and that they do not fill.

    As `move_day` and `move_balance` would. False, and nothing is done, where there is more to think about.
    """
    if definition.max_per_day is not None or definition.expires is not None:
        return False
    balance = card.balance + by
    if balance >= definition.stamps_required or card.by_day is not None or card.warned_at:
        return False
    card.balance = balance
    if day > card.day:
        card.day, card.day_raw = day, by
    elif day == card.day:
        card.day_raw += by
    return True


def move_day_of_none(card: Card, day: Day, by: int) -> None:
    """The same of a card that the programme has no more: its balance stays as it is."""
    stamp_days.forget(card)
    if day == card.day:
        card.day_raw += by


def move_balance(card: Card, definition: CardDefinition, by: int, past: Past, room: int = MOST_COMPLETED) -> list[Step]:
    """Add `by` stamps (negative: take back), completing at most `room` cards; what is above stays on the card."""
    if by == 0:
        return []
    if by < 0:
        return take_back(card, definition.id, -by, past)
    size, before = definition.stamps_required, card.balance
    card.balance += by
    full = min(card.balance // size, room) if card.balance >= size else 0
    steps: list[Step] = []
    if full:
        for ordinal in lay_aside(card, size, full):
            steps += (Step(_STAMPED, ordinal, before, size), Step(_COMPLETED, ordinal, size, 0))
            before = 0
        card.balance -= full * size
    if card.balance != before:
        steps.append(Step(_STAMPED, current(card), before, card.balance))
    return steps


def take_back(card: Card, card_id: str, stamps: int, past: Past) -> list[Step]:
    """Take stamps off the card, and full cards out again as far as stamps are owed then.

    First the newest down to one whose reward was used; if that is not enough, those below whose reward nobody has used
    yet, the newest first. What the others gave is had, and their stamps are owed.
    """
    before, ordinal = card.balance, current(card)
    card.balance -= stamps
    steps = [*_taken_from_above(card, card_id, past), *_taken_from_below(card, card_id, past)]
    if steps and steps[-1].ordinal == current(card):  # what is left is on this one
        steps[-1] = replace(steps[-1], after=card.balance)
    if current(card) != ordinal:
        return [Step(_TAKEN, ordinal, before, before - stamps), *steps] if stamps else steps
    if card.balance < before:
        return [Step(_TAKEN, ordinal, before, card.balance), *steps]
    # It was a gap and still is: what a card above it gave back is on it now.
    return [*steps, Step(_STAMPED, ordinal, before, card.balance)] if card.balance > before else steps


def _taken_from_above(card: Card, card_id: str, past: Past) -> list[Step]:
    steps: list[Step] = []
    if card.balance >= 0 or not card.completed:
        return steps
    last = past.newest_used(card_id, newest(card))
    while card.balance < 0 and newest(card) > last:
        top = newest(card)
        first, stamps = take_newest(card, last, -card.balance)
        card.balance += stamps
        steps.append(Step(_UNCOMPLETED, first, 0, min(0, card.balance), top - first + 1))
    return steps


def _taken_from_below(card: Card, card_id: str, past: Past) -> list[Step]:
    steps: list[Step] = []
    if card.balance >= 0 or not card.completed:
        return steps
    numbers = [number for number in past.unused(card_id, newest(card)) if is_full(card, number)]
    while card.balance < 0 and numbers:
        first, cards, stamps = take_from_below(card, numbers, -card.balance)
        card.balance += stamps
        numbers = numbers[cards:]
        steps.append(Step(_UNCOMPLETED, first, 0, min(0, card.balance), cards))
    return steps
