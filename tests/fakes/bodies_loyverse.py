"""Bodies as loyverse sends them, for tests of several kinds."""

from typing import Any

RECEIPT: dict[str, Any] = {
    "receipt_number": "2-1006", "receipt_type": "SALE", "refund_for": None, "order": None, "note": None, "source": "point of sale",
    "created_at": "2026-10-01T07:42:11.000Z", "updated_at": "2026-10-01T07:42:11.000Z", "receipt_date": "2026-10-01T07:42:10.000Z",
    "cancelled_at": None, "total_money": 12.4, "total_tax": 1.02, "total_discount": 0.5, "points_earned": 12, "points_deducted": 0,
    "points_balance": 90, "customer_id": "c-1", "employee_id": "e-1", "store_id": "s-1", "pos_device_id": "d-1", "tip": 0, "surcharge": 0,
    "line_items": [
        {"id": "l-1", "item_id": "i-1", "variant_id": "v-1", "item_name": "Rye bread", "sku": "BROOD", "quantity": 2, "price": 3.5,
         "gross_total_money": 7.0, "total_money": 6.5, "total_discount": 0.5, "cost": 1.1, "cost_total": 2.2,
         "line_taxes": [{"id": "t-1", "type": "INCLUDED", "name": "BTW", "rate": 9, "money_amount": 0.54}]},
        {"id": "l-2", "item_id": "i-2", "variant_id": "v-2", "item_name": "Cheese", "sku": "KAAS", "quantity": 0.348, "price": 16.95,
         "gross_total_money": 5.9, "total_money": 5.9, "total_discount": 0, "cost": 9.0, "cost_total": 3.13,
         "line_taxes": [{"id": "t-1", "type": "INCLUDED", "name": "BTW", "rate": 9, "money_amount": 0.48}]},
    ],
    "payments": [
        {"payment_type_id": "p-1", "name": "Cash", "type": "CASH", "money_amount": 2.4, "paid_at": "2026-10-01T07:42:10.000Z"},
        {"payment_type_id": "p-2", "name": "Card", "type": "NONINTEGRATEDCARD", "money_amount": 10, "paid_at": "2026-10-01T07:42:10.000Z"},
    ],
}  # fmt: skip
REFUND: dict[str, Any] = RECEIPT | {
    "receipt_number": "2-1009", "receipt_type": "REFUND", "refund_for": "2-1006", "total_money": 3.25, "total_tax": 0.27, "total_discount": 0.25,
    "receipt_date": "2026-10-02T07:42:10.000Z", "created_at": "2026-10-02T07:42:10.000Z", "updated_at": "2026-10-02T07:42:10.000Z",
    "line_items": [RECEIPT["line_items"][0] | {"id": "l-9", "quantity": 1, "total_money": 3.25, "gross_total_money": 3.5, "cost_total": 1.1}],
    "payments": [{"payment_type_id": "p-1", "name": "Cash", "type": "CASH", "money_amount": 3.25}],
}  # fmt: skip
CUSTOMER = {
    "id": "c-1",
    "name": "Anna",
    "email": "a@example.com",
    "phone_number": "+31612345678",
    "customer_code": "40001",
}
