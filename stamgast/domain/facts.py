"""What a state change means, derived purely. Rules trigger on facts."""

from typing import Any

from msgspec import Struct

from stamgast.domain.events import Purchase


class Fact(Struct, frozen=True, gc=False):
    """One thing that became true. `name` is what triggers listen to; `occasion` is what it happens once per.

    `before` and `after` are the figure's values around the change, for triggers on crossing a threshold.
    `data` carries what templates and conditions may ask for (`card`, `ordinal`, `reward`, `code`, ...).
    """

    name: str
    occasion: str
    before: int = 0
    after: int = 0
    data: dict[str, Any] = {}
    purchase: Purchase | None = None


# name                    occasion                 before/after, data
# purchase                transaction              spend of it;  data: transaction
# refunded                transaction              refunded minor units before/after; data: transaction
# stamps_changed          card:<id>:<ordinal>      stamps on that card before/after; data: card, ordinal
# stamps_taken            card:<id>:<ordinal>      the same after a refund
# stamp_card_completed    card:<id>:<ordinal>      data: card, ordinal
# stamp_card_uncompleted  card:<id>:<ordinal>      data: card, ordinal
# visits_changed          visits                   visits before/after
# spend_changed           spend                    spend before/after, minor units
# clv_changed             clv                      historic CLV before/after, minor units
# <method>_clv_changed    <method>_clv             the same by another method, if a rule waits for it
# at_risk, lapsing, lapsed  quiet:<last day>       -
# won_back                back:<lapsed after day>  -
# joined                  customer                 -
# reward_issued           voucher:<code>           data: reward, code
# reward_redeemed         voucher:<code>           data: reward, code
# replied                 reply                    data: keyword, channel
