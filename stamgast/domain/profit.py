"""The profit in a purchase: from line cost where known, else the margin of its category, else the default.

Costs and margins are net of tax, so the tax in a price is taken off first: what the till says of a line, else what the
rate of its category makes of it, else nothing. Margins are thousandths of what is left; the sum is rounded half up
once per purchase, in minor units.
"""

from typing import Final

from stamgast.domain.costs import Costs
from stamgast.domain.events import Line, Purchase
from stamgast.domain.units import Minor

FINER: Final = 1000
"""Of a minor unit, while it is summed."""


def profit_of(purchase: Purchase, costs: Costs) -> Minor:
    """Gross margin of what is left of a purchase; the part of the total no line accounts for included."""
    if costs.vat or costs.default_vat:
        return _without_tax(purchase, costs)
    default = costs.default_margin
    margins = costs.category_margins
    rest = purchase.spend
    thousandths = 0
    for line in purchase.lines:
        if line.tax is not None:
            return _without_tax(purchase, costs)
        rest -= line.gross
        if line.cost is not None:
            thousandths += (line.gross - line.cost) * 1000
        elif line.category is None:
            thousandths += line.gross * default
        else:
            thousandths += line.gross * margins.get(line.category, default)
    return (thousandths + rest * default + 500) // 1000


def _without_tax(purchase: Purchase, costs: Costs) -> Minor:
    margins, default = costs.category_margins, costs.default_margin
    rest, sum_ = purchase.spend, 0
    for line in purchase.lines:
        rest -= line.gross
        net = _net(line, costs)
        if line.cost is not None:
            sum_ += (net - line.cost * FINER) * 1000
        else:
            sum_ += net * margins.get(line.category or "", default)
    sum_ += _less(rest, costs.default_vat) * default
    return (sum_ + FINER * 500) // (FINER * 1000)


def _net(line: Line, costs: Costs) -> int:
    """A line's money without tax, in thousandths of a minor unit."""
    if line.tax is not None:
        return (line.gross - line.tax) * FINER
    return _less(line.gross, costs.vat.get(line.category or "", costs.default_vat))


def _less(gross: Minor, rate: int) -> int:
    return gross * FINER * 1000 // (1000 + rate) if rate else gross * FINER


def tax_within(gross: Minor, rate: str) -> Minor | None:
    """The tax in a price by a rate in percent, as a till writes it (`9`, `21.0`), half up; None for what is no rate."""
    whole, _, part = rate.partition(".")
    if not (whole.isascii() and whole.isdecimal() and len(whole) <= 3 and len(part) <= 4):
        return None
    if part and not (part.isascii() and part.isdecimal()):
        return None
    fine = int(whole) * 10_000 + int(part.ljust(4, "0"))
    above, below = gross * fine, 1_000_000 + fine
    return (2 * above + below) // (2 * below)
