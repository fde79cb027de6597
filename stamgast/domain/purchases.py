"""A transaction's net state, whatever the order in which its deliveries arrive.

A delivery is either a snapshot (the whole transaction at a version) or a refund of it under its own id.
Merging keeps the newest snapshot, the newest one from before any refund, every refund once, and the customer
that the newest snapshot with a customer named. All four are maxima or unions, so any permutation and
repetition of the same deliveries ends in the same transaction. So is the time of one whose date cannot be right: the
minimum of when it was recorded, whatever was told of it later.
"""

from collections.abc import Sequence
from typing import Any

from stamgast.domain.digest import digest_of_refund, digest_of_snapshot
from stamgast.domain.events import Line
from stamgast.domain.profit import tax_within
from stamgast.domain.purchase_record import (
    UNDATED,
    Delivery,
    LineItem,
    business_day_of,
    dated,
    happened_at,
    thousandths,
)
from stamgast.domain.transactions import Refund, Snapshot, Transaction
from stamgast.domain.units import DAY, Day, Millis

MEMORY = 400 * DAY
"""How long a transaction is remembered, by recorded time, from its first delivery on."""


_ONE_PIECE, _SALE = (
    default for name, default in zip(Line.__struct_fields__[-6:], Line.__struct_defaults__, strict=True)
    if name in {"quantity", "kind"}
)  # fmt: skip
MOST_REFUNDS = 1_000
"""Of one transaction under ids of their own: it is read and written whole."""
MOST_REFUND_LINES = 10_000
"""Of all of them together."""


class ForgottenError(ValueError):
    """A change of a transaction that came after its memory ended; its text says how late."""


def merge(transaction: Transaction, delivery: Delivery, recorded_at: Millis) -> bool:
    """Take one delivery in; says whether anything changed. The caller compares `net_purchase.net` before and after.

    A snapshot with the version of the one that is known wins if the SHA-256 of its canonical JSON is
    greater (`stamgast.domain.digest`), so that both orders end alike; the same holds for two versions of one refund.

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


def took_place_at(transaction: Transaction, delivery: Delivery, recorded_at: Millis) -> Millis:
    """When the change that a delivery brought took place (docs/adr/0011): as late as its sale, if that has no date."""
    moment = dated(delivery, recorded_at)
    if moment != UNDATED:
        return moment
    return transaction.undated_at if delivery.refund_id is None else happened_at(delivery, recorded_at)


def _snapshot(delivery: Delivery, recorded_at: Millis) -> Snapshot:
    return Snapshot(
        version=delivery.source_version,
        status=delivery.status,
        occurred_at=dated(delivery, recorded_at),
        store=delivery.store.retail_store_id,
        currency=delivery.price_currency,
        gross=delivery.totals.gross_minor,
        lines=tuple([_line(item) for item in goods_of(delivery)]),
        netted=delivery.refund_ids,
        test=delivery.provenance.test,
        settled=delivery.link_settled,
        history=delivery.provenance.history,
        day=None if delivery.business_day_date is None else _day_of(delivery, recorded_at),
    )


def goods_of(delivery: Delivery) -> Sequence[LineItem]:
    """The lines that the gross is made of, without those of a kind that the totals say apart.

    Whoever counts money takes lines of those kinds off the gross, in which older sources have them.
    """
    totals = delivery.totals
    apart = {
        kind
        for kind, money in (
            ("shipping", totals.shipping_minor),
            ("deposit", totals.deposit_minor),
            ("gift_card", totals.gift_card_sold_minor),
        )
        if money is not None
    }
    if totals.surcharge_minor or totals.tip_minor:
        fees = sum([item.gross_minor for item in delivery.line_items if item.kind == "fee"])
        if fees in (totals.surcharge_minor, totals.tip_minor) or fees == _sum(totals.surcharge_minor, totals.tip_minor):
            apart.add("fee")
    return [item for item in delivery.line_items if item.kind not in apart] if apart else delivery.line_items


def _sum(surcharge: Any, tip: Any) -> Any:
    return surcharge + tip if isinstance(surcharge, int) and isinstance(tip, int) else None


def _day_of(delivery: Delivery, recorded_at: Millis) -> Day | None:
    return None if dated(delivery, recorded_at) == UNDATED else business_day_of(delivery)


def _line(item: LineItem) -> Line:
    quantity, kind = thousandths(item.quantity), item.kind
    tax = item.tax_minor
    if tax is None and item.tax_rate is not None:
        tax = tax_within(item.gross_minor, item.tax_rate)
    if quantity == 1000:  # msgspec leaves a default out where it is that very object
        quantity = _ONE_PIECE
    if kind == _SALE:
        kind = _SALE
    return Line(item.line_id, item.gross_minor, quantity, item.sku, item.category, kind, item.cost_minor, tax)


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
        delivery.price_currency,
    )
    if new.gross < 0 or any(line.gross < 0 or line.quantity < 0 for line in new.lines):
        raise ValueError("the amounts of a refund are positive")
    old = transaction.refunds.get(refund_id)
    if old is not None and (old == new or not _beats(new, old)):
        return False
    refunds = transaction.refunds | {refund_id: new}
    if len(refunds) > MOST_REFUNDS or sum(len(refund.lines) for refund in refunds.values()) > MOST_REFUND_LINES:
        raise ValueError(f"a transaction has at most {MOST_REFUNDS} refunds, with {MOST_REFUND_LINES} lines together")
    transaction.refunds = dict(sorted(refunds.items()))
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
    named = transaction.customer if ref.customer_id in transaction.formerly else ref.customer_id
    claim = (delivery.source_version, named)
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
