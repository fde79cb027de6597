"""Stopping messages and rewards whose reason went away: a refund, a STOP, a consent withdrawn.

What is held is suppressed at once. What is in the outbox can only be asked to stop: the outbox answers with an
outcome, and it may have left already.
"""

from collections.abc import Callable
from typing import Final

from stamgast.domain import rewards
from stamgast.domain.activation import Activation, held_timer
from stamgast.domain.counters import Counter, counter
from stamgast.domain.ledger import NotReadError
from stamgast.domain.occasions import card_occasion, field_of_generation
from stamgast.domain.vocabulary import ActivationState, FactName, Reason, Status, VoucherState
from stamgast.service import added_stamps, at_hand, budgets, draws, given_tiers, notices, offers, telling
from stamgast.service.case import Case
from stamgast.service.ended import cause_of, of_occasion
from stamgast.service.messages import suppress

_OF_MESSAGES: Final[frozenset[str]] = frozenset({Reason.OPTED_OUT, Reason.NO_CONSENT, Reason.TOPIC_LEFT})
"""Reasons that are about messages alone."""


def take_back(case: Case, occasion: str, undone: Callable[[str], bool] = lambda _: True) -> None:
    """What an occasion promised no longer holds: its unused rewards go, and its messages if they have not left.

    `undone` says of which rules (by id; empty for the card's own reward).
    """
    at_hand.bring(case, occasion)
    _undo(case, lambda cause, rule: cause == occasion and undone(rule))
    added_stamps.take_off(case, (occasion,), lambda _, rule: undone(rule))


def take_back_cards(case: Case, card: str, numbers: range, undone: Callable[[int, str], bool]) -> None:
    """The same for all of a stamp card's cards with these numbers at once; `undone` is asked with the card's number."""

    def of_these(cause: str, rule: str) -> bool:
        number = rewards.card_number(cause, card)
        return number in numbers and undone(number, rule)

    at_hand.bring(case, *(card_occasion(card, number) for number in numbers))
    _undo(case, of_these)
    if case.customer.added_stamps:
        added_stamps.take_off(case, [card_occasion(card, number) for number in numbers], of_these)


def _undo(case: Case, undone: Callable[[str, str], bool]) -> None:
    for voucher in rewards.withdraw(case.customer, undone):
        case.change.withdrawn.append(voucher)
        offers.forget(case, voucher)
        case.count(counter(Counter.REWARD, voucher.reward, VoucherState.WITHDRAWN))
        if FactName.REWARD_GIVEN in case.context.bundle.rules.heard:
            take_back(case, rewards.given_occasion(voucher.known_as))
        telling.voucher(case, voucher, VoucherState.WITHDRAWN)
        budgets.voucher_ended(case, voucher)
    drop_waiting(case, Reason.TAKEN_BACK, lambda a: undone(cause_of(a), a.rule))
    if case.customer.notices:
        notices.take_back(case, undone)
    if case.customer.draws:
        draws.take_off(case, undone)
    if case.customer.given_tiers:
        lost = given_tiers.take_off(case, undone)
        if lost:
            take_back(case, lost)


def drop_waiting(case: Case, reason: Reason, chosen: Callable[[Activation], bool]) -> None:
    """Suppress held messages, and ask to cancel those in the outbox."""
    for activation in list(case.customer.moving):  # of those that have ended it concerns what is in doubt
        if not chosen(activation) or (reason in _OF_MESSAGES and _promises(case, activation)):
            continue
        if activation.state == ActivationState.ENDED:
            if activation.status == Status.IN_DOUBT:  # it may have arrived; it does not go once more
                activation.expires_at = min(activation.expires_at, case.at)
        elif activation.state == ActivationState.HELD:
            case.customer.timers.pop(held_timer(activation.id), None)
            suppress(case, activation, reason)
        else:
            activation.reason = reason
            case.change.cancels.append(activation.id)


def _promises(case: Case, activation: Activation) -> bool:
    """Whether something that was earned waits with it: whoever will not hear of it has it all the same."""
    if activation.plan is None or not activation.waits_for_its_time:
        return False
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    step = None if rule is None else rule.step(activation.plan.step)
    return rule is not None and rule.earned and step is not None and bool(step.deeds)


def next_generation(case: Case, rule_id: str, occasion: str) -> int | None:
    """The occasion comes about again: which generation of its message may go; None if one went, or is on its way.

    One that is just being stopped says itself, once it is known to have been, that it goes again.
    """
    same = of_occasion(reversed(case.customer.activations), rule_id, occasion)
    newest = max(same, key=lambda a: a.generation, default=None)
    if newest is None:
        return _generation_of_old(case, rule_id, occasion)
    if newest.reason != Reason.TAKEN_BACK:
        return None
    if newest.state == ActivationState.SUBMITTED:
        newest.reason = Reason.EARNED_AGAIN
        return None
    return newest.generation + 1 if newest.status == Status.SUPPRESSED else None


def _generation_of_old(case: Case, rule_id: str, occasion: str) -> int | None:
    """The same where the state no longer knows the message. Raises NotReadError."""
    field = field_of_generation(rule_id, occasion)
    stored = case.stored(field)
    if stored is None:
        raise NotReadError([field])
    if not stored:
        return None
    case.store(field, None)
    return int(stored) + 1
