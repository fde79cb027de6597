"""An occasion of a schedule, for one customer: judged when it is applied, and at their turn where it is spread."""

from rules.engine import RUNNING, Audience, CompiledRule, View
from stamgast.domain.activation import Activation
from stamgast.domain.customer import Customer
from stamgast.domain.events import CalledOff, Scheduled
from stamgast.domain.facts import Fact
from stamgast.domain.schedules import occasion_of, place_in_spread
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import ActivationState, FactName, Reason, TimerKind
from stamgast.service.case import Case
from stamgast.service.ended import cause_of
from stamgast.service.reversals import drop_waiting
from stamgast.service.rules import fire


def occasion_came(case: Case, event: Scheduled) -> None:
    """Let the rule answer, now or when it is the customer's turn."""
    rule = case.context.bundle.rules.by_id.get(event.rule)
    if case.customer.erased_at or rule is None or rule.status not in RUNNING or rule.trigger.schedule is None:
        return
    spread = rule.trigger.schedule.spread
    turn = event.occasion + place_in_spread(event.rule, event.occasion, case.customer_id, spread) if spread else 0
    if turn > case.at:
        case.customer.timers[_turn(event.rule, event.occasion)] = turn
        return
    case.late = case.at - event.occasion > case.program.timers_fresh_for
    fire(case, [fact_of(event.rule, event.occasion)])


def turn_came(case: Case, what: str) -> None:
    """It is the customer's turn: `rule:occasion`."""
    rule, _, occasion = what.rpartition(":")
    fire(case, [fact_of(rule, int(occasion))])


def fact_of(rule: str, occasion: Millis) -> Fact:
    """What an occasion means to whom it comes."""
    return Fact(FactName.SCHEDULED, occasion_of(occasion), data={"rule": rule})


def was_told(customer: Customer, rule: str, occasion: Millis) -> bool:
    """Whether somebody was told of an occasion before: the rule has answered it, or their turn is to come.

    However often customers are walked for an occasion, these it does not concern again.
    """
    return occasion_of(occasion) in customer.fired.get(rule, ()) or _turn(rule, occasion) in customer.timers


def may_hold(view: View, rule: CompiledRule) -> bool:
    """Whether an occasion may concern somebody, as they are now: what is not sure is asked when it is applied."""
    if view.customer.erased_at:
        return False
    try:
        return rule.holds(view)
    except Exception:  # noqa: BLE001 - applying it tells what it was, and pauses the rule
        return True


def is_in(view: View, audience: Audience | None) -> bool:
    """Whether an occasion is for somebody; what breaks is asked when it is applied."""
    try:
        return audience is None or audience.has(view)
    except Exception:  # noqa: BLE001 - as above
        return True


def called_off(case: Case, event: CalledOff) -> None:
    """The campaign was stopped: what waits of it ends, and what is on its way is asked to."""
    case.customer.timers.pop(_turn(event.rule, event.occasion), None)
    drop_waiting(case, Reason.STOPPED, lambda each: _is_of(each, event.rule, event.occasion))


def waits_of(customer: Customer, rule: str, occasion: Millis) -> bool:
    """Whether something waits for somebody that came, or is to come, of an occasion."""
    return _turn(rule, occasion) in customer.timers or any(
        each.state != ActivationState.ENDED and _is_of(each, rule, occasion) for each in customer.moving
    )


def _turn(rule: str, occasion: Millis) -> str:
    return f"{TimerKind.TURN}:{rule}:{occasion}"


def _is_of(activation: Activation, rule: str, occasion: Millis) -> bool:
    return activation.rule == rule and cause_of(activation) == occasion_of(occasion)
