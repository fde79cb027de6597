"""The stages of a customer's life: the timers that move them on, and what follows from what was noticed.

A timer is set for where the state says it belongs (`stamgast.domain.quiet_spells`), counted from midnight UTC of the
last visit day. What it notices is kept as that day: so the stage does not depend on the order in which things arrived.
"""

from typing import Final

from stamgast.domain.closed_days import moment_after
from stamgast.domain.customer import Customer
from stamgast.domain.days import last_gap
from stamgast.domain.program import Program
from stamgast.domain.quiet_spells import quiet_gaps
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import Stage, TimerKind

QUIET: Final = (TimerKind.RISK.value, TimerKind.LAPSE.value, TimerKind.LAPSED.value)
"""Timers of a customer who stays away, in the order in which they come due."""
_RISK, _LAPSE, _LAPSED = QUIET  # asked at every purchase, and looking a member up costs as much as a call
_ACTIVE: Final = Stage.ACTIVE
_NEW: Final = Stage.NEW
_LAPSED_STAGE: Final = Stage.LAPSED
_LAPSING_STAGE: Final = Stage.LAPSING
_AT_RISK: Final = Stage.AT_RISK


def plan_lapse(customer: Customer, program: Program) -> None:
    """Move the customer's timers of staying away to where the state says they belong."""
    timers = customer.timers
    risk, lapse, lapsed = _due(customer, program)
    if risk is not None:
        timers[_RISK] = risk
    elif _RISK in timers:
        del timers[_RISK]
    if lapse is not None:
        timers[_LAPSE] = lapse
    elif _LAPSE in timers:
        del timers[_LAPSE]
    if lapsed is not None:
        timers[_LAPSED] = lapsed
    elif _LAPSED in timers:
        del timers[_LAPSED]


def quiet_timers(customer: Customer, program: Program) -> dict[str, Millis]:
    """Which timers of staying away the state asks for, and when they are due."""
    each = zip(QUIET, _due(customer, program), strict=True)
    return {kind: due for kind, due in each if due is not None}


def _due(customer: Customer, program: Program) -> tuple[Millis | None, Millis | None, Millis | None]:
    """When each of `QUIET` is due; None: there is none."""
    if not customer.visits:
        return None, None, None
    last = customer.last_day
    gaps = quiet_gaps(customer, program)
    if customer.lapse_day != last:
        at_risk = customer.risk_day != last and gaps.risk < gaps.lapse
        return moment_after(last, gaps.risk) if at_risk else None, moment_after(last, gaps.lapse), None
    if customer.lapsed_day != last:
        return None, None, moment_after(last, gaps.lapse * max(program.lapse.lapsed_after, 1.0))
    return None, None, None


def notice(customer: Customer, kind: str) -> None:
    """Note that a timer of staying away came true."""
    if kind == _RISK:
        customer.risk_day = customer.last_day
    elif kind == _LAPSE:
        customer.lapse_day = customer.last_day
    else:
        customer.lapsed_day = customer.last_day


def stage_of(customer: Customer) -> Stage:
    """The stage follows from the visit days and from the last quiet spells that were noticed, in any order."""
    if not customer.visits:
        return _NEW
    if customer.lapsed_day == customer.last_day:
        return _LAPSED_STAGE
    if customer.lapse_day == customer.last_day:
        return _LAPSING_STAGE
    if customer.risk_day == customer.last_day:
        return _AT_RISK
    if customer.lapse_day and _one_visit_since(customer):
        return Stage.WON_BACK
    return _NEW if customer.visits == 1 else _ACTIVE


def _one_visit_since(customer: Customer) -> bool:
    if customer.visits == 1:
        return customer.first_day > customer.lapse_day
    if customer.lapse_day >= customer.last_day:
        return False
    return customer.last_day - last_gap(customer.days) <= customer.lapse_day
