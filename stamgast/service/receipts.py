"""The receipt that vouchers were used on came to nothing: voided, or all of it refunded.

What takes money off a receipt took nothing then, and can be used again until its end. A thing that somebody was handed
stays had: a till that got it back takes its request back.
"""

from stamgast.domain import apart
from stamgast.domain.events import PurchaseChanged
from stamgast.domain.ledger import NotReadError
from stamgast.service import at_hand
from stamgast.service.case import Case
from stamgast.service.vouchers import give_back


def changed(case: Case, event: PurchaseChanged) -> None:
    """Give uses back where a purchase counts no more, and is not somebody else's now. Raises NotReadError."""
    if event.before is None or event.after is None or not event.before.counts or event.after.counts:
        return
    if case.customer.apart is not None:
        field = apart.field_of_receipt(event.transaction)
        causes = case.stored(field)
        if causes is None:
            raise NotReadError([field])
        at_hand.bring(case, *causes.decode().split("\n") if causes else ())
    for voucher in list(case.customer.vouchers):
        terms = voucher.terms
        if terms is None or terms.worth is None:
            continue
        for use in terms.used:
            if use.receipt == event.transaction:
                give_back(case, voucher, use)
