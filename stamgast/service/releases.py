"""What was held is looked at again: its hour has come, or the customer is free."""

from collections.abc import Collection
from typing import Final

from rules.engine import SPEAKING, CompiledRule
from stamgast.domain.activation import Activation, is_about_earned, rank_of
from stamgast.domain.calendar import business_day
from stamgast.domain.units import HOUR
from stamgast.domain.vocabulary import ActivationState, Reason, Status
from stamgast.service import plans
from stamgast.service.case import Case
from stamgast.service.ended import forget_ended
from stamgast.service.messages import act_on, ask_gate, end, find, still_true, suppress

_UNDO_WINDOW: Final = Reason.UNDO_WINDOW


def release_by_rank(case: Case, which: Collection[str]) -> None:
    """The time of several has come: the most important one is asked first, and of one rule's steps the first."""
    if len(which) > 1:
        mine = [each for each in case.customer.moving if each.id in which]
        which = [each.id for each in sorted(mine, key=lambda a: (*rank_of(a)[:4], plans.place_of(case, a), a.id))]
    for each in which:
        release(case, each)


def release(case: Case, activation_id: str) -> None:
    """A held message's time has come: ask the gate again, for much may have changed since."""
    activation = find(case, activation_id)
    if activation is None or activation.state != ActivationState.HELD:
        return
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    case.customer.moving = [a for a in case.customer.moving if a is not activation]
    stays = True
    if activation.waits_for_its_time:
        stays = plans.come_true(case, activation, rule)
    elif case.at >= activation.expires_at:
        end(case, activation, Status.EXPIRED, Reason.GAVE_UP)
    elif rule is None or rule.status not in SPEAKING:
        undone = activation.reason == _UNDO_WINDOW or (rule is not None and _is_undone(activation, rule))
        suppress(case, activation, Reason.UNDONE if undone else Reason.RULE_NOT_LIVE)
    else:
        _ask_again(case, activation, rule)
    if stays:
        case.customer.moving.append(activation)
    forget_ended(case)


def _is_undone(activation: Activation, rule: CompiledRule) -> bool:
    """Whether it is of the first hour of a launch that somebody ended since, whatever it waits for."""
    begun = rule.launched_before if rule.undo_window else 0
    return 0 < begun <= activation.decided_at < begun + HOUR


def _ask_again(case: Case, activation: Activation, rule: CompiledRule) -> None:
    if _is_undone(activation, rule) or (activation.reason == _UNDO_WINDOW and activation.decided_at < rule.launched_at):
        suppress(case, activation, Reason.UNDONE)  # it was paused meanwhile, and launched anew
    elif not rule.earned and rule.ends is not None and rule.ends < business_day(case.at, case.program.time_zone):
        suppress(case, activation, Reason.RULE_OVER)
    elif not still_true(case, activation):
        suppress(case, activation, Reason.NO_LONGER_TRUE)
    elif case.late and not is_about_earned(activation):
        suppress(case, activation, Reason.LATE)
    else:
        act_on(case, activation, rule, ask_gate(case, activation, rule))
