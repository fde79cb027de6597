"""Bodies as lightspeed_x sends them, for tests of several kinds."""

from typing import Any

SALE: dict[str, Any] = {
    "id": "s-1", "sale_date": "2026-10-01T07:42:10Z", "created_at": "2026-10-01 07:42:11", "updated_at": "2026-10-01 07:42:12", "status": "CLOSED",
    "version": 31415926, "customer_id": "c-1", "register_id": "r-1", "outlet_id": "o-1", "user_id": "u-1", "invoice_number": "17", "market_id": "1",
    "totals": {"total_price": "15.6087", "total_tax": "2.34131", "total_payment": "17.95", "total_to_pay": "0"},
    "register_sale_products": [
        {"id": "l-1", "product_id": "p-1", "quantity": 1, "price": "2.60870", "price_set": False, "tax": "0.39131", "price_total": "2.6087",
         "tax_total": "0.39131", "discount": "0.5", "cost": "1.1"},
        {"id": "l-2", "product_id": "p-2", "quantity": 1, "price": "13.00000", "tax": "1.95000", "price_total": "13", "tax_total": "1.95"},
    ],
    "register_sale_payments": [
        {"id": "pay-1", "payment_date": "2026-10-01T07:42:10Z", "amount": 17.95, "payment_type_id": 1, "retailer_payment_type": {"id": "x", "name": "Cash"}},
    ],
}  # fmt: skip
CUSTOMER = {"id": "c-1", "customer_code": "Anna-7", "mobile": "0612345678", "phone": "", "email": "a@example.com"}
