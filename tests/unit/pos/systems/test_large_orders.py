"""As many lines as a receipt may have, all of them given back: in the time that a webhook has, and with one more refused."""

import time
from typing import Any

import pytest

from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.mollie import Mollie
from stamgast.pos.systems.part import MOST_PARTS
from stamgast.pos.systems.shopify import Shopify
from stamgast.pos.systems.square import Square
from stamgast.pos.systems.stripe import Stripe
from stamgast.pos.systems.sumup import SumUp
from stamgast.pos.systems.woocommerce import WooCommerce
from tests.unit.pos.systems.till import object_of

SECONDS = 2.0
"""Of CPU, on a machine with much else to do; each takes about a tenth of it."""


def shopify(lines: int) -> Any:
    back = [{"line_item_id": n, "quantity": 1, "subtotal": "1.00", "total_tax": "0.00"} for n in range(lines)]
    money = [{"kind": "refund", "status": "success", "amount": f"{lines}.00", "currency": "EUR"}]
    return {"id": 1, "currency": "EUR", "total_price": f"{2 * lines}.00", "financial_status": "paid", "taxes_included": True,
            "processed_at": "2026-10-01T07:40:00Z", "line_items": [{"id": n, "price": "1.00", "quantity": 2} for n in range(lines)],
            "refunds": [{"id": 5, "refund_line_items": back, "transactions": money}]}  # fmt: skip


def woocommerce(lines: int) -> Any:
    own = [{"id": n + 1, "quantity": 2, "total": "2.00", "total_tax": "0.00"} for n in range(lines)]
    back = [
        each | {"quantity": -1, "total": "-1.00", "meta_data": [{"key": "_refunded_item_id", "value": str(each["id"])}]}
        for each in own
    ]
    return {"id": 1, "currency": "EUR", "total": f"{2 * lines}.00", "status": "processing", "date_paid_gmt": "2026-10-01T07:40:00",
            "line_items": own, "refunds": [{"id": 5, "amount": f"{lines}.00", "line_items": back}]}  # fmt: skip


def square(lines: int) -> Any:
    own = [{"uid": str(n), "quantity": "1", "total_money": {"amount": 100, "currency": "EUR"}} for n in range(lines)]
    return {
        "id": "O",
        "state": "COMPLETED",
        "closed_at": "2026-10-01T07:40:00Z",
        "total_money": {"amount": 100 * lines, "currency": "EUR"},
        "line_items": own,
    }


def stripe(lines: int) -> Any:
    items = {"data": [{"id": f"li_{n}", "quantity": 2, "amount_total": 200} for n in range(lines)]}
    charge = {"id": "ch", "object": "charge", "amount": 200 * lines, "amount_captured": 200 * lines, "amount_refunded": 100 * lines, "created": 1,
              "currency": "eur", "status": "succeeded"}  # fmt: skip
    return {"id": "cs", "object": "checkout.session", "created": 1, "currency": "eur", "payment_status": "paid", "line_items": items,
            "payment_intent": {"id": "pi", "created": 1, "latest_charge": charge}}  # fmt: skip


def mollie(lines: int) -> Any:
    own = [{"quantity": 2, "totalAmount": {"value": "2.00", "currency": "EUR"}} for _ in range(lines)]
    return {"id": "tr_1", "status": "paid", "createdAt": "2026-10-01T07:40:00Z", "amount": {"value": f"{2 * lines}.00", "currency": "EUR"},
            "amountRefunded": {"value": f"{lines}.00", "currency": "EUR"}, "lines": own}  # fmt: skip


def sumup(lines: int) -> Any:
    return {"id": "t", "amount": 2 * lines, "currency": "EUR", "status": "SUCCESSFUL", "timestamp": "2026-10-01T07:40:00Z",
            "refunded_amount": lines, "products": [{"quantity": 2, "total_with_vat": 2} for _ in range(lines)]}  # fmt: skip


@pytest.mark.parametrize(
    ("adapter", "kind", "made"),
    [(Shopify(), "order", shopify), (WooCommerce(), "order", woocommerce), (Square(), "order", square),
     (Stripe(), "checkout_session", stripe), (Mollie(), "payment", mollie), (SumUp(), "transaction", sumup)],
    ids=lambda value: getattr(value, "name", ""),
)  # fmt: skip
def test_the_largest_receipt_is_read_in_time_and_a_larger_one_refused(adapter, kind, made):
    begin = time.process_time()
    [document] = object_of(adapter, kind, made(MOST_PARTS))
    assert time.process_time() - begin < SECONDS
    assert document["totals"]["gross_minor"] == 100 * MOST_PARTS
    assert len(document["line_items"]) == MOST_PARTS
    with pytest.raises(RefusedError, match=f"at most {MOST_PARTS} are taken"):
        object_of(adapter, kind, made(MOST_PARTS + 1))
