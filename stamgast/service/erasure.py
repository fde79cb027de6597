"""What the customer's own state gives up when the person behind it is forgotten."""

from stamgast.domain.counters import Counter
from stamgast.domain.events import Erased
from stamgast.domain.vocabulary import Reason
from stamgast.service import draws, notices
from stamgast.service.case import Case
from stamgast.service.reversals import drop_waiting


def erase(case: Case, event: Erased) -> None:
    """Forget what came from the person; messages that wait or are queued do not leave.

    Figures, stamps and vouchers stay under the pseudonymous id, with the timers that keep them right. A STOP stays:
    it must outlive the erasure. Nothing that arrives later brings anything back, nor is any rule asked again.
    """
    customer = case.customer
    drop_waiting(case, Reason.ERASED, lambda _: True)
    if event.into:
        draws.move_to(case, event.into)
    draws.forget(case)
    notices.drop(case, Reason.ERASED, lambda _: True)
    customer.language = customer.birthday = customer.source = customer.dead_phone = ""
    customer.consents, customer.tags, customer.contacts = {}, [], {}
    customer.inbound_at = 0
    customer.answers = customer.lately = b""
    customer.conversation = None
    customer.left = {}
    if not customer.erased_at:
        customer.erased_at = case.at
        case.count(Counter.ERASED)
