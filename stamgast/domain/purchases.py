"""A transaction's net state, whatever the order in which its deliveries arrive.

A delivery is either a snapshot (the whole transaction at a version) or a refund of it under its own id.
Merging keeps the newest snapshot, the newest one from before any refund, every refund once, and the customer
that the newest snapshot with a customer named. All four are maxima or unions, so any permutation and
repetition of the same deliveries ends in the same transaction. So is the time of one whose date cannot be right: the
minimum of when it was recorded, whatever was told of it later.
"""

import msgspec
from msgspec import Struct

from stamgast.domain.deliveries import UNDATED, Delivery, dated, happened_at, thousandths
from stamgast.domain.events import Line, Purchase
from stamgast.domain.ties import digest_of_refund, digest_of_snapshot
from stamgast.domain.units import DAY, Millis, Minor

MEMORY = 400 * DAY
"""How long a transaction is remembered, by recorded time, from its first delivery on."""

EARNING = frozenset({"completed", "partially_refunded"})
TAKEN_BACK = "refunded"
SPEAKS_OF_REFUNDS = frozenset({"partially_refunded", TAKEN_BACK})


class Snapshot(Struct, array_like=True, frozen=True, gc=False):
    """The newest known whole of a transaction."""

    version: int
    status: str
    occurred_at: Millis
    """`UNDATED` where its date cannot be right: then repeats are alike, whenever they were recorded."""
    store: str
    currency: str
    gross: Minor
    lines: tuple[Line, ...]
    netted: tuple[str, ...] = ()
    """Ids of the refunds that its totals and lines have taken off already."""
    test: bool = False


class Refund(Struct, array_like=True, frozen=True, gc=False):
    """What one refund gave back: positive amounts, per line where the source knows it."""

    version: int
    gross: Minor
    lines: tuple[Line, ...]


class Transaction(Struct, array_like=True, gc=False):
    """What intake remembers of one transaction."""

    snapshot: Snapshot | None = None
    refunds: dict[str, Refund] = {}
    customer: str = ""
    customer_version: int = -1
    whole: Snapshot | None = None
    """The newest completed sale that knew of no refund, where `snapshot` is another one: what was sold before
    anything was given back. What came before it was corrected by it."""
    revision: int = 0
    first_at: Millis = 0
    """Recorded time of the first delivery; what comes more than `MEMORY` later comes too late."""
    undated_at: Millis = 0
    """When the first snapshot whose date cannot be right was recorded: that is when it counts."""


class ForgottenError(ValueError):
    """A change of a transaction that came after its memory ended; its text says how late."""


decode_transaction = msgspec.msgpack.Decoder(Transaction).decode
encode_transaction = msgspec.msgpack.Encoder().encode
_encode = msgspec.json.Encoder().encode


def merge(transaction: Transaction, delivery: Delivery, recorded_at: Millis) -> bool:
    """Take one delivery in; says whether anything changed. The caller compares `net` before and after.

    A snapshot with the version of the one that is known wins if the SHA-256 of its canonical JSON is
    greater (`stamgast.domain.ties`), so that both orders end alike; the same holds for two versions of one refund.

    Raises `ForgottenError`, and changes nothing, for what is recorded more than `MEMORY` after the first delivery.
    """
    if not transaction.first_at:
        transaction.first_at = recorded_at
    elif recorded_at - transaction.first_at > MEMORY:
        days = (recorded_at - transaction.first_at) // DAY
        raise ForgottenError(f"it comes {days} days after the first record of its transaction; {MEMORY // DAY} count")
    if delivery.refund_id is not None:
        return _merge_refund(transaction, delivery, delivery.refund_id)
    new = _snapshot(delivery, recorded_at)
    changed = _attach_customer(transaction, delivery)
    if new.occurred_at == UNDATED:
        changed |= _count_from(transaction, happened_at(delivery, recorded_at))
    old = transaction.snapshot
    if old is None:
        transaction.snapshot = new
        changed = True
    elif old != new:
        older, newest = (old, new) if _beats(new, old) else (new, old)
        whole = None if _is_whole(newest) else _newest_whole(transaction.whole, older)
        changed |= newest is new or whole != transaction.whole
        transaction.snapshot, transaction.whole = newest, whole
    if changed:
        transaction.revision += 1
    return changed


def net(transaction: Transaction) -> Purchase | None:
    """What the transaction amounts to now; None while only refunds of it are known.

    A refund never takes the spend below zero; a receipt that is a return from the start may be negative.
    """
    sale = transaction.snapshot
    if sale is None:
        return None
    open_refunds = [r for key, r in transaction.refunds.items() if key not in sale.netted]
    spend = max(min(0, sale.gross), sale.gross - sum(refund.gross for refund in open_refunds))
    refunded, peak, peak_gross = _given_back(transaction, sale, spend)
    lines: tuple[Line, ...] = ()
    counts = False
    if sale.test or sale.status not in EARNING or (peak is not None and spend <= 0):
        spend = 0
    else:
        lines = _subtract(sale, open_refunds) if open_refunds else sale.lines
        counts = sale.gross >= 0 or any(line.kind == "sale" and line.gross > 0 for line in sale.lines)
    as_it_was = counts and peak == lines and peak_gross == spend
    return Purchase(
        occurred_at=transaction.undated_at if sale.occurred_at == UNDATED else sale.occurred_at,
        store=sale.store,
        currency=sale.currency,
        spend=spend,
        refunded=refunded,
        counts=counts,
        lines=lines,
        peak=None if as_it_was else peak,
        peak_spend=None if as_it_was else peak_gross,
    )


def told_of(transaction: Transaction, delivery: Delivery, recorded_at: Millis) -> Millis:
    """When the change that a delivery brought took place (docs/adr/0011): as late as its sale, if that has no date."""
    moment = dated(delivery, recorded_at)
    if moment != UNDATED:
        return moment
    return transaction.undated_at if delivery.refund_id is None else happened_at(delivery, recorded_at)


def _given_back(
    transaction: Transaction, sale: Snapshot, spend: Minor
) -> tuple[Minor, tuple[Line, ...] | None, Minor | None]:
    """What was given back, and the lines and total as they were before; None if nothing was, or all was voided.

    A source may only tell the refunded transaction and not the refund: then it is what the sale lost.
    """
    taken_back = sale.status == TAKEN_BACK
    if sale.test or not (taken_back or sale.status in EARNING):
        return 0, None, None
    if not transaction.refunds and not sale.netted and sale.status not in SPEAKS_OF_REFUNDS:
        return 0, None, None
    whole = transaction.whole or sale
    peak = sale.lines if transaction.whole is None else _peak(whole.lines, sale.lines)
    returned = sum(refund.gross for refund in transaction.refunds.values())
    refunded = max(returned, whole.gross - (0 if taken_back else spend), 0)
    return refunded, peak, max(whole.gross, sale.gross)


def _snapshot(delivery: Delivery, recorded_at: Millis) -> Snapshot:
    return Snapshot(
        version=delivery.source_version,
        status=delivery.status,
        occurred_at=dated(delivery, recorded_at),
        store=delivery.store.retail_store_id,
        currency=delivery.price_currency,
        gross=delivery.totals.gross_minor,
        lines=tuple(
            Line(
                id=item.line_id,
                gross=item.gross_minor,
                quantity=thousandths(item.quantity),
                sku=item.sku,
                category=item.category,
                kind=item.kind,
                cost=item.cost_minor,
            )
            for item in delivery.line_items
        ),
        netted=delivery.refund_ids,
        test=delivery.provenance.test,
    )


def _merge_refund(transaction: Transaction, delivery: Delivery, refund_id: str) -> bool:
    new = Refund(
        delivery.source_version,
        delivery.totals.gross_minor,
        tuple(
            Line(
                id=item.original_line_id or item.line_id,
                gross=item.gross_minor,
                quantity=thousandths(item.quantity),
            )
            for item in delivery.line_items
        ),
    )
    if new.gross < 0 or any(line.gross < 0 or line.quantity < 0 for line in new.lines):
        raise ValueError("the amounts of a refund are positive")
    old = transaction.refunds.get(refund_id)
    if old is not None and (old == new or not _beats(new, old)):
        return False
    transaction.refunds = dict(sorted((transaction.refunds | {refund_id: new}).items()))
    transaction.revision += 1
    return True


def _count_from(transaction: Transaction, recorded_at: Millis) -> bool:
    if 0 < transaction.undated_at <= recorded_at:
        return False
    transaction.undated_at = recorded_at
    return True


def _attach_customer(transaction: Transaction, delivery: Delivery) -> bool:
    """The newest snapshot that names a customer says whose it is; equal versions: the greater id."""
    ref = delivery.customer
    if ref is None or ref.customer_id is None:
        return False
    claim = (delivery.source_version, ref.customer_id)
    if claim <= (transaction.customer_version, transaction.customer):
        return False
    transaction.customer_version, transaction.customer = claim
    return True


def _beats(new: Snapshot | Refund, old: Snapshot | Refund) -> bool:
    if new.version != old.version:
        return new.version > old.version
    return _digest(new) > _digest(old)


def _digest(value: Snapshot | Refund) -> bytes:
    return digest_of_snapshot(value) if isinstance(value, Snapshot) else digest_of_refund(value)


def _is_whole(snapshot: Snapshot) -> bool:
    return snapshot.status == "completed" and not snapshot.netted and not snapshot.test


def _newest_whole(known: Snapshot | None, older: Snapshot) -> Snapshot | None:
    if not _is_whole(older):
        return known
    return older if known is None or _beats(older, known) else known


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


def _subtract(sale: Snapshot, refunds: list[Refund]) -> tuple[Line, ...]:
    """Take refunds off by line and quantity; money that no line accounts for, in proportion to the whole total."""
    gone: dict[str, tuple[int, Minor]] = {}
    assigned = 0
    known = {line.id for line in sale.lines}
    for refund in refunds:
        for line in refund.lines:
            if line.id in known:
                quantity, gross = gone.get(line.id, (0, 0))
                gone[line.id] = (quantity + line.quantity, gross + line.gross)
                assigned += line.gross
    left = tuple(_less(line, *gone[line.id]) if line.id in gone else line for line in sale.lines)
    total, rest = sale.gross - assigned, sale.gross - sum(refund.gross for refund in refunds)
    if 0 <= rest < total:
        left = tuple(_scaled(line, rest, total) for line in left)
    return tuple(line for line in left if line.quantity)


def _less(line: Line, quantity: int, gross: Minor) -> Line:
    left = max(0, line.quantity - quantity)
    cost = None if line.cost is None else line.cost * left // line.quantity if line.quantity else 0
    return msgspec.structs.replace(line, quantity=left, gross=max(0, line.gross - gross), cost=cost)


def _scaled(line: Line, left: Minor, total: Minor) -> Line:
    """In proportion, rounded in the customer's favour: whole pieces stay whole."""
    step = 1000 if line.quantity % 1000 == 0 else 1
    quantity = -(-line.quantity * left // (total * step)) * step
    cost = None if line.cost is None else line.cost * left // total
    return msgspec.structs.replace(line, quantity=quantity, gross=-(-line.gross * left // total), cost=cost)
