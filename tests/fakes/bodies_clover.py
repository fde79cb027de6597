"""Bodies as clover sends them, for tests of several kinds."""

from typing import Any

M = "GARENZRPEFZ6E"


def item(own: str, price: int, **more: Any) -> dict[str, Any]:
    return {"id": own, "item": {"id": f"I{own}"}, "name": f"Item {own}", "price": price, "itemCode": f"SKU{own}", "refunded": False,
            "exchanged": False, "isRevenue": True, "taxRates": {"elements": []}} | more  # fmt: skip


def payment(own: str, amount: int, tip: int = 0, **more: Any) -> dict[str, Any]:
    return {"id": own, "amount": amount, "tipAmount": tip, "result": "SUCCESS", "createdTime": 1790840531000, "offline": False,
            "tender": {"labelKey": "com.clover.tender.credit_card", "label": "Credit Card"}} | more  # fmt: skip


ORDER: dict[str, Any] = {
    "href": f"https://api.clover.com/v3/merchants/{M}/orders/O1", "id": "O1", "currency": "EUR", "employee": {"id": "E1"}, "total": 1240,
    "title": "17", "state": "locked", "paymentState": "PAID", "isVat": True, "testMode": False, "createdTime": 1790840531000,
    "clientCreatedTime": 1790840530000, "modifiedTime": 1790840532000, "device": {"id": "D1"},
    "lineItems": {"elements": [
        item("1", 350, taxRates={"elements": [{"id": "T", "rate": 900000}]}), item("2", 350, discounts={"elements": [{"amount": -50}]}),
        item("3", 1695, unitQty=348, unitName="kg"),
    ]},
    "payments": {"elements": [payment("P1", 1000), payment("P2", 240, tender={"labelKey": "com.clover.tender.cash", "label": "Cash"})]},
    "customers": {"elements": [{"id": "C1", "phoneNumbers": {"elements": [{"phoneNumber": "+31612345678"}]}}]},
}  # fmt: skip
