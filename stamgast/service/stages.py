"""A customer's stage and the timers of staying away, brought into line with the visit days."""

from typing import Final

from stamgast.domain.counters import Counter, counter
from stamgast.domain.events import Purchase
from stamgast.domain.facts import Fact
from stamgast.domain.lifecycle import plan_lapse, stage_of
from stamgast.domain.vocabulary import FactName, Stage
from stamgast.service import telling
from stamgast.service.case import Case

_STAGE: Final = Counter.STAGE
_WON_BACK: Final = Stage.WON_BACK


def restage(case: Case, purchase: Purchase | None = None) -> list[Fact]:
    """Plan the timers and move the stage; `purchase` is what changed the visit days."""
    customer = case.customer
    plan_lapse(customer, case.program)
    stage = stage_of(customer)
    if stage == customer.stage:
        return []
    case.count(counter(_STAGE, customer.stage), -1)
    case.count(counter(_STAGE, stage))
    telling.stage(case, customer.stage, stage)
    customer.stage, customer.stage_at = stage, case.at
    if stage is _WON_BACK:
        return [Fact(FactName.WON_BACK, f"back:{customer.lapse_day}", purchase=purchase)]
    return []
