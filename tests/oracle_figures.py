"""What one purchase gives (stamps, profit, a visit day) and what follows from visit days, worked out again.

Written from the issue's and the design's text, exact and slow. It shares the programme's definitions with the
engine, and nothing else.
"""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import NormalDist
from zoneinfo import ZoneInfo

from stamgast.domain.costs import Costs
from stamgast.domain.program import CardDefinition, LapseModel, Program
from tests.oracle_sales import Item, Sale, half_up

DAY_MS = 86_400_000
NO_GOODS = {"gift_card", "deposit", "shipping", "fee", "reward", "return"}


@dataclass(frozen=True)
class Part:
    """What one transaction contributes to its customer."""

    day: int
    counts: bool = False
    spend: int = 0
    profit: int = 0
    refunds: int = 0
    stamps: dict[str, int] = field(default_factory=dict)


def part_of(sale: Sale, program: Program) -> Part:
    """A transaction's contribution under that programme."""
    if without_rate(sale, program):
        return Part(day=business_day(sale, program))
    return Part(
        day=business_day(sale, program),
        counts=sale.counts,
        spend=sale.spend,
        profit=profit(sale, program),
        refunds=sale.refunded,
        stamps={card.id: stamps(sale, card) for card in program.cards.values()},
    )


def without_rate(sale: Sale, program: Program) -> bool:
    """Whether it is in a currency of which nobody has said what it is worth; one that is void has nothing in it."""
    money = (sale.spend, sale.refunded, *(item.gross or item.cost for item in (*sale.items, *(sale.ever or ()))))
    something = sale.counts or sale.elsewhere or any(money) or (sale.ever is not None and sale.ever_spend)
    return sale.currency != program.currency and bool(something)


def business_day(sale: Sale, program: Program) -> int:
    """Days since 1970 on the store's calendar, whose day begins at its day-start hour."""
    if sale.day is not None:
        return sale.day
    store = program.stores.get(sale.store)
    zone, start = (store.time_zone, store.day_start) if store else (program.time_zone, 0)
    moment = datetime.fromtimestamp(sale.occurred_at // 1000, UTC).astimezone(ZoneInfo(zone))
    wall = moment.replace(tzinfo=None) - timedelta(hours=start)
    return (wall.date() - datetime(1970, 1, 1).date()).days  # noqa: DTZ001


def end_of_its_day(at: int, store: str, program: Program) -> int:
    """The last millisecond of the business day of a moment in that store, else in the merchant's latest one."""
    home = [each for each in program.stores.values() if each.time_zone == program.time_zone]
    known = program.stores.get(store) or max(home, key=lambda each: each.day_start, default=None)
    known = known or next(iter(program.stores.values()), None)
    zone, start = (known.time_zone, known.day_start) if known else (program.time_zone, 0)
    moment = datetime.fromtimestamp(at // 1000, UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    day = (moment - timedelta(hours=start)).date() + timedelta(days=1)
    next_day = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) + timedelta(hours=start)
    return round(next_day.timestamp()) * 1000 - 1


def profit(sale: Sale, program: Program) -> int:
    """Item cost, else the margin of its category, else the default; what no line accounts for at the default."""
    costs = program.costs
    total = Fraction(0)
    rest = sale.spend
    for item in sale.items:
        rest -= item.gross
        net = Fraction(item.gross) - item.tax if item.tax is not None else _untaxed(item.gross, item.category, costs)
        if item.cost is not None:
            total += net - item.cost
        else:
            total += net * costs.category_margins.get(item.category or "", costs.default_margin) / 1000
    return half_up(total + _untaxed(rest, None, costs) * costs.default_margin / 1000)


def _untaxed(gross: int, category: str | None, costs: Costs) -> Fraction:
    """What is left of a price without the tax that its category has, to the thousandth of a cent, rounded down."""
    rate = costs.vat.get(category or "", costs.default_vat)
    return Fraction(math.floor(Fraction(gross * 1000 * 1000, 1000 + rate)), 1000)


def lacks_a_rate(sale: Sale, program: Program) -> bool:
    """Whether it or a part of it waits for a rate."""
    return without_rate(sale, program) or waits_in_part(sale, program)


def waits_in_part(sale: Sale, program: Program) -> bool:
    """Whether a refund of it is in a currency of which nobody has said what it is worth."""
    return any(currency != program.currency for currency, _ in sale.elsewhere)


def stamps(sale: Sale, card: CardDefinition) -> int:
    """Stamps of one purchase before the cap of its day."""
    items, spend, counts = sale.items, sale.spend, sale.counts
    if card.on_refund == "never" and sale.ever is not None:
        items, spend, counts = sale.ever, sale.ever_spend, True
    if not counts or spend < card.minimum_spend:
        return 0
    earned = _earned(items, spend, card)
    return earned if card.max_per_purchase is None else min(earned, card.max_per_purchase)


def _earned(items: tuple[Item, ...], spend: int, card: CardDefinition) -> int:
    goods = [i for i in items if i.gross > 0 and i.kind not in NO_GOODS and _fits(i, card)]
    if card.per == "item":
        return sum(int(i.quantity) if i.quantity.denominator == 1 else 1 for i in goods)
    without_line = spend - sum(i.gross for i in items) if not card.products and not card.categories else 0
    if card.per == "purchase":
        return 1 if goods or without_line > 0 else 0
    if not card.products and not card.categories:
        others = [
            i for i in items if i not in goods and (i.gross > 0 or i.kind in {"gift_card", "deposit", "shipping"})
        ]
        return max(0, spend - sum(i.gross for i in others)) // card.amount
    off = [i for i in items if i.gross < 0 and i.kind not in {"gift_card", "deposit", "shipping"}]
    money = sum(i.gross for i in goods) + sum(i.gross for i in off if _fits(i, card))
    at_large = [i for i in off if not _fits(i, card) and i.category is None and (i.sku is None or i.kind != "return")]
    sold = sum(i.gross for i in items if i.gross > 0 and i.kind == "sale")
    if sold:
        money += math.ceil(Fraction(sum(i.gross for i in at_large) * max(0, money), sold))
    return max(0, money) // card.amount


def _fits(item: Item, card: CardDefinition) -> bool:
    if not card.products and not card.categories:
        return True
    return item.sku in card.products or item.category in card.categories


def log_gaps(days: list[int]) -> int:
    """Sum of the logarithms of the gaps between visit days, in the state's unit of 2**-20."""
    return sum(round(math.log(b - a) * 2**20) for a, b in pairwise(days))


def lapse_gap(days: list[int], model: LapseModel, quantile: float | None = None) -> float:
    """Days after which this customer is late: a quantile of their own gaps, shrunk to the merchant's."""
    z = NormalDist().inv_cdf
    gaps = [b - a for a, b in pairwise(days)]
    if not gaps or len(gaps) < model.min_gaps:
        if quantile is None:
            return model.fallback_days
        return model.fallback_days * math.exp(z(quantile) * model.log_sd - z(model.quantile) * model.log_sd)
    mean = log_gaps(days) / 2**20 / len(gaps)  # the state's unit, so that a due time is the same to the millisecond
    weight = model.between_sd**2 / (model.between_sd**2 + model.log_sd**2 / len(gaps))
    shrunk = weight * mean + (1 - weight) * math.log(model.median_gap_days)
    return math.exp(shrunk + z(quantile or model.quantile) * model.log_sd)


def simple_clv(spend: int, purchases: int, first_day: int, source: str, program: Program, today: int) -> int:
    """Average purchase x purchases a year (over at least a year) x lifespan - acquisition cost, half up."""
    costs = program.costs
    cost = costs.acquisition_costs.get(source, ((0, costs.acquisition_cost),))[-1][1]
    if not purchases:
        return -cost
    years = Fraction(max(today - first_day, 365), 365)
    return half_up(Fraction(spend, purchases) * (purchases / years) * costs.lifespan_years) - cost
