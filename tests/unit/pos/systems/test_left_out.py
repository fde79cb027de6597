"""What a system leaves out, or writes in another way, changes no amount; what nobody can know is refused, never zero."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from stamgast.pos.delivery import desk_context, read_objects
from stamgast.pos.problems import RefusedError
from stamgast.pos.registry import Registry
from tests.fakes import bodies_clover as clover
from tests.fakes import bodies_lightspeed_x as lightspeed_x
from tests.fakes import bodies_loyverse as loyverse
from tests.fakes import bodies_payments as payments
from tests.unit.pos.systems.till import sample

SYSTEMS = Registry(brought=())
WHOLE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "shopify": ("shopify", "order", sample("shopify_orders_create")),
    "woocommerce": ("woocommerce", "order", {name: each for name, each in payments.WOO.items() if name != "refunds"}),
    "square": ("square", "order", payments.SQUARE_ORDER),
    "square payment": ("square", "payment", payments.SQUARE_PAYMENT),
    "lightspeed_x": ("lightspeed_x", "sale", lightspeed_x.SALE),
    "loyverse": ("loyverse", "receipt", loyverse.RECEIPT),
    "mollie": ("mollie", "payment", payments.MOLLIE),
    "stripe": ("stripe", "payment_intent", payments.INTENT),
    "clover": ("clover", "order", clover.ORDER),
}  # fmt: skip
GONE = object()


def read(which: str, *changes: tuple[str, Any]) -> dict[str, Any]:
    """The first document of an object, with something of it changed (by its path) or left out."""
    system, kind, whole = WHOLE[which]
    content = copy.deepcopy(whole)
    for path, value in changes:
        *above, last = [int(each) if each.isdecimal() else each for each in path.split(".")]
        parent: Any = content
        for each in above:
            parent = parent[each]
        if value is GONE:
            del parent[last]
        else:
            parent[last] = value
    raw = json.dumps(content).encode()
    return dict(read_objects(SYSTEMS.get(system), raw, kind, desk_context(system, account="A1")).documents[0])


@pytest.mark.parametrize(
    ("which", "path", "value"),
    [
        ("shopify", "line_items.0.quantity", "1"),
        ("shopify", "line_items.0.quantity", None),
        ("shopify", "line_items.0.current_quantity", None),
        ("shopify", "line_items.0.current_quantity", "1.0"),
        ("square", "total_money", GONE),
        ("square", "total_money.amount", None),
        ("lightspeed_x", "totals.total_tax", GONE),
        ("loyverse", "total_tax", None),
        ("clover", "customers", {}),
        ("clover", "lineItems.elements.0.discounts", {}),
        ("woocommerce", "fee_lines", {}),
        ("woocommerce", "coupon_lines", {}),
        ("woocommerce", "shipping_lines", []),
    ],
)
def test_what_is_written_in_another_way_or_follows_from_the_rest_changes_no_amount(which: str, path: str, value: Any):
    before, after = read(which), read(which, (path, value))
    assert (after["totals"], after["status"]) == (before["totals"], before["status"])
    assert [each["gross_minor"] for each in after["line_items"]] == [
        each["gross_minor"] for each in before["line_items"]
    ]


def test_an_empty_list_where_an_object_belongs_is_nothing():
    assert "phone" not in read("woocommerce", ("billing", []))["customer"]


def test_the_tax_that_no_total_tells_is_that_of_the_lines():
    found = read("woocommerce")
    assert found["totals"]["tax_minor"] == sum(each.get("tax_minor", 0) for each in found["line_items"]) == 123
    assert read("loyverse", ("total_tax", GONE))["totals"]["tax_minor"] == 102


@pytest.mark.parametrize(
    ("which", "changes", "named"),
    [
        ("mollie", [("amount.value", None)], "value"),
        ("square payment", [("amount_money.amount", None)], "amount"),
        ("stripe", [("latest_charge", None)], "amount"),
    ],
)
def test_a_payment_without_its_amount_is_refused_by_name(which: str, changes: list[tuple[str, Any]], named: str):
    with pytest.raises(RefusedError) as refused:
        read(which, *changes)
    (problem,) = refused.value.problems
    assert problem["detail"] == f"{named} is missing"


def test_a_payment_of_nothing_is_one():
    assert read("mollie", ("amount.value", "0.00"))["totals"]["gross_minor"] == 0
    assert read("square payment", ("amount_money.amount", 0))["totals"]["gross_minor"] == 0
    assert read("stripe", ("latest_charge", None), ("amount", 0))["totals"]["gross_minor"] == 0


def test_what_came_back_takes_its_tax_along_and_the_shippings_stays():
    whole = payments.WOO | {"total_tax": "2.26", "shipping_tax": "1.03", "total": "20.88"}
    raw = json.dumps(whole).encode()
    (found,) = read_objects(SYSTEMS.get("woocommerce"), raw, "order", desk_context("woocommerce")).documents
    assert (found["totals"]["gross_minor"], found["totals"]["shipping_minor"]) == (745, 598)
    assert found["totals"]["tax_minor"] == 62 + 103


def test_the_tax_of_a_line_follows_from_its_rate_where_nothing_else_tells_it():
    sold = payments.SUMUP | {"amount": 12.5, "products": [
        {"name": "Koffie", "price_with_vat": "2.50", "quantity": 3, "vat_rate": 0.09},
        {"name": "Bier", "price_with_vat": "5.00", "quantity": 1, "vat_rate": "21"}]}  # fmt: skip
    raw = json.dumps(sold).encode()
    (found,) = read_objects(SYSTEMS.get("sumup"), raw, "transaction", desk_context("sumup")).documents
    assert [(each["gross_minor"], each["tax_minor"]) for each in found["line_items"]] == [(750, 62), (500, 87)]


@pytest.mark.parametrize("topic", ["app/uninstalled", "shop/update", "inventory_levels/update"])
def test_what_a_shop_has_subscribed_beside_its_orders_is_nothing(topic: str):
    shopify = SYSTEMS.get("shopify")
    body = {"inventory_item_id": 271878346596884015, "location_id": 24826418, "available": None}
    assert shopify.notice(body, {"x-shopify-topic": topic}) == []
    with pytest.raises(RefusedError):
        shopify.notice(body, {"x-shopify-topic": "orders/create"})
