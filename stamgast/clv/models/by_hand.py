"""Lifetime value by the formulas that need no model, each with the sum it did.

They rank customers about as well as models do and are far off in amount: on the record shop of the demo the simple
formula is nearly three times too high for the half-year after.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from math import prod
from typing import Final

from msgspec import Struct

_CENT: Final = Decimal("0.01")
_DIGITS: Final = 60
"""Of a product, so that three factors of a million millions keep their cents."""
TIMINGS: Final = {"end": Decimal(0), "mid": Decimal("0.5"), "start": Decimal(1)}
"""When in a year its profit counts -> by how many years before the year's end."""


class Sum(Struct, frozen=True):
    """A value, rounded half up to cents, and the sum in words. `method` names the formula."""

    method: str
    value: Decimal
    sum: str


def simple_value(average: Decimal, frequency: Decimal, lifespan: Decimal, acquisition_cost: Decimal | None) -> Sum:
    """Average purchase times purchases a year times years, less what it cost to win the customer."""
    return _product("simple", (average, frequency, lifespan), acquisition_cost)


def profit_value(profit: Decimal, purchases: Decimal, acquisition_cost: Decimal | None) -> Sum:
    """Profit per purchase times purchases in the lifetime, less what it cost to win the customer."""
    return _product("profit", (profit, purchases), acquisition_cost)


def net_present_value(
    yearly: Decimal,
    years: int,
    rate: Decimal,
    *,
    timing: str = "end",
    retention: Decimal | None = None,
    acquisition_cost: Decimal | None = None,
) -> Sum:
    """Each year's profit, times the share of customers that is left, at its value today.

    Year i counts yearly * retention^(i-1) / (1 + rate)^(i - early), `early` being 0 at the end of a year, 0.5 in its
    middle and 1 at its start.
    """
    early = TIMINGS[timing]
    grow, stay = 1 + rate, Decimal(1) if retention is None else retention
    stays = (Decimal(1) if i == 1 else stay ** (i - 1) for i in range(1, years + 1))
    total = sum((yearly * share / grow ** (i - early) for i, share in enumerate(stays, 1)), Decimal(0))

    def term(i: int) -> str:
        left = f" x {stay}^{i - 1}" if retention is not None and i > 1 else ""
        return f"{yearly}{left} / {grow}^{i - early}"

    words = _terms(term, years)
    if acquisition_cost is not None:
        total, words = total - acquisition_cost, f"{words} - {acquisition_cost}"
    value = total.quantize(_CENT, ROUND_HALF_UP)
    return Sum("npv", value, f"{words} = {value}")


def _product(method: str, factors: tuple[Decimal, ...], cost: Decimal | None) -> Sum:
    words = " x ".join(map(str, factors))
    with localcontext(prec=_DIGITS):
        total = prod(factors, start=Decimal(1))
        if cost is not None:
            total, words = total - cost, f"{words} - {cost}"
        value = total.quantize(_CENT, ROUND_HALF_UP)
    shown = f"{value:f}".removesuffix(".00")
    return Sum(method, value, f"{words} = {shown}")


def _terms(term: Callable[[int], str], years: int) -> str:
    """Write out three years, of more the first two and the last."""
    if years <= 3:
        return " + ".join(term(i) for i in range(1, years + 1))
    return f"{term(1)} + {term(2)} + … + {term(years)}"
