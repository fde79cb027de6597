"""An event of the merchant's own making: known by its id, then told to the rules."""

import hashlib

from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.events import OwnEvent
from stamgast.domain.facts import Fact
from stamgast.domain.own_events import MOST_POSTED, POSTED_AGAIN
from stamgast.domain.vocabulary import FactName
from stamgast.service.case import Case
from stamgast.service.rules import fire


def happened(case: Case, event: OwnEvent) -> None:
    """Tell the rules, once per id. It changes nothing else of the customer."""
    customer, kind = case.customer, case.program.events.get(event.name)
    if kind is None or customer.erased_at:
        return
    mark = hashlib.blake2b(f"{event.id}".encode(), digest_size=8).digest()
    known = [each for each in customer.posted if each[1] > case.at]
    if any(each[0] == mark for each in known):
        customer.posted = known
        return
    if len(known) >= MOST_POSTED:
        case.count(counter(Counter.EVENT, event.name, Tally.TOO_MANY))
        return
    customer.posted = [*known, (mark, case.at + POSTED_AGAIN)]
    case.count(counter(Counter.EVENT, event.name))
    case.late = case.at - event.happened_at > case.program.fresh_for
    data = {"event": event.name, "fields": event.fields}
    fire(case, [Fact(FactName.OWN_EVENT, f"posted:{event.id}", data=data)])
