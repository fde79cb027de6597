"""An activation's way through the customer's state: considered, held, submitted, settled.

A message on its way occupies the customer: the next one is held until the answer to the first is known.
Everything here decides from the state and the recorded time alone; the sending itself is the outbox's.
"""

from typing import Any

from msgspec import structs

from rules.actions import Send
from rules.engine import CompiledRule
from stamgast.domain.activation import (
    FINAL_WITHOUT_SEND,
    RANKS,
    UNSENT_RANK,
    Activation,
    Submission,
    activation_id,
)
from stamgast.domain.contact_policy import Decision, Terms, decide, forget_old_contacts
from stamgast.domain.customer import Voucher
from stamgast.domain.events import ActivationOutcome
from stamgast.service.case import Case, Firing
from stamgast.service.contacts import book_cost, forget_contact
from stamgast.service.ended import cause_of, forget_ended, shed

MOST_WAITING = 50
"""Messages of one customer that wait or are on their way at most."""

TOO_MANY = "too_many"
"""Reason of a message beyond what one event, or one customer, may ask for."""
TAKEN_BACK = "taken_back"
EARNED_AGAIN = "earned_again"
"""Reason of one on its way that is being stopped, although its occasion has come about again meanwhile."""
RETRY_ON_OTHER_CHANNEL = "other_channel"
"""Reason of a failed outcome that may be tried over the customer's next channel."""


def consider(case: Case, firing: Firing, action: Send, voucher: Voucher | None) -> None:
    """A rule wants to send: put the question to the gate and act on its answer."""
    rule, occasion = firing.rule, firing.occasion
    if case.left.messages <= 0:
        case.count(f"suppressed|{TOO_MANY}")
        case.count(f"rule|{rule.id}|suppressed")
        return
    case.left.messages -= 1
    data = firing.fact.data | {"cause": firing.fact.occasion}
    template = case.program.templates[action.template]
    if voucher is not None:
        data = data | {"code": voucher.code, "reward": voucher.reward, "valid_until": voucher.expires_at}
    life = case.program.messaging.give_up_after if rule.give_up_after is None else rule.give_up_after
    activation = Activation(
        id=activation_id(case.program.merchant, rule.id, case.customer_id, occasion, firing.generation),
        rule=rule.id,
        occasion=occasion,
        state="held",
        status="held",
        rank=RANKS["held"],
        decided_at=case.at,
        changed_at=case.at,
        template=template.id,
        purpose=template.purpose,
        channel=action.by[0],
        priority=rule.priority,
        expires_at=case.at + life,
        generation=firing.generation,
        data=data,
        other_channels=list(action.by[1:]),
        voucher=voucher.code if voucher is not None else "",
    )
    case.customer.activations = [*case.customer.activations]
    if case.late and not rule.send_late:
        suppress(case, activation, "late")
    elif sum(each.state != "ended" for each in case.customer.activations) >= MOST_WAITING:
        suppress(case, activation, TOO_MANY)
    else:
        _act_on(case, activation, rule, _ask_gate(case, activation, rule))
    case.customer.activations.append(activation)
    forget_ended(case)


def release(case: Case, activation_id: str) -> None:
    """A held message's time has come: ask the gate again, for much may have changed since."""
    activation = _find(case, activation_id)
    if activation is None or activation.state != "held":
        return
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    case.customer.activations = [a for a in case.customer.activations if a is not activation]
    if case.at >= activation.expires_at:
        _end(case, activation, "expired", "gave_up")
    elif rule is None or rule.status not in ("live", "canary"):
        suppress(case, activation, "rule_not_live")
    elif not _still_true(case, activation):
        suppress(case, activation, "no_longer_true")
    elif case.late:
        suppress(case, activation, "late")
    else:
        _act_on(case, activation, rule, _ask_gate(case, activation, rule))
    case.customer.activations.append(activation)
    forget_ended(case)


def settle(case: Case, event: ActivationOutcome) -> None:
    """What became of a submission. A status only moves forward; the first answer frees the customer."""
    activation = _find(case, event.activation)
    if activation is None:
        case.change.finished[event.activation] = event.channel
        return
    if activation.state == "held" or event.rank <= activation.rank:
        return
    was_on_its_way = activation.state == "submitted"
    being_stopped = activation.reason if was_on_its_way else ""
    if not was_on_its_way:
        case.count(f"message|{activation.channel}|{activation.status}", -1)
    book_cost(case, activation, event)
    activation.status, activation.rank, activation.reason = event.status, event.rank, event.reason
    activation.changed_at = case.at
    activation.state = "ended"
    case.count(f"message|{activation.channel}|{event.status}")
    case.note(activation, "outcome", event)
    if event.reason == "opted_out" and not case.customer.stopped_at:
        case.customer.stopped_at = case.at
    if was_on_its_way:
        case.change.finished[activation.id] = activation.channel
        if event.status in FINAL_WITHOUT_SEND:
            forget_contact(case, activation)
            case.count(f"suppressed|{event.reason or event.status}")
            if being_stopped == EARNED_AGAIN:
                _send_again(case, activation)
        forget_ended(case)
    # A carrier often learns only later that a channel does not reach.
    _try_other_channel(case, activation, event, being_stopped)
    if not activation.other_channels or activation.rank >= RANKS["failed"]:
        shed(activation)
    if was_on_its_way:
        _release_next(case)


def _ask_gate(case: Case, activation: Activation, rule: CompiledRule) -> Decision:
    terms = Terms(
        rule=rule.id,
        purpose=activation.purpose,
        channels=(activation.channel, *activation.other_channels),
        window=rule.window,
        wait_outside=rule.if_outside == "wait",
        give_up_at=activation.expires_at,
        cool_down=rule.cool_down,
        hold_out=rule.hold_out if case.context.mind_holdout else 0,
    )
    return decide(case.customer, case.customer_id, case.program, terms, case.at)


def _act_on(case: Case, activation: Activation, rule: CompiledRule, decision: Decision) -> None:
    if decision.verdict == "suppress":
        suppress(case, activation, decision.reason)
        return
    activation.channel = decision.channel
    activation.other_channels = list(decision.other_channels)
    activation.reason = decision.reason
    if decision.verdict == "hold":
        activation.release_at = decision.until
        if decision.until:
            case.customer.timers[f"held:{activation.id}"] = decision.until
        case.note(activation, "decided")
        return
    _submit(case, activation, rule, decision)


def _submit(case: Case, activation: Activation, rule: CompiledRule, decision: Decision) -> None:
    customer = case.customer
    activation.state = activation.status = "submitted"
    activation.rank = RANKS["submitted"]
    activation.changed_at = case.at
    forget_old_contacts(customer, case.at)
    customer.contacts = [*customer.contacts, (case.at, activation.purpose, activation.rule)]
    case.note(activation, "decided")
    case.change.submissions.append(
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
    _end(case, activation, "suppressed", reason)


def _end(case: Case, activation: Activation, status: str, reason: str) -> None:
    activation.state, activation.status, activation.reason = "ended", status, reason
    activation.rank = UNSENT_RANK
    activation.changed_at = case.at
    case.count(f"suppressed|{reason}")
    case.count(f"rule|{activation.rule}|{status}")
    case.note(activation, "outcome")
    shed(activation)


def _try_other_channel(case: Case, activation: Activation, event: ActivationOutcome, being_stopped: str) -> None:
    """A channel that does not reach the customer hands over to the next one: an activation of its own."""
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    if event.reason != RETRY_ON_OTHER_CHANNEL or not activation.other_channels or rule is None:
        return
    if being_stopped == TAKEN_BACK or not _still_true(case, activation):
        return
    first, *others = activation.other_channels
    forget_contact(case, activation)
    _succeed(
        case,
        rule,
        structs.replace(
            activation,
            occasion=f"{activation.occasion}>{first}",
            channel=first,
            other_channels=others,
        ),
    )


def _send_again(case: Case, activation: Activation) -> None:
    """It was stopped in time, but what it speaks of has been earned again: a new generation of it goes."""
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    if rule is None:
        return
    voucher = next((v for v in case.customer.vouchers if v.code == activation.voucher), None)
    data = activation.data if voucher is None else activation.data | {"valid_until": voucher.expires_at}
    _succeed(
        case,
        rule,
        structs.replace(
            activation,
            data=data,
            decided_at=case.at,
            expires_at=case.at + activation.expires_at - activation.decided_at,
            generation=activation.generation + 1,
        ),
    )


def _succeed(case: Case, rule: CompiledRule, successor: Activation) -> None:
    """Another activation takes over from one that has ended; the gate is asked anew."""
    merchant, occasion = case.program.merchant, successor.occasion
    successor.id = activation_id(merchant, rule.id, case.customer_id, occasion, successor.generation)
    successor.state = successor.status = "held"
    successor.rank = RANKS["held"]
    successor.changed_at = case.at
    _act_on(case, successor, rule, _ask_gate(case, successor, rule))
    case.customer.activations.append(successor)


def _release_next(case: Case) -> None:
    """The customer is free again: the most important message that waits for that goes next."""
    waiting = [a for a in case.customer.activations if a.state == "held" and not a.release_at]
    for activation in sorted(waiting, key=lambda a: (-a.priority, a.decided_at, a.id)):
        release(case, activation.id)


def _still_true(case: Case, activation: Activation) -> bool:
    """Withheld are a "we miss you" to somebody who has been back, and a voucher that is no longer to be had."""
    if activation.voucher and not any(
        voucher.code == activation.voucher and voucher.state == "open" for voucher in case.customer.vouchers
    ):
        return False
    kind, _, day = cause_of(activation).partition(":")
    return kind != "quiet" or int(day) == case.customer.last_day


def _find(case: Case, activation_id: str) -> Activation | None:
    return next((a for a in case.customer.activations if a.id == activation_id), None)
