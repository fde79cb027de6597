"""The lines of a file of purchases, and what happened to their customers by them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from stamgast.domain.events import AnyEvent, ConsentChanged, Enrolled, Line, Purchase, PurchaseChanged
from stamgast.domain.net_purchase import net
from stamgast.domain.program import Program
from stamgast.domain.transactions import Refund, Snapshot, Transaction
from stamgast.domain.units import MINUTE, Millis, Minor
from stamgast.domain.vocabulary import Channel, Purpose


class Sale(NamedTuple):
    """A line of the file. `amount` in minor units, below zero for what was given back."""

    at: Millis
    amount: Minor
    store: str
    category: str
    product: str
    transaction: str
    language: str
    source: str


def events_of(customer: str, sales: Sequence[Sale], program: Program) -> list[AnyEvent]:
    """What happened to somebody, in the order of time."""
    sales = sorted(sales, key=lambda sale: sale.at)
    events = list(_joining(customer, sales, program))
    bought: dict[str, Transaction] = {}
    for number, sale in enumerate(sales):
        name = sale.transaction or f"line-{number}"
        before = _net(bought, name) if sale.amount >= 0 else None
        if sale.amount >= 0:
            bought[name] = _with_line(bought.get(name), sale, program)
        else:
            name = sale.transaction if sale.transaction in bought else _refundable(bought, -sale.amount)
            if not name:
                continue  # what it gives back was bought before the file begins
            before = _net(bought, name)
            transaction = bought[name]
            refund = Refund(1, -sale.amount, _lines_of_refund(transaction, -sale.amount))
            bought[name] = Transaction(
                snapshot=transaction.snapshot, refunds={**transaction.refunds, f"refund-{number}": refund}
            )
        events.append(
            PurchaseChanged(
                merchant=program.merchant,
                customer=customer,
                at=sale.at,
                transaction=name,
                before=before,
                after=net(bought[name]),
                happened_at=sale.at,
            )
        )
    return events


def _joining(customer: str, sales: Sequence[Sale], program: Program) -> Iterator[AnyEvent]:
    """They agree, and join: in the order of the real door, so that a welcome finds what they agreed to."""
    merchant, at = program.merchant, sales[0].at - MINUTE
    language = next((sale.language for sale in sales if sale.language in program.languages), program.languages[0])
    source = next((sale.source for sale in sales if sale.source), None)
    for purpose in Purpose:
        for channel in Channel:
            yield ConsentChanged(
                merchant=merchant, customer=customer, at=at, purpose=purpose, channel=channel, granted=True
            )
    yield Enrolled(merchant=merchant, customer=customer, at=at, language=language, acquisition_source=source)


def _net(bought: Mapping[str, Transaction], name: str) -> Purchase | None:
    return net(bought[name]) if name in bought else None


def _with_line(known: Transaction | None, sale: Sale, program: Program) -> Transaction:
    snapshot = None if known is None else known.snapshot
    lines = () if snapshot is None else snapshot.lines
    line = Line(id=str(len(lines) + 1), gross=sale.amount, sku=sale.product or None, category=sale.category or None)
    gross = sale.amount + (0 if snapshot is None else snapshot.gross)
    at = sale.at if snapshot is None else snapshot.occurred_at
    whole = Snapshot(len(lines) + 1, "completed", at, sale.store, program.currency, gross, (*lines, line))
    return Transaction(snapshot=whole, refunds={} if known is None else known.refunds)


def _refundable(bought: dict[str, Transaction], amount: Minor) -> str:
    for name in reversed(bought):
        left = _net(bought, name)
        if left is not None and left.spend >= amount:
            return name
    return ""


def _lines_of_refund(transaction: Transaction, amount: Minor) -> tuple[Line, ...]:
    """The lines that were given back, where the amount says which: the whole receipt, or one line of it."""
    sale = transaction.snapshot
    if sale is None:
        return ()
    if sale.gross == amount:
        return sale.lines
    line = next((line for line in sale.lines if line.gross == amount), None)
    return () if line is None else (line,)
