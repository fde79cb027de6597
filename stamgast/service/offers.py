"""Offers: gifts that are to move somebody. Whatever withholds an offer's message withholds the offer too.

What was earned is no offer: a card, a threshold or a promise paid for it, and nothing here is asked about it.
"""

from rules.steps import Step
from stamgast.domain import rewards
from stamgast.domain.activation import FINAL_WITHOUT_SEND, Activation
from stamgast.domain.contact_policy import Terms, why_not_offered
from stamgast.domain.contacts import Contact, without
from stamgast.domain.counters import Counter, counter
from stamgast.domain.customer import Voucher
from stamgast.domain.vocabulary import ActivationState, Purpose, Reason, VoucherState
from stamgast.service import at_hand, budgets, telling
from stamgast.service.case import Case, Firing
from stamgast.service.contacts import note_contact

PURPOSE = Purpose.MARKETING
"""What an offer that comes without a message is for: whoever has not agreed to hear of that is not given it."""
WITHOUT_MESSAGE = ""
"""Stands for the purpose of a contact that was none: only its rule's `cool_down` looks at it."""


def why_not(case: Case, firing: Firing, step: Step) -> str:
    """Why a rule that sends nothing may not do what it does now; empty if it may."""
    rule = firing.rule
    if case.late and not rule.send_late:
        return Reason.LATE
    if not (step.gives or rule.cool_down or rule.hold_out):
        return ""
    terms = Terms(
        rule=rule.id,
        purpose=PURPOSE if step.gives else WITHOUT_MESSAGE,
        channels=(),
        cool_down=0 if firing.again or firing.cooled else rule.cool_down,
        hold_out=rule.hold_out if case.context.mind_holdout else 0,
    )
    return why_not_offered(case.customer, case.customer_id, case.program, terms, case.at)


def note(case: Case, firing: Firing) -> None:
    """Remember when a rule that sends nothing did something, if it has to cool down."""
    if firing.rule.cool_down and not firing.again:
        note_contact(case, WITHOUT_MESSAGE, firing.rule.id)


def forget(case: Case, voucher: Voucher) -> None:
    """It was taken back, as if it had not been given: its rule has not spoken."""
    if case.customer.contacts:
        gone = Contact(voucher.issued_at, WITHOUT_MESSAGE, voucher.rule)
        case.customer.contacts = without(case.customer.contacts, gone)


def withdraw(case: Case, activation: Activation) -> None:
    """Its message is withheld for good: what nobody has used of the offer goes. Raises NotReadError."""
    if not activation.voucher:
        return
    at_hand.bring_code(case, activation.voucher)
    voucher = rewards.with_code(case.customer, activation.voucher)
    if voucher is None or voucher.state != VoucherState.OPEN or _goes_another_way(case, activation):
        return
    if activation.plan is not None and activation.plan.step and _was_told(case, activation, activation.plan.step):
        return
    take_back(case, voucher)


def take_back(case: Case, voucher: Voucher) -> None:
    """An offer is not made after all: what its rule gave for the same goes with it."""
    cause, rule = voucher.cause, voucher.rule
    for each in rewards.withdraw(case.customer, lambda of, by: of == cause and by == rule):
        case.change.withdrawn.append(each)
        case.count(counter(Counter.REWARD, each.reward, VoucherState.WITHDRAWN))
        telling.voucher(case, each, VoucherState.WITHDRAWN)
        budgets.voucher_ended(case, each)


def _was_told(case: Case, activation: Activation, key: str) -> bool:
    """Of a further message of the rule: whether an earlier one has told of it, or may have."""
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    step = None if rule is None else rule.step(key)
    if step is None or step.gives:
        return False
    return step.delay is not None or any(
        each.voucher == activation.voucher and each.status not in FINAL_WITHOUT_SEND
        for each in case.customer.activations
        if each is not activation
    )


def _goes_another_way(case: Case, activation: Activation) -> bool:
    """Say whether another message speaks of the same voucher: on another channel, later, or once more."""
    return any(
        each.voucher == activation.voucher and each is not activation and each.state != ActivationState.ENDED
        for each in case.customer.moving
    )
