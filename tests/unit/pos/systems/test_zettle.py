"""Zettle: purchases whole in signed webhooks, refunds as purchases of their own."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from stamgast.pos.adapter import Found, SignatureError
from stamgast.pos.canonical import Purchase
from stamgast.pos.links import settled
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.zettle import Zettle
from tests.fakes.bodies_zettle import ORGANISATION, PURCHASE, SALE, message
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

ZETTLE = Zettle()
BACK = "91c2e0a0-7d1d-11f0-8a00-5af628c16a84"

REFUND: dict[str, Any] = PURCHASE | {
    "purchaseUUID": BACK, "refund": True, "refundsPurchaseUuid": SALE, "amount": -280, "vatAmount": -23, "timestamp": 1790926930123,
    "products": [{"id": "0", "type": "PRODUCT", "name": "Espresso", "sku": "ESP", "quantity": "-1", "unitPrice": 280, "vatPercentage": 9.0}],
    "payments": [{"uuid": "pay-3", "type": "IZETTLE_CARD", "amount": -280, "references": {"refundsPayment": "pay-1"}}],
}  # fmt: skip


def sign(body: dict[str, Any], secret: str) -> dict[str, str]:
    signed = f"{body['timestamp']}.{body['payload']}".encode()
    return {"x-izettle-signature": hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}


def verify(body: Any, headers: dict[str, str], *secrets: str) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    ZETTLE.verify(raw, headers, "https://shop.example/zettle", secrets or ("key",), 0)


def test_the_timestamp_and_the_payload_are_what_is_signed():
    body = message(PURCHASE)
    verify(body, sign(body, "key"))
    verify(json.dumps(body, indent=3).encode(), sign(body, "key"))
    verify(body, sign(body, "new"), "old", "new")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (message(PURCHASE), {}),
        (message(PURCHASE), {"x-izettle-signature": "h\xe9"}),
        (message(PURCHASE), sign(message(PURCHASE), "stolen")),
        (message(PURCHASE | {"amount": 1361}), sign(message(PURCHASE), "key")),
        (message(PURCHASE) | {"timestamp": "2026-10-01T07:42:11.904+0000"}, sign(message(PURCHASE), "key")),
        (message(PURCHASE) | {"payload": {"data": "payload"}}, sign(message(PURCHASE), "key")),
        (b"{", sign(message(PURCHASE), "key")),
        (b"[1]", sign(message(PURCHASE), "key")),
        (b"\xff\xfe", {}),
    ],
)
def test_anything_else_is_not_believed(body, headers):
    with pytest.raises(SignatureError):
        verify(body, headers)


def test_the_test_message_of_a_new_subscription_is_answered_unsigned():
    body = {
        "eventName": "TestMessage",
        "organizationUuid": ORGANISATION,
        "messageId": "m-0",
        "payload": {"data": "payload"},
    }
    answer = ZETTLE.ping(json.dumps(body).encode(), {})
    assert answer is not None
    assert answer.status == 200
    assert ZETTLE.refs(body) == []
    for raw in (json.dumps(message(PURCHASE)).encode(), b"TestMessage", b"{", b'{"x": "TestMessage"}'):
        assert ZETTLE.ping(raw, {}) is None


def test_a_message_means_its_purchase():
    found = ZETTLE.refs(message(PURCHASE))
    [bought] = read(ZETTLE, found, context("zettle", account=ORGANISATION, **{"u-1": "shop"}))
    assert isinstance(bought, Purchase)
    assert ZETTLE.delivery_id({}, message(PURCHASE)) == "m-1"
    assert found[0].id == SALE
    assert bought.transaction_id == f"zettle:{ORGANISATION}:{SALE}"
    assert bought.receipt_number == "41"
    assert bought.end_date_time.isoformat() == "2026-10-01T07:42:10.123000+00:00"
    assert bought.store.retail_store_id == "shop"
    assert (bought.status, bought.totals.gross_minor, bought.totals.paid_minor) == ("completed", 1360, 1360)
    espresso, cheese = bought.line_items
    assert (espresso.sku, espresso.gtin, espresso.quantity, espresso.gross_minor) == ("ESP", "8712345678906", "2", 560)
    assert (espresso.tax_minor, espresso.tax_rate, espresso.cost_minor) == (46, "9", 120)
    assert (cheese.quantity, cheese.unit, cheese.gross_minor) == ("0.348", "kg", 800)
    assert [each.tender_type for each in bought.tenders] == ["card", "cash"]
    assert bought.customer is None
    assert "535583" not in bought.model_dump_json()
    assert reconciles(bought)
    assert lines_sum(bought) == 1360


def test_the_api_names_the_same_purchase_by_another_field_and_writes_its_time_as_text():
    from_api = PURCHASE | {
        "purchaseUUID1": SALE,
        "purchaseUUID": "KrUfYH0cEfCKAFr2KMFqhA",
        "timestamp": "2026-10-01T07:42:10.123+0000",
    }
    assert sale(ZETTLE, "purchase", from_api) == sale(ZETTLE, "purchase", PURCHASE)
    del from_api["purchaseUUID1"]
    assert sale(ZETTLE, "purchase", from_api) == sale(ZETTLE, "purchase", PURCHASE)
    assert ZETTLE.refs(as_received({"purchases": [from_api]}))[0].id == ZETTLE.refs(from_api)[0].id == SALE


@pytest.mark.parametrize("name", ["refundsPurchaseUuid", "refundsPurchaseUUID1"])
def test_a_refund_takes_its_line_off_the_sale(name):
    back = {key: value for key, value in REFUND.items() if key != "refundsPurchaseUuid"} | {name: SALE}
    found = sale(ZETTLE, "purchase", back)
    assert found.totals.gross_minor == -280
    assert found.transaction_link is not None
    assert found.transaction_link.transaction_id == f"zettle:A1:{SALE}"
    receipt, refund = settled(found)
    assert receipt.totals.gross_minor == 0
    assert refund.transaction_id == sale(ZETTLE, "purchase", PURCHASE).transaction_id
    assert refund.totals.gross_minor == 280
    assert [(line.original_line_id, line.quantity, line.gross_minor) for line in refund.line_items] == [("0", "1", 280)]


def test_a_refund_without_its_receipt_is_not_linked():
    back = {key: value for key, value in REFUND.items() if key != "refundsPurchaseUuid"}
    link = sale(ZETTLE, "purchase", back).transaction_link
    assert link is not None
    assert not link.linked


def test_that_a_sale_was_refunded_is_no_new_version_of_it():
    refunded = PURCHASE | {"refunded": True, "refundedByPurchaseUUIDs1": [BACK]}
    assert sale(ZETTLE, "purchase", refunded) == sale(ZETTLE, "purchase", PURCHASE)


@pytest.mark.parametrize(("amount", "gratuity_inside"), [(1560, True), (1360, False)])
def test_a_tip_is_no_part_of_the_goods_whether_or_not_the_amount_holds_it(amount, gratuity_inside):
    payments = [PURCHASE["payments"][0] | {"amount": 1200, "gratuityAmount": 200}, PURCHASE["payments"][1]]
    found = sale(ZETTLE, "purchase", PURCHASE | {"amount": amount, "payments": payments})
    assert (found.totals.gross_minor, found.totals.tip_minor, found.totals.paid_minor) == (1360, 200, 1560)
    assert reconciles(found)
    assert lines_sum(found) == 1360


def test_a_discount_on_the_basket_is_spread_over_its_lines():
    rows = [
        {"id": "0", "name": "Foo", "quantity": "2", "unitPrice": 2000, "discount": {"amount": 500, "quantity": 1}, "discountValue": 500},
        {"id": "1", "name": "Bar", "quantity": "10", "unitPrice": 1000, "discountValue": 1000},
    ]  # fmt: skip
    body = PURCHASE | {
        "amount": 10000,
        "products": rows,
        "discounts": [{"percentage": 20, "quantity": 1}],
        "payments": [],
    }
    found = sale(ZETTLE, "purchase", body)
    assert [line.gross_minor for line in found.line_items] == [2800, 7200]
    assert [line.discount_minor for line in found.line_items] == [1200, 2800]
    assert (found.totals.gross_minor, found.totals.discount_minor) == (10000, 4000)


def test_prices_without_tax_get_it_added():
    rows = [
        {"id": "0", "quantity": "2", "unitPrice": 1000, "taxRates": [{"percentage": 8.25}]},
        {"id": "1", "quantity": "1", "unitPrice": 500, "taxRates": []},
    ]
    found = sale(
        ZETTLE,
        "purchase",
        PURCHASE | {"taxationMode": "EXCLUSIVE", "amount": 2665, "vatAmount": 165, "products": rows, "payments": []},
    )
    assert [(line.gross_minor, line.tax_minor) for line in found.line_items] == [(2165, 165), (500, None)]
    assert (found.totals.gross_minor, found.totals.tax_minor) == (2665, 165)


def test_selling_a_gift_card_is_no_sale_of_goods_and_paying_with_one_is():
    row = {"id": "2", "type": "GIFTCARD", "name": "Gift card", "quantity": "1", "unitPrice": 2500}
    body = PURCHASE | {
        "amount": 3860, "products": [*PURCHASE["products"], row], "payments": [{"uuid": "p", "type": "GIFTCARD", "amount": 3860}],
    }  # fmt: skip
    found = sale(ZETTLE, "purchase", body)
    assert (found.totals.gross_minor, found.totals.gift_card_sold_minor) == (1360, 2500)
    assert found.line_items[2].kind == "gift_card"
    assert found.tenders[0].tender_type == "gift_card"
    assert reconciles(found)


def test_a_service_charge_is_a_surcharge():
    body = PURCHASE | {"amount": 1859, "serviceCharge": {"amount": 499, "title": "Delivery"}, "payments": []}
    found = sale(ZETTLE, "purchase", body)
    assert (found.totals.gross_minor, found.totals.surcharge_minor, found.totals.paid_minor) == (1360, 499, 1859)


def test_currencies_without_decimals_and_null_fields_are_read():
    body = {"purchaseUuid": SALE, "amount": 1300, "currency": "JPY", "timestamp": 1790840530123, "products": None, "payments": None,
            "cashRegister": None, "discounts": None, "references": None, "vatAmount": None}  # fmt: skip
    found = sale(ZETTLE, "purchase", body)
    assert (found.price_currency, found.totals.gross_minor, found.line_items) == ("JPY", 1300, [])


@pytest.mark.parametrize(
    "event", ["ProductUpdated", "InventoryTrackingStarted", "PersonalAssertionDeleted", "Tomorrow'sEvent"]
)
def test_other_events_are_no_purchases(event):
    assert ZETTLE.refs(message({"uuid": "x"}, event)) == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ("text", ""),
        ({}, "/purchaseUUID1"),
        (message(PURCHASE) | {"payload": "{"}, "/payload"),
        (message(PURCHASE) | {"payload": 5}, "/payload"),
        (message([PURCHASE]), "/payload"),
        (message({"amount": 5}), "/payload/purchaseUUID1"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(body, pointer):
    with pytest.raises(RefusedError) as refused:
        ZETTLE.refs(body)
    assert refused.value.problems[0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"amount": None}, "/amount"),
        ({"amount": 12.5}, "/amount"),
        ({"timestamp": None}, "/timestamp"),
        ({"products": [{"quantity": "two"}]}, "/products/0/quantity"),
        ({"payments": {"a": 1}}, "/payments"),
    ],
)
def test_an_object_that_cannot_be_read_says_where(change, pointer):
    with pytest.raises(RefusedError) as refused:
        ZETTLE.snapshot(Found("purchase", "", as_received(PURCHASE | change)), context("zettle"))
    assert refused.value.problems[0]["pointer"] == pointer


async def test_the_poll_reads_on_where_it_ended_with_a_days_overlap():
    full = [PURCHASE | {"purchaseUUID1": f"{number:08d}-7d1c-11f0-8a00-5af628c16a84"} for number in range(200)]
    api = Answers(lambda path, query, document: (
        {"purchases": full, "lastPurchaseHash": "h1"} if "lastPurchaseHash" not in query else {"purchases": [REFUND], "lastPurchaseHash": "h2"}
    ))  # fmt: skip
    first = await ZETTLE.poll("", api)
    assert (len(first.objects), first.more) == (200, True)
    second = await ZETTLE.poll(first.cursor, api)
    assert ([each.id for each in second.objects], second.more) == ([BACK], False)
    assert second.cursor == "2026-10-02T07:42:10.123Z"
    await ZETTLE.poll(second.cursor, api)
    assert [query for _, query, _ in api.asked] == [
        {"limit": "200", "descending": "false"},
        {"limit": "200", "descending": "false", "lastPurchaseHash": "h1"},
        {"limit": "200", "descending": "false", "startDate": "2026-10-01T07:42:10.123Z"},
    ]
    assert (
        await ZETTLE.poll("2026-10-05T00:00:00Z", Answers(lambda *_: {"purchases": []}))
    ).cursor == "2026-10-05T00:00:00Z"


async def test_a_purchase_is_read_again_by_its_id():
    api = Answers({f"/purchase/v2/{SALE}": PURCHASE})
    assert (await ZETTLE.reread(Found("purchase", SALE), api)).content == as_received(PURCHASE)
    assert (await ZETTLE.reread(Found("purchase", "../a"), Answers({"/purchase/v2/..%2Fa": {}}))).content == {}


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(gone_wrong([PURCHASE, REFUND, message(PURCHASE), {"purchases": [PURCHASE]}]))
def test_whatever_comes_is_read_or_refused(body):
    swallowed(ZETTLE, body, context("zettle"), ["purchase"])


def test_a_typical_purchase_is_read_quickly():
    assert microseconds(ZETTLE, json.dumps(message(PURCHASE)).encode(), {}, context("zettle")) < 1_500
