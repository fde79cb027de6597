"""Which of two deliveries with the same version counts: the one whose canonical JSON has the greater SHA-256.

The canonical JSON holds what counts of a delivery under the names of the contract, every field written out, and is
written as RFC 8785 asks: keys in order, no blanks, UTF-8. So anybody can work it out again from the record
(docs/producing.md says how), and it is the same whichever way the delivery came in. Nothing is stored for it: it is
made from what is known of the transaction, and only when two versions are equal.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import msgspec

from stamgast.domain.calendar import date_of
from stamgast.domain.purchase_record import EPOCH, UNDATED
from stamgast.domain.transactions import Refund, Snapshot
from stamgast.domain.units import Millis

_encode = msgspec.json.Encoder(order="sorted").encode


def digest_of_snapshot(snapshot: Snapshot) -> bytes:
    """SHA-256 of what counts of a transaction's net state; its customer is decided on its own."""
    lines = [
        {
            "line_id": line.id,
            "kind": line.kind,
            "sku": line.sku,
            "category": line.category,
            "quantity": _decimal(line.quantity),
            "gross_minor": line.gross,
            "cost_minor": line.cost,
            **({} if line.tax is None else {"tax_minor": line.tax}),
        }
        for line in snapshot.lines
    ]
    said: dict[str, Any] = {}
    if snapshot.day is not None:
        said["business_day_date"] = date_of(snapshot.day).isoformat()
    if snapshot.settled:
        said["link_settled"] = True
    provenance = {"test": snapshot.test}
    if snapshot.history:
        provenance["history"] = True
    return _sha256(
        said
        | {
            "status": snapshot.status,
            "end_date_time": None if snapshot.occurred_at == UNDATED else _instant(snapshot.occurred_at),
            "store": {"retail_store_id": snapshot.store},
            "price_currency": snapshot.currency,
            "totals": {"gross_minor": snapshot.gross},
            "line_items": lines,
            "refund_ids": snapshot.netted,
            "provenance": provenance,
        }
    )


def digest_of_refund(refund: Refund) -> bytes:
    """SHA-256 of what counts of a refund."""
    lines = [
        {"original_line_id": line.id, "quantity": _decimal(line.quantity), "gross_minor": line.gross}
        for line in refund.lines
    ]
    totals = {"gross_minor": refund.gross}
    return _sha256({"price_currency": refund.currency, "totals": totals, "line_items": lines})


def _sha256(document: dict[str, Any]) -> bytes:
    return hashlib.sha256(_encode(document)).digest()


def _decimal(thousandths: int) -> str:
    """Always with three decimals: 348 -> `0.348`."""
    whole, rest = divmod(abs(thousandths), 1000)
    return f"{'-' if thousandths < 0 else ''}{whole}.{rest:03d}"


def _instant(at: Millis) -> str:
    """Always in UTC and to the millisecond: `2026-10-01T07:42:10.000Z`."""
    return (EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
