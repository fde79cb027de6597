"""Clover: thin notices of several merchants under a code that never changes; an order is read again to its net state."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from stamgast.pos.adapter import Found, GoneError, SignatureError
from stamgast.pos.canonical import Purchase
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.clover import Clover
from tests.builders import sure
from tests.fakes.bodies_clover import ORDER, M, item, payment
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

CLOVER = Clover()
CODE = "0307e264-b33a-4913-88aa-37b10014a0b8"


def notice(*about: tuple[str, str], merchant: str = M) -> dict[str, Any]:
    return {
        "appId": "A1",
        "merchants": {merchant: [{"objectId": own, "type": kind, "ts": 1790840532000} for own, kind in about]},
    }


def test_the_code_is_compared_with_every_secret():
    CLOVER.verify(b"{}", {"x-clover-auth": CODE}, "", ["old", CODE], 0)
    for headers in ({}, {"x-clover-auth": ""}, {"x-clover-auth": CODE[:-1]}, {"x-clover-auth": "h\xe9\udcff"}):
        with pytest.raises(SignatureError):
            CLOVER.verify(b"{}", headers, "", ["old", CODE, ""], 0)


def test_setting_up_the_address_is_answered_without_a_code():
    raw = b'{"verificationCode": "ce7643c1-83ea-4218-abe6-da876c9c7a0a"}'
    assert sure(CLOVER.ping(raw, {})).status == 200
    assert CLOVER.refs(json.loads(raw)) == []
    for other in (b"{", b'{"verificationCode": 7}', json.dumps(notice(("O:1", "UPDATE"))).encode(), b"[]"):
        assert CLOVER.ping(other, {}) is None
    assert CLOVER.ping(b'{"merchants": {}, "verificationCode": "x"}', {}) is None


def test_a_notice_names_orders_and_payments_each_once():
    body = notice(("O:A", "CREATE"), ("O:A", "UPDATE"), ("P:B", "CREATE"), ("I:C", "UPDATE"), ("O:D", "DELETE"))
    body["merchants"]["OTHER"] = [{"objectId": "O:E", "type": "UPDATE", "ts": 1}]
    assert CLOVER.refs(body) == [Found("order", "A"), Found("payment", "B"), Found("order", "E")]
    assert CLOVER.refs({"appId": "A1", "merchants": {}}) == []


async def test_an_order_is_read_again_and_a_payment_leads_to_its_order():
    api = Answers({"/orders/O1": ORDER, "/payments/P1": {"id": "P1", "order": {"id": "O1"}}, "/payments/P9": {"id": "P9"},
                   "/orders/E": GoneError("404"), "/payments/P0": GoneError("404")})  # fmt: skip
    assert (await CLOVER.reread(Found("order", "O1"), api)).content == as_received(ORDER)
    assert (await CLOVER.reread(Found("payment", "P1"), api)) == Found("order", "O1", as_received(ORDER))
    for absent in (Found("payment", "P9"), Found("order", "E"), Found("payment", "P0")):
        assert CLOVER.snapshot(await CLOVER.reread(absent, api), context("clover")) == [], "another merchant's"


def test_an_order_means_its_sale():
    found = sale(CLOVER, "order", ORDER, context("clover", account=M, **{M: "shop"}))
    assert found.transaction_id == f"clover:{M}:O1"
    assert found.end_date_time.isoformat() == "2026-10-01T07:42:10+00:00"
    assert (found.status, found.store.retail_store_id, found.store.workstation_id) == ("completed", "shop", "D1")
    assert (found.totals.gross_minor, found.totals.paid_minor) == (1240, 1240)
    first, second, cheese = found.line_items
    assert (first.sku, first.gross_minor, first.tax_minor, first.tax_rate) == ("SKU1", 350, 29, "9")
    assert (second.gross_minor, second.discount_minor) == (300, 50)
    assert (cheese.quantity, cheese.unit, cheese.gross_minor) == ("0.348", "kg", 590)
    assert [(each.tender_type, each.amount_minor) for each in found.tenders] == [("card", 1000), ("cash", 240)]
    who = sure(found.customer)
    assert (who.phone, who.provider_customer_id) == ("+31612345678", f"clover:{M}:C1")
    assert reconciles(found)
    assert lines_sum(found) == 1240


def test_the_published_order_is_open_and_its_taxes_are_on_top():
    found = sale(CLOVER, "order", sample("clover_api_order"), context("clover", account=""))
    assert (found.status, found.price_currency) == ("open", "USD")
    assert (found.totals.gross_minor, found.totals.tax_minor) == (1545, 250)
    assert [(line.gross_minor, line.unit_price_minor, line.tax_minor, line.tax_rate) for line in found.line_items] == [
        (1545, 1545, 250, "19.25")
    ]
    assert found.transaction_id == f"clover:{M}:ZK6BEAGXBPGST"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"payments": None, "paymentState": "OPEN"}, "open"),
        ({"payments": {"elements": [payment("P1", 1000)]}, "paymentState": "PARTIALLY_PAID"}, "open"),
        ({"payments": {"elements": [payment("P1", 1240, result="FAIL")]}, "paymentState": None}, "open"),
        ({"payments": {"elements": [payment("P1", 1240, voided=True)]}, "paymentState": None}, "open"),
        ({"payments": {"elements": [payment("P1", 1240)]}, "paymentState": None}, "completed"),
        ({"state": "open"}, "completed"),
    ],
)
def test_an_order_counts_once_it_is_paid(change, status):
    assert sale(CLOVER, "order", ORDER | change).status == status


def test_a_refund_of_a_line_takes_it_out():
    lines = [item("1", 350, refunded=True), *ORDER["lineItems"]["elements"][1:]]
    body = ORDER | {
        "lineItems": {"elements": lines},
        "refunds": {"elements": [{"id": "R1", "amount": 350, "createdTime": 1790926930000}]},
    }
    found = sale(CLOVER, "order", body)
    assert (found.status, found.totals.gross_minor, [line.line_id for line in found.line_items]) == (
        "partially_refunded",
        890,
        ["2", "3"],
    )
    assert found.refund_ids == ["clover:A1:R1"]
    assert found.source_version > sale(CLOVER, "order", ORDER).source_version
    assert reconciles(found)
    assert lines_sum(found) == 890


def test_a_line_that_came_back_is_taken_off_where_the_refunds_are_not_told():
    body = ORDER | {"lineItems": {"elements": [item("1", 350, refunded=True), *ORDER["lineItems"]["elements"][1:]]}}
    found = sale(CLOVER, "order", body)
    assert (found.status, found.totals.gross_minor, lines_sum(found)) == ("partially_refunded", 890, 890)
    assert sale(CLOVER, "order", ORDER | {"deletedTimestamp": 1790926930000}).status == "voided"


def test_a_refund_of_money_alone_lowers_all_lines_and_a_whole_one_leaves_none():
    part = sale(CLOVER, "order", ORDER | {"refunds": {"elements": [{"id": "R1", "amount": 620}]}})
    assert (part.status, part.totals.gross_minor, lines_sum(part)) == ("partially_refunded", 620, 620)
    whole = sale(
        CLOVER, "order", ORDER | {"refunds": {"elements": [{"id": "R1", "amount": 620}, {"id": "R2", "amount": 620}]}}
    )
    assert (whole.status, whole.totals.gross_minor, whole.line_items) == ("refunded", 0, [])
    assert part.source_version < whole.source_version


def test_tips_service_charges_and_taxes_on_top_reconcile():
    lines = [
        item("1", 1000, taxRates={"elements": [{"rate": 825000}]}),
        item("2", 500, taxRates={"elements": [{"rate": 825000}]}),
    ]
    body = ORDER | {"isVat": False, "total": 1774, "lineItems": {"elements": lines}, "serviceCharge": {"name": "Service", "percentageDecimal": 100000},
                    "payments": {"elements": [payment("P1", 1774, 200)]}}  # fmt: skip
    found = sale(CLOVER, "order", body)
    told = found.totals
    assert (told.gross_minor, told.surcharge_minor, told.tax_minor, told.tip_minor, told.paid_minor) == (
        1624,
        150,
        124,
        200,
        1974,
    )
    assert reconciles(found)
    assert lines_sum(found) == 1624


def test_discounts_of_the_order_are_spread_over_its_lines():
    body = ORDER | {
        "total": 1116,
        "discounts": {"elements": [{"name": "10%", "percentage": 10}]},
        "payments": {"elements": [payment("P1", 1116)]},
    }
    found = sale(CLOVER, "order", body)
    assert (found.totals.gross_minor, lines_sum(found), found.totals.discount_minor) == (1116, 1116, 174)


def test_a_gift_card_is_no_revenue_and_test_mode_is_told():
    lines = [*ORDER["lineItems"]["elements"], item("4", 2500, isRevenue=False)]
    body = ORDER | {
        "total": 3740,
        "testMode": True,
        "lineItems": {"elements": lines},
        "payments": {"elements": [payment("P1", 3740)]},
    }
    found = sale(CLOVER, "order", body)
    assert (found.totals.gross_minor, found.totals.gift_card_sold_minor, found.line_items[3].kind) == (
        1240,
        2500,
        "gift_card",
    )
    assert sure(found.provenance).test
    assert reconciles(found)


def test_null_fields_no_customer_and_yen_are_read():
    found = sale(CLOVER, "order", {
        "id": "O2", "currency": "JPY", "total": 1300, "createdTime": 1790840531000, "lineItems": None, "payments": {"elements": None},
        "customers": {"elements": []}, "paymentState": "PAID", "device": None, "employee": None, "discounts": None})  # fmt: skip
    assert (found.status, found.totals.gross_minor, found.totals.paid_minor, found.customer) == (
        "completed",
        1300,
        1300,
        None,
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({}, "/merchants"),
        ({"merchants": []}, "/merchants"),
        ({"merchants": {M: {"a": 1}}}, f"/merchants/{M}"),
        ({"merchants": {M: [{"type": "UPDATE"}]}}, f"/merchants/{M}/0/objectId"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(body, pointer):
    with pytest.raises(RefusedError) as refused:
        CLOVER.refs(body)
    assert refused.value.problems[0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"total": 12.5}, "/total"),
        ({"id": None}, "/id"),
        ({"clientCreatedTime": "yesterday"}, "/clientCreatedTime"),
        ({"lineItems": {"elements": [{"price": "x"}]}}, "/lineItems/elements/0/price"),
    ],
)
def test_an_order_that_cannot_be_read_says_where(change, pointer):
    with pytest.raises(RefusedError) as refused:
        CLOVER.snapshot(Found("order", "", as_received(ORDER | change)), context("clover"))
    assert refused.value.problems[0]["pointer"] == pointer


async def test_the_poll_reads_every_page_from_where_it_ended():
    def answer(path: str, query: Any, document: Any) -> Any:
        return {"elements": [ORDER] * 100 if query["offset"] == "0" and "filter" not in query else [ORDER]}

    api = Answers(answer)
    first = await CLOVER.poll("", api)
    assert (len(first.objects), first.more) == (100, True)
    second = await CLOVER.poll(first.cursor, api)
    assert (second.cursor, second.more) == ("2026-10-01T07:42:12Z", False)
    await CLOVER.poll(second.cursor, api)
    assert [query["offset"] for _, query, _ in api.asked] == ["0", "100", "0"]
    assert api.asked[2][1]["filter"] == "modifiedTime>=1790839932000"
    [found] = read(CLOVER, second.objects, context("clover"))
    assert isinstance(found, Purchase)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    gone_wrong(
        [
            ORDER,
            ORDER | {"refunds": {"elements": [{"id": "R1", "amount": 350}]}},
            notice(("O:A", "UPDATE")),
            {"elements": [ORDER]},
        ]
    )
)
def test_whatever_comes_is_read_or_refused(body):
    swallowed(CLOVER, body, context("clover"), ["order"])


def test_a_typical_order_is_read_quickly():
    assert microseconds(CLOVER, json.dumps(ORDER).encode(), {}, context("clover")) < 1_500


def test_the_code_that_a_person_has_to_carry_back_is_told_to_the_log():
    told = Clover().ping(b'{"verificationCode": "1a2b-3c"}', {})
    assert told is not None
    assert told.tell == "verification code 1a2b-3c"
