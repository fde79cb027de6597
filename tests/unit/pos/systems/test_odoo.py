"""Odoo: notices that nobody signs, orders read by their ids, returns that name the line that they were sold by."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from stamgast.pos.adapter import ApiError, Found, GoneError, IncapableError
from stamgast.pos.canonical import Purchase, Refund
from stamgast.pos.links import settled
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.odoo import Odoo
from stamgast.pos.webhook import Webhook, read_webhook
from tests.builders import sure
from tests.fakes.bodies_odoo import BACK, BREAD, CHEESE, ORDER, RETURN, database
from tests.unit.pos.systems.kit import (
    Answers,
    as_received,
    context,
    gone_wrong,
    lines_sum,
    microseconds,
    read,
    reconciles,
    sale,
    swallowed,
)

ODOO = Odoo()


def test_odoo_signs_nothing_and_what_its_notice_says_is_read_again():
    with pytest.raises(IncapableError, match="signs nothing"):
        ODOO.verify(b"{}", {}, "", ["s"], 0)
    body = json.dumps({"_action": "Send", "_id": 42, "_model": "pos.order", **ORDER}).encode()
    assert read_webhook(ODOO, Webhook(body, {}, ""), [], 0).found == [Found("order", "42")]
    assert ODOO.refs({"_id": 42, "_model": "pos.order"}) == [Found("order", "42")]
    assert ODOO.refs(as_received(ORDER))[0].content is not None
    assert ODOO.refs(ORDER | {"lines": [901, 902]})[0].content is None
    assert ODOO.refs({"_id": 7, "_model": "res.partner"}) == []
    assert [each.id for each in ODOO.refs({"jsonrpc": "2.0", "result": [ORDER, RETURN]})] == ["42", "43"]


def test_an_order_means_its_sale():
    found = sale(ODOO, "order", ORDER, context("odoo", account="bakery.odoo.com", **{"3": "shop"}))
    assert found.transaction_id == f"odoo:bakery.odoo.com:{ORDER['uuid']}"
    assert found.end_date_time.isoformat() == "2026-10-01T07:42:10+00:00"
    assert (found.status, found.store.retail_store_id, found.receipt_number) == (
        "completed",
        "shop",
        "Order 00001-001-0042",
    )
    assert (found.totals.gross_minor, found.totals.tax_minor, found.totals.paid_minor) == (1220, 101, 1220)
    bread, cheese = found.line_items
    assert (bread.line_id, bread.sku, bread.gtin, bread.category, bread.product_id) == (
        "901",
        "BROOD",
        "8712345678906",
        "Bread",
        "31",
    )
    assert (bread.quantity, bread.gross_minor, bread.discount_minor, bread.tax_minor, bread.cost_minor) == (
        "2",
        630,
        70,
        52,
        220,
    )
    assert (cheese.quantity, cheese.gross_minor, cheese.unit_price_minor, bread.unit_price_minor) == (
        "0.348",
        590,
        1695,
        350,
    )
    assert [(each.tender_type, each.amount_minor) for each in found.tenders] == [("cash", 220), ("card", 1000)]
    who = sure(found.customer)
    assert (who.phone, who.membership_number, who.provider_customer_id) == (
        "+31 6 12345678",
        "042000000001",
        "odoo:bakery.odoo.com:7",
    )
    assert reconciles(found)
    assert lines_sum(found) == 1220


@pytest.mark.parametrize(("place", "store"), [("Dok Noord", "shop"), ("1", "bar"), ("nowhere", "3")])
def test_a_point_of_sale_is_mapped_by_its_id_its_name_or_its_company(place, store):
    assert sale(ODOO, "order", ORDER, context("odoo", **{place: store})).store.retail_store_id == store


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("draft", "open"),
        ("paid", "completed"),
        ("done", "completed"),
        ("invoiced", "completed"),
        ("cancel", "voided"),
        ("later", "open"),
    ],
)
def test_only_a_paid_order_counts(state, status):
    found = sale(ODOO, "order", ORDER | {"state": state})
    assert found.status == status


def test_a_cancelled_order_is_a_newer_version_within_the_same_second():
    assert sale(ODOO, "order", ORDER | {"state": "cancel"}).source_version > sale(ODOO, "order", ORDER).source_version


def test_a_return_takes_its_line_off_the_order_that_sold_it():
    found = sale(ODOO, "order", RETURN)
    assert (found.totals.gross_minor, found.totals.tax_minor) == (-315, -26)
    assert reconciles(found)
    receipt, refund = settled(found)
    assert isinstance(refund, Refund)
    assert receipt.totals.gross_minor == 0
    assert refund.transaction_id == sale(ODOO, "order", ORDER).transaction_id
    assert [(each.original_line_id, each.quantity, each.gross_minor) for each in refund.line_items] == [
        ("901", "1", 315)
    ]


def test_an_exchange_sells_and_takes_back_in_one_order():
    exchange = RETURN | {"lines": [BACK, CHEESE], "amount_total": 2.75, "amount_tax": 0.23, "amount_paid": 2.75}
    receipt, refund = settled(sale(ODOO, "order", exchange))
    assert isinstance(refund, Refund)
    assert isinstance(receipt, Purchase)
    assert (receipt.totals.gross_minor, [line.line_id for line in receipt.line_items]) == (590, ["902"])
    assert refund.totals.gross_minor == 315


def test_returns_of_two_orders_are_a_refund_of_each():
    other = BACK | {"id": 912, "refunded_orderline_id": [801, "x"], "refunded_order": {"id": 40, "uuid": "u-40"}}
    body = RETURN | {"lines": [BACK, other, CHEESE], "amount_total": -0.4, "amount_tax": 0, "amount_paid": -0.4}
    order, first, second = read(ODOO, [Found("order", "43", as_received(body))], context("odoo"))
    assert isinstance(order, Purchase)
    assert isinstance(first, Refund)
    assert isinstance(second, Refund)
    assert (order.totals.gross_minor, order.transaction_link) == (590, None)
    assert [each.transaction_id for each in (first, second)] == [f"odoo:A1:{ORDER['uuid']}", "odoo:A1:u-40"]
    assert {each.refund_id for each in (first, second)} == {order.transaction_id}
    assert [each.totals.gross_minor for each in (first, second)] == [315, 315]
    undone = read(ODOO, [Found("order", "43", as_received(body | {"state": "cancel"}))], context("odoo"))
    assert [each.totals.gross_minor for each in undone[1:]] == [0, 0]


def test_a_return_of_an_order_that_nobody_knows_is_not_linked():
    found = sale(ODOO, "order", RETURN | {"lines": [BACK | {"refunded_order": False, "refunded_orderline_id": False}]})
    assert not sure(found.transaction_link).linked


def test_a_tip_is_a_line_of_its_own_and_no_goods():
    tip = {
        "id": 903,
        "product_id": [99, "Tips"],
        "full_product_name": "Tips",
        "qty": 1.0,
        "price_subtotal": 1.8,
        "price_subtotal_incl": 1.8,
    }
    found = sale(
        ODOO,
        "order",
        ORDER
        | {
            "is_tipped": True,
            "tip_amount": 1.8,
            "amount_total": 14.0,
            "amount_paid": 14.0,
            "lines": [BREAD, CHEESE, tip],
        },
    )
    assert (found.totals.gross_minor, found.totals.tip_minor, found.totals.paid_minor) == (1220, 180, 1400)
    assert found.line_items[2].kind == "fee"
    assert reconciles(found)


def test_a_reward_line_is_a_discount_that_earns_nothing_and_a_gift_card_is_no_goods():
    reward = {
        "id": 904,
        "qty": -1.0,
        "price_subtotal": -2.0,
        "price_subtotal_incl": -2.0,
        "is_reward_line": True,
        "product_id": [5, "2 off"],
    }
    card = {
        "id": 905,
        "qty": 1.0,
        "price_subtotal": 25.0,
        "price_subtotal_incl": 25.0,
        "gift_code": "044a",
        "product_id": [6, "Gift Card"],
    }
    found = sale(
        ODOO, "order", ORDER | {"lines": [BREAD, CHEESE, reward, card], "amount_total": 35.2, "amount_paid": 35.2}
    )
    assert (found.totals.gross_minor, found.totals.gift_card_sold_minor) == (1020, 2500)
    assert [line.kind for line in found.line_items] == ["sale", "sale", "reward", "gift_card"]
    assert found.transaction_link is None
    assert reconciles(found)
    assert lines_sum(found) == 1020


def test_belgian_cash_rounding_is_no_gap():
    found = sale(
        ODOO,
        "order",
        ORDER
        | {
            "amount_total": 12.22,
            "amount_paid": 12.2,
            "payment_ids": [{"amount": 12.2, "payment_method_id": [1, "Cash"]}],
        },
    )
    assert (found.totals.rounding_minor, found.totals.paid_minor) == (-2, 1220)
    assert reconciles(found)


def test_floats_of_any_length_yen_and_fields_that_are_false_are_read():
    found = sale(ODOO, "order", {
        "id": 44, "pos_reference": "Order 1", "uuid": False, "state": "done", "date_order": "2026-10-01 07:42:10", "amount_total": 1300.0000000000002,
        "currency_id": [25, "JPY"], "partner_id": False, "lines": [[0, 0, {"qty": 1, "price_subtotal_incl": 1300.0}]], "payment_ids": [7, 8],
        "config_id": False, "amount_paid": False, "write_date": False})  # fmt: skip
    assert (found.price_currency, found.totals.gross_minor, found.customer) == ("JPY", 1300, None)
    assert found.transaction_id == "odoo:A1:Order 1"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ("text", ""),
        ({}, "/id"),
        ({"_model": "pos.order"}, "/id"),
        ([5], "/orders/0"),
        ({"_model": [], "id": 1}, "/_model"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(body, pointer):
    with pytest.raises(RefusedError) as refused:
        ODOO.refs(body)
    assert refused.value.problems[0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amount_total": None}, "/amount_total"),
        ({"date_order": "01-10-2026"}, "/date_order"),
        ({"lines": [{"qty": "two"}]}, "/lines/0/qty"),
        ({"lines": "none"}, "/lines"),
    ],
)
def test_an_order_that_cannot_be_read_says_where(change, pointer):
    with pytest.raises(RefusedError) as refused:
        ODOO.snapshot(Found("order", "", as_received(ORDER | change)), context("odoo"))
    assert refused.value.problems[0]["pointer"] == pointer


async def test_an_order_is_read_again_with_everything_that_it_names_by_an_id():
    api = Answers(database)
    again = await ODOO.reread(Found("order", "43"), api)
    found = sale(ODOO, "order", json.loads(json.dumps(again.content, default=float)))
    assert sure(found.transaction_link).transaction_id == f"odoo:A1:{ORDER['uuid']}"
    assert found.line_items[0].sku == "BROOD"
    with pytest.raises(GoneError):
        await ODOO.reread(Found("order", "44"), api)


async def test_an_older_odoo_is_asked_by_json_rpc_with_the_credential_in_the_document():
    def answer(path: str, query: Any, document: Any) -> Any:
        if path != "/jsonrpc":
            raise GoneError("404")
        who, (model, method, [first], more) = document["params"]["args"][:3], document["params"]["args"][3:]
        assert who == ["{part[0]}", "{number[1]}", "{part[2]}"]
        named = {"domain": first} if method == "search_read" else {"ids": first}
        return {"jsonrpc": "2.0", "id": None, "result": database(f"/{model}/{method}", None, named | more)}

    [found] = read(ODOO, [await ODOO.reread(Found("order", "42"), Answers(answer))], context("odoo"))
    assert isinstance(found, Purchase)
    assert (found.totals.gross_minor, len(found.line_items), sure(found.customer).phone) == (1220, 2, "+31612345678")

    def trouble(path: str, query: Any, document: Any) -> Any:
        if path != "/jsonrpc":
            raise GoneError("404")
        return {"error": {"code": 200, "message": "Odoo Server Error", "data": {"debug": "secret things"}}}

    with pytest.raises(ApiError, match="Odoo Server Error"):
        await ODOO.poll("", Answers(trouble))


async def test_the_poll_reads_everything_of_one_kind_in_one_call():
    api = Answers(database)
    page = await ODOO.poll("2026-10-01T00:00:00Z", api)
    assert [(each.id, each.content is not None) for each in page.objects] == [("42", True), ("43", True)]
    assert (page.cursor, page.more) == ("2026-10-02T07:42:12Z", False)
    assert len(api.asked) == 7
    assert api.asked[0][2] == {
        "domain": [["state", "!=", "draft"], ["write_date", ">=", "2026-09-30 23:00:00"]], "order": "write_date, id", "limit": 100, "offset": 0,
    }  # fmt: skip
    first = read(ODOO, page.objects, context("odoo"))[0]
    assert isinstance(first, Purchase)
    assert sure(first.customer).phone == "+31612345678"
    many = Answers(
        lambda path, query, document: (
            [ORDER | {"lines": [], "payment_ids": [], "partner_id": False, "id": n} for n in range(100)]
            if "search" in path
            else []
        )
    )
    full = await ODOO.poll("", many)
    assert full.more
    await ODOO.poll(full.cursor, many)
    assert [document["offset"] for path, _, document in many.asked] == [0, 100]


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(gone_wrong([ORDER, RETURN, [ORDER], {"_model": "pos.order", **RETURN}]))
def test_whatever_comes_is_read_or_refused(body):
    swallowed(ODOO, body, context("odoo"), ["order"])


def test_a_typical_order_is_read_quickly():
    assert microseconds(ODOO, json.dumps(ORDER).encode(), {}, context("odoo")) < 1_500
