"""An activation's way through the customer's state until it is submitted: considered, held, released.

What becomes of it then is told by `stamgast.service.outcomes`.

A message on its way occupies the customer: the next one is held until the answer to the first is known.
Everything here decides from the state and the recorded time alone; the sending itself is the outbox's.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec.structs import replace

from rules.engine import CompiledRule
from rules.steps import Step
from stamgast.domain.activation import (
    RANKS,
    UNSENT_RANK,
    Activation,
    Submission,
    held_timer,
    is_about_earned,
    rank_of,
)
from stamgast.domain.contact_policy import Decision, Terms, decide
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.occasions import EXPIRING
from stamgast.domain.recommendations import RECOMMEND
from stamgast.domain.referrals import REFERRAL
from stamgast.domain.rewards import with_code
from stamgast.domain.told import Arm
from stamgast.domain.units import HOUR, Millis
from stamgast.domain.vocabulary import ActivationState, NoteKind, Outside, Reason, Status, Verdict, VoucherState
from stamgast.service import (
    at_hand,
    budgets,
    deeds,
    expiry,
    measuring,
    offers,
    recommending,
    shop_codes,
    telling,
    variants,
)
from stamgast.service.case import Case, Firing
from stamgast.service.contacts import note_contact
from stamgast.service.drafts import drafted, given_for, of_card, speak_of, tells_of_voucher
from stamgast.service.ended import cause_of, first_occasion, forget_ended, shed
from stamgast.service.watched import watch_sent

MOST_WAITING = 50
"""Messages of one customer that wait or are on their way at most."""
# Said once: looking a member up costs as much as a small call, and these are asked for every message.
_SUBMITTED: Final = ActivationState.SUBMITTED.value
_ENDED: Final = ActivationState.ENDED.value
_SUBMITTED_STATUS: Final = Status.SUBMITTED.value
_SUBMITTED_RANK: Final = RANKS[Status.SUBMITTED]
_WAIT: Final = Outside.WAIT
_SUPPRESS: Final = Verdict.SUPPRESS
_HOLD: Final = Verdict.HOLD
_DECIDED: Final = NoteKind.DECIDED
_UNDO_WINDOW: Final = Reason.UNDO_WINDOW
_SENT: Final = Arm.SENT.value
_SUPPRESSED: Final = Status.SUPPRESSED.value
_OUTCOME: Final = NoteKind.OUTCOME
_WAITS: Final = Arm.WAITS.value
_WITHHELD: Final = Arm.WITHHELD.value
_NOT_AGREED: Final = Decision(Verdict.SUPPRESS, Reason.NO_CONSENT)
_NOTHING: Final = Decision(Verdict.SUPPRESS, Reason.NOTHING_TO_RECOMMEND)
_HAD_ROOM: Final[frozenset[str]] = frozenset(
    {Reason.QUIET_HOURS, Reason.ONE_IN_FLIGHT, Reason.OUTRANKED, Reason.UNDO_WINDOW}
)
"""Why a message waits that there was room for when it began to."""
_FOR_ROOM: Final[frozenset[str]] = frozenset(
    {Reason.FREQUENCY_CAP, Reason.COOL_DOWN, Reason.OUTRANKED, Reason.RULE_LIMIT}
)
"""Why a message waits that there was no room for."""


_WAITS_LONG: Final = _FOR_ROOM | {Reason.AWAITS_CODE}
"""What was earned is told of as long as it can be used."""


def consider(case: Case, firing: Firing, step: Step) -> None:
    """A rule wants to send: put the question to the gate and act on its answer.

    Whatever else the rule does then is done at any rate if that was earned, and if it is an offer, then only if
    its message is not withheld.
    """
    rule = firing.rule
    if case.left.messages <= 0:
        count_too_many(case, rule)
        telling.decision(case, _WITHHELD, rule.id, firing.occasion, Reason.TOO_MANY)
        if rule.earned:
            deeds.do(case, firing, step.deeds)
        return
    case.left.messages -= 1
    activation = drafted(case, firing, step)
    if rule.earned:
        speak_of(activation, (deeds.do(case, firing, step.deeds) if step.deeds else None) or of_card(case, firing))
    decision = _decide(case, activation, rule)
    if rule.hold_out and not firing.again and not firing.step:
        measuring.decided(case, rule, decision.reason, activation.variant)
    asks = asks_for_money(rule, step, decision)
    if asks and budgets.waits(case, activation, rule, decision, step, otherwise=firing.otherwise):
        case.customer.moving = [*case.customer.moving, activation]
        forget_ended(case)
        return
    if step.deeds and not rule.earned and decision.verdict is not _SUPPRESS:
        offer_with(case, activation, firing, step)
    if firing.step and not activation.voucher and tells_of_voucher(rule, step):
        decision = _of_what_was_given(case, firing, activation, decision)
    case.customer.moving = [*case.customer.moving]
    act_on(case, activation, rule, decision)
    case.customer.moving.append(activation)
    forget_ended(case)


def offer_with(case: Case, activation: Activation, firing: Firing, step: Step) -> None:
    """Give what its message tells of, out of what was had for it."""
    activation.offered = True
    case.paying = case.customer.charges.get(activation.id)
    speak_of(activation, deeds.do(case, firing, step.deeds))
    budgets.paid(case, budgets.message_of(activation))


def _of_what_was_given(case: Case, firing: Firing, activation: Activation, decision: Decision) -> Decision:
    """A further message about what the rule gave before it; there is nothing to tell where that was withheld."""
    voucher = given_for(case, firing.rule.id, firing.fact.occasion)
    if voucher is None:
        return Decision(_SUPPRESS, Reason.NO_LONGER_TRUE)
    speak_of(activation, voucher)
    activation.offered = not firing.rule.earned
    return decision


def count_too_many(case: Case, rule: CompiledRule) -> None:
    """Count a message that is not even noted."""
    case.count(counter(Counter.SUPPRESSED, Reason.TOO_MANY))
    case.count(counter(Counter.RULE, rule.id, Status.SUPPRESSED))


def withhold(case: Case, firing: Firing, step: Step, reason: str) -> None:
    """Note why an offer that comes without a message was not made."""
    if case.left.messages <= 0:
        case.count(counter(Counter.SUPPRESSED, reason))
        case.count(counter(Counter.RULE, firing.rule.id, Status.SUPPRESSED))
        arm = Arm.HELD_OUT if reason == Reason.HOLDOUT else _WITHHELD
        telling.decision(case, arm, firing.rule.id, firing.occasion, "" if arm == Arm.HELD_OUT else reason)
        return
    case.left.messages -= 1
    activation = drafted(case, firing, step)
    case.customer.moving = [*case.customer.moving]
    suppress(case, activation, reason)
    case.customer.moving.append(activation)
    forget_ended(case)


def _decide(case: Case, activation: Activation, rule: CompiledRule) -> Decision:
    if case.late and not rule.send_late:
        return Decision(_SUPPRESS, Reason.LATE)
    if too_many_wait(case.customer.moving):
        return Decision(_SUPPRESS, Reason.TOO_MANY)
    return ask_gate(case, activation, rule)


def too_many_wait(activations: Sequence[Activation]) -> bool:
    """Whether as many of a customer's messages wait, or are on their way, as may."""
    return len(activations) >= MOST_WAITING and sum(each.state != _ENDED for each in activations) >= MOST_WAITING


def ask_gate(case: Case, activation: Activation, rule: CompiledRule) -> Decision:
    """Whether it may go now, later or not at all."""
    if not case.customer.consents:
        return _NOT_AGREED
    # By place: naming the fields costs several times as much as the rest.
    terms = Terms(
        rule.id, activation.purpose, (activation.channel, *activation.other_channels),
        rule.window, rule.if_outside == _WAIT, activation.expires_at,
        0 if activation.plan is not None and activation.plan.cooled else rule.cool_down,
        rule.hold_out if case.context.mind_holdout else 0,
        voucher_ends(activation) if is_about_earned(activation) else 0, activation.reason in _HAD_ROOM,
        activation.template, first_occasion(activation.occasion), rank_of(activation),
    )  # fmt: skip
    decision = decide(case.customer, case.customer_id, case.program, terms, case.at)
    if RECOMMEND in activation.data and decision.verdict is not _SUPPRESS:
        return decision if recommending.recommended_to(case, activation) is not None else _NOTHING
    return decision


def asks_for_money(rule: CompiledRule, step: Step, decision: Decision) -> bool:
    """Whether budgets are asked now: what a message gives is given now, even if there is no room for its words yet."""
    gives = bool(step.deeds and not rule.earned)
    return bool(rule.budgets) and decision.verdict is not _SUPPRESS and (gives or not _waits_for_room(decision))


def _waits_for_room(decision: Decision) -> bool:
    """Its money is asked for when there is room, and is others' meanwhile."""
    return decision.verdict is _HOLD and decision.reason in _FOR_ROOM


def act_on(case: Case, activation: Activation, rule: CompiledRule, decision: Decision) -> None:
    """Do with it what the gate says."""
    if decision.verdict is _SUPPRESS:
        suppress(case, activation, decision.reason)
        return
    activation.channel = decision.channel
    activation.other_channels = list(decision.other_channels)
    asks = rule.budgets and activation.id not in case.customer.charges and not _waits_for_room(decision)
    if asks and budgets.waits(case, activation, rule, decision):
        return
    if activation.voucher and case.context.bundle.codes and shop_codes.is_awaited(case, activation.voucher):
        decision = replace(decision, verdict=_HOLD, reason=Reason.AWAITS_CODE, until=activation.expires_at)
    activation.reason = decision.reason
    if decision.verdict is not _HOLD and rule.undo_window and _may_be_undone(case, activation, rule):
        decision = replace(decision, verdict=_HOLD, until=activation.decided_at + rule.undo_window)
        activation.reason = _UNDO_WINDOW
    if decision.verdict is _HOLD:
        activation.release_at = decision.until
        if decision.reason in _WAITS_LONG and is_about_earned(activation):
            activation.expires_at = max(activation.expires_at, voucher_ends(activation))
        if decision.until:
            case.customer.timers[held_timer(activation.id)] = decision.until
        case.note(activation, _DECIDED)
        telling.decision(case, _WAITS, activation.rule, activation.occasion, decision.reason, activation)
        return
    _submit(case, activation, rule, decision)


def _may_be_undone(case: Case, activation: Activation, rule: CompiledRule) -> bool:
    """Whether it was asked for in the hour after its rule's launch, and waits for people to look at what goes out."""
    decided_at = activation.decided_at
    return decided_at < rule.launched_at + HOUR and case.at < decided_at + rule.undo_window


def _submit(case: Case, activation: Activation, rule: CompiledRule, decision: Decision) -> None:
    customer = case.customer
    activation.state, activation.status = _SUBMITTED, _SUBMITTED_STATUS
    activation.rank = _SUBMITTED_RANK
    activation.changed_at = case.at
    note_contact(case, activation.purpose, activation.rule)
    if rule.launched_at:
        watch_sent(case, rule.id)
    if RECOMMEND in activation.data:
        recommending.choose(case, activation)
    case.note(activation, _DECIDED)
    telling.decision(case, _SENT, activation.rule, activation.occasion, about=activation)
    case.change.submit(
        Submission(
            activation.id, case.program.merchant, case.customer_id, activation.rule, activation.template,
            activation.purpose, activation.channel, customer.language or case.program.languages[0],
            activation.decided_at, decision.until, activation.data | _figures(case), rule.per_day,
            case.context.bundle.hash,
        )
    )  # fmt: skip


def _figures(case: Case) -> dict[str, Any]:
    """Running figures that any template may use; none of them says who the customer is."""
    customer = case.customer
    stamps = {card_id: card.balance for card_id, card in customer.cards.items()}
    figures = {"visits": customer.visits, "stamps": stamps, "stage": customer.stage}
    referral = customer.referral
    return figures if referral is None or not referral.code else figures | {REFERRAL: referral.code}


def suppress(case: Case, activation: Activation, reason: str, due: Millis = 0) -> None:
    """End it unsent; `due` is when the time would have come that its rule waits for."""
    end(case, activation, _SUPPRESSED, reason, due)


def end(case: Case, activation: Activation, status: str, reason: str, due: Millis = 0) -> None:
    """End it without an attempt, or without another one."""
    if case.customer.charges:
        budgets.did_not_go(case, activation)
    activation.state, activation.status, activation.reason = _ENDED, status, reason
    activation.rank = UNSENT_RANK
    activation.changed_at = case.at
    if activation.unproven:  # it does not go a second time, and of the first nobody knows
        activation.status, activation.rank = Status.IN_DOUBT, RANKS[Status.IN_DOUBT]
        case.count(counter(Counter.MESSAGE, activation.channel, Status.IN_DOUBT))
    else:
        for name in withheld_counters(activation.rule, status, reason):
            case.count(name)
        telling.withheld(case, activation, reason, due)
    variants.count(case, activation, activation.status)
    case.note(activation, _OUTCOME)
    shed(activation)
    if activation.offered and not activation.unproven:
        offers.withdraw(case, activation)


@lru_cache(maxsize=4096)
def withheld_counters(rule: str, status: str, reason: str) -> tuple[str, ...]:
    """Where a message that was withheld is counted. Answers of the house are no rule's."""
    of_all = counter(Counter.SUPPRESSED, reason)
    if not rule:
        return (of_all,)
    return of_all, counter(Counter.RULE, rule, status), counter(Counter.RULE, rule, Tally.WITHHELD, reason)


def voucher_ends(activation: Activation) -> Millis:
    """When the reward ends that it tells of."""
    ends: Millis = activation.data.get("valid_until", 0)
    return ends


def still_true(case: Case, activation: Activation) -> bool:
    """Withheld are a "we miss you" to somebody who has been back, and a voucher that is no longer to be had."""
    if activation.voucher:
        at_hand.bring_code(case, activation.voucher)
        voucher = with_code(case.customer, activation.voucher)
        if voucher is None or voucher.state != VoucherState.OPEN:
            return False
    cause = cause_of(activation)
    if cause.startswith(EXPIRING):
        return expiry.still_lies(case, cause)
    kind, _, day = cause.partition(":")
    return kind != "quiet" or int(day) == case.customer.last_day


def find(case: Case, activation_id: str) -> Activation | None:
    """The activation of that id, if the state still remembers it."""
    return case.customer.activation(activation_id)
