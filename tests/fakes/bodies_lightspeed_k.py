"""Bodies as lightspeed_k sends them, for tests of several kinds."""

from typing import Any


def line(own: str, sku: str, amount: str, net: str, tax: str, **more: Any) -> dict[str, Any]:
    return {"id": own, "sku": sku, "name": sku.title(), "totalNetAmountWithTax": amount, "totalNetAmountWithoutTax": net, "taxAmount": tax,
            "taxRatePercentage": "12.00", "quantity": "1.000", "menuListPrice": amount, "unitCostPrice": "1.00", "serviceCharge": "0.00",
            "totalDiscountAmount": "0.00", "currency": "EUR", "revenueCenterId": 141, "accountingGroup": {"name": "Food"}} | more  # fmt: skip


def payment(own: str, amount: str, **more: Any) -> dict[str, Any]:
    return {"code": "CASH", "description": "Cash", "netAmountWithTax": amount, "currency": "EUR", "tip": "0.00", "type": "NORMAL", "fiscId": own,
            "uuid": "same==", "surcharge": "0.00", "consumer": None} | more  # fmt: skip


ANNA = {
    "id": "uuid-1",
    "customerId": 120913,
    "firstName": "Anna",
    "phoneNumber1": "+32475123456",
    "email": "a@example.com",
}
SALE: dict[str, Any] = {
    "accountReference": "57X0==", "accountFiscId": "A65315.17", "receiptId": "R65315.13", "type": "SALE", "cancelled": False, "deviceId": 75125,
    "source": {"initialAccountId": "A65315.17"}, "timeOfOpening": "2026-10-01T17:58:48.224Z", "timeClosed": "2026-10-01T20:04:08.734Z",
    "ownerId": 14670, "nbCovers": 2.0, "dineIn": True, "accountProfileCode": "AAP",
    "salesLines": [line("S1", "STEAK", "24.50", "21.875", "2.625", quantity="1.000", totalDiscountAmount="1.00"),
                   line("S2", "FRIES", "7.00", "6.25", "0.75", quantity="2.000", parentLineId="S1"),
                   line("S3", "BEER", "99.00", "90", "9", voidReason="User Mistake")],
    "payments": [payment("T1", "20.00"), payment("T2", "11.50", code="BANCONTACT", description="Bancontact", consumer=ANNA)],
}  # fmt: skip
