"""What staff are told about the shop itself: a trip wire paused a rule, a budget is spent, a segment fell.

It stands in an entry of its own (`stamgast.domain.alerts.STAFF_ROOM`), as notices about a customer stand in theirs, and
goes the same way from there (`stamgast.service.notices`). Whoever watches may say the same thing again, after a crash
or because two of them look: what was told of something last is remembered, and is told once.
"""

from collections.abc import Sequence
from typing import Any, Final

from stamgast.domain.activation import activation_id
from stamgast.domain.alert_words import own_template
from stamgast.domain.alerts import Alert, AlertKind, subject_of
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.customer import Customer, Notice
from stamgast.domain.errors import DomainError
from stamgast.domain.events import ActivationOutcome, AnyEvent, StaffAlerted, TimerDue
from stamgast.domain.message_words import ALERT, STAFF
from stamgast.domain.program import Staff
from stamgast.domain.vocabulary import Reason, Status
from stamgast.service import notices
from stamgast.service.case import Case
from stamgast.service.change import Change

MARKS: Final = 4
"""What is remembered of one rule, budget or segment."""
SUBJECTS: Final = 2_000
"""Of how many of them; of which nothing was said for longest goes first."""
_KINDS: Final[frozenset[str]] = frozenset(AlertKind)


def is_told(room: Customer, event: StaffAlerted) -> bool:
    """Whether the staff room has heard it."""
    return event.mark in room.fired.get(_subject(event), ())


def tell_staff(case: Case, events: Sequence[AnyEvent]) -> Change:
    """Apply events of the staff room. Raises `DomainError` for one that is a customer's."""
    for event in events:
        case.begin(event.at)
        if isinstance(event, StaffAlerted):
            _alerted(case, event)
        elif isinstance(event, TimerDue):
            _due(case, event)
        elif not isinstance(event, ActivationOutcome):
            raise DomainError(f"{type(event).__name__} is not an event of the staff room")
        elif not notices.settle(case, event):
            case.change.finish(event.activation, event.channel)
    return case.change


def _alerted(case: Case, event: StaffAlerted) -> None:
    if event.kind not in _KINDS:
        raise DomainError(f"{event.kind!r} is nothing that staff are told")
    kind = AlertKind(event.kind)
    room, known = case.customer, is_told(case.customer, event)
    alert = case.program.alerts.get(kind)
    if known or alert is None or not alert.concerns(event.what):
        return  # whoever says it has another bundle in force, and says it again when we have that too
    room.fired[_subject(event)] = [*room.fired.pop(_subject(event), ()), event.mark][-MARKS:]
    while len(room.fired) > SUBJECTS:
        del room.fired[next(iter(room.fired))]
    if case.at >= event.since + notices.LIFE:
        case.count(counter(Counter.STAFF, event.kind, Tally.TOO_LATE))
        return
    template = _template(kind, alert)
    for name in alert.to:
        if name in case.program.staff:
            _tell(case, event, template, case.program.staff[name])


def _template(kind: AlertKind, alert: Alert) -> str:
    return alert.template or own_template(kind).id


def _tell(case: Case, event: StaffAlerted, template: str, who: Staff) -> None:
    if sum(each.staff == who.id for each in case.customer.notices) >= notices.MOST:
        case.count(counter(Counter.STAFF, who.id, Tally.TOO_MANY))
        return
    occasion = f"{_subject(event)}:{event.mark}"
    notice = Notice(
        id=activation_id(case.program.merchant, f"{event.kind}@{who.id}", case.customer_id, occasion),
        rule="",
        occasion=occasion,
        cause=occasion,
        template=template,
        staff=who.id,
        decided_at=case.at,
        expires_at=event.since + notices.LIFE,
        data=_data(event, who),
    )
    case.customer.notices = [*case.customer.notices, notice]
    notices.go(case, notice, who)


def _data(event: StaffAlerted, who: Staff) -> dict[str, Any]:
    return {
        STAFF: who.id,
        ALERT: event.kind,
        "about": event.what,
        "how": event.how,
        "mark": event.mark,
        "found": event.found,
        "of": event.of,
    }


def _due(case: Case, event: TimerDue) -> None:
    """The hours of somebody have begun: they may be told no more meanwhile, or be gone."""
    timers, up_to = case.customer.timers, min(event.due, case.at)
    for _, name in sorted((when, name) for name, when in timers.items() if when <= up_to):
        del timers[name]
        notice = notices.find(case, name.removeprefix(notices.TIMER))
        if notice is None or not notices.waits(notice):
            continue
        who, alert = case.program.staff.get(notice.staff), case.program.alerts.get(notice.data[ALERT])
        if who is None or alert is None or who.id not in alert.to:
            notices.end(case, notice, Status.SUPPRESSED, Reason.NO_ADDRESS)
        else:
            notice.template = _template(AlertKind(notice.data[ALERT]), alert)
            notices.go(case, notice, who)


def _subject(event: StaffAlerted) -> str:
    return subject_of(event.kind, event.how, event.what)
