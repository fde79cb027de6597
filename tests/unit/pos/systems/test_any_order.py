"""Whatever order a sale's deliveries come in, and however often: the transaction ends the same, at what is left of it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stamgast.domain.net_purchase import net
from stamgast.domain.purchase_record import decode_record
from stamgast.domain.purchases import merge
from stamgast.domain.transactions import Transaction
from stamgast.pos.adapter import Adapter, Found
from stamgast.pos.reading import Received
from stamgast.pos.record import to_record
from stamgast.pos.systems.adyen import Adyen
from stamgast.pos.systems.mollie import Mollie
from stamgast.pos.systems.shopify import Shopify
from stamgast.pos.systems.square import Square
from stamgast.pos.systems.woocommerce import WooCommerce
from stamgast.pos.webhook import purchases_of
from tests.builders import T0
from tests.unit.pos.systems.till import context_of, decoded

EUR = "EUR"


def shopify() -> list[tuple[str, Any]]:
    def refund(number: int, line: int, amount: str) -> dict[str, Any]:
        own = [{"line_item_id": line, "quantity": 1, "subtotal": amount, "total_tax": "0.00"}]
        money = [{"kind": "refund", "status": "success", "amount": amount, "currency": EUR}]
        return {
            "id": number,
            "order_id": 1,
            "created_at": "2026-10-02T07:00:00Z",
            "refund_line_items": own,
            "transactions": money,
        }

    sale = {"id": 1, "currency": EUR, "taxes_included": True, "total_price": "18.00", "financial_status": "paid", "processed_at": "2026-10-01T07:40:00Z",
            "updated_at": "2026-10-01T07:40:00Z", "line_items": [{"id": 1, "price": "4.00", "quantity": 2}, {"id": 2, "price": "10.00", "quantity": 1}]}  # fmt: skip
    first, second = refund(11, 1, "4.00"), refund(12, 2, "10.00")
    partly = sale | {"refunds": [first], "updated_at": "2026-10-02T07:00:00Z"}
    return [
        ("order", sale),
        ("order", partly),
        ("order", partly | {"refunds": [first, second]}),
        ("refund", first),
        ("refund", second),
    ]


def shopify_money() -> list[tuple[str, Any]]:
    """A refund of money alone, which says nothing of lines: stamps go down in proportion in whatever order it comes."""
    [_, sale], *_ = shopify()
    money = [{"kind": "refund", "status": "success", "amount": "14.00", "currency": EUR}]
    back = {
        "id": 11,
        "order_id": 1,
        "created_at": "2026-10-02T07:00:00Z",
        "refund_line_items": [],
        "transactions": money,
    }
    after = sale | {"refunds": [back], "updated_at": "2026-10-02T07:00:00Z", "financial_status": "partially_refunded"}
    return [("order", sale), ("order", after), ("refund", back)]


def woocommerce() -> list[tuple[str, Any]]:
    lines = [
        {"id": 1, "quantity": 2, "total": "8.00", "total_tax": "0.00"},
        {"id": 2, "quantity": 1, "total": "10.00", "total_tax": "0.00"},
    ]
    sale = {"id": 1, "currency": EUR, "status": "completed", "total": "18.00", "date_paid_gmt": "2026-10-01T07:40:00",
            "date_modified_gmt": "2026-10-01T07:40:00", "line_items": lines}  # fmt: skip
    back = [{"id": 9, "quantity": -2, "total": "-8.00", "meta_data": [{"key": "_refunded_item_id", "value": "1"}]},
            {"id": 8, "quantity": -1, "total": "-6.00", "meta_data": [{"key": "_refunded_item_id", "value": "2"}]}]  # fmt: skip
    return [("order", sale), ("order", sale | {"refunds": [{"id": 5, "total": "-14.00"}]}),
            ("order", sale | {"refunds": [{"id": 5, "amount": "14.00", "line_items": back}]})]  # fmt: skip


def square() -> list[tuple[str, Any]]:
    sale = {"id": "P", "status": "COMPLETED", "amount_money": {"amount": 1800, "currency": EUR}, "created_at": "2026-10-01T07:40:00Z",
            "updated_at": "2026-10-01T07:40:00Z"}  # fmt: skip
    back = {
        "id": "R",
        "payment_id": "P",
        "status": "COMPLETED",
        "amount_money": {"amount": 1400, "currency": EUR},
        "created_at": "2026-10-02T07:40:00Z",
    }
    after = sale | {
        "refunded_money": {"amount": 1400, "currency": EUR},
        "refund_ids": ["R"],
        "updated_at": "2026-10-02T07:40:00Z",
    }
    return [("payment", sale | {"status": "APPROVED"}), ("payment", sale), ("refund", back), ("payment", after)]


def mollie() -> list[tuple[str, Any]]:
    sale = {
        "id": "tr_1",
        "status": "paid",
        "amount": {"value": "18.00", "currency": EUR},
        "createdAt": "2026-10-01T07:40:00Z",
        "paidAt": "2026-10-01T07:41:00Z",
    }
    back = {
        "id": "re_1",
        "paymentId": "tr_1",
        "status": "refunded",
        "amount": {"value": "14.00", "currency": EUR},
        "createdAt": "2026-10-02T07:40:00Z",
    }
    known = sale | {"_embedded": {"refunds": [back], "chargebacks": []}}
    return [
        ("payment", sale | {"status": "open", "paidAt": None}),
        ("payment", sale),
        ("payment", known),
        ("refund", back),
    ]


def adyen() -> list[tuple[str, Any]]:
    def item(code: str, psp: str, value: int) -> tuple[str, Any]:
        return "notification_item", {"eventCode": code, "success": "true", "pspReference": psp, "originalReference": "P", "merchantAccountCode": "M",
                                     "amount": {"value": value, "currency": EUR}, "eventDate": "2026-10-01T09:42:10+02:00"}  # fmt: skip

    return [item("AUTHORISATION", "P", 2000), item("CAPTURE", "C", 1800), item("REFUND", "R1", 500), item("REFUND_FAILED", "R1", 500),
            item("REFUND", "R2", 1400)]  # fmt: skip


def ends(adapter: Adapter, deliveries: list[tuple[str, Any]]) -> Any:
    """What the engine makes of them, in this order."""
    transaction = Transaction()
    for kind, body in deliveries:
        for item in purchases_of(adapter, [Found(kind, "", decoded(body))], context_of(adapter, "A")):
            assert isinstance(item, Received)
            merge(transaction, decode_record(to_record(item.purchase, "m", None, T0)[1]).data, T0)
    return net(transaction)


@pytest.mark.parametrize(
    ("adapter", "made"),
    [(Shopify(), shopify), (Shopify(), shopify_money), (WooCommerce(), woocommerce), (Square(), square), (Mollie(), mollie), (Adyen(), adyen)],
    ids=lambda value: getattr(value, "name", ""),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_same_is_left_in_whatever_order_deliveries_come(adapter, made, data):
    deliveries = made()
    again = data.draw(st.lists(st.sampled_from(deliveries), max_size=4))
    found = ends(adapter, data.draw(st.permutations(deliveries + again)))
    assert found.spend == 400
    assert found == ends(adapter, deliveries)
