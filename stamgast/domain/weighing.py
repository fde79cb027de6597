"""A plain sale weighed in one pass over its lines, as one programme has it: what of the programme no sale asks is left
out when it comes into force.

Most sales are plain: in the shop's own currency, nothing given back, every line sold for money, nothing too much. Of
anything else this says nothing, and it is weighed the long way (`stamgast.domain.earning`, `stamgast.domain.review`);
a property test holds both to the same entry.
"""

from collections.abc import Callable
from typing import Final

from stamgast.domain import stamps
from stamgast.domain.calendar import business_day
from stamgast.domain.costs import Costs
from stamgast.domain.earning import on_the_wall
from stamgast.domain.events import Purchase
from stamgast.domain.kept import NOTHING_KEPT
from stamgast.domain.ledger import Entry
from stamgast.domain.profit import profit_of
from stamgast.domain.program import CardDefinition, Program
from stamgast.domain.things import marks_in
from stamgast.domain.units import Day, Minor

PIECE: Final = 1000
"""Thousandths."""
_BASKETS: Final = 4_096
"""Sets of categories of which is remembered which cards they may stamp."""

Weigh = Callable[[Purchase], Entry | None]
"""What a plain sale gives that counts at once; None: weigh it the long way."""
_Money = dict[str | None, Minor]
"""Category -> what was paid for it."""
_Earn = Callable[[Purchase, Day], int]
_OfCard = tuple[str, int, int, int, _Earn | None]
"""A card; the stamps that it gives whatever was paid, or else for how much money it gives one, or else what says how
many; above how many somebody is asked.
"""


def weighed_at_once(purchase: Purchase, program: Program) -> Entry | None:
    """What a sale gives under a programme; None where it has to be weighed the long way."""
    weigh = program.weigh
    if weigh is None:
        weigh = weigher(program)
        object.__setattr__(program, "weigh", weigh)  # it follows from the rest: a programme is what it was
    entry: Entry | None = weigh(purchase)
    return entry


def weigher(program: Program) -> Weigh:
    """Make what weighs the plain sales of a programme."""
    most = program.review_above.amount
    if most is None or len(program.cards) > stamps.MOST_COMPLETED:
        return _none
    currency, kept = program.currency, program.kept
    money_in, day_of = _money_in(most, program.review_above.pieces * PIECE), _day_of(program)
    stamps_of, profit = _stamps_of(program), _profit(program.costs)

    def weigh(purchase: Purchase) -> Entry | None:
        spend = purchase.spend
        if not (purchase.counts and purchase.currency == currency and 0 <= spend <= most):
            return None
        money = money_in(purchase)
        if money is None:
            return None
        day = purchase.day
        if day is None:
            day = day_of(purchase)
        raw = stamps_of(purchase, money, day)
        if raw is None:
            return None
        entry = Entry(day, spend, profit(purchase, money), 1, purchase.refunded, raw)
        if kept is not NOTHING_KEPT:
            entry.bought = marks_in(purchase, kept)
        return entry

    return weigh


def _money_in(most: Minor, pieces: int) -> Callable[[Purchase], _Money | None]:
    """What a plain sale brought by category; None of any other, and where it brought nothing."""

    def money_in(purchase: Purchase) -> _Money | None:
        if purchase.foreign or purchase.peak is not None or purchase.history:
            return None
        money: dict[str | None, Minor] = {}
        for line in purchase.lines:
            gross = line.gross
            if not (0 < gross <= most and 0 < line.quantity <= pieces and line.kind == "sale"):
                return None
            if line.cost is not None or line.tax is not None:
                return None
            category = line.category
            money[category] = money[category] + gross if category in money else gross
        return money if money or purchase.spend else None

    return money_in


def _day_of(program: Program) -> Callable[[Purchase], Day]:
    clocks = {name: (store.time_zone, store.day_start) for name, store in program.stores.items()}
    home = program.time_zone, 0

    def day_of(purchase: Purchase) -> Day:
        zone, begins = clocks.get(purchase.store, home)
        return business_day(purchase.occurred_at, zone, begins)

    return day_of


def _stamps_of(program: Program) -> Callable[[Purchase, _Money, Day], dict[str, int] | None]:
    """Card -> what it earns, in the programme's order; None where that is to be asked about."""
    cards_for = _cards_for(program)

    def stamps_of(purchase: Purchase, money: _Money, day: Day) -> dict[str, int] | None:
        raw = {}
        for card, fixed, amount, bound, earn in cards_for(money):
            if fixed:
                raw[card] = fixed
                continue
            earned = purchase.spend // amount if earn is None else earn(purchase, day)
            if earned > bound:
                return None
            if earned:
                raw[card] = earned
        return raw

    return stamps_of


def _none(_: Purchase) -> None:
    return None


def _profit(costs: Costs) -> Callable[[Purchase, _Money], Minor]:
    """What a plain sale brings: by category where no tax is to be taken off, which is rounded line by line."""
    if costs.vat or costs.default_vat:
        return lambda purchase, _: profit_of(purchase, costs)
    default, category_margins = costs.default_margin, costs.category_margins
    more = {category: margin - default for category, margin in category_margins.items() if margin != default}

    def of_categories(purchase: Purchase, money: _Money) -> Minor:
        thousandths = purchase.spend * default + 500
        for category, paid in money.items():
            if category in more:
                thousandths += paid * more[category]
        return thousandths // 1000

    return of_categories


def _cards_for(program: Program) -> Callable[[_Money], tuple[_OfCard, ...]]:
    """The cards that a basket of such categories may stamp, in the programme's order.

    Of a card of some categories only those baskets are asked about that hold one of them.
    """
    cards = tuple(program.cards.values())
    narrow = frozenset().union(*(card.categories for card in cards if _is_of_categories(card)))
    of_card = {card.id: _of_card(card, program) for card in cards}
    known: dict[frozenset[str], tuple[_OfCard, ...]] = {}
    if not narrow:
        all_of_them = tuple(of_card.values())
        return lambda _: all_of_them
    held_of: Callable[[_Money], frozenset[str]] = narrow.intersection

    def find(money: _Money) -> tuple[_OfCard, ...]:
        held = held_of(money)
        found = known.get(held)
        if found is None:
            if len(known) >= _BASKETS:
                known.clear()
            asked = (card for card in cards if not (_is_of_categories(card) and card.categories.isdisjoint(held)))
            found = known[held] = tuple(of_card[card.id] for card in asked)
        return found

    return find


def _is_of_categories(card: CardDefinition) -> bool:
    return bool(card.categories) and not card.products


def _of_card(card: CardDefinition, program: Program) -> _OfCard:
    bound = card.stamps_required
    usual = not (card.double or card.dated or card.minimum_spend or card.max_per_purchase is not None)
    if usual and card.per == "purchase" and not card.products:
        return card.id, 1, 0, bound, None
    if usual and card.per == "amount" and not (card.categories or card.products):
        return card.id, 0, card.amount, bound, None
    return card.id, 0, 0, bound, _earn(card, program)


def _earn(card: CardDefinition, program: Program) -> _Earn:
    """The long way for one card."""

    def earn(purchase: Purchase, day: Day) -> int:
        earned = stamps.raw_stamps(purchase, card)
        if earned and card.double:
            earned = stamps.doubled(earned, card, on_the_wall(purchase, program, day), purchase)
        return earned if earned and not (card.dated and not card.takes(day)) else 0

    return earn
