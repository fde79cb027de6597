"""What was asked of budgets is answered: what waited for its money goes on, or does not."""

from rules.engine import SPEAKING, CompiledRule
from stamgast.domain.activation import Activation, held_timer, is_about_earned
from stamgast.domain.budget_events import BudgetAnswered
from stamgast.domain.budgets import For, next_period
from stamgast.domain.calendar import business_day
from stamgast.domain.customer import Charge
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import ActivationState, NoteKind, Reason, Status
from stamgast.service import budgets, drawn, plans
from stamgast.service.case import Case
from stamgast.service.draws import OF_DRAW
from stamgast.service.ended import forget_ended
from stamgast.service.messages import end, find, still_true, suppress, voucher_ends
from stamgast.service.releases import release_by_rank
from stamgast.service.rules import answer_what_came_of_it


def answered(case: Case, event: BudgetAnswered) -> None:
    """Apply an answer; money for what waits no more goes back."""
    if event.activation.startswith(OF_DRAW):
        drawn.answered(case, event)
        return
    customer = case.customer
    activation, charge = find(case, event.activation), customer.charges.get(event.activation)
    if activation is None or charge is None or not charge.asked:
        if event.given:
            unasked = Charge(list(event.to), event.amount)
            budgets.had(case, unasked, unasked.to, For(activation=event.activation))
            budgets.give_back(case, unasked, event.amount, For(activation=event.activation))
        return
    budgets.no_longer_asked(case, activation)
    customer.moving = [each for each in customer.moving if each is not activation]
    if event.given:
        budgets.had(case, charge, list(event.to), budgets.message_of(activation))
        stays = _go_on(case, activation, charge)
    else:
        del customer.charges[activation.id]
        stays = True
        _hold_back(case, activation)
    if stays:
        customer.moving.append(activation)
    forget_ended(case)
    if activation.state == ActivationState.ENDED:
        _let_others_go(case)
    answer_what_came_of_it(case)


def _go_on(case: Case, activation: Activation, charge: Charge) -> bool:
    """Much may have changed while it waited. Returns whether it stays among the activations."""
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    if case.at >= activation.expires_at:
        end(case, activation, Status.EXPIRED, Reason.GAVE_UP)
    elif rule is None or rule.status not in SPEAKING:
        suppress(case, activation, Reason.RULE_NOT_LIVE)
    elif not rule.earned and rule.ends is not None and rule.ends < business_day(case.at, case.program.time_zone):
        suppress(case, activation, Reason.RULE_OVER)
    elif not still_true(case, activation):
        suppress(case, activation, Reason.NO_LONGER_TRUE)
    else:
        key = "" if activation.plan is None else activation.plan.step
        step = rule.step(key, otherwise=charge.otherwise)
        if step is None and (charge.rewards or not activation.template):
            suppress(case, activation, Reason.RULE_CHANGED)
        else:
            return plans.go_on(case, activation, rule, step)
    return True


def _hold_back(case: Case, activation: Activation) -> None:
    """There is no money for it: what tells of something earned waits for the budget's next time, if it may."""
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    again = _next_time(case, rule) if rule is not None and is_about_earned(activation) else None
    if again is None or again >= voucher_ends(activation):
        suppress(case, activation, Reason.BUDGET)
        return
    activation.reason = Reason.BUDGET
    activation.release_at, activation.expires_at = again, max(activation.expires_at, voucher_ends(activation))
    case.customer.timers[held_timer(activation.id)] = again
    case.note(activation, NoteKind.DECIDED)


def _next_time(case: Case, rule: CompiledRule) -> Millis | None:
    """When the first of its budgets begins anew; None: none of them ever does."""
    zone = case.program.time_zone
    times = [next_period(budget.per, case.at, zone) for _, budget in rule.budgets if budget.holds]
    return min((time for time in times if time is not None), default=None)


def _let_others_go(case: Case) -> None:
    """What stood behind it has its turn now."""
    outranked = Reason.OUTRANKED
    waiting = case.customer.moving
    release_by_rank(case, [a.id for a in waiting if a.state == ActivationState.HELD and a.reason == outranked])
