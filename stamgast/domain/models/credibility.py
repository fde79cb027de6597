"""Credibility: what one customer's own figures are worth beside everybody's."""

from typing import Final

LEAST_MARGIN: Final = -1.0
MOST_MARGIN: Final = 1.0
"""No margin beyond these is believed of purchases to come, whatever those so far were."""


def drawn_margin(profit: float, spend: float, towards: float, weight: float) -> float:
    """Return a customer's margin, drawn towards one that is known better, such as the shop's.

    Z * profit/spend + (1 - Z) * towards, Z = spend / (spend + weight), which is (profit + weight * towards) /
    (spend + weight): the least-squares estimate where margins of a purchase spread by sigma^2 / amount around the
    customer's own and customers' own by tau^2 around `towards`; `weight` is sigma^2 / tau^2 (Bühlmann and Straub,
    "Glaubwürdigkeit für Schadensätze", Mitteilungen der Vereinigung schweizerischer Versicherungsmathematiker 70,
    1970). The less was spent, the less it tells; of who got back all they paid nothing is told.
    """
    if spend <= 0:
        return towards
    return min(max((profit + weight * towards) / (spend + weight), LEAST_MARGIN), MOST_MARGIN)
