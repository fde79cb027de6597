"""An activation's way through the customer's state until it is submitted: considered, held, released.

What becomes of it then is told by `stamgast.service.outcomes`.

A message on its way occupies the customer: the next one is held until the answer to the first is known.
Everything here decides from the state and the recorded time alone; the sending itself is the outbox's.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from msgspec.structs import replace

from rules.actions import Send
from rules.engine import SPEAKING, CompiledRule
from stamgast.domain.activation import (
    RANKS,
    UNSENT_RANK,
    Activation,
    Submission,
    activation_id,
    held_timer,
    is_about_earned,
    rank_of,
)
from stamgast.domain.calendar import business_day
from stamgast.domain.contact_policy import Decision, Terms, decide
from stamgast.domain.customer import Voucher
from stamgast.domain.program import Template
from stamgast.domain.rewards import with_code
from stamgast.domain.told import Arm
from stamgast.domain.units import HOUR, Millis
from stamgast.domain.vocabulary import (
    ActivationState,
    Counter,
    NoteKind,
    Outside,
    Reason,
    Status,
    Tally,
    Verdict,
    VoucherState,
    counter,
)
from stamgast.service import at_hand, measuring, offers, telling
from stamgast.service.case import Case, Firing
from stamgast.service.contacts import note_contact
from stamgast.service.ended import cause_of, forget_ended, shed
from stamgast.service.watched import watch_sent

MOST_WAITING = 50
"""Messages of one customer that wait or are on their way at most."""
# Said once: looking a member up costs as much as a small call, and these are asked for every message.
_HELD: Final = ActivationState.HELD
_SUBMITTED: Final = ActivationState.SUBMITTED
_ENDED: Final = ActivationState.ENDED
_HELD_STATUS: Final = Status.HELD
_SUBMITTED_STATUS: Final = Status.SUBMITTED
_HELD_RANK: Final = RANKS[Status.HELD]
_SUBMITTED_RANK: Final = RANKS[Status.SUBMITTED]
_WAIT: Final = Outside.WAIT
_SUPPRESS: Final = Verdict.SUPPRESS
_HOLD: Final = Verdict.HOLD
_DECIDED: Final = NoteKind.DECIDED
_UNDO_WINDOW: Final = Reason.UNDO_WINDOW
_SENT: Final = Arm.SENT.value
_WAITS: Final = Arm.WAITS.value
_WITHHELD: Final = Arm.WITHHELD.value
_HAD_ROOM: Final[frozenset[str]] = frozenset(
    {Reason.QUIET_HOURS, Reason.ONE_IN_FLIGHT, Reason.OUTRANKED, Reason.UNDO_WINDOW}
)
"""Why a message waits that there was room for when it began to."""
_FOR_ROOM: Final[frozenset[str]] = frozenset(
    {Reason.FREQUENCY_CAP, Reason.COOL_DOWN, Reason.OUTRANKED, Reason.RULE_LIMIT}
)
"""Why a message waits that there was no room for."""
_UNSAID: Final = Template("", purpose=offers.PURPOSE)
"""Stands for the template of an offer that comes without a message."""


def consider(case: Case, firing: Firing, action: Send, do: Callable[[Case, Firing], Voucher | None]) -> None:
    """A rule wants to send: put the question to the gate and act on its answer.

    `do` carries out whatever else the rule does: at any rate if that was earned, and if it is an offer, then only if
    its message is not withheld.
    """
    rule = firing.rule
    if case.left.messages <= 0:
        case.count(counter(Counter.SUPPRESSED, Reason.TOO_MANY))
        case.count(counter(Counter.RULE, rule.id, Status.SUPPRESSED))
        telling.decision(case, _WITHHELD, rule.id, firing.occasion, Reason.TOO_MANY)
        if rule.earned:
            do(case, firing)
        return
    case.left.messages -= 1
    activation = _drafted(case, firing, action)
    if rule.earned:
        _speak_of(activation, (do(case, firing) if rule.deeds else None) or _of_full_card(case, firing))
    decision = _decide(case, activation, rule)
    if rule.hold_out and not firing.again:
        measuring.decided(case, rule, decision.reason)
    if rule.deeds and not rule.earned and decision.verdict is not _SUPPRESS:
        activation.offered = True
        _speak_of(activation, do(case, firing))
    case.customer.activations = [*case.customer.activations]
    act_on(case, activation, rule, decision)
    case.customer.activations.append(activation)
    forget_ended(case)


def withhold(case: Case, firing: Firing, reason: str) -> None:
    """Note why an offer that comes without a message was not made."""
    if case.left.messages <= 0:
        case.count(counter(Counter.SUPPRESSED, reason))
        case.count(counter(Counter.RULE, firing.rule.id, Status.SUPPRESSED))
        arm = Arm.HELD_OUT if reason == Reason.HOLDOUT else _WITHHELD
        telling.decision(case, arm, firing.rule.id, firing.occasion, "" if arm == Arm.HELD_OUT else reason)
        return
    case.left.messages -= 1
    activation = _drafted(case, firing, None)
    case.customer.activations = [*case.customer.activations]
    suppress(case, activation, reason)
    case.customer.activations.append(activation)
    forget_ended(case)


def _decide(case: Case, activation: Activation, rule: CompiledRule) -> Decision:
    if case.late and not rule.send_late:
        return Decision(_SUPPRESS, Reason.LATE)
    if _too_many_wait(case.customer.activations):
        return Decision(_SUPPRESS, Reason.TOO_MANY)
    return ask_gate(case, activation, rule)


def _of_full_card(case: Case, firing: Firing) -> Voucher | None:
    """What the card itself gave on the occasion that the rule speaks of."""
    trigger = firing.rule.trigger
    card = case.program.cards.get(trigger.card) if trigger.fills_card else None
    if card is None or card.reward is None:
        return None
    return case.vouchers_by_ground().get((firing.fact.occasion, "", card.reward, ""))


def _speak_of(activation: Activation, voucher: Voucher | None) -> None:
    if voucher is not None:
        activation.voucher = voucher.code
        activation.data["code"] = voucher.code
        activation.data["reward"] = voucher.reward
        activation.data["valid_until"] = voucher.expires_at


def _drafted(case: Case, firing: Firing, action: Send | None) -> Activation:
    rule, occasion = firing.rule, firing.occasion
    template = _UNSAID if action is None else case.program.templates[action.template]
    channels = ("",) if action is None else action.by
    life = case.program.messaging.give_up_after if rule.give_up_after is None else rule.give_up_after
    return Activation(
        id=activation_id(case.program.merchant, rule.id, case.customer_id, occasion, firing.generation),
        rule=rule.id,
        occasion=occasion,
        state=_HELD,
        status=_HELD_STATUS,
        rank=_HELD_RANK,
        decided_at=case.at,
        changed_at=case.at,
        template=template.id,
        purpose=template.purpose,
        channel=channels[0],
        priority=rule.priority,
        value=rule.value,
        expires_at=case.at + life,
        generation=firing.generation,
        data=firing.fact.data | {"cause": firing.fact.occasion},
        other_channels=list(channels[1:]),
        voucher=firing.fact.data.get("voucher", ""),
    )


def _too_many_wait(activations: Sequence[Activation]) -> bool:
    return len(activations) >= MOST_WAITING and sum(each.state != _ENDED for each in activations) >= MOST_WAITING


def release_by_rank(case: Case, which: Collection[str]) -> None:
    """The time of several has come: the most important one is asked first."""
    if len(which) > 1:
        which = [each.id for each in sorted(case.customer.activations, key=rank_of) if each.id in which]
    for each in which:
        release(case, each)


def release(case: Case, activation_id: str) -> None:
    """A held message's time has come: ask the gate again, for much may have changed since."""
    activation = find(case, activation_id)
    if activation is None or activation.state != _HELD:
        return
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    case.customer.activations = [a for a in case.customer.activations if a is not activation]
    if case.at >= activation.expires_at:
        _end(case, activation, Status.EXPIRED, Reason.GAVE_UP)
    elif rule is None or rule.status not in SPEAKING:
        suppress(case, activation, Reason.UNDONE if activation.reason == _UNDO_WINDOW else Reason.RULE_NOT_LIVE)
    elif activation.reason == _UNDO_WINDOW and activation.decided_at < rule.launched_at:
        suppress(case, activation, Reason.UNDONE)  # it was paused meanwhile, and launched anew
    elif not rule.earned and rule.ends is not None and rule.ends < business_day(case.at, case.program.time_zone):
        suppress(case, activation, Reason.RULE_OVER)
    elif not still_true(case, activation):
        suppress(case, activation, Reason.NO_LONGER_TRUE)
    elif case.late and not is_about_earned(activation):
        suppress(case, activation, Reason.LATE)
    else:
        act_on(case, activation, rule, ask_gate(case, activation, rule))
    case.customer.activations.append(activation)
    forget_ended(case)


def ask_gate(case: Case, activation: Activation, rule: CompiledRule) -> Decision:
    """Whether it may go now, later or not at all."""
    terms = Terms(
        rule=rule.id,
        purpose=activation.purpose,
        channels=(activation.channel, *activation.other_channels),
        window=rule.window,
        wait_outside=rule.if_outside == _WAIT,
        give_up_at=activation.expires_at,
        cool_down=rule.cool_down,
        hold_out=rule.hold_out if case.context.mind_holdout else 0,
        waits_until=voucher_ends(activation) if is_about_earned(activation) else 0,
        had_room=activation.reason in _HAD_ROOM,
        rank=rank_of(activation),
    )
    return decide(case.customer, case.customer_id, case.program, terms, case.at)


def act_on(case: Case, activation: Activation, rule: CompiledRule, decision: Decision) -> None:
    """Do with it what the gate says."""
    if decision.verdict is _SUPPRESS:
        suppress(case, activation, decision.reason)
        return
    activation.channel = decision.channel
    activation.other_channels = list(decision.other_channels)
    activation.reason = decision.reason
    if decision.verdict is not _HOLD and rule.undo_window and _may_be_undone(case, activation, rule):
        decision = replace(decision, verdict=_HOLD, until=activation.decided_at + rule.undo_window)
        activation.reason = _UNDO_WINDOW
    if decision.verdict is _HOLD:
        activation.release_at = decision.until
        if decision.reason in _FOR_ROOM and is_about_earned(activation):
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
    case.note(activation, _DECIDED)
    telling.decision(case, _SENT, activation.rule, activation.occasion, about=activation)
    case.change.submit(
        Submission(
            activation=activation.id,
            merchant=case.program.merchant,
            customer=case.customer_id,
            rule=activation.rule,
            template=activation.template,
            purpose=activation.purpose,
            channel=activation.channel,
            language=customer.language or case.program.languages[0],
            decided_at=activation.decided_at,
            expires_at=decision.until,
            data=activation.data | _figures(case),
            per_day=rule.per_day,
            bundle=case.context.bundle.hash,
        )
    )


def _figures(case: Case) -> dict[str, Any]:
    """Running figures that any template may use; none of them says who the customer is."""
    customer = case.customer
    stamps = {card_id: card.balance for card_id, card in customer.cards.items()}
    return {"visits": customer.visits, "stamps": stamps, "stage": customer.stage}


def suppress(case: Case, activation: Activation, reason: str) -> None:
    """End it unsent."""
    _end(case, activation, Status.SUPPRESSED, reason)


def _end(case: Case, activation: Activation, status: Status, reason: str) -> None:
    activation.state, activation.status, activation.reason = _ENDED, status, reason
    activation.rank = UNSENT_RANK
    activation.changed_at = case.at
    if activation.unproven:  # it does not go a second time, and of the first nobody knows
        activation.status, activation.rank = Status.IN_DOUBT, RANKS[Status.IN_DOUBT]
        case.count(counter(Counter.MESSAGE, activation.channel, Status.IN_DOUBT))
    else:
        case.count(counter(Counter.SUPPRESSED, reason))
        case.count(counter(Counter.RULE, activation.rule, status))
        case.count(counter(Counter.RULE, activation.rule, Tally.WITHHELD, reason))
        telling.withheld(case, activation, reason)
    case.note(activation, NoteKind.OUTCOME)
    shed(activation)
    if activation.offered and not activation.unproven:
        offers.withdraw(case, activation)


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
    kind, _, day = cause_of(activation).partition(":")
    return kind != "quiet" or int(day) == case.customer.last_day


def find(case: Case, activation_id: str) -> Activation | None:
    """The activation of that id, if the state still remembers it."""
    for activation in case.customer.activations:
        if activation.id == activation_id:
            return activation
    return None
