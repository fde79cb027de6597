"""Statiegeld is no goods at any till: neither what is paid for full bottles nor what is given back for empty ones."""

from typing import Any

import pytest

from stamgast.pos.adapter import Adapter
from stamgast.pos.systems.clover import Clover
from stamgast.pos.systems.lightspeed_k import LightspeedK
from stamgast.pos.systems.lightspeed_x import LightspeedX
from stamgast.pos.systems.loyverse import Loyverse
from stamgast.pos.systems.odoo import Odoo
from stamgast.pos.systems.zettle import Zettle
from tests.unit.pos.systems.till import gap, object_of

AT = "2026-10-01T10:00:00Z"
NAMES = {"BEER": "Bier", "DEPOSIT": "Statiegeld flesje"}
Lines = list[tuple[str, int, int]]
"""Name, pieces, and cents of one."""


def total(lines: Lines) -> int:
    return sum(pieces * cents for _, pieces, cents in lines)


def euros(cents: int) -> str:
    return f"{cents / 100:.2f}"


def odoo(lines: Lines) -> dict[str, Any]:
    own = [{"id": n, "product_id": [n, NAMES[name]], "qty": pieces, "price_subtotal": pieces * cents / 100, "price_subtotal_incl": pieces * cents / 100}
           for n, (name, pieces, cents) in enumerate(lines)]  # fmt: skip
    return {"id": 1, "uuid": "u", "state": "paid", "date_order": AT, "write_date": AT, "amount_total": total(lines) / 100,
            "amount_paid": total(lines) / 100, "lines": own}  # fmt: skip


def loyverse(lines: Lines) -> dict[str, Any]:
    own = [{"variant_id": name, "item_name": NAMES[name], "quantity": pieces, "total_money": pieces * cents / 100} for name, pieces, cents in lines]  # fmt: skip
    return {"receipt_number": "1-1", "receipt_type": "SALE", "receipt_date": AT, "updated_at": AT, "total_money": total(lines) / 100, "line_items": own}  # fmt: skip


def zettle(lines: Lines) -> dict[str, Any]:
    own = [
        {"id": f"{n}", "name": NAMES[name], "quantity": f"{pieces}", "unitPrice": cents}
        for n, (name, pieces, cents) in enumerate(lines)
    ]
    return {
        "purchaseUUID1": "u",
        "timestamp": AT,
        "currency": "EUR",
        "amount": total(lines),
        "products": own,
        "payments": [],
    }


def clover(lines: Lines) -> dict[str, Any]:
    own = [
        {"id": f"{n}", "name": NAMES[name], "price": pieces * cents} for n, (name, pieces, cents) in enumerate(lines)
    ]
    paid = [{"id": "P", "amount": total(lines), "result": "SUCCESS"}]
    return {"id": "O", "currency": "EUR", "isVat": True, "state": "locked", "createdTime": 1790848800000, "modifiedTime": 1790848800000,
            "total": total(lines), "lineItems": {"elements": own}, "payments": {"elements": paid}}  # fmt: skip


def lightspeed_x(lines: Lines) -> dict[str, Any]:
    own = [
        {"id": f"{n}", "name": NAMES[name], "quantity": pieces, "price": cents / 100, "tax": 0}
        for n, (name, pieces, cents) in enumerate(lines)
    ]
    return {"id": "s", "version": 1, "status": "CLOSED", "sale_date": AT, "total_price": total(lines) / 100, "total_tax": 0, "line_items": own,
            "payments": [{"amount": total(lines) / 100, "name": "Card"}]}  # fmt: skip


def lightspeed_k(lines: Lines) -> dict[str, Any]:
    own = [{"id": f"{n}", "sku": name, "name": NAMES[name], "quantity": f"{pieces}", "totalNetAmountWithTax": euros(pieces * cents)}
           for n, (name, pieces, cents) in enumerate(lines)]  # fmt: skip
    return {"accountFiscId": "A", "timeClosed": AT, "type": "SALE", "payments": [], "salesLines": own}


@pytest.mark.parametrize(
    ("adapter", "kind", "made"),
    [(Odoo(), "order", odoo), (Loyverse(), "receipt", loyverse), (Zettle(), "purchase", zettle), (Clover(), "order", clover),
     (LightspeedX(), "sale", lightspeed_x), (LightspeedK(), "sale", lightspeed_k)],
    ids=lambda value: getattr(value, "name", ""),
)  # fmt: skip
@pytest.mark.parametrize("empties", [False, True])
def test_a_deposit_stands_beside_the_goods(adapter: Adapter, kind: str, made: Any, empties: bool):
    back = empties and adapter.name not in {"loyverse", "clover"}  # these sell no line below zero
    lines = [("BEER", 2, 310), ("DEPOSIT", -3 if back else 2, 25)]

    [document] = object_of(adapter, kind, made(lines))

    totals = document["totals"]
    assert (totals["gross_minor"], totals["deposit_minor"], gap(document)) == (620, -75 if back else 50, 0)
    assert [line["kind"] for line in document["line_items"]] == ["sale", "deposit"]
    assert (document["status"], "transaction_link" in document) == ("completed", False)


def test_a_clover_order_that_was_refunded_with_its_tip_has_none_left():
    order = clover([("BEER", 2, 310)])
    order["payments"]["elements"][0]["tipAmount"] = 100
    refund = {"id": "R", "amount": 720, "payment": {"id": "P"}, "createdTime": 1790848900000}

    [document] = object_of(Clover(), "order", order | {"refunds": {"elements": [refund]}})

    assert (document["status"], document["totals"]["paid_minor"], gap(document)) == ("refunded", 0, 0)
