"""What messages cost after all, once the carrier says it: the difference to what was booked is booked."""

from stamgast.domain.activation import Note
from stamgast.domain.budgets import For
from stamgast.domain.calendar import business_day
from stamgast.domain.customer import Charge
from stamgast.domain.events import MessagePriced
from stamgast.domain.exchange import thousandths_of
from stamgast.domain.ledger import NotReadError
from stamgast.domain.occasions import field_of_price
from stamgast.domain.vocabulary import NoteKind
from stamgast.service import budgets
from stamgast.service.case import Case
from stamgast.service.contacts import book


def priced(case: Case, event: MessagePriced) -> None:
    """Book what it cost beyond what was booked; once, however often it is told. Raises NotReadError."""
    field = field_of_price(event.activation)
    stored = case.stored(field)
    if stored is None:
        raise NotReadError([field])
    program = case.program
    day = business_day(case.at, program.time_zone)
    cost = thousandths_of(event.price, event.currency, program.currency, program.rates, day)
    if stored or cost is None:
        return
    case.store(field, b"1")
    if cost != event.cost:
        book(case, event.rule, event.variant, cost - event.cost)
        charge = Charge(list(event.paid_by), beside=list(event.counted_by))
        budgets.give_back(case, charge, event.cost - cost, For(event.rule, event.activation))
    case.change.notes.append(
        Note(
            kind=NoteKind.PRICED,
            activation=event.activation,
            merchant=program.merchant,
            customer=case.customer_id,
            at=case.at,
            rule=event.rule,
            channel=event.channel,
            variant=event.variant,
            cost=cost,
        )
    )
