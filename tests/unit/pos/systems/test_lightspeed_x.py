"""Lightspeed X: sales as forms and by their version, without tax and with five decimals, in three dialects."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings

from stamgast.pos.adapter import Found, GoneError, IncapableError, SignatureError
from stamgast.pos.canonical import Purchase, Refund
from stamgast.pos.links import settled
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.lightspeed_x import LightspeedX
from stamgast.pos.webhook import read_body
from tests.builders import sure
from tests.fakes.bodies_lightspeed_x import CUSTOMER, SALE
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
from tests.unit.pos.systems.till import sample

X = LightspeedX()

RETURN: dict[str, Any] = SALE | {
    "id": "s-2", "sale_date": "2026-10-02T07:42:10Z", "version": 31415999, "return_for": "s-1", "totals": {"total_price": "-2.6087", "total_tax": "-0.39131"},
    "register_sale_products": [SALE["register_sale_products"][0] | {"id": "l-9", "quantity": -1, "price_total": "-2.6087", "tax_total": "-0.39131"}],
    "register_sale_payments": [{"id": "pay-2", "amount": -3, "retailer_payment_type": {"name": "Cash"}}],
}  # fmt: skip
DATED: dict[str, Any] = {
    "id": "s-3", "date": "2026-10-01T07:42:10Z", "created_at": "2026-10-01T07:42:11Z", "state": "closed", "customer_id": "c-1", "receipt_number": "18",
    "_metadata": {"version": 27182818}, "source": {"outlet_id": "o-1", "register_id": "r-1", "author": {"id": "u-1"}},
    "line_items": [
        {"id": "l-1", "product": {"id": "p-1"}, "quantity": 2.0, "pricing": {"price": 4.34783, "total": 8.69566, "discount": 0, "cost": 2, "cost_total": 4},
         "tax": {"id": "t", "amount": 0.65217, "total": 1.30434}, "return": {"is_return": False}},
        {"id": "l-2", "product": {"id": "p-3"}, "quantity": 1, "gift_card_number": "GC1", "pricing": {"price": 25}, "tax": {"amount": 0}},
    ],
    "totals": {"price": 33.69566, "tax": 1.30434, "price_incl_tax": 35.0, "surcharge": 0, "loyalty": 1},
    "adjustments": [{"adjustment_type": "TIP", "name": "Tip", "total": 2.0}],
    "payments": [
        {"id": "a", "amount": 17.0, "type": {"name": "Lightspeed Payments"}}, {"id": "b", "amount": 20.0, "type": {"name": "Gift Card"}},
        {"id": "c", "amount": 5.0, "type": {"name": "Cash"}, "deleted_at": "2026-10-01T07:42:30Z"},
    ],
}  # fmt: skip


def form(content: Any) -> bytes:
    return urlencode({"payload": json.dumps(content), "domain_prefix": "bakery", "environment": "prod"}).encode()


def body_of(content: Any) -> Any:
    return read_body(form(content), {"content-type": "application/x-www-form-urlencoded; charset=utf-8"})


def test_a_form_is_signed_in_hex():
    raw = b"payload=%7B%22id%22%3A%22x%22%7D&domain_prefix=example"
    good = "signature=5fd9080a90648d5692196537fbf284f22571f4e6bed706bab00ee811c599972b, algorithm=HMAC-SHA256"
    X.verify(raw, {"x-signature": good}, "", ["old", "vend-client-secret"], 0)
    X.verify(
        raw,
        {"x-signature": good.split(", ")[1] + ", " + good.split(", ", maxsplit=1)[0]},
        "",
        ["vend-client-secret"],
        0,
    )
    for other, signature, secret in (
        (raw.replace(b"x", b"y", 1), good, "vend-client-secret"),
        (raw, good.replace("5fd9", "5fd8"), "vend-client-secret"),
        (raw, good, "stolen"),
        (raw, "h\xe9", "vend-client-secret"),
        (raw, "algorithm=HMAC-SHA256", "vend-client-secret"),
        (raw, "signature=h\xe9\udcff", "vend-client-secret"),
    ):
        with pytest.raises(SignatureError):
            X.verify(other, {"x-signature": signature}, "", [secret], 0)
    with pytest.raises(IncapableError, match="no X-Signature"):
        X.verify(raw, {}, "", ["vend-client-secret"], 0)


def test_a_form_is_a_hint_about_its_sale():
    [found] = X.refs(body_of(SALE))
    assert (found.kind, found.id, found.partial) == ("sale", "s-1", True)
    [bought] = read(X, [found], context("lightspeed_x", account=""))
    assert bought.transaction_id == "lightspeed_x:bakery:s-1"
    assert X.refs(body_of({"id": "p-1", "handle": "bread", "sku": "BROOD"})) == []
    assert X.refs({"data": [SALE, RETURN]})[1].id == "s-2"


def test_the_sum_of_a_sale_is_rounded_and_not_its_lines():
    found = sale(X, "sale", SALE, context("lightspeed_x", **{"o-1": "shop"}))
    assert (found.status, found.totals.gross_minor, found.totals.tax_minor, found.totals.paid_minor) == (
        "completed",
        1795,
        234,
        1795,
    )
    assert (found.store.retail_store_id, found.store.workstation_id, found.receipt_number) == ("shop", "r-1", "17")
    assert [(line.gross_minor, line.tax_minor) for line in found.line_items] == [(300, 39), (1495, 195)]
    assert (
        found.line_items[0].unit_price_minor,
        found.line_items[0].discount_minor,
        found.line_items[0].cost_minor,
    ) == (300, 58, 110)
    assert (found.source_version, found.tenders[0].tender_type) == (31415926, "cash")
    assert sure(found.customer).provider_customer_id == "lightspeed_x:A1:c-1"
    assert reconciles(found)
    assert lines_sum(found) == 1795


def test_what_vends_webhook_tells_by_the_way_is_no_hindrance():
    by_the_way = {"source": "USER", "return_for": "", "note": "", "short_code": "rjb1hk", "user": {"id": "u-1", "name": "Els"}, "taxes": [{"id": "t", "tax": 2.34131}],
                  "customer": {"id": "c-1", "customer_code": "WALKIN", "mobile": None}, "deleted_at": None, "outlet": "Dok Noord"}  # fmt: skip
    found = sale(X, "sale", SALE | by_the_way)
    assert (found.totals.gross_minor, found.customer, found.status) == (1795, None, "completed")


def test_the_dated_api_speaks_another_dialect():
    found = sale(X, "sale", {"data": DATED})
    told = found.totals
    assert (told.gross_minor, told.gift_card_sold_minor, told.tip_minor, told.tax_minor, told.paid_minor) == (
        1000,
        2500,
        200,
        130,
        3700,
    )
    assert [(line.kind, line.quantity, line.gross_minor) for line in found.line_items] == [
        ("sale", "2", 1000),
        ("gift_card", "1", 2500),
    ]
    assert (found.line_items[0].unit_price_minor, found.line_items[0].cost_minor) == (500, 400)
    assert [each.tender_type for each in found.tenders] == ["card", "gift_card"]
    assert (found.source_version, sure(found.provenance).operator_id, found.receipt_number) == (27182818, "u-1", "18")
    assert reconciles(found)


@pytest.mark.parametrize(
    ("state", "paid", "status"),
    [
        ({"status": "CLOSED"}, 17.95, "completed"),
        ({"status": "SAVED", "state": "parked"}, 17.95, "open"),
        ({"status": "OPEN"}, 17.95, "open"),
        ({"status": "LAYBY"}, 10, "open"),
        ({"status": "LAYBY"}, 17.95, "completed"),
        ({"status": "LAYBY_CLOSED"}, 17.95, "completed"),
        ({"status": "ONACCOUNT"}, 0, "open"),
        ({"status": "ONACCOUNT", "state": "closed"}, 0, "open"),
        ({"status": "ONACCOUNT"}, 17.95, "completed"),
        ({"status": "ONACCOUNT_CLOSED"}, 17.95, "completed"),
        ({"status": "AWAITING_PICKUP", "state": "pending"}, 17.95, "completed"),
        ({"status": "VOIDED"}, 17.95, "voided"),
        ({"status": None, "state": "voided"}, 17.95, "voided"),
        ({"status": None, "state": "closed", "deleted_at": "2026-10-01T09:00:00Z"}, 17.95, "voided"),
        ({"status": "tomorrow's"}, 17.95, "open"),
    ],
)
def test_a_sale_counts_once_it_is_closed_or_paid(state, paid, status):
    payments = [{"id": "p", "amount": paid, "retailer_payment_type": {"name": "Card"}}]
    assert sale(X, "sale", SALE | state | {"register_sale_payments": payments}).status == status


def test_on_account_is_no_payment():
    payments = [{"id": "p", "amount": 17.95, "retailer_payment_type": {"name": "On Account"}}]
    assert sale(X, "sale", SALE | {"status": "ONACCOUNT", "register_sale_payments": payments}).status == "open"


def test_a_return_takes_its_product_off_the_sale():
    found = sale(X, "sale", RETURN)
    assert (found.totals.gross_minor, found.totals.tax_minor, found.totals.paid_minor) == (-300, -39, -300)
    receipt, refund = settled(found)
    assert isinstance(refund, Refund)
    assert receipt.totals.gross_minor == 0
    assert refund.transaction_id == "lightspeed_x:A1:s-1"
    original = sale(X, "sale", SALE)
    assert [(each.original_line_id, each.quantity, each.gross_minor) for each in refund.line_items] == [
        (original.line_items[0].line_id, "1", 300)
    ]


def test_the_published_return_is_parked_and_takes_nothing_back_yet():
    found = sale(X, "sale", sample("lightspeed_x_api_return_sale"))
    assert (found.status, found.totals.gross_minor) == ("open", -23000)
    assert sure(found.transaction_link).transaction_id == "lightspeed_x:A1:b8ca3a65-0183-11e4-fbb5-39f7fce5e39b"
    receipt, refund = settled(found)
    assert receipt.totals.gross_minor == -23000
    assert refund.totals.gross_minor == 0
    closed = sample("lightspeed_x_api_return_sale")
    closed["data"] |= {"state": "closed", "status": "CLOSED"}
    assert [each.totals.gross_minor for each in settled(sale(X, "sale", closed))] == [0, 23000]


def test_an_exchange_sells_and_takes_back():
    lines = [RETURN["register_sale_products"][0], SALE["register_sale_products"][1]]
    body = RETURN | {"register_sale_products": lines, "totals": {"total_price": "10.3913", "total_tax": "1.55869"}}
    receipt, refund = settled(sale(X, "sale", body))
    assert (receipt.totals.gross_minor, refund.totals.gross_minor) == (1495, 300)
    unlinked = sale(X, "sale", body | {"return_for": None})
    assert not sure(unlinked.transaction_link).linked


def test_rounding_in_cash_is_told_however_it_is_written():
    off = sale(
        X,
        "sale",
        SALE
        | {
            "register_sale_payments": [
                {"amount": 17.9, "payment_type_id": 1},
                {"amount": 0.05, "retailer_payment_type": {"name": "Cash Rounding"}},
            ]
        },
    )
    assert (off.totals.rounding_minor, off.totals.paid_minor) == (-5, 1790)
    assert reconciles(off)
    less = sale(
        X,
        "sale",
        SALE
        | {
            "register_sale_payments": [{"amount": 17.95, "payment_type_id": 1}],
            "totals": {"total_price": "15.6287", "total_tax": "2.34131"},
        },
    )
    assert (less.totals.gross_minor, less.totals.rounding_minor) == (1797, -2)
    assert reconciles(less)


def test_a_surcharge_is_no_goods_whether_or_not_the_total_holds_it():
    for total in (35.0, 37.0):
        changed = DATED | {
            "adjustments": [{"adjustment_type": "SURCHARGE", "total": 2.0}],
            "totals": DATED["totals"] | {"price_incl_tax": total, "surcharge": 2.0},
        }
        found = sale(X, "sale", changed)
        assert (found.totals.gross_minor, found.totals.surcharge_minor, found.totals.paid_minor) == (1000, 200, 3700)


def test_who_walks_in_is_nobody_and_a_product_has_its_sku():
    whole = SALE | {
        "customer": CUSTOMER,
        "stamgast_products": {"p-1": {"id": "p-1", "sku": "BROOD", "name": "Rye bread"}},
    }
    found = sale(X, "sale", whole)
    who = sure(found.customer)
    assert (who.phone, who.membership_number) == ("0612345678", "Anna-7")
    assert [(line.sku, line.name, line.product_id) for line in found.line_items] == [
        ("BROOD", "Rye bread", "p-1"),
        (None, None, "p-2"),
    ]
    assert sale(X, "sale", SALE | {"customer": CUSTOMER | {"customer_code": "WALKIN"}}).customer is None


def test_null_fields_voided_lines_and_yen_are_read():
    found = sale(X, "sale", {
        "id": "s-4", "sale_date": "2026-10-01 07:42:10", "status": "CLOSED", "total_price": 1182, "total_tax": 118, "customer_id": None, "customer": None,
        "line_items": [{"product_id": "p", "quantity": 1, "price": 1182, "tax": 118}, {"product_id": "q", "quantity": 1, "price": 9, "status": "VOIDED"}],
        "payments": None, "register_id": None, "version": None}, context("lightspeed_x", currency="JPY"))  # fmt: skip
    assert (found.totals.gross_minor, found.totals.paid_minor, len(found.line_items)) == (1300, 1300, 1)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({}, "/line_items"),
        ({"payload": "{"}, "/payload"),
        ({"payload": "[]"}, "/payload"),
        ({"payload": '{"status": "CLOSED", "line_items": [{}]}'}, "/payload/id"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(body, pointer):
    with pytest.raises(RefusedError) as refused:
        X.refs(body)
    assert refused.value.problems[0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"sale_date": "yesterday"}, "/sale_date"),
        ({"totals": {"total_price": "much"}}, "/totals/total_price"),
        ({"register_sale_products": [{"quantity": "two"}]}, "/register_sale_products/0/quantity"),
    ],
)
def test_a_sale_that_cannot_be_read_says_where(change, pointer):
    with pytest.raises(RefusedError) as refused:
        X.snapshot(Found("sale", "", as_received(SALE | change)), context("lightspeed_x"))
    assert refused.value.problems[0]["pointer"] == pointer


async def test_a_sale_is_read_again_with_its_customer_and_products():
    api = Answers({"/sales/s-1": {"data": SALE}, "/customers/c-1": {"data": CUSTOMER}, "/products/p-1": {"data": {"id": "p-1", "sku": "BROOD"}},
                   "/products/p-2": GoneError("deleted")})  # fmt: skip
    [found] = read(X, [await X.reread(Found("sale", "s-1"), api)], context("lightspeed_x"))
    assert isinstance(found, Purchase)
    assert sure(found.customer).phone == "0612345678"
    assert [line.sku for line in found.line_items] == ["BROOD", None]


async def test_the_poll_reads_on_by_version():
    def answer(path: str, query: Any, document: Any) -> Any:
        if path != "/sales":
            return {"data": CUSTOMER if path.startswith("/customers") else {"id": path[-3:], "sku": "S"}}
        return (
            {"data": [SALE, RETURN], "version": {"min": 1, "max": 99}}
            if "after" not in query
            else {"data": [], "version": {"min": None, "max": None}}
        )

    api = Answers(answer)
    first = await X.poll("", api)
    assert ([each.id for each in first.objects], first.cursor, first.more) == (["s-1", "s-2"], "99", True)
    second = await X.poll(first.cursor, api)
    assert (list(second.objects), second.cursor, second.more) == ([], "99", False)
    assert [path for path, _, _ in api.asked].count("/customers/c-1") == 1
    assert api.asked[-1][1] == {"page_size": "100", "after": "99"}


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(gone_wrong([SALE, RETURN, DATED, {"data": [SALE]}, {"payload": json.dumps(SALE), "domain_prefix": "x"}]))
def test_whatever_comes_is_read_or_refused(body):
    swallowed(X, body, context("lightspeed_x"), ["sale"])


def test_a_typical_sale_is_read_quickly():
    assert microseconds(X, json.dumps(SALE).encode(), {}, context("lightspeed_x")) < 1_500


@pytest.mark.parametrize("topic", ["product.update", "customer.update", "inventory.update", "register_closure.create"])
def test_a_form_of_another_topic_is_no_purchase(topic: str):
    body = {"payload": json.dumps({"id": "p", "name": "Rye bread"}), "domain_prefix": "bakery", "type": topic}

    assert X.refs(body) == []
    with pytest.raises(RefusedError):
        X.refs(body | {"type": "sale.update"})
