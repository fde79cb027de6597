"""Bodies as online shops and payment systems send them, for tests of several kinds."""

from typing import Any

PHONE = "+31612345678"
SHOPIFY: dict[str, Any] = {
    "id": 820982911946154509, "processed_at": "2026-10-01T07:40:00Z", "updated_at": "2026-10-01T07:42:11Z", "currency": "EUR",
    "financial_status": "paid", "taxes_included": True, "location_id": 655441491, "total_price": "12.00", "total_discounts": "0.00",
    "customer": {"id": 99, "phone": PHONE}, "refunds": [], "line_items": [{"id": 1, "price": "4.00", "quantity": 3, "sku": "BROOD"}],
}  # fmt: skip
WOO: dict[str, Any] = {
    "id": 727, "status": "processing", "currency": "EUR", "date_paid_gmt": "2026-10-02T07:40:00", "date_modified_gmt": "2026-10-02T07:41:00",
    "total": "19.85", "shipping_total": "4.95", "shipping_tax": "0.00", "customer_id": 5, "billing": {"phone": "06 12345678"},
    "line_items": [{"id": 1, "quantity": 2, "total": "13.67", "total_tax": "1.23"}], "refunds": [{"id": 9, "total": "-7.45"}],
}  # fmt: skip
WOO_REFUND: dict[str, Any] = {"id": 9, "amount": "7.45", "line_items": [
    {"id": 99, "quantity": -1, "total": "-6.83", "total_tax": "-0.62", "meta_data": [{"key": "_refunded_item_id", "value": "1"}]}]}  # fmt: skip
SQUARE_PAYMENT: dict[str, Any] = {
    "id": "P1", "order_id": "O1", "location_id": "L1", "status": "COMPLETED", "created_at": "2026-10-03T07:41:00Z",
    "amount_money": {"amount": 700, "currency": "EUR"},
}  # fmt: skip
SQUARE_ORDER: dict[str, Any] = {
    "id": "O1", "location_id": "L1", "state": "COMPLETED", "version": 4, "closed_at": "2026-10-03T07:42:00Z", "updated_at": "2026-10-03T07:42:00Z",
    "total_money": {"amount": 700, "currency": "EUR"}, "customer_id": "C1",
    "line_items": [{"uid": "a", "name": "Koffie", "quantity": "2", "total_money": {"amount": 700, "currency": "EUR"}}],
}  # fmt: skip
CHARGE: dict[str, Any] = {
    "id": "ch_1", "object": "charge", "amount": 1250, "amount_captured": 1250, "captured": True, "created": 1_791_100_000, "currency": "eur",
    "livemode": True, "payment_intent": "pi_1", "status": "succeeded", "billing_details": {"phone": PHONE}, "metadata": {"store": "S1"},
}  # fmt: skip
MOLLIE: dict[str, Any] = {
    "resource": "payment", "id": "tr_1", "mode": "live", "createdAt": "2026-10-05T07:40:00+00:00", "paidAt": "2026-10-05T07:41:00+00:00",
    "amount": {"value": "10.00", "currency": "EUR"}, "status": "paid", "profileId": "pfl_1", "billingAddress": {"phone": PHONE},
}  # fmt: skip
SUMUP: dict[str, Any] = {
    "id": "t1", "transaction_code": "TC1", "amount": 3.5, "currency": "EUR", "timestamp": "2026-10-06T07:41:00Z", "status": "SUCCESSFUL",
    "type": "PAYMENT", "merchant_code": "M1", "products": [{"name": "Koffie", "quantity": 1, "total_with_vat": 3.5}],
}  # fmt: skip
ADYEN: dict[str, Any] = {
    "amount": {"currency": "EUR", "value": 400}, "eventCode": "AUTHORISATION", "eventDate": "2026-10-07T09:42:10+02:00",
    "merchantAccountCode": "Dok", "merchantReference": "R-17", "pspReference": "PSP1", "success": "true",
}  # fmt: skip
MOLLIE_REFUND: dict[str, Any] = {
    "resource": "refund", "id": "re_1", "paymentId": "tr_1", "amount": {"value": "2.50", "currency": "EUR"}, "status": "refunded",
    "createdAt": "2026-10-06T07:40:00+00:00",
}  # fmt: skip
INTENT: dict[str, Any] = {
    "id": "pi_1",
    "created": 1_791_100_000,
    "status": "succeeded",
    "currency": "eur",
    "latest_charge": CHARGE,
}


def charge_event() -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": "charge.succeeded",
        "created": 1_791_100_001,
        "livemode": True,
        "data": {"object": CHARGE},
    }
