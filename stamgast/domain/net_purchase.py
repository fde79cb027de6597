"""What a transaction amounts to, its refunds taken off: by line and quantity where these are known."""

from collections.abc import Mapping, Sequence

import msgspec

from stamgast.domain.events import ForeignRefund, Line, Purchase
from stamgast.domain.purchase_record import UNDATED
from stamgast.domain.transactions import Refund, Snapshot, Transaction
from stamgast.domain.units import Millis, Minor

EARNING = frozenset({"completed", "partially_refunded"})
TAKEN_BACK = "refunded"
SPEAKS_OF_REFUNDS = frozenset({"partially_refunded", TAKEN_BACK})

_encode = msgspec.json.Encoder().encode


def net(transaction: Transaction) -> Purchase | None:
    """What the transaction amounts to now; None while only refunds of it are known.

    A refund never takes the spend below zero; a receipt that is a return from the start may be negative.
    """
    sale = transaction.snapshot
    if sale is None:
        return None
    if sale.status == "completed" and not (transaction.refunds or sale.netted or sale.test):
        return _whole(transaction, sale)
    ours = _ours(transaction)
    open_refunds = [refund for key, refund in ours.items() if key not in sale.netted]
    spend = max(min(0, sale.gross), sale.gross - sum(refund.gross for refund in open_refunds))
    refunded, peak, peak_gross = _given_back(transaction, sale, spend, ours)
    lines: tuple[Line, ...] = ()
    foreign: tuple[ForeignRefund, ...] = ()
    counts = False
    if sale.test or sale.status not in EARNING or (peak is not None and spend <= 0):
        spend = 0
    else:
        lines = _subtract(sale.gross, sale.lines, open_refunds) if open_refunds else sale.lines
        if len(ours) < len(transaction.refunds):
            foreign = _foreign(transaction, sale)
        counts = (sale.gross >= 0 and not sale.settled) or _has_sold(sale)
    as_it_was = counts and peak == lines and peak_gross == spend
    return Purchase(
        occurred_at=_moment(transaction, sale),
        store=sale.store,
        currency=sale.currency,
        spend=spend,
        refunded=refunded,
        counts=counts,
        lines=lines,
        peak=None if as_it_was else peak,
        peak_spend=None if as_it_was else peak_gross,
        foreign=foreign,
        day=sale.day,
        history=sale.history,
    )


def less(purchase: Purchase, refunds: Sequence[ForeignRefund]) -> Purchase:
    """What is left of a purchase after more refunds in its own currency."""
    given_back = sum(refund.gross for refund in refunds)
    spend = max(min(0, purchase.spend), purchase.spend - given_back)
    left = purchase.counts and spend > 0
    paid = purchase.spend if purchase.peak_spend is None else purchase.peak_spend
    return msgspec.structs.replace(
        purchase,
        spend=spend if left else 0,
        refunded=min(purchase.refunded + given_back, max(paid, purchase.refunded + purchase.spend, 0)),
        counts=left,
        lines=_subtract(purchase.spend, purchase.lines, refunds) if left else (),
        peak=purchase.lines if purchase.peak is None else purchase.peak,
        peak_spend=paid,
        foreign=(),
    )


def _foreign(transaction: Transaction, sale: Snapshot) -> tuple[ForeignRefund, ...]:
    """Refunds in another currency that the sale has not taken off itself."""
    return tuple(
        ForeignRefund(refund.currency, refund.gross, refund.lines)
        for key, refund in transaction.refunds.items()
        if key not in sale.netted and refund.currency not in {"", sale.currency}
    )


def _whole(transaction: Transaction, sale: Snapshot) -> Purchase:
    """Nothing was given back: this is what nearly every sale is, and stays."""
    return Purchase(
        occurred_at=_moment(transaction, sale),
        store=sale.store,
        currency=sale.currency,
        spend=sale.gross,
        counts=(sale.gross >= 0 and not sale.settled) or _has_sold(sale),
        lines=sale.lines,
        day=sale.day,
        history=sale.history,
    )


def _moment(transaction: Transaction, sale: Snapshot) -> Millis:
    return transaction.undated_at if sale.occurred_at == UNDATED else sale.occurred_at


def _has_sold(sale: Snapshot) -> bool:
    if sale.settled and sale.gross > 0:
        return True
    return any(line.kind == "sale" and line.gross > 0 for line in sale.lines)


def _given_back(
    transaction: Transaction, sale: Snapshot, spend: Minor, refunds: Mapping[str, Refund]
) -> tuple[Minor, tuple[Line, ...] | None, Minor | None]:
    """What was given back, and the lines and total as they were before; None if nothing was, or all was voided.

    A source may only tell the refunded transaction and not the refund: then it is what the sale lost. Nobody gets more
    back than was paid.
    """
    taken_back = sale.status == TAKEN_BACK
    if sale.test or not (taken_back or sale.status in EARNING):
        return 0, None, None
    if not refunds and not sale.netted and sale.status not in SPEAKS_OF_REFUNDS:
        return 0, None, None
    whole = transaction.whole or sale
    peak = sale.lines if transaction.whole is None else _peak(whole.lines, sale.lines)
    returned = sum(refund.gross for refund in refunds.values())
    refunded = max(returned, whole.gross - (0 if taken_back else spend), 0)
    return min(refunded, _paid(sale, whole, refunds)), peak, max(whole.gross, sale.gross)


def _paid(sale: Snapshot, whole: Snapshot, refunds: Mapping[str, Refund]) -> Minor:
    """What was paid for the sale before anything was given back, as far as is known."""
    netted = sum(refund.gross for key, refund in refunds.items() if key in sale.netted)
    return max(whole.gross, sale.gross + netted, 0)


def paid_and_given_back(transaction: Transaction) -> tuple[Minor, Minor]:
    """What a transaction's sale came to, and all refunds of it in its own currency: more than that is too much.

    Of a sale that is not known yet, or that is a return itself, it is as much as was given back.
    """
    sale, ours = transaction.snapshot, _ours(transaction)
    given_back = sum(refund.gross for refund in ours.values())
    if sale is None or sale.gross < 0 or sale.test:
        return given_back, given_back
    return _paid(sale, transaction.whole or sale, ours), given_back


def _ours(transaction: Transaction) -> dict[str, Refund]:
    """Refunds in the currency of their sale."""
    currency = "" if transaction.snapshot is None else transaction.snapshot.currency
    return {key: each for key, each in transaction.refunds.items() if each.currency in {"", currency}}


def _peak(left: tuple[Line, ...], right: tuple[Line, ...]) -> tuple[Line, ...]:
    """Line by line the larger one (by quantity, then gross, then the rest), ordered by line id."""
    best = {line.id: line for line in left}
    for line in right:
        known = best.get(line.id)
        if known is None or _size(line) > _size(known):
            best[line.id] = line
    return tuple(best[key] for key in sorted(best))


def _size(line: Line) -> tuple[int, int, bytes]:
    return (line.quantity, line.gross, _encode(line))


def _subtract(gross: Minor, lines: tuple[Line, ...], refunds: Sequence[Refund | ForeignRefund]) -> tuple[Line, ...]:
    """Take refunds off by line and quantity; money that no line accounts for, in proportion to the whole total."""
    gone: dict[str, tuple[int, Minor]] = {}
    assigned = 0
    known = {line.id for line in lines}
    for refund in refunds:
        for line in refund.lines:
            if line.id in known:
                quantity, money = gone.get(line.id, (0, 0))
                gone[line.id] = (quantity + line.quantity, money + line.gross)
                assigned += line.gross
    left = tuple(_less(line, *gone[line.id]) if line.id in gone else line for line in lines)
    total, rest = gross - assigned, gross - sum(refund.gross for refund in refunds)
    if 0 <= rest < total:
        left = tuple(_scaled(line, rest, total) for line in left)
    return tuple(line for line in left if line.quantity)


def _less(line: Line, quantity: int, gross: Minor) -> Line:
    left = max(0, line.quantity - quantity)
    cost = None if line.cost is None else line.cost * left // line.quantity if line.quantity else 0
    rest = max(0, line.gross - gross)
    return msgspec.structs.replace(line, quantity=left, gross=rest, cost=cost, tax=_tax_of(line, rest))


def _scaled(line: Line, left: Minor, total: Minor) -> Line:
    """In proportion, rounded in the customer's favour: whole pieces stay whole."""
    step = 1000 if line.quantity % 1000 == 0 else 1
    quantity = -(-line.quantity * left // (total * step)) * step
    cost = None if line.cost is None else line.cost * left // total
    gross = -(-line.gross * left // total)
    return msgspec.structs.replace(line, quantity=quantity, gross=gross, cost=cost, tax=_tax_of(line, gross))


def _tax_of(line: Line, left: Minor) -> Minor | None:
    """The tax in what is left of a line's money."""
    if line.tax is None:
        return None
    return line.tax * left // line.gross if line.gross else 0
