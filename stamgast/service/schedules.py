"""An occasion of a schedule, for one customer: judged when it is applied, and at their turn where it is spread."""

from rules.engine import RUNNING, CompiledRule, View
from stamgast.domain.events import Scheduled
from stamgast.domain.facts import Fact
from stamgast.domain.schedules import occasion_of, place_in_spread
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import FactName, TimerKind
from stamgast.service.case import Case
from stamgast.service.rules import fire


def occasion_came(case: Case, event: Scheduled) -> None:
    """Let the rule answer, now or when it is the customer's turn."""
    rule = case.context.bundle.rules.by_id.get(event.rule)
    if case.customer.erased_at or rule is None or rule.status not in RUNNING or rule.trigger.schedule is None:
        return
    spread = rule.trigger.schedule.spread
    turn = event.occasion + place_in_spread(event.rule, event.occasion, case.customer_id, spread) if spread else 0
    if turn > case.at:
        case.customer.timers[f"{TimerKind.TURN}:{event.rule}:{event.occasion}"] = turn
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


def is_for(view: View, rule: CompiledRule) -> bool:
    """Whether an occasion may concern somebody, as they are now: what is not sure is asked when it is applied.

    Whom the rule has answered for it already it does not concern again, however often the customers are walked.
    """
    customer = view.customer
    if customer.erased_at or view.fact.occasion in customer.fired.get(rule.id, ()):
        return False
    try:
        return rule.holds(view)
    except Exception:  # noqa: BLE001 - applying it tells what it was, and pauses the rule
        return True
