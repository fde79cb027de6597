"""Totals that do not come to what was paid: they are taken as they stand, and told.

`paid_minor` is gross, tip, surcharge, shipping, deposit, gift cards sold and rounding. Only the gross decides anything.
"""

from typing import Any, Final

from stamgast.domain.purchase_record import Delivery
from stamgast.domain.units import Minor
from stamgast.pos.doubt import Doubt

_UNPAID: Final = frozenset({"open", "voided"})


def left_unexplained(delivery: Delivery) -> Minor:
    """What was paid beyond what the totals explain, below zero where it is less; 0 where nothing says what was paid.

    Of a sale that is not paid yet, and of a return, whose amounts its link decides, nothing is asked.
    """
    totals = delivery.totals
    paid = totals.paid_minor
    if type(paid) is not int or delivery.status in _UNPAID or delivery.transaction_link is not None:
        return 0
    return paid - _explained(delivery)


def unequal(place: str, delivery: Delivery, left: Minor) -> Doubt:
    """What is told of them."""
    paid, explained = delivery.totals.paid_minor, _explained(delivery)
    return Doubt(
        kind="unequal_totals",
        pointer=f"{place}/totals/paid_minor",
        value=f"{paid}",
        detail=f"paid_minor is {paid}, and gross, tip, surcharge, shipping, deposit, gift cards sold and rounding come "
        f"to {explained}: {abs(left)} {'more' if left > 0 else 'less'} was paid than they explain. All of it was taken "
        "as it stands, and gross_minor is what counts",
        allowed=f"{explained}, or what is missing under its own name in totals",
    )


def _explained(delivery: Delivery) -> Minor:
    totals = delivery.totals
    beside: tuple[Any, ...] = (
        totals.tip_minor,
        totals.surcharge_minor,
        totals.shipping_minor,
        totals.deposit_minor,
        totals.gift_card_sold_minor,
        totals.rounding_minor,
    )
    return totals.gross_minor + sum(each for each in beside if type(each) is int)
