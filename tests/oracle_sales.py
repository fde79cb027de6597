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
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from tests.oracle_dates import business_day_said, date_of, occurred

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
    tax: int | None = None


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
    day: int | None = None
    """The business day that the till says, if it does."""
    elsewhere: tuple[tuple[str, int], ...] = ()
    """(currency, amount) of refunds in another currency than the sale's, which are not taken off yet."""


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
    given_back, currency = _newest_refunds(records), data["price_currency"]
    netted = set(data.get("refund_ids", []))
    refunds = {id_: refund for id_, refund in given_back.items() if refund["price_currency"] == currency}
    open_refunds = [refund for id_, refund in sorted(refunds.items()) if id_ not in netted]
    elsewhere = [
        (refund["price_currency"], refund["totals"]["gross_minor"])
        for id_, refund in given_back.items()
        if id_ not in netted and refund["price_currency"] != currency
    ]
    gross = data["totals"]["gross_minor"]
    spend = gross - sum(r["totals"]["gross_minor"] for r in open_refunds)
    spend = max(spend, 0) if gross >= 0 else gross
    ever, ever_spend, whole_gross = _before_refunds(snapshots, newest, refunds)
    refunded = 0
    if ever is not None:
        known = sum(r["totals"]["gross_minor"] for r in refunds.values())
        refunded = max(known, whole_gross - (0 if data["status"] == "refunded" else spend), 0)
        taken_off = sum(r["totals"]["gross_minor"] for id_, r in refunds.items() if id_ in netted)
        refunded = min(refunded, max(whole_gross, gross + taken_off, 0))
    earns = data["status"] in {"completed", "partially_refunded"} and not _is_test(data)
    earns = earns and not (ever is not None and spend <= 0)
    items = _items(data)
    return Sale(
        customer=_customer(snapshots),
        occurred_at=occurred(newest, snapshots),
        store=data.get("store", {}).get("retail_store_id", ""),
        currency=currency,
        spend=spend if earns else 0,
        refunded=refunded,
        counts=earns
        and (
            gross >= (1 if data.get("link_settled") else 0)
            or any(item.kind == "sale" and item.gross > 0 for item in items)
        ),
        items=_left(items, gross, open_refunds) if earns else (),
        ever=ever,
        ever_spend=ever_spend,
        day=business_day_said(newest),
        elsewhere=tuple(elsewhere) if earns else (),
    )


def _newness(record: dict[str, Any]) -> tuple[int, bytes]:
    """Version; and where that is the same, the SHA-256 of what counts, as docs/producing.md tells a shop to do it."""
    data = record["data"]
    counts = _refund_in_full(data) if data["status"] == "refund" else _snapshot_in_full(record)
    text = json.dumps(counts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return data.get("source_version", 0), hashlib.sha256(text.encode()).digest()


def _snapshot_in_full(record: dict[str, Any]) -> dict[str, Any]:
    data = record["data"]
    at = date_of(record)
    moment = datetime.fromtimestamp((at or 0) // 1000, UTC)
    return {
        "status": data["status"],
        "end_date_time": None if at is None else f"{moment:%Y-%m-%dT%H:%M:%S}.{at % 1000:03}Z",
        "store": {"retail_store_id": (data.get("store") or {}).get("retail_store_id", "")},
        "price_currency": data["price_currency"],
        "totals": {"gross_minor": data["totals"]["gross_minor"]},
        "line_items": [
            {name: line.get(name) for name in ("line_id", "sku", "category", "gross_minor", "cost_minor")}
            | {"kind": line.get("kind", "sale"), "quantity": _three_decimals(line)}
            | ({} if _tax(line) is None else {"tax_minor": _tax(line)})
            for line in data.get("line_items", [])
        ],
        "refund_ids": data.get("refund_ids", []),
        "provenance": {"test": _is_test(data)},
        **({} if business_day_said(record) is None else {"business_day_date": data["business_day_date"]}),
        **({"link_settled": True} if data.get("link_settled") else {}),
    }


def _refund_in_full(data: dict[str, Any]) -> dict[str, Any]:
    lines = [
        {name: line[name] for name in ("original_line_id", "gross_minor")} | {"quantity": _three_decimals(line)}
        for line in data.get("line_items", [])
    ]
    totals = {"gross_minor": data["totals"]["gross_minor"]}
    return {"price_currency": data["price_currency"], "totals": totals, "line_items": lines}


def _three_decimals(line: dict[str, Any]) -> str:
    thousandths = int(_quantity(line.get("quantity", "1")) * 1000)
    digits = f"{abs(thousandths):04}"
    return f"{'-' * (thousandths < 0)}{digits[:-3]}.{digits[-3:]}"


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
            tax=_tax(line),
        )
        for line in data.get("line_items", [])
    ]


def _tax(line: dict[str, Any]) -> int | None:
    """What the till says, else what its rate makes of the price."""
    if line.get("tax_minor") is not None or line.get("tax_rate") is None:
        return line.get("tax_minor")
    rate = Fraction(line["tax_rate"])
    return half_up(line["gross_minor"] * rate / (100 + rate))


def _quantity(text: str) -> Fraction:
    thousandths = Fraction(text) * 1000
    return Fraction(math.floor(abs(thousandths) + Fraction(1, 2)) * (-1 if thousandths < 0 else 1), 1000)


def _left(items: list[Item], gross: int, refunds: list[dict[str, Any]]) -> tuple[Item, ...]:
    """Take refunds off by line and quantity; what no line accounts for comes off every line in proportion."""
    by_id = {item.id: item for item in items}
    named = [line for refund in refunds for line in refund.get("line_items", []) if line["original_line_id"] in by_id]
    for id_, item in by_id.items():
        quantity = sum((_quantity(g.get("quantity", "1")) for g in named if g["original_line_id"] == id_), Fraction(0))
        money = sum(g["gross_minor"] for g in named if g["original_line_id"] == id_)
        if any(g["original_line_id"] == id_ for g in named):
            by_id[id_] = _without(item, quantity, money)
    before = gross - sum(g["gross_minor"] for g in named)
    left = gross - sum(r["totals"]["gross_minor"] for r in refunds)
    if 0 <= left < before:
        by_id = {id_: _share_of(item, Fraction(left, before)) for id_, item in by_id.items()}
    return tuple(item for item in by_id.values() if item.quantity != 0)


def _without(item: Item, quantity: Fraction, gross: int) -> Item:
    left = max(item.quantity - quantity, Fraction(0))
    cost = item.cost
    if cost is not None:
        cost = math.floor(cost * left / item.quantity) if item.quantity else 0
    return _taxed(item, replace(item, quantity=left, gross=max(item.gross - gross, 0), cost=cost))


def _taxed(before: Item, left: Item) -> Item:
    """The tax goes down with the money."""
    if before.tax is None:
        return left
    return replace(left, tax=math.floor(Fraction(before.tax * left.gross, before.gross)) if before.gross else 0)


def _share_of(item: Item, share: Fraction) -> Item:
    """In proportion, rounded in the customer's favour: whole pieces stay whole."""
    quantity = item.quantity * share
    step = 1 if item.quantity.denominator == 1 else 1000
    left = replace(
        item,
        quantity=Fraction(math.ceil(quantity * step), step),
        gross=math.ceil(item.gross * share),
        cost=None if item.cost is None else math.floor(item.cost * share),
    )
    return _taxed(item, left)


def _before_refunds(
    snapshots: list[dict[str, Any]], newest: dict[str, Any], refunds: dict[str, Any]
) -> tuple[tuple[Item, ...] | None, int, int]:
    """Lines and total as they were before anything was given back, and the total of the sale itself.

    None where nothing was: an edit without any refund is a correction, and a void takes all. What was sold stands
    in the newest completed snapshot that knew of no refund; a later one can only add to it.
    """
    data = newest["data"]
    touched = refunds or data.get("refund_ids") or data["status"] in {"refunded", "partially_refunded"}
    if data["status"] in {"voided", "open"} or _is_test(data) or not touched:
        return None, 0, 0
    untouched = [
        s
        for s in snapshots
        if s["data"]["status"] == "completed" and not s["data"].get("refund_ids") and not _is_test(s["data"])
    ]
    sold = max(untouched, key=_newness)["data"] if untouched else data
    most = {item.id: item for item in _items(sold)}
    for item in _items(data):
        known = most.get(item.id)
        if known is None or (item.quantity, item.gross) > (known.quantity, known.gross):
            most[item.id] = item
    totals = sold["totals"]["gross_minor"], data["totals"]["gross_minor"]
    return tuple(most.values()), max(totals), totals[0]


def half_up(amount: Fraction) -> int:
    """Nearest whole number, halves upwards."""
    return math.floor(amount + Fraction(1, 2))


def sale_of(purchase: dict[str, Any] | None) -> Sale | None:
    """A purchase as it stands in an event of its customer."""
    if purchase is None:
        return None
    peak = purchase.get("peak")
    return Sale(
        customer="",
        occurred_at=purchase["occurred_at"],
        store=purchase["store"],
        currency=purchase["currency"],
        spend=purchase["spend"],
        refunded=purchase.get("refunded", 0),
        counts=purchase.get("counts", True),
        items=tuple(map(_item_of, purchase.get("lines", []))),
        ever=None if peak is None else tuple(map(_item_of, peak)),
        ever_spend=purchase.get("peak_spend") or purchase["spend"],
        day=purchase.get("day"),
        elsewhere=tuple((refund["currency"], refund["gross"]) for refund in purchase.get("foreign", [])),
    )


def _item_of(line: dict[str, Any]) -> Item:
    return Item(
        id=line["id"],
        quantity=Fraction(line.get("quantity", 1000), 1000),
        gross=line["gross"],
        sku=line.get("sku"),
        category=line.get("category"),
        kind=line.get("kind", "sale"),
        cost=line.get("cost"),
        tax=line.get("tax"),
    )
