"""What became of a submission, and what follows: the customer is free again, another channel or another try is due.

A status only moves forward; the first answer frees the customer. What was never submitted may wait again; what may
have been submitted goes once more only where its template says so and the carrier itself does not know it.
"""

from typing import Final

from msgspec import structs

from rules.engine import SPEAKING, CompiledRule
from stamgast.domain.activation import FINAL_WITHOUT_SEND, RANKS, Activation, activation_id, held_timer, is_about_earned
from stamgast.domain.calendar import at_local, business_day
from stamgast.domain.contact_policy import Decision
from stamgast.domain.counters import Counter, counter
from stamgast.domain.customer import UNKNOWN_PHONE, Charge
from stamgast.domain.events import ActivationOutcome
from stamgast.domain.rewards import with_code
from stamgast.domain.units import HOUR, Millis
from stamgast.domain.vocabulary import ActivationState, IfUnproven, NoteKind, Reason, Status, Treatment, Verdict
from stamgast.service import at_hand, budgets, expiry, measuring, notices, offers, telling, variants
from stamgast.service.case import Case
from stamgast.service.change import Report
from stamgast.service.contacts import book_cost, forget_contact
from stamgast.service.ended import forget_ended, shed
from stamgast.service.messages import (
    act_on,
    ask_gate,
    find,
    still_true,
    voucher_ends,
)
from stamgast.service.releases import release_by_rank
from stamgast.service.watched import watch_failed, watch_opt_out

# Said once: looking a member up costs as much as a small call, and these are asked for every message.
_HELD: Final = ActivationState.HELD.value
_SUBMITTED: Final = ActivationState.SUBMITTED.value
_ENDED: Final = ActivationState.ENDED.value
_FAILED_RANK: Final = RANKS[Status.FAILED]
_FAILED: Final[frozenset[str]] = frozenset({Status.FAILED, Status.UNDELIVERED})
_NOT_FOUND: Final = Status.NOT_FOUND
_EXPIRED: Final = Status.EXPIRED
_IN_DOUBT: Final = Status.IN_DOUBT
_MESSAGE: Final = Counter.MESSAGE
_OUTCOME: Final = NoteKind.OUTCOME
_OPTED_OUT: Final = Reason.OPTED_OUT
_RULE_LIMIT: Final = Reason.RULE_LIMIT
_OTHER_CHANNEL: Final = Reason.OTHER_CHANNEL
_OTHER: Final = Treatment.FALLBACK
_LATER: Final = Treatment.RETRY_LATER
_DEAD: Final = Treatment.BAD_NUMBER
_SENDER: Final = Treatment.CONFIG
_ACCOUNT: Final = Reason.CONFIG
_WENT: Final[frozenset[str]] = frozenset({Status.SENT, Status.DELIVERED, Status.READ})
_ELSEWHERE: Final[frozenset[str]] = frozenset({Treatment.FALLBACK, Treatment.RETRY_LATER, Treatment.CONFIG})
_PUT_OFF: Final = ">later"
LATER: Final[Millis] = 2 * HOUR
"""How long a message is put off that the carrier took and could not deliver."""
_NOT_DELIVERED: Final[frozenset[str]] = frozenset({Status.IN_DOUBT, Status.FAILED, Status.UNDELIVERED})


def settle(case: Case, event: ActivationOutcome) -> None:
    """Apply what became of a submission."""
    activation = find(case, event.activation)
    if activation is None:
        if not case.customer.notices or not notices.settle(case, event):
            case.change.finish(event.activation, event.channel)
    elif event.status == _NOT_FOUND:
        _note_doubt(case, activation, event)
        _go_once_more(case, activation, event.attempt)
    elif _may_wait_on(case, activation, event):
        _wait_on(case, activation, event.reason)
    else:
        answer = _of_two(activation, event) if activation.unproven else event
        if answer is not None and (activation.state != _HELD or activation.unproven) and answer.rank > activation.rank:
            _move_on(case, activation, answer)


def _move_on(case: Case, activation: Activation, event: ActivationOutcome) -> None:
    was_on_its_way = activation.state == _SUBMITTED
    being_stopped = activation.reason if was_on_its_way else ""
    if activation.state == _ENDED:
        case.count(counter(_MESSAGE, activation.channel, activation.status), -1)
        variants.count(case, activation, activation.status, -1)
    case.customer.timers.pop(held_timer(activation.id), None)
    _note_doubt(case, activation, event)
    cost, charge = _book(case, activation, event)
    measuring.went(case, activation, event)
    expiry.arrived(case, activation, event)
    activation.status, activation.rank, activation.reason = event.status, event.rank, event.reason
    activation.changed_at, activation.state = case.at, _ENDED
    case.count(counter(_MESSAGE, activation.channel, event.status))
    variants.count(case, activation, event.status)
    case.note(activation, _OUTCOME, event, cost, charge)
    if event.status in _FAILED:
        watch_failed(case, activation.rule)
    _report_sender(case, activation, event)
    if event.reason == _OPTED_OUT and event.status not in FINAL_WITHOUT_SEND and not case.customer.stopped_at:
        # The carrier says so. What we withheld ourselves had its STOP told before, and a START may have come since.
        case.customer.stopped_at = case.at
        case.count(Counter.OPTED_OUT)
        watch_opt_out(case)
        measuring.opted_out(case)
    if was_on_its_way:
        case.change.finish(activation.id, activation.channel)
        if event.status in FINAL_WITHOUT_SEND:
            forget_contact(case, activation)
            case.count(counter(Counter.SUPPRESSED, event.reason or event.status))
            telling.withheld(case, activation, event.reason or event.status)
            if being_stopped == Reason.EARNED_AGAIN:
                _send_again(case, activation)
        forget_ended(case)
    # A carrier often learns only later that a channel does not reach.
    _follow(case, activation, event, being_stopped)
    if activation.rank >= _FAILED_RANK or not (activation.other_channels or _may_go_again(case, activation)):
        shed(activation)
    if activation.offered and was_on_its_way and event.status in FINAL_WITHOUT_SEND:
        offers.withdraw(case, activation)
    if was_on_its_way:
        _release_next(case)


def _note_doubt(case: Case, activation: Activation, event: ActivationOutcome) -> None:
    """Say that it is in doubt from now on, or no longer."""
    if event.status == _IN_DOUBT:
        case.change.doubts[activation.id] = (event.attempt, case.at)
    elif activation.status == _IN_DOUBT:
        case.change.doubts[activation.id] = None


def _book(case: Case, activation: Activation, event: ActivationOutcome) -> tuple[int | None, Charge | None]:
    """What it costs, and which budgets paid that."""
    cost = book_cost(case, activation, event)
    return cost, budgets.settle(case, activation, event.status, cost or 0) if case.customer.charges else None


def _report_sender(case: Case, activation: Activation, event: ActivationOutcome) -> None:
    """Say what it tells of the account that sends for the merchant."""
    if event.status in _WENT:
        case.change.reports.append(Report(activation.id, activation.channel))
    elif event.treatment == _SENDER and event.reason == _ACCOUNT:  # a template says so with another reason
        case.change.reports.append(Report(activation.id, activation.channel, event.code))


def _of_two(activation: Activation, event: ActivationOutcome) -> ActivationOutcome | None:
    """What an outcome proves once there is a second attempt; None: nothing new."""
    if event.status in _NOT_DELIVERED and (event.attempt == activation.unproven or activation.state == _HELD):
        return None  # the second attempt decides
    if event.status in FINAL_WITHOUT_SEND:
        if activation.state == _HELD:
            return None
        doubt = {"status": Status.IN_DOUBT, "rank": RANKS[Status.IN_DOUBT], "attempt": activation.unproven}
        return structs.replace(event, **doubt)
    return event


# -- once more


def _may_go_again(case: Case, activation: Activation) -> bool:
    """Say whether it is in doubt, has gone only once, and its template lets it go again."""
    if activation.status != _IN_DOUBT or activation.unproven:
        return False
    template = case.program.templates.get(activation.template)
    return template is not None and template.if_unproven == IfUnproven.SEND_AGAIN


def _go_once_more(case: Case, activation: Activation, attempt: str) -> None:
    """The carrier does not know the attempt after the last look-up: ask the gate whether there may be another one."""
    rule = _live_rule(case, activation)
    if rule is None or activation.state != _ENDED or not _may_go_again(case, activation):
        return
    if case.at >= activation.expires_at or not still_true(case, activation):
        return
    contacts = case.customer.contacts
    forget_contact(case, activation)  # it counts once, whichever attempt arrives
    decision = ask_gate(case, activation, rule)
    if decision.verdict is Verdict.SUPPRESS or decision.channel != activation.channel:
        case.customer.contacts = contacts
        return
    case.count(counter(_MESSAGE, activation.channel, activation.status), -1)
    activation.unproven = attempt
    _hold_again(case, activation, rule, decision)


def _may_wait_on(case: Case, activation: Activation, event: ActivationOutcome) -> bool:
    """Say whether it was not submitted before the hour in which it may go was over, and has a later one.

    What was earned has a later one too if its rule had sent as many messages as it may that day.
    """
    limited = event.reason == _RULE_LIMIT and is_about_earned(activation)
    if event.status != _EXPIRED and not limited:
        return False
    ends = voucher_ends(activation) if limited else activation.expires_at
    in_time = (_tomorrow(case) if limited else case.at) < ends and _live_rule(case, activation) is not None
    stopping = activation.reason if activation.state == _SUBMITTED else "not on its way"
    return in_time and not stopping and still_true(case, activation)


def _tomorrow(case: Case) -> Millis:
    """When a rule's messages of the day are counted anew."""
    zone = case.program.time_zone
    return at_local(business_day(case.at, zone) + 1, 0, zone)


def _wait_on(case: Case, activation: Activation, reason: str) -> None:
    """Nothing was sent: the gate says until when it waits, or the rule's next day."""
    rule = case.context.bundle.rules.by_id[activation.rule]
    case.change.finish(activation.id, activation.channel)
    forget_contact(case, activation)
    case.customer.moving = [a for a in case.customer.moving if a is not activation]
    decision = ask_gate(case, activation, rule)
    if reason == _RULE_LIMIT and decision.verdict is not Verdict.SUPPRESS:
        until = max(decision.until if decision.verdict is Verdict.HOLD else 0, _tomorrow(case))
        decision = Decision(Verdict.HOLD, reason, decision.channel, decision.other_channels, until)
    elif decision.verdict is Verdict.SUBMIT:  # the last moments of the hour, in which no message is prepared any more
        decision = Decision(Verdict.HOLD, Reason.QUIET_HOURS, decision.channel, decision.other_channels, decision.until)
    case.customer.moving.append(activation)
    _hold_again(case, activation, rule, decision)
    forget_ended(case)
    _release_next(case)


def _hold_again(case: Case, activation: Activation, rule: CompiledRule, decision: Decision) -> None:
    activation.state, activation.status = ActivationState.HELD, Status.HELD
    activation.rank = RANKS[Status.HELD]
    activation.changed_at = case.at
    act_on(case, activation, rule, decision)


def _live_rule(case: Case, activation: Activation) -> CompiledRule | None:
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    return rule if rule is not None and rule.status in SPEAKING else None


# -- what takes over


def _follow(case: Case, activation: Activation, event: ActivationOutcome, being_stopped: str) -> None:
    """Do what the outcome asks for: another channel, the same once more later, nothing to this address any more.

    Records from before treatments were told ask for another channel by their reason, and for nothing else.
    """
    treatment = _OTHER if event.reason == _OTHER_CHANNEL else event.treatment
    if not treatment:
        return
    if treatment == _DEAD:
        case.customer.dead_phone = event.address or UNKNOWN_PHONE
        return
    later = treatment == _LATER and _may_go_later(case, activation)
    rule = case.context.bundle.rules.by_id.get(activation.rule)
    if rule is None or not (later or (treatment in _ELSEWHERE and activation.other_channels)):
        return
    sent_again = being_stopped == Reason.EARNED_AGAIN and event.status in FINAL_WITHOUT_SEND
    if sent_again or being_stopped == Reason.TAKEN_BACK or not still_true(case, activation):
        return
    if later:
        _go_later(case, activation, rule, event.reason)
    else:
        _try_other_channel(case, activation, rule, event)


def _may_go_later(case: Case, activation: Activation) -> bool:
    """Say whether it has not been put off yet, and is still worth saying then."""
    return not activation.occasion.endswith(_PUT_OFF) and case.at + LATER < activation.expires_at


def _go_later(case: Case, activation: Activation, rule: CompiledRule, reason: str) -> None:
    """A phone that was off, a queue that was full: the same once more, as an activation of its own."""
    forget_contact(case, activation)
    _succeed(
        case,
        rule,
        structs.replace(activation, occasion=f"{activation.occasion}{_PUT_OFF}", unproven=""),
        Decision(Verdict.HOLD, reason, activation.channel, tuple(activation.other_channels), until=case.at + LATER),
    )


def _try_other_channel(case: Case, activation: Activation, rule: CompiledRule, event: ActivationOutcome) -> None:
    """A channel that does not reach the customer hands over to the next one: an activation of its own."""
    first, *others = activation.other_channels
    if event.status not in FINAL_WITHOUT_SEND:  # of one that was never sent it is forgotten already
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
    at_hand.bring_code(case, activation.voucher)
    voucher = with_code(case.customer, activation.voucher)
    data = activation.data
    if voucher is not None:
        data = data | {"valid_until": voucher.expires_at, "cause": voucher.cause}
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


def _succeed(case: Case, rule: CompiledRule, successor: Activation, decision: Decision | None = None) -> None:
    """Another activation takes over from one that has ended; the gate is asked anew, unless it is decided already."""
    merchant, occasion = case.program.merchant, successor.occasion
    successor.id = activation_id(merchant, rule.id, case.customer_id, occasion, successor.generation)
    successor.state, successor.status = ActivationState.HELD, Status.HELD
    successor.rank = RANKS[Status.HELD]
    successor.changed_at = case.at
    act_on(case, successor, rule, decision or ask_gate(case, successor, rule))
    case.customer.moving.append(successor)


def _release_next(case: Case) -> None:
    """The customer is free again: the most important message that waits for that goes next."""
    release_by_rank(case, [a.id for a in case.customer.moving if a.state == _HELD and not a.release_at])
