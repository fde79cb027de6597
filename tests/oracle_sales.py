"""What each transaction amounts to, worked out again from all of its deliveries, without the engine's code.

Plain and slow on purpose: every delivery of a transaction is kept, and its net state is computed from the whole set.
Money is minor units, quantities are exact fractions, times are milliseconds UTC.
"""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

Key = tuple[str, str]
"""(merchant, transaction)."""


@dataclass(frozen=True)
class Item:
    """One line, as far as it was sold and not given back."""

    id: str
    quantity: Fraction
    gross: int
    sku: str | None = None
    category: str | None = None
    kind: str = "sale"
    cost: int | None = None


@dataclass(frozen=True)
class Sale:
    """A transaction's net state. `ever` is each line at the most it was, if anything was given back, else None."""

    customer: str
    occurred_at: int
    store: str
    currency: str
    spend: int
    refunded: int
    counts: bool
    items: tuple[Item, ...]
    ever: tuple[Item, ...] | None
    ever_spend: int


def net_sales(records: Iterable[tuple[bytes, bytes]]) -> dict[Key, Sale]:
    """(key, value) of `purchases.v1` in log order -> net sale per transaction; those without any sale are missing.

    A record that nobody has stamped with its recorded time is not canonical: it comes again, re-appended.
    """
    deliveries: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    for key, value in records:
        record = json.loads(value)
        if record.get("stamgastrecordedat") is None:
            continue
        merchant, _, transaction = key.decode().partition(":")
        deliveries[merchant, transaction].append(record)
    sales = {key: net_sale(of_it) for key, of_it in deliveries.items()}
    return {key: sale for key, sale in sales.items() if sale is not None}


def net_sale(records: list[dict[str, Any]]) -> Sale | None:
    """Net state of one transaction from all its records."""
    snapshots = [r for r in records if r["data"]["status"] != "refund"]
    if not snapshots:
        return None
    newest = max(snapshots, key=_newness)
    data = newest["data"]
    refunds = _newest_refunds(records)
    netted = set(data.get("refund_ids", []))
    open_refunds = [refund for id_, refund in sorted(refunds.items()) if id_ not in netted]
    gross = data["totals"]["gross_minor"]
    spend = gross - sum(r["totals"]["gross_minor"] for r in open_refunds)
    if gross >= 0:
        spend = max(spend, 0)
    ever, ever_spend = _most_ever(snapshots, newest, refunds)
    given_back = max(0, ever_spend - spend) if ever is not None else 0
    earns = data["status"] in {"completed", "partially_refunded"} and not _is_test(data)
    return Sale(
        customer=_customer(snapshots),
        occurred_at=_occurred(newest),
        store=data.get("store", {}).get("retail_store_id", ""),
        currency=data["price_currency"],
        spend=spend if earns else 0,
        refunded=given_back,
        counts=earns and not (given_back > 0 and spend <= 0),
        items=_left(_items(data), gross, open_refunds) if earns else (),
        ever=ever,
        ever_spend=ever_spend,
    )


def _newness(record: dict[str, Any]) -> tuple[int, str]:
    text = json.dumps(record["data"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return record["data"].get("source_version", 0), hashlib.sha256(text.encode()).hexdigest()


def _newest_refunds(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for record in sorted((r for r in records if r["data"]["status"] == "refund"), key=_newness):
        found[record["data"]["refund_id"]] = record["data"]
    return found


def _is_test(data: dict[str, Any]) -> bool:
    return bool((data.get("provenance") or {}).get("test"))


def _customer(snapshots: list[dict[str, Any]]) -> str:
    named = [
        (s["data"]["source_version"], s["data"]["customer"]["customer_id"])
        for s in snapshots
        if (s["data"].get("customer") or {}).get("customer_id")
    ]
    return max(named)[1] if named else ""


def _occurred(record: dict[str, Any]) -> int:
    moment = datetime.fromisoformat(record["data"]["end_date_time"])
    at, recorded = round(moment.timestamp() * 1000), record["stamgastrecordedat"]
    return recorded if at > recorded + 5 * 60_000 else at


def _items(data: dict[str, Any]) -> list[Item]:
    return [
        Item(
            id=line["line_id"],
            quantity=_quantity(line.get("quantity", "1")),
            gross=line["gross_minor"],
            sku=line.get("sku"),
            category=line.get("category"),
            kind=line.get("kind", "sale"),
            cost=line.get("cost_minor"),
        )
        for line in data.get("line_items", [])
    ]


def _quantity(text: str) -> Fraction:
    thousandths = Fraction(text) * 1000
    return Fraction(math.floor(abs(thousandths) + Fraction(1, 2)) * (-1 if thousandths < 0 else 1), 1000)


def _left(items: list[Item], gross: int, refunds: list[dict[str, Any]]) -> tuple[Item, ...]:
    """Take refunds off by line and quantity; what no line accounts for comes off every line in proportion."""
    by_id = {item.id: item for item in items}
    unmatched = 0
    for refund in refunds:
        unmatched += refund["totals"]["gross_minor"]
        for line in refund.get("line_items", []):
            item = by_id.get(line["original_line_id"])
            if item is None:
                continue
            given_back = min(line["gross_minor"], item.gross)
            unmatched -= given_back
            by_id[item.id] = _without(item, _quantity(line.get("quantity", "1")), given_back)
    if unmatched > 0:
        before = gross - sum(r["totals"]["gross_minor"] for r in refunds) + unmatched
        share = Fraction(max(before - unmatched, 0), before) if before > 0 else Fraction(0)
        by_id = {id_: _share_of(item, share) for id_, item in by_id.items()}
    return tuple(item for item in by_id.values() if item.quantity != 0)


def _without(item: Item, quantity: Fraction, gross: int) -> Item:
    left = max(item.quantity - quantity, Fraction(0))
    cost = item.cost
    if cost is not None and item.quantity:
        cost = half_up(cost * left / item.quantity)
    return replace(item, quantity=left, gross=item.gross - gross, cost=cost)


def _share_of(item: Item, share: Fraction) -> Item:
    """In proportion, rounded in the customer's favour: whole pieces stay whole."""
    quantity = item.quantity * share
    step = 1 if item.quantity.denominator == 1 else 1000
    return replace(
        item,
        quantity=Fraction(math.ceil(quantity * step), step),
        gross=math.ceil(item.gross * share),
        cost=None if item.cost is None else half_up(item.cost * share),
    )


def _most_ever(
    snapshots: list[dict[str, Any]], newest: dict[str, Any], refunds: dict[str, Any]
) -> tuple[tuple[Item, ...] | None, int]:
    """Each line at the most it ever was, for cards that keep the stamps of what was given back.

    Only where something was given back: an edit without any refund is a correction. A void takes all.
    """
    data = newest["data"]
    given_back = refunds or data.get("refund_ids") or data["status"] in {"refunded", "partially_refunded"}
    if data["status"] in {"voided", "open"} or _is_test(data) or not given_back:
        return None, 0
    sold = [s["data"] for s in snapshots if s["data"]["status"] not in {"voided", "open"} and not _is_test(s["data"])]
    most: dict[str, Item] = {}
    for snapshot in sold:
        for item in _items(snapshot):
            known = most.get(item.id)
            if known is None or (item.quantity, item.gross) > (known.quantity, known.gross):
                most[item.id] = item
    return tuple(most.values()), max(s["totals"]["gross_minor"] for s in sold)


def half_up(amount: Fraction) -> int:
    """Nearest whole number, halves upwards."""
    return math.floor(amount + Fraction(1, 2))
