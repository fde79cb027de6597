"""Shopify: orders and refunds by webhook and API, to purchases."""

import pytest
from hypothesis import given, settings

from stamgast.pos.adapter import Found, SignatureError
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.shopify import Shopify
from tests.unit.pos.systems.till import (
    SAMPLES,
    Shelf,
    context_of,
    gap,
    meaning,
    mutated,
    object_of,
    only,
    parsed,
    sample,
    samples_of,
    stumbles,
    vectors_of,
)

SHOPIFY = Shopify()


def money(amount: str, code: str = "EUR") -> dict:
    return {
        "shop_money": {"amount": amount, "currency_code": code},
        "presentment_money": {"amount": "9", "currency_code": "XTS"},
    }


def line(number: int, price: str, quantity: int = 1, **more) -> dict:
    return {"id": number, "price": price, "quantity": quantity, "sku": f"S{number}", "product_id": 7, "title": "Brood",
            "tax_lines": [], "discount_allocations": [], **more}  # fmt: skip


def order(**more) -> dict:
    """A POS sale in a shop with tax inside its prices: 2 x 4.00 and 12.00 less 2.00, a tip of 1.00."""
    return {
        "id": 820982911946154509, "name": "#1001", "created_at": "2026-10-01T09:42:10+02:00",
        "processed_at": "2026-10-01T09:40:00+02:00", "updated_at": "2026-10-01T09:42:11+02:00", "currency": "EUR",
        "financial_status": "paid", "taxes_included": True, "test": False, "source_name": "pos", "location_id": 655441491,
        "user_id": 31, "device_id": 5, "total_price": "19.00", "total_tip_received": "1.00", "total_tax": "1.49",
        "total_discounts": "2.00", "total_price_set": money("19.00"), "customer": {"id": 99, "phone": "+31612345678"},
        "payment_gateway_names": ["cash"], "refunds": [], "shipping_lines": [],
        "line_items": [
            line(1, "4.00", 2, tax_lines=[{"price": "0.66", "rate": 0.09}]),
            line(2, "12.00", tax_lines=[{"price": "0.83", "rate": 0.09}], discount_allocations=[{"amount": "2.00"}]),
        ],
    } | more  # fmt: skip


def refund(number: int, amount: str, *lines: tuple[int, int, str], status: str = "success", **more) -> dict:
    return {
        "id": number, "order_id": 820982911946154509, "created_at": "2026-10-02T09:00:00+02:00",
        "refund_line_items": [{"line_item_id": each, "quantity": pieces, "subtotal": float(value), "total_tax": 0.1,
                               "subtotal_set": money(value), "total_tax_set": money("0.10")} for each, pieces, value in lines],
        "transactions": [{"kind": "refund", "status": status, "amount": amount, "currency": "EUR"}],
    } | more  # fmt: skip


@pytest.mark.parametrize(
    "vector", [each for each in vectors_of("shopify") if "body" in each["input"]], ids=lambda v: v["id"]
)
def test_the_published_signatures(vector):
    raw = vector["input"]["body"].encode()
    for name in ("x-shopify-hmac-sha256", "shopify-hmac-sha256"):
        SHOPIFY.verify(raw, {name: vector["expected"]}, "", ["old", vector["key"]], 0)
    for body, given_, key in (
        (raw + b" ", vector["expected"], vector["key"]),
        (raw, vector["expected"], "other"),
        (raw, "h\u00e9", vector["key"]),
        (raw, "", vector["key"]),
    ):
        with pytest.raises(SignatureError):
            SHOPIFY.verify(body, {"x-shopify-hmac-sha256": given_}, "", [key], 0)
    with pytest.raises(SignatureError):
        SHOPIFY.verify(raw, {}, "", [vector["key"]], 0)


@pytest.mark.parametrize("name", samples_of("shopify_orders"))
def test_the_documented_order_keeps_its_total_and_never_earns(name):
    document = only(SHOPIFY, (SAMPLES / f"{name}.json").read_bytes())
    assert document["transaction_id"].endswith("820982911946154508")
    assert (document["status"], document["provenance"]["test"]) == ("voided", True)
    assert document["totals"] == {"gross_minor": 39495, "tax_minor": 0, "discount_minor": 2000, "shipping_minor": 1000,
                                  "paid_minor": 40495}  # fmt: skip
    assert sum(each["gross_minor"] for each in document["line_items"]) == 40495
    assert gap(document) == 0


def test_the_documented_refund_is_the_money_of_its_transactions_and_the_pieces_of_its_lines():
    document = only(SHOPIFY, sample("shopify_refunds_create"))
    assert (document["status"], document["refund_id"]) == ("refund", "890088186047892319")
    assert document["totals"] == {"gross_minor": 8500, "paid_minor": 8500}
    assert [each["quantity"] for each in document["line_items"]] == ["1"] * 5
    [old] = object_of(SHOPIFY, "refund", sample("shopify_api_refund_legacy"))
    assert old["totals"]["gross_minor"] == 20900
    [authorized] = object_of(SHOPIFY, "order", sample("shopify_api_order_legacy"))
    assert (authorized["status"], authorized["totals"]["gross_minor"]) == ("open", 40994)


@pytest.mark.parametrize("name", ["shopify_order_transactions_create", "shopify_tender_transactions_create"])
def test_a_transaction_only_names_its_order(name):
    found = meaning(SHOPIFY, sample(name))
    assert list(found.documents) == []
    assert [(each.kind, each.id) for each in found.to_reread] == [("order", "820982911946154508")]
    assert parsed(SHOPIFY, sample("shopify_customers_merge")) == []
    [edited] = meaning(SHOPIFY, {"order_edit": {"id": 1, "order_id": 820982911946154509}}).to_reread
    assert edited.id == "820982911946154509"


def test_a_sale_at_the_pos():
    document = only(SHOPIFY, order())
    assert document["status"] == "completed"
    assert document["end_date_time"] == "2026-10-01T07:40:00Z"
    assert document["totals"] == {"gross_minor": 1800, "tax_minor": 149, "discount_minor": 200, "tip_minor": 100,
                                  "paid_minor": 1900}  # fmt: skip
    assert [(each["gross_minor"], each["tax_minor"], each["tax_rate"]) for each in document["line_items"]] == [
        (800, 66, "9"), (1000, 83, "9")]  # fmt: skip
    assert document["customer"] == {"phone": "+31612345678", "provider_customer_id": "shopify:99"}
    assert document["tenders"] == [{"tender_type": "cash", "amount_minor": 1900}]
    assert document["store"] == {"retail_store_id": "655441491", "workstation_id": "5"}
    [mapped] = SHOPIFY.snapshot(
        Found("order", "", order()), context_of(SHOPIFY, "a.myshopify.com", **{"655441491": "dok"})
    )
    assert mapped["store"]["retail_store_id"] == "dok"
    assert mapped["transaction_id"] == "shopify:a.myshopify.com:820982911946154509"


def test_prices_without_tax_are_told_with_it():
    lines = [line(1, "10.00", 2, tax_lines=[{"price": "1.80", "rate": 0.09}])]
    document = only(SHOPIFY, order(taxes_included=False, line_items=lines, total_price="22.80", total_price_set=None,
                                   total_tip_received="1.00", total_discounts="0.00", total_tax="1.80"))  # fmt: skip
    assert document["totals"]["gross_minor"] == 2180 == document["line_items"][0]["gross_minor"]


def test_shipping_gift_cards_and_rounding_are_beside_the_goods():
    document = only(SHOPIFY, order(
        line_items=[line(1, "10.00"), line(2, "25.00", gift_card=True), line(3, "2.00", tip_payment_method="card")],
        total_price="41.95", total_price_set=None, total_discounts="1.00", total_tip_received="2.00", location_id=None,
        total_shipping_price_set=money("5.95"), shipping_lines=[{"id": 4, "price": "5.95", "discount_allocations": [{"amount": "1.00"}]}],
        total_cash_rounding_payment_adjustment_set=money("0.05")))  # fmt: skip
    assert document["totals"] == {"gross_minor": 1000, "tax_minor": 149, "discount_minor": 100, "tip_minor": 200,
                                  "shipping_minor": 495, "gift_card_sold_minor": 2500, "rounding_minor": 5, "paid_minor": 4200}  # fmt: skip
    assert gap(document) == 0
    assert [each.get("kind", "sale") for each in document["line_items"]] == ["sale", "gift_card", "shipping"]
    assert document["store"]["retail_store_id"] == "online"


def test_deposits_are_beside_the_goods_and_come_back_beside_them():
    bottles = order(
        line_items=[line(1, "10.00"), line(2, "0.25", 2, title="Statiegeld fles")],
        total_price="11.50",
        total_price_set=None,
        total_discounts="0",
    )
    document = only(SHOPIFY, bottles)
    assert (document["totals"]["gross_minor"], document["totals"]["deposit_minor"], gap(document)) == (1000, 50, 0)
    assert document["line_items"][1]["kind"] == "deposit"
    back = refund(1, "0.25", (2, 1, "0.25"))
    back["refund_line_items"][0]["line_item"] = {"id": 2, "title": "Statiegeld fles"}
    assert only(SHOPIFY, back)["totals"] == {"gross_minor": 0, "paid_minor": 25, "deposit_minor": 25}
    left = only(SHOPIFY, bottles | {"refunds": [back]})
    assert (left["totals"]["gross_minor"], left["totals"]["deposit_minor"], gap(left)) == (1000, 25, 0)


def test_an_object_without_its_total_is_summed_up():
    bare = {name: value for name, value in order().items() if not name.startswith("total") and name != "currency"}
    assert only(SHOPIFY, bare)["totals"]["gross_minor"] == 1800


def test_refunds_come_off_once_and_cumulatively():
    first, second = refund(1, "4.00", (1, 1, "4.00")), refund(2, "14.00", (1, 1, "4.00"), (2, 1, "10.00"))
    partly = only(SHOPIFY, order(refunds=[first], financial_status="partially_refunded"))
    assert (partly["status"], partly["totals"]["gross_minor"], partly["refund_ids"]) == (
        "partially_refunded",
        1400,
        ["1"],
    )
    assert [(each["line_id"], each["quantity"], each["gross_minor"]) for each in partly["line_items"]] == [
        ("1", "1", 400), ("2", "1", 1000)]  # fmt: skip
    wholly = only(SHOPIFY, order(refunds=[first, second], financial_status="partially_refunded"))
    assert (wholly["totals"]["gross_minor"], wholly["line_items"], wholly["refund_ids"]) == (0, [], ["1", "2"])
    assert wholly["source_version"] > partly["source_version"] > only(SHOPIFY, order())["source_version"]
    alone = only(SHOPIFY, first)
    assert (alone["refund_id"], alone["totals"]["gross_minor"], alone["line_items"][0]["gross_minor"]) == (
        "1",
        400,
        400,
    )
    assert alone["transaction_id"] == partly["transaction_id"]


def test_money_that_has_not_come_back_yet_takes_nothing_off():
    pending = refund(1, "4.00", (1, 1, "4.00"), status="pending")
    assert parsed(SHOPIFY, pending) == []
    assert only(SHOPIFY, order(refunds=[pending]))["totals"]["gross_minor"] == 1800
    assert only(SHOPIFY, order(refunds=[refund(1, "4.00", (1, 1, "4.00"), status="failure")]))["refund_ids"] == []


def test_what_an_edit_took_off_was_never_bought():
    edited = order(line_items=[line(1, "4.00", 2, current_quantity=0), line(2, "10.00")], total_discounts="0.00",
                   current_total_price="11.00", current_total_price_set=money("11.00"))  # fmt: skip
    document = only(SHOPIFY, edited)
    assert document["totals"]["gross_minor"] == 1000
    assert [each["line_id"] for each in document["line_items"]] == ["2"]


@pytest.mark.parametrize(
    ("status", "found"),
    [("pending", "open"), ("authorized", "open"), ("partially_paid", "open"), ("paid", "completed"), ("voided", "voided"),
     ("expired", "voided"), ("refunded", "refunded"), (None, "completed"), ("news", "open")],
)  # fmt: skip
def test_only_what_is_paid_counts(status, found):
    assert only(SHOPIFY, order(financial_status=status))["status"] == found
    assert only(SHOPIFY, order(cancelled_at="2026-10-01T10:00:00Z"))["status"] == "voided"


def test_currencies_without_decimals_and_nobody():
    document = only(SHOPIFY, order(currency="JPY", total_price="1900", total_price_set=money("1900", "JPY"), total_discounts="0",
                                   total_tip_received="0", line_items=[line(1, "1900")], customer=None, total_tax=None,
                                   refunds=None, user_id=None, payment_gateway_names=None))  # fmt: skip
    assert document["totals"]["gross_minor"] == 1900 == document["line_items"][0]["gross_minor"]
    assert "customer" not in document


@pytest.mark.parametrize("body", [[], "x", None, {}, {"foo": 1}, {"id": 1, "line_items": 3}, {"id": {}, "line_items": []},
                                  order(total_price="much", total_price_set=None), order(processed_at="now", created_at=None)])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(body):
    with pytest.raises(RefusedError) as refused:
        parsed(SHOPIFY, body)
    assert refused.value.problems


@pytest.mark.parametrize("body", [{"id": 5, "invoice_url": "x", "line_items": []}, {"id": 1, "title": "product"},
                                  {"id": 9, "order_id": 1, "tracking_number": "T", "line_items": []}])  # fmt: skip
def test_what_is_no_order_is_about_nothing(body):
    assert parsed(SHOPIFY, body) == []
    assert parsed(SHOPIFY, order(), x_shopify_topic="draft_orders/create") == []


async def test_the_api_is_read_by_its_last_changes():
    api = Shelf({"/orders.json": [{"orders": [order()]}, {"orders": []}], "/orders/5.json": [{"order": order()}]})
    page = await SHOPIFY.poll("", api)
    assert (page.cursor, page.more) == ("2026-10-01T07:42:11Z", False)
    assert [each.id for each in page.objects] == ["820982911946154509"]
    assert (await SHOPIFY.poll(page.cursor, api)).cursor == page.cursor
    assert api.asked[1][1]["updated_at_min"] == "2026-10-01T07:37:11Z"
    again = await SHOPIFY.reread(Found("order", "5"), api)
    assert SHOPIFY.snapshot(again, context_of(SHOPIFY))[0]["status"] == "completed"


async def test_a_full_page_goes_on_where_it_ended():
    api = Shelf({"/orders.json": [{"orders": [order()] * 250}, {"orders": [order()] * 250}, {"orders": []}]})
    first = await SHOPIFY.poll("", api)
    second = await SHOPIFY.poll(first.cursor, api)
    third = await SHOPIFY.poll(second.cursor, api)
    assert (first.more, second.more, third.more) == (True, True, False)
    assert [asked[1].get("updated_at_min") for asked in api.asked] == [
        None,
        "2026-10-01T07:42:11Z",
        "2026-10-01T07:42:12Z",
    ]


def test_deliveries_are_told_apart_by_event_and_topic():
    headers = {"x-shopify-event-id": "e1", "x-shopify-webhook-id": "w1", "x-shopify-topic": "orders/paid"}
    assert SHOPIFY.delivery_id(headers, {}) == "e1:orders/paid"
    assert SHOPIFY.delivery_id({"x-shopify-webhook-id": "w1"}, {}) == "w1"
    assert SHOPIFY.delivery_id({}, None) == ""


BODIES = [sample(name) for name in samples_of("shopify")] + [order(refunds=[refund(1, "4.00", (1, 1, "4.00"))])]


@settings(max_examples=400, deadline=None)
@given(mutated(BODIES))
def test_whatever_is_sent_is_read_or_refused(body):
    stumbles(SHOPIFY, body)
