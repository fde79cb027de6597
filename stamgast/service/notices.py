"""What rules tell staff about a customer: no message to the customer, and so asked nothing of them.

No consent, no cap, no STOP of the customer's stands in its way, and it occupies nobody; what keeps it back is what it
is about (old news, the rule's control group and `cool_down`), and the hours of whoever is told. It goes through the
outbox like any message, once. How many go to somebody within an hour is counted there, over all customers: what is
beyond waits for the next hour, and then one message tells of all of them (`stamgast.state.outbox`).
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from rules.actions import Notify, Wait
from rules.engine import SPEAKING, CompiledRule
from stamgast.domain.activation import FINAL_WITHOUT_SEND, RANKS, Note, Submission, activation_id
from stamgast.domain.calendar import at_local, local_time
from stamgast.domain.contact_policy import cools_down, is_held_out
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.customer import Notice
from stamgast.domain.events import ActivationOutcome
from stamgast.domain.message_words import STAFF
from stamgast.domain.program import Staff
from stamgast.domain.told import Arm
from stamgast.domain.units import HOUR, Millis
from stamgast.domain.vocabulary import Channel, NoteKind, Purpose, Reason, Status, TimerKind
from stamgast.service import telling
from stamgast.service.case import Case, Firing

MOST: Final = 20
"""Of one customer that wait, or of which it is not known yet what became of them."""
LIFE: Final[Millis] = 48 * HOUR
"""Older news is no help to anybody."""
CHANNEL: Final = Channel.SMS
_SUBMITTED: Final = RANKS[Status.SUBMITTED]
_SETTLED: Final = RANKS[Status.FAILED]
TIMER: Final = f"{TimerKind.NOTICE}:"
"""How the names of their timers begin."""


def tell(case: Case, firing: Firing, notices: Sequence[Notify]) -> None:
    """Let people know, unless it is old news or the customer is to be left alone by this rule."""
    rule = firing.rule
    if case.late and not rule.send_late:
        return
    if rule.hold_out and case.context.mind_holdout and _leaves_alone(case, rule):
        return
    if rule.cool_down and not firing.cooled and cools_down(case.customer, rule.id, rule.cool_down, case.at):
        return
    for action in notices:
        for name in action.to:
            if name in case.program.staff:
                _tell(case, firing, action.template, case.program.staff[name])


def _leaves_alone(case: Case, rule: CompiledRule) -> bool:
    """Whether the customer is held out of what the rule does for customers: then nobody else does it instead."""
    only_tells = all(isinstance(each, Notify | Wait) for each in rule.actions)
    return not only_tells and is_held_out(case.program.merchant, rule.id, case.customer_id, rule.hold_out)


def _tell(case: Case, firing: Firing, template: str, who: Staff) -> None:
    if case.left.notices <= 0 or len(case.customer.notices) >= MOST:
        case.count(counter(Counter.STAFF, who.id, Tally.TOO_MANY))
        return
    case.left.notices -= 1
    merchant, rule = case.program.merchant, firing.rule.id
    data: dict[str, Any] = {STAFF: who.id, "customer": case.customer_id}
    if "card" in firing.fact.data:
        stamps = {card_id: card.balance for card_id, card in case.customer.cards.items()}
        data |= {"card": firing.fact.data["card"], "stamps": stamps}
    notice = Notice(
        id=activation_id(merchant, f"{rule}/{template}@{who.id}", case.customer_id, firing.occasion),
        rule=rule,
        occasion=firing.occasion,
        cause=firing.fact.occasion,
        template=template,
        staff=who.id,
        decided_at=case.at,
        expires_at=case.at + LIFE,
        data=data,
    )
    if any(each.id == notice.id for each in case.customer.notices):
        return
    case.customer.notices = [*case.customer.notices, notice]
    go(case, notice, who)


def due(case: Case, which: str) -> None:
    """The time has come for which it waited: the rule and the person may be gone meanwhile."""
    notice = find(case, which)
    if notice is None or not waits(notice):
        return
    rule, who = case.context.bundle.rules.by_id.get(notice.rule), case.program.staff.get(notice.staff)
    if rule is None or rule.status not in SPEAKING:
        end(case, notice, Status.SUPPRESSED, Reason.RULE_NOT_LIVE)
    elif who is None or notice.template not in case.program.templates:
        end(case, notice, Status.SUPPRESSED, Reason.NO_ADDRESS)
    else:
        go(case, notice, who)


def waits(notice: Notice) -> bool:
    """Whether it is in nobody's outbox yet."""
    return notice.rank < _SUBMITTED


def settle(case: Case, event: ActivationOutcome) -> bool:
    """Apply what became of one; False: it is none of these."""
    notice = find(case, event.activation)
    if notice is None:
        return False
    if event.rank <= notice.rank or notice.rank < _SUBMITTED or event.status == Status.NOT_FOUND:
        return True  # told before
    case.change.finish(notice.id, event.channel)
    who = case.program.staff.get(notice.staff)
    if who is not None and (event.reason == Reason.STAFF_LIMIT or event.status == Status.EXPIRED):
        since = (case.at // HOUR + 1) * HOUR if event.reason == Reason.STAFF_LIMIT else case.at
        notice.rank = RANKS[Status.HELD]
        _wait(case, notice, max(since, _opens(case, who, since)), event.reason)
    elif event.status in FINAL_WITHOUT_SEND:
        end(case, notice, event.status, event.reason)
    else:
        notice.rank = event.rank
        case.count(counter(Counter.STAFF, notice.staff, event.status))
        _note(case, notice, NoteKind.OUTCOME, event.status, event.reason, event)
        if event.rank >= _SETTLED:
            _forget(case, notice)
    return True


def take_back(case: Case, undone: Callable[[str, str], bool]) -> None:
    """The reason went away: what has not left is told to nobody. `undone` is asked with cause and rule."""
    drop(case, Reason.TAKEN_BACK, lambda notice: undone(notice.cause, notice.rule))


def drop(case: Case, reason: Reason, chosen: Callable[[Notice], bool]) -> None:
    """End what waits, and ask to cancel what is in the outbox."""
    for notice in [each for each in case.customer.notices if chosen(each)]:
        if waits(notice):
            end(case, notice, Status.SUPPRESSED, reason)
        elif notice.rank == _SUBMITTED:
            case.change.cancels.append(notice.id)


def go(case: Case, notice: Notice, who: Staff) -> None:
    """Put it into the outbox, or let it wait for the hours of whoever is told."""
    opens = _opens(case, who, case.at)
    if opens > case.at:
        _wait(case, notice, opens, Reason.QUIET_HOURS)
        return
    shut = at_local(local_time(case.at, case.program.time_zone).day, who.hours.closes, case.program.time_zone)
    notice.rank = _SUBMITTED
    case.count(counter(Counter.STAFF, who.id, Status.SUBMITTED))
    _note(case, notice, NoteKind.DECIDED, Status.SUBMITTED)
    telling.notice(case, Arm.SENT, notice)
    case.change.submit(
        Submission(
            activation=notice.id,
            merchant=case.program.merchant,
            customer=case.customer_id,
            rule=notice.rule,
            template=notice.template,
            purpose=Purpose.UTILITY,
            channel=CHANNEL,
            language=who.language,
            decided_at=notice.decided_at,
            expires_at=min(shut, notice.expires_at),
            data=notice.data,
            bundle=case.context.bundle.hash,
            staff=who.id,
        )
    )


def _opens(case: Case, who: Staff, at: Millis) -> Millis:
    """When they may be told: at that moment, or when their hours begin."""
    zone = case.program.time_zone
    now = local_time(at, zone)
    if who.hours.opens <= now.minute < who.hours.closes:
        return at
    return at_local(now.day + (now.minute >= who.hours.opens), who.hours.opens, zone)


def _wait(case: Case, notice: Notice, until: Millis, reason: str) -> None:
    if until >= notice.expires_at:
        end(case, notice, Status.EXPIRED, Reason.GAVE_UP)
        return
    case.customer.timers[TIMER + notice.id] = until
    _note(case, notice, NoteKind.DECIDED, Status.HELD, reason)
    telling.notice(case, Arm.WAITS, notice, reason)


def end(case: Case, notice: Notice, status: str, reason: str) -> None:
    """End it untold."""
    case.count(counter(Counter.STAFF, notice.staff, status))
    _note(case, notice, NoteKind.OUTCOME, status, reason)
    telling.notice(case, Arm.WITHHELD, notice, reason)
    _forget(case, notice)


def _forget(case: Case, notice: Notice) -> None:
    case.customer.notices = [each for each in case.customer.notices if each is not notice]
    case.customer.timers.pop(TIMER + notice.id, None)


def find(case: Case, which: str) -> Notice | None:
    """Return the one of that id."""
    return next((each for each in case.customer.notices if each.id == which), None)


def _note(  # noqa: PLR0917
    case: Case, notice: Notice, kind: NoteKind, status: str, reason: str = "", answer: ActivationOutcome | None = None
) -> None:
    case.change.notes.append(
        Note(
            kind=kind,
            activation=notice.id,
            merchant=case.program.merchant,
            customer=case.customer_id,
            at=case.at,
            rule=notice.rule,
            occasion=notice.occasion,
            status=status,
            reason=reason,
            channel=CHANNEL,
            template=notice.template,
            attempt=answer.attempt if answer else "",
            code=answer.code if answer else "",
            provider_id=answer.provider_id if answer else "",
            parts=answer.parts if answer else 0,
            staff=notice.staff,
        )
    )
