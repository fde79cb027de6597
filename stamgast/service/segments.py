"""Who is in which segment: kept where a running rule listens, and looked at with each event of the customer's own."""

from rules.engine import Segment, View
from stamgast.domain.calendar import business_day
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.customer import Membership
from stamgast.domain.events import AnyEvent, PurchaseChanged, is_history
from stamgast.domain.facts import Fact
from stamgast.domain.ledger import NotReadError
from stamgast.domain.vocabulary import FactName
from stamgast.service.case import Case
from stamgast.service.reversals import take_back
from stamgast.service.rules import fire

_LOOK = Fact(FactName.SEGMENT_ENTERED, "")
"""What a segment is looked at for: it asks about the customer alone."""


def take_stock(case: Case, *, is_new: bool) -> None:
    """Before an event: who is in what is asked about for the first time, or is defined anew, and it is no news.

    Somebody of whom nothing was heard before is in none.
    """
    segments, known = case.context.bundle.rules.segments, case.customer.segments
    asked = {segment.name: segment.mark for segment in segments}
    for name in [name for name, held in known.items() if asked.get(name) != held.mark]:
        del known[name]
    for segment in segments:
        if segment.name not in known:
            inside = not is_new and _is_in(case, segment)
            if inside is not None:
                known[segment.name] = Membership(segment.mark, _today(case) if inside else 0)


def follow(case: Case, event: AnyEvent) -> None:
    """After an event: who came into one, or left it? Raises NotReadError."""
    if case.customer.erased_at:
        return
    silent = is_history(event)
    for segment in case.context.bundle.rules.segments:
        held = case.customer.segments.get(segment.name)
        inside = _is_in(case, segment)
        if held is None or inside is None or inside is bool(held.since):
            continue
        since, held.since = held.since, _today(case) if inside else 0
        if silent:
            continue
        data = {"segment": segment.name}
        if inside:
            fire(case, [Fact(FactName.SEGMENT_ENTERED, _entered(segment, held.since), data=data)])
            continue
        if isinstance(event, PurchaseChanged) and event.before is not None:
            take_back(case, _entered(segment, since))
        fire(case, [Fact(FactName.SEGMENT_LEFT, f"left:{segment.name}:{_today(case)}", data=data)])


def _entered(segment: Segment, since: int) -> str:
    return f"entered:{segment.name}:{since}"


def _is_in(case: Case, segment: Segment) -> bool | None:
    """None if it raised: rules that listen to it are paused, and nothing is known."""
    try:
        view = View(case.customer, case.program, case.at, _LOOK, case.customer_id)
        return segment.condition.test(view) is True
    except NotReadError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it raises, the event itself must be applied
        for rule in case.context.bundle.rules.all:
            if rule.trigger.segment is segment:
                case.change.failures.append((rule.id, f"{type(error).__name__}: {error}"))
                case.count(counter(Counter.RULE, rule.id, Tally.RAISED))
        return None


def _today(case: Case) -> int:
    return business_day(case.at, case.program.time_zone)
