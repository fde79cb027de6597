"""The tables of `stamgast clv segments`: whom to win and keep at what cost, and what those who are there come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stamgast.commands.answering import answer

if TYPE_CHECKING:
    from stamgast.clv.segments.live_segments import LiveSegment
    from stamgast.clv.segments.values import Segment

    Valued = LiveSegment | Segment

_ACQUISITION = ("customers", "new worth", "cost", "CLV:CAC", "may cost", "budget", "keeping", "margin", "trend")
_THOSE_THERE = ("buy in 90d", "gap, days", "stay, mths", "historic", "predicted", "CLV", "net", "CLV/cost")
_BY_HAND = ("purchases", "simple", "profit", "npv")


def show_segments(found: Sequence[Valued], money: Callable[[float | None], str]) -> None:
    """Answer with both tables; `money` writes an amount."""
    width = max(len("segment"), *(len(each.segment) for each in found))
    answer("of somebody new, and what winning one may cost; keeping: a message of which one in a hundred stays")
    _table(width, _ACQUISITION, [(each.segment, _acquisition(each, money)) for each in found])
    answer("of those who are there")
    _table(width, (*_THOSE_THERE, *_BY_HAND), [(each.segment, _there(each, money)) for each in found])
    for each in found:
        if 0 < each.customers_with_cost < each.customers:
            known = f"{each.customers_with_cost:,} of {each.customers:,}"
            answer(f"of {each.segment}, cost, net and both ratios are those of the {known} whose cost is known")


def worth_of_new(segment: Valued) -> str:
    """Say of a segment below three how far it is."""
    ratio = segment.new_to_cac
    return f"a new customer of {segment.segment} is worth {ratio:.2f} times what it costs to win one"


def _acquisition(each: Valued, money: Callable[[float | None], str]) -> list[str]:
    return [
        f"{each.customers:,}",
        money(each.value_of_new),
        money(each.acquisition_cost),
        _number(each.new_to_cac, 2),
        money(each.winning_may_cost),
        money(each.winning_budget),
        money(each.keeping_may_cost),
        "-" if each.margin is None else f"{each.margin:.1%}",
        _number(each.trend, 2),
    ]


def _there(each: Valued, money: Callable[[float | None], str]) -> list[str]:
    return [
        "-" if each.p_buy_90_days is None else f"{each.p_buy_90_days:.0%}",
        _number(each.typical_gap_days, 0),
        _number(each.lifespan_months, 1),
        *map(money, (each.historic, each.predicted, each.clv, each.net)),
        _number(each.ratio, 2),
        f"{each.purchases:,}",
        *map(money, (each.simple, each.profit, each.npv)),
    ]


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _table(width: int, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> None:
    widths = [max(len(head), 9, *(len(cells[place]) for _, cells in rows)) for place, head in enumerate(heads)]
    answer(f"{'segment':<{width}} " + " ".join(f"{head:>{wide}}" for head, wide in zip(heads, widths, strict=True)))
    for name, cells in rows:
        answer(f"{name:<{width}} " + " ".join(f"{cell:>{wide}}" for cell, wide in zip(cells, widths, strict=True)))
