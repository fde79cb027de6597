"""However much is given back without a word about what: the totals sum up, nothing is below zero, and lines agree."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stamgast.pos.adapter import Adapter
from stamgast.pos.systems.mollie import Mollie
from stamgast.pos.systems.shopify import Shopify
from stamgast.pos.systems.sumup import SumUp
from stamgast.pos.systems.woocommerce import WooCommerce
from tests.unit.pos.systems.till import gap, object_of

GOODS, TIP, SHIPPING, DEPOSIT, CARD = 1240, 300, 500, 50, 2500
MOMENT = "2026-10-01T10:00:05"


def euros(cents: int) -> str:
    return f"{cents / 100:.2f}"


def shopify(back: int) -> dict[str, Any]:
    whole = GOODS + TIP + SHIPPING + DEPOSIT + CARD
    status = {0: "paid", whole: "refunded"}.get(back, "partially_refunded")
    money = {"kind": "refund", "status": "success", "amount": euros(back), "currency": "EUR"}
    refund = {"id": 71, "order_id": 5, "created_at": f"{MOMENT}Z", "refund_line_items": [], "transactions": [money]}
    lines = [{"id": 1, "title": "Koffie", "quantity": 2, "price": "2.85"}, {"id": 2, "title": "Taart", "quantity": 1, "price": "6.70"},
             {"id": 3, "title": "Statiegeld", "quantity": 1, "price": euros(DEPOSIT)},
             {"id": 4, "title": "Bon", "gift_card": True, "quantity": 1, "price": euros(CARD)}]  # fmt: skip
    return {"id": 5, "currency": "EUR", "taxes_included": True, "financial_status": status, "total_price": euros(whole), "total_tip_received": euros(TIP),
            "processed_at": f"{MOMENT}Z", "updated_at": f"{MOMENT}Z", "line_items": lines, "shipping_lines": [{"id": 4, "price": euros(SHIPPING)}],
            "refunds": [refund] if back else []}  # fmt: skip


def woocommerce(back: int) -> dict[str, Any]:
    whole = GOODS + TIP + SHIPPING + DEPOSIT + CARD

    def line(number: int, quantity: int, cents: int, name: str = "Koffie", **more: Any) -> dict[str, Any]:
        return {"id": number, "name": name, "quantity": quantity, "total": euros(cents), "total_tax": "0.00"} | more

    lines = [line(1, 2, 570), line(2, 1, 670), line(3, 2, DEPOSIT, "Statiegeld fles"),
             line(4, 1, CARD, meta_data=[{"key": "_ywgc_amount", "value": "25"}])]  # fmt: skip
    return {"id": 900, "status": "refunded" if back == whole else "processing", "currency": "EUR", "date_modified_gmt": MOMENT, "date_paid_gmt": MOMENT,
            "total": euros(whole), "shipping_total": euros(SHIPPING), "line_items": lines, "shipping_lines": [{"id": 2, "total": euros(SHIPPING)}],
            "fee_lines": [{"id": 3, "name": "Tip", "total": euros(TIP)}],
            "refunds": [{"id": 901, "total": euros(-back)}] if back else []}  # fmt: skip


def sumup(back: int) -> dict[str, Any]:
    lines = [{"name": "Koffie", "quantity": 2, "total_with_vat": 5.7}, {"name": "Taart", "quantity": 1, "total_with_vat": 6.7},
             {"name": "Statiegeld", "quantity": 1, "total_with_vat": DEPOSIT / 100}]  # fmt: skip
    return {"id": "a1", "amount": (GOODS + TIP + DEPOSIT) / 100, "currency": "EUR", "timestamp": f"{MOMENT}Z", "status": "SUCCESSFUL",
            "tip_amount": TIP / 100, "products": lines, "refunded_amount": back / 100}  # fmt: skip


def mollie(back: int) -> dict[str, Any]:
    def amount(cents: int) -> dict[str, str]:
        return {"value": euros(cents), "currency": "EUR"}

    lines = [{"type": kind, "description": name, "quantity": 1, "totalAmount": amount(cents)} for kind, name, cents in (
        ("physical", "Koffie", GOODS), ("shipping_fee", "Bezorging", SHIPPING), ("tip", "Fooi", TIP), ("physical", "Statiegeld", DEPOSIT))]  # fmt: skip
    return {"resource": "payment", "id": "tr_1", "createdAt": f"{MOMENT}Z", "paidAt": f"{MOMENT}Z", "status": "paid",
            "amount": amount(GOODS + SHIPPING + TIP + DEPOSIT), "amountRefunded": amount(back), "lines": lines}  # fmt: skip


@pytest.mark.parametrize(
    ("adapter", "kind", "made", "whole"),
    [
        (Shopify(), "order", shopify, GOODS + TIP + SHIPPING + DEPOSIT + CARD),
        (WooCommerce(), "order", woocommerce, GOODS + TIP + SHIPPING + DEPOSIT + CARD),
        (SumUp(), "transaction", sumup, GOODS + TIP + DEPOSIT),
        (Mollie(), "payment", mollie, GOODS + TIP + SHIPPING + DEPOSIT),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
@settings(max_examples=30, deadline=None)
@given(share=st.floats(0, 1))
@example(share=1)
@example(share=0)
def test_what_is_left_sums_up_whatever_was_given_back(adapter: Adapter, kind: str, made: Any, whole: int, share: float):
    back = round(whole * share)

    [document] = object_of(adapter, kind, made(back))

    totals, lines = document["totals"], document["line_items"]
    assert (totals["paid_minor"], gap(document)) == (whole - back, 0)
    assert all(value >= 0 for value in totals.values()), totals
    assert all(line["gross_minor"] >= 0 for line in lines)
    for name, of in (("gross", "sale"), ("deposit", "deposit"), ("gift_card_sold", "gift_card")):
        told = [line["gross_minor"] for line in lines if line.get("kind", "sale") == of]
        assert sum(told) == totals.get(f"{name}_minor", 0), (name, json.dumps(document))


def test_shopify_without_current_total_tax_takes_off_the_tax_that_its_refunds_name():
    order = shopify(0) | {"total_tax": "1.02", "financial_status": "partially_refunded"}
    line = {"line_item_id": 1, "quantity": 1, "subtotal": "2.85", "total_tax": "0.24"}
    money = {"kind": "refund", "status": "success", "amount": "2.85", "currency": "EUR"}
    refund = {"id": 71, "order_id": 5, "refund_line_items": [line], "transactions": [money]}

    [document] = object_of(Shopify(), "order", order | {"refunds": [refund]})

    assert document["totals"]["tax_minor"] == 78
