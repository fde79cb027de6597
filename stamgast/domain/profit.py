"""The profit in a purchase: from line cost where known, else the margin of its category, else the default.

Margins are thousandths of gross; the sum is rounded half up once per purchase, in minor units.
"""

from stamgast.domain.events import Purchase
from stamgast.domain.program import Costs
from stamgast.domain.units import Minor


def profit_of(purchase: Purchase, costs: Costs) -> Minor:
    """Gross margin of what is left of a purchase; the part of the total no line accounts for included."""
    default = costs.default_margin
    margins = costs.category_margins
    rest = purchase.spend
    thousandths = 0
    for line in purchase.lines:
        rest -= line.gross
        if line.cost is not None:
            thousandths += (line.gross - line.cost) * 1000
        elif line.category is None:
            thousandths += line.gross * default
        else:
            thousandths += line.gross * margins.get(line.category, default)
    return (thousandths + rest * default + 500) // 1000
