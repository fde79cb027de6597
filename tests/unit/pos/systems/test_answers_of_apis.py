"""`stamgast pos parse --object KIND` reads what an API answers with as it stands: one object, a list, or a page of one."""

import json
from typing import Any

import pytest

from stamgast.pos.adapter import Adapter
from stamgast.pos.delivery import desk_context, read_objects
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.clover import Clover
from stamgast.pos.systems.lightspeed_k import LightspeedK
from stamgast.pos.systems.lightspeed_x import LightspeedX
from stamgast.pos.systems.loyverse import Loyverse
from stamgast.pos.systems.mollie import Mollie
from stamgast.pos.systems.odoo import Odoo
from stamgast.pos.systems.shopify import Shopify
from stamgast.pos.systems.square import Square
from stamgast.pos.systems.stripe import Stripe
from stamgast.pos.systems.sumup import SumUp
from stamgast.pos.systems.woocommerce import WooCommerce
from stamgast.pos.systems.zettle import Zettle
from tests.unit.pos.systems.till import object_of

MOMENT = "2026-10-01T10:00:00Z"
EUR: dict[str, Any] = {"currency": "EUR"}
PAID = {"amount": 1240, "currency": "EUR"}
CASES: list[tuple[Adapter, str, dict[str, Any], Any]] = [
    (Shopify(), "order", {"id": 1, "total_price": "12.40", "processed_at": MOMENT} | EUR, lambda found: {"orders": found}),
    (WooCommerce(), "order", {"id": 1, "total": "12.40", "status": "completed", "date_paid_gmt": MOMENT, "date_modified_gmt": MOMENT} | EUR,
     lambda found: found),
    (Square(), "order", {"id": "O", "state": "COMPLETED", "closed_at": MOMENT, "total_money": PAID}, lambda found: {"orders": found, "cursor": "x"}),
    (Square(), "payment", {"id": "P", "status": "COMPLETED", "created_at": MOMENT, "updated_at": MOMENT, "total_money": PAID, "amount_money": PAID},
     lambda found: {"payments": found}),
    (LightspeedX(), "sale", {"id": "s", "version": 1, "status": "CLOSED", "sale_date": MOMENT, "total_price": 12.4, "line_items": []},
     lambda found: {"data": found, "version": {"min": 1, "max": 1}}),
    (LightspeedK(), "sale", {"accountFiscId": "A", "timeClosed": MOMENT, "type": "SALE", "payments": [],
                             "salesLines": [{"id": "1", "quantity": "1", "totalNetAmountWithTax": "12.40"}]},
     lambda found: {"sales": found, "businessLocationId": 45, "businessDate": "2026-10-01"}),
    (Loyverse(), "receipt", {"receipt_number": "1-1", "receipt_type": "SALE", "receipt_date": MOMENT, "updated_at": MOMENT, "total_money": 12.4},
     lambda found: {"receipts": found, "cursor": "x"}),
    (Odoo(), "order", {"id": 1, "uuid": "u", "state": "paid", "date_order": "2026-10-01 10:00:00", "write_date": "2026-10-01 10:00:00",
                       "amount_total": 12.4, "lines": []}, lambda found: {"jsonrpc": "2.0", "id": 1, "result": found}),
    (SumUp(), "history", {"id": "a", "amount": 12.4, "timestamp": MOMENT, "status": "SUCCESSFUL"} | EUR, lambda found: {"items": found, "links": []}),
    (Zettle(), "purchase", {"purchaseUUID1": "u", "timestamp": MOMENT, "amount": 1240, "products": [], "payments": []} | EUR,
     lambda found: {"purchases": found, "lastPurchaseHash": "x"}),
    (Mollie(), "payment", {"resource": "payment", "id": "tr_1", "status": "paid", "paidAt": MOMENT, "createdAt": MOMENT,
                           "amount": {"value": "12.40", "currency": "EUR"}}, lambda found: {"count": 1, "_embedded": {"payments": found}}),
    (Stripe(), "charge", {"id": "ch_1", "object": "charge", "amount": 1240, "currency": "eur", "created": 1790848800, "status": "succeeded", "paid": True,
                          "captured": True}, lambda found: {"object": "list", "data": found, "has_more": False}),
    (Clover(), "order", {"id": "O", "total": 1240, "currency": "EUR", "state": "locked", "createdTime": 1790848800000, "modifiedTime": 1790848800000,
                         "payments": {"elements": [{"id": "P", "amount": 1240, "result": "SUCCESS"}]}}, lambda found: {"elements": found}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("adapter", "kind", "one", "page"), CASES, ids=[f"{adapter.name}-{kind}" for adapter, kind, *_ in CASES]
)
def test_an_answer_with_a_list_means_what_its_objects_mean(adapter: Adapter, kind: str, one: Any, page: Any):
    [alone] = object_of(adapter, kind, one)
    assert alone["totals"]["gross_minor"] == 1240

    assert object_of(adapter, kind, [one, one]) == [alone, alone]
    paged = object_of(adapter, kind, page([one, one]))
    assert [each["totals"] for each in paged] == [alone["totals"]] * 2
    assert not any("partial" in each for each in paged)
    assert object_of(adapter, kind, page([])) == []


def test_a_page_says_of_all_its_sales_at_which_location_they_were():
    [sale] = object_of(LightspeedK(), "sale", CASES[5][3]([CASES[5][2]]))
    assert sale["store"]["retail_store_id"] == "45"


def test_an_object_of_a_page_that_cannot_be_read_is_refused_with_its_reason():
    with pytest.raises(RefusedError) as caught:
        read_objects(Shopify(), json.dumps({"orders": [{"id": 1}, None]}).encode(), "order", desk_context("shopify"))
    assert all(each["detail"] for each in caught.value.problems)
