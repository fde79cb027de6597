"""Bodies as zettle sends them, for tests of several kinds."""

import json
from typing import Any

ORGANISATION = "8d2c9f50-0000-11e7-a000-62da5a369555"
SALE = "2ab51f60-7d1c-11f0-8a00-5af628c16a84"
PURCHASE: dict[str, Any] = {
    "purchaseUUID": SALE, "userUuid": "u-1", "organizationUuid": ORGANISATION, "source": "POS", "purchaseNumber": 41,
    "amount": 1360, "vatAmount": 112, "country": "NL", "currency": "EUR", "timestamp": 1790840530123, "taxationMode": "INCLUSIVE",
    "products": [
        {"id": "0", "type": "PRODUCT", "name": "Espresso", "sku": "ESP", "barcode": "8712345678906", "quantity": "2",
         "unitPrice": 280, "costPrice": 60, "vatPercentage": 9.0, "productUuid": "p-1", "variantUuid": "v-1"},
        {"id": "1", "type": "CUSTOM_AMOUNT", "name": "Cheese", "quantity": "0.348", "unitName": "kg", "unitPrice": 2299,
         "vatPercentage": 9.0},
    ],
    "discounts": [],
    "payments": [
        {"uuid": "pay-1", "type": "IZETTLE_CARD", "amount": 1000, "gratuityAmount": 0, "attributes": {"maskedPan": "535583******0000"}},
        {"uuid": "pay-2", "type": "IZETTLE_CASH", "amount": 360},
    ],
    "refunded": False, "refund": False,
}  # fmt: skip


def message(purchase: Any, event: str = "PurchaseCreated") -> dict[str, Any]:
    return {
        "organizationUuid": ORGANISATION, "messageUuid": "m-uuid", "eventName": event, "messageId": "m-1",
        "payload": json.dumps(purchase), "timestamp": "2026-10-01T07:42:10.904+0000",
    }  # fmt: skip
