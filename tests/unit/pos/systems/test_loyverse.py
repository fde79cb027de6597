"""Loyverse: whole receipts in a webhook, signed or not, and by a poll; refunds are receipts of their own."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from stamgast.pos.adapter import Found, GoneError, IncapableError, SignatureError
from stamgast.pos.canonical import Purchase, Refund
from stamgast.pos.links import settled
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.loyverse import Loyverse
from tests.builders import sure
from tests.fakes.bodies_loyverse import CUSTOMER, RECEIPT, REFUND
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

LOYVERSE = Loyverse()


def body(*receipts: Any) -> dict[str, Any]:
    return {
        "merchant_id": "m-1",
        "type": "receipts.update",
        "created_at": "2026-10-01T07:42:12.546Z",
        "receipts": list(receipts),
    }


@pytest.mark.parametrize("signature", ["ilQ+cZoXK72kVRrkv6jOViv2Jh8=", "8a543e719a172bbda4551ae4bfa8ce562bf6261f"])
def test_a_signature_in_either_encoding_is_believed(signature):
    raw = b'{"merchant_id":"m","type":"receipts.update","receipts":[]}'
    LOYVERSE.verify(raw, {"x-loyverse-signature": signature}, "", ["old", "loyverse-client-secret"], 0)
    for other, given_, secret in (
        (raw.replace(b"m", b"n", 1), signature, "loyverse-client-secret"),
        (json.dumps(json.loads(raw)).encode(), signature, "loyverse-client-secret"),
        (raw, signature[:-1], "loyverse-client-secret"),
        (raw, "h\xe9", "loyverse-client-secret"),
        (raw, signature, "stolen"),
    ):
        with pytest.raises(SignatureError):
            LOYVERSE.verify(other, {"x-loyverse-signature": given_}, "", [secret], 0)


def test_a_webhook_that_a_token_made_says_that_it_is_unsigned():
    with pytest.raises(IncapableError, match="OAuth"):
        LOYVERSE.verify(b"{}", {}, "", ["s"], 0)


def test_every_receipt_of_a_webhook_is_read():
    found = LOYVERSE.refs(
        as_received(body(RECEIPT, REFUND, RECEIPT | {"receipt_number": "2-1010", "customer_id": None}))
    )
    assert [(each.id, each.partial) for each in found] == [("2-1006", True), ("2-1009", True), ("2-1010", False)]
    first, second, third = read(LOYVERSE, found, context("loyverse", account=""))
    assert isinstance(first, Purchase)
    assert first.transaction_id == "loyverse:m-1:2-1006"
    assert sure(first.customer).provider_customer_id == "loyverse:m-1:c-1"
    assert isinstance(third, Purchase)
    assert third.customer is None
    assert isinstance(second, Purchase)


def test_a_receipt_means_its_sale():
    found = sale(LOYVERSE, "receipt", RECEIPT | {"customer": CUSTOMER}, context("loyverse", **{"s-1": "shop"}))
    assert (found.status, found.store.retail_store_id, found.store.workstation_id) == ("completed", "shop", "d-1")
    assert (found.totals.gross_minor, found.totals.tax_minor, found.totals.paid_minor) == (1240, 102, 1240)
    bread, cheese = found.line_items
    assert (bread.sku, bread.quantity, bread.gross_minor, bread.discount_minor, bread.tax_minor) == (
        "BROOD",
        "2",
        650,
        50,
        54,
    )
    assert (bread.tax_rate, bread.cost_minor, bread.unit_price_minor) == ("9", 220, 350)
    assert (cheese.quantity, cheese.gross_minor) == ("0.348", 590)
    assert [(each.tender_type, each.amount_minor) for each in found.tenders] == [("cash", 240), ("card", 1000)]
    who = sure(found.customer)
    assert (who.phone, who.membership_number, who.provider_customer_id) == ("+31612345678", "40001", "loyverse:A1:c-1")
    assert sure(found.provenance).operator_id == "e-1"
    assert reconciles(found)
    assert lines_sum(found) == 1240


@pytest.mark.parametrize("sign", [1, -1])
def test_a_refund_takes_its_product_off_the_sale_whichever_sign_it_has(sign):
    back = json.loads(json.dumps(REFUND))
    back["total_money"] *= sign
    back["line_items"][0]["total_money"] *= sign
    back["line_items"][0]["quantity"] *= sign
    back["payments"][0]["money_amount"] *= sign
    found = sale(LOYVERSE, "receipt", back)
    assert (found.totals.gross_minor, found.totals.tax_minor) == (-325, -27)
    assert reconciles(found)
    receipt, refund = settled(found)
    assert isinstance(refund, Refund)
    assert receipt.totals.gross_minor == 0
    original = sale(LOYVERSE, "receipt", RECEIPT)
    assert refund.transaction_id == original.transaction_id
    assert [(each.original_line_id, each.quantity, each.gross_minor) for each in refund.line_items] == [
        (original.line_items[0].line_id, "1", 325)
    ]


def test_a_cancelled_receipt_is_voided_by_a_newer_version():
    voided = sale(
        LOYVERSE,
        "receipt",
        RECEIPT | {"cancelled_at": "2026-10-01T08:00:00.000Z", "updated_at": "2026-10-01T08:00:00.000Z"},
    )
    assert voided.status == "voided"
    assert voided.source_version > sale(LOYVERSE, "receipt", RECEIPT).source_version


@pytest.mark.parametrize(("total", "paid"), [(15.4, 15.4), (12.4, 15.4)])
def test_tip_and_surcharge_are_no_goods_whether_or_not_the_total_holds_them(total, paid):
    changed = RECEIPT | {
        "total_money": total,
        "tip": 2,
        "surcharge": 1,
        "payments": [{"type": "CASH", "money_amount": paid}],
    }
    found = sale(LOYVERSE, "receipt", changed)
    assert (found.totals.gross_minor, found.totals.tip_minor, found.totals.surcharge_minor) == (1240, 200, 100)
    assert reconciles(found)


def test_taxes_on_top_of_prices_are_in_the_lines():
    items = [each | {"line_taxes": [{"type": "ADDED", "rate": 10, "money_amount": tax}]}
             for each, tax in zip(RECEIPT["line_items"], (0.65, 0.59), strict=True)]  # fmt: skip
    found = sale(
        LOYVERSE, "receipt", RECEIPT | {"total_money": 13.64, "total_tax": 1.24, "line_items": items, "payments": []}
    )
    assert [line.gross_minor for line in found.line_items] == [715, 649]
    assert found.totals.gross_minor == lines_sum(found) == 1364


def test_cash_is_rounded_to_five_cents_and_the_rounding_is_told():
    found = sale(
        LOYVERSE, "receipt", RECEIPT | {"total_money": 12.42, "payments": [{"type": "CASH", "money_amount": 12.4}]}
    )
    assert (found.totals.gross_minor, found.totals.rounding_minor, found.totals.paid_minor) == (1242, -2, 1240)
    assert reconciles(found)


def test_the_same_product_twice_has_two_line_ids():
    found = sale(LOYVERSE, "receipt", RECEIPT | {"line_items": [RECEIPT["line_items"][0]] * 3})
    assert [line.line_id for line in found.line_items] == ["v-1", "v-1#2", "v-1#3"]


def test_null_fields_and_yen_are_read():
    found = sale(LOYVERSE, "receipt", {
        "receipt_number": 1001, "total_money": 1300, "created_at": "2026-10-01T07:42:11Z", "line_items": None, "payments": None, "tip": None,
        "customer_id": None, "store_id": None, "total_tax": None}, context("loyverse", currency="JPY"))  # fmt: skip
    assert (found.transaction_id, found.totals.gross_minor, found.price_currency) == ("loyverse:A1:1001", 1300, "JPY")


@pytest.mark.parametrize("event", ["items.update", "customers.update", "inventory_levels.update", "tomorrow.event"])
def test_other_events_are_no_purchases(event):
    assert LOYVERSE.refs({"merchant_id": "m-1", "type": event, "items": []}) == []


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ([], ""),
        ({}, "/receipts"),
        (body("x"), "/receipts/0"),
        (body({"receipt_type": "SALE"}), "/receipts/0/receipt_number"),
        (body() | {"receipts": {"a": 1}}, "/receipts"),
        (body() | {"type": 7.5}, "/type"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(wrong, pointer):
    with pytest.raises(RefusedError) as refused:
        LOYVERSE.refs(as_received(wrong))
    assert refused.value.problems[0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"total_money": None}, "/total_money"),
        ({"total_money": "much"}, "/total_money"),
        ({"receipt_date": "yesterday"}, "/receipt_date"),
        ({"line_items": [{"quantity": []}]}, "/line_items/0/quantity"),
    ],
)
def test_a_receipt_that_cannot_be_read_says_where(change, pointer):
    with pytest.raises(RefusedError) as refused:
        LOYVERSE.snapshot(Found("receipt", "", as_received(RECEIPT | change)), context("loyverse"))
    assert refused.value.problems[0]["pointer"] == pointer


async def test_a_receipt_is_read_again_with_its_customer():
    api = Answers({"/receipts/2-1006": RECEIPT, "/customers/c-1": CUSTOMER})
    again = await LOYVERSE.reread(Found("receipt", "2-1006"), api)
    [found] = read(LOYVERSE, [again], context("loyverse"))
    assert isinstance(found, Purchase)
    assert sure(found.customer).phone == "+31612345678"
    gone = Answers({"/receipts/2-1006": RECEIPT, "/customers/c-1": GoneError("deleted")})
    [found] = read(LOYVERSE, [await LOYVERSE.reread(Found("receipt", "2-1006"), gone)], context("loyverse"))
    assert isinstance(found, Purchase)
    assert sure(found.customer).phone is None


async def test_the_poll_reads_every_page_and_each_customer_once():
    def answer(path: str, query: Any, document: Any) -> Any:
        if path.startswith("/customers/"):
            return CUSTOMER
        return {"receipts": [REFUND]} if "cursor" in query else {"receipts": [RECEIPT, RECEIPT], "cursor": "next"}

    api = Answers(answer)
    first = await LOYVERSE.poll("", api)
    assert (len(first.objects), first.more) == (2, True)
    second = await LOYVERSE.poll(first.cursor, api)
    assert (second.cursor, second.more) == ("2026-10-02T07:42:10Z", False)
    await LOYVERSE.poll(second.cursor, api)
    assert [query for path, query, _ in api.asked if path == "/receipts"] == [
        {"limit": "250"},
        {"limit": "250", "cursor": "next"},
        {"limit": "250", "updated_at_min": "2026-10-02T06:42:10Z"},
    ]
    assert [path for path, _, _ in api.asked].count("/customers/c-1") == 3


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(gone_wrong([RECEIPT, REFUND | {"customer": CUSTOMER}, body(RECEIPT, REFUND)]))
def test_whatever_comes_is_read_or_refused(wrong):
    swallowed(LOYVERSE, wrong, context("loyverse"), ["receipt"])


def test_a_typical_receipt_is_read_quickly():
    raw = json.dumps(body(RECEIPT)).encode()
    assert microseconds(LOYVERSE, raw, {}, context("loyverse")) < 1_500
