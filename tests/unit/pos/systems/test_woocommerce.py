"""WooCommerce: orders whose amounts are without tax and whose refunds are told by their totals."""

import pytest
from hypothesis import given, settings

from stamgast.pos.adapter import Found, SignatureError
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.woocommerce import WooCommerce
from tests.unit.pos.systems.till import (
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

WOO = WooCommerce()


def line(number: int, total: str, tax: str, quantity: float = 1, **more) -> dict:
    return {"id": number, "name": "Thee &amp; koek", "product_id": 93, "variation_id": 0, "quantity": quantity, "sku": "T1",
            "subtotal": total, "subtotal_tax": tax, "total": total, "total_tax": tax, "taxes": [{"id": 75, "total": tax}],
            "meta_data": []} | more  # fmt: skip


def order(**more) -> dict:
    """2 x 5.00 and 10.90 with tax."""
    return {
        "id": 728, "number": "W-728", "status": "processing", "currency": "EUR", "created_via": "checkout",
        "date_created_gmt": "2026-10-01T07:40:00", "date_paid_gmt": "2026-10-01T07:41:00", "date_modified_gmt": "2026-10-01T07:41:05",
        "discount_total": "0.00", "discount_tax": "0.00", "shipping_total": "0.00", "shipping_tax": "0.00", "total": "20.90",
        "total_tax": "1.73", "customer_id": 5, "billing": {"phone": "06 12345678", "email": "a@example.com"},
        "payment_method": "pos_cash", "line_items": [line(1, "9.17", "0.83", 2), line(2, "10.00", "0.90")],
        "tax_lines": [{"rate_id": 75, "rate_percent": 9}], "shipping_lines": [], "fee_lines": [], "refunds": [],
        "meta_data": [],
    } | more  # fmt: skip


def back(number: int, amount: str, *lines: tuple[int, int, str, str], **more) -> dict:
    return {"id": number, "amount": amount, "date_created_gmt": "2026-10-02T08:00:00", "line_items": [
        {"id": 900 + each, "quantity": -pieces, "total": f"-{total}", "total_tax": f"-{tax}",
         "meta_data": [{"key": "_refunded_item_id", "value": str(each)}]} for each, pieces, total, tax in lines]} | more  # fmt: skip


@pytest.mark.parametrize("vector", vectors_of("woocommerce"), ids=lambda v: v["id"])
def test_the_signatures(vector):
    raw, key = vector["input"]["body"].encode(), vector["key"]
    headers = {"x-wc-webhook-signature": vector["expected"]}
    WOO.verify(raw, headers, "", ["old", key], 0)
    WOO.verify(raw, headers, "", [key.replace("&", "&amp;").replace('"', "&quot;")], 0)
    for body, head, secret in ((raw + b"\n", headers, key), (raw, headers, "x"), (raw, {}, key),
                               (raw, {"x-wc-webhook-signature": "\u20ac"}, key)):  # fmt: skip
        with pytest.raises(SignatureError):
            WOO.verify(body, head, "", [secret], 0)


def test_the_documented_order():
    document = only(WOO, sample("woocommerce_order"))
    assert document["totals"] == {"gross_minor": 1935, "tax_minor": 135, "shipping_minor": 1000, "paid_minor": 2935}
    assert [(each["gross_minor"], each.get("tax_minor")) for each in document["line_items"]] == [
        (645, 45), (1290, 90), (1000, None)]  # fmt: skip
    assert (document["status"], document["end_date_time"]) == ("completed", "2017-03-22T19:28:08Z")
    assert document["customer"] == {"phone": "(555) 555-5555"}
    assert gap(document) == 0


def test_a_refund_without_its_lines_goes_off_in_proportion_until_it_is_read_again():
    found = meaning(WOO, sample("woocommerce_order_updated_partial_refund"))
    [document] = found.documents
    assert document["partial"]
    assert [(each.kind, each.id) for each in found.to_reread] == [("order", "727")]
    assert (document["status"], document["refund_ids"]) == ("partially_refunded", ["726"])
    assert document["totals"]["gross_minor"] == 935
    assert sum(each["gross_minor"] for each in document["line_items"]) == 1935
    assert gap(document) == 0
    [alone] = object_of(WOO, "refund", sample("woocommerce_refund"))
    assert (alone["transaction_id"], alone["refund_id"], alone["totals"]["gross_minor"]) == (
        "woocommerce:723",
        "726",
        1000,
    )


async def test_read_again_the_refunds_lines_are_known():
    thin = order(refunds=[{"id": 9, "total": "-5.00"}])
    api = Shelf({"/orders/728": thin, "/orders/728/refunds": [[back(9, "5.00", (1, 1, "4.59", "0.41"))]]})
    again = await WOO.reread(Found("order", "728", thin, partial=True), api)
    [document] = WOO.snapshot(again, context_of(WOO))
    assert [(each["line_id"], each["quantity"], each["gross_minor"]) for each in document["line_items"]] == [
        ("1", "1", 500), ("2", "1", 1090)]  # fmt: skip
    assert document["totals"]["gross_minor"] == 1590
    [before] = WOO.snapshot(Found("order", "728", thin), context_of(WOO))
    assert document["source_version"] > before["source_version"] > only(WOO, order())["source_version"]
    assert not (await WOO.poll("", Shelf({"/orders": [[order()]]}))).objects[0].partial


def test_a_sale_is_told_with_its_tax():
    document = only(WOO, order())
    assert document["totals"] == {"gross_minor": 2090, "tax_minor": 173, "paid_minor": 2090}
    assert document["line_items"][0] == {"line_id": "1", "quantity": "2", "gross_minor": 1000, "tax_minor": 83, "unit_price_minor": 500,
                                         "sku": "T1", "name": "Thee & koek", "product_id": "93", "tax_rate": "9"}  # fmt: skip
    assert document["customer"] == {"phone": "06 12345678", "provider_customer_id": "woocommerce:5"}
    assert document["tenders"][0]["tender_type"] == "cash"


def test_fees_stand_beside_the_goods_by_their_names():
    fees = [{"name": "Fooi", "total": "2.00", "total_tax": "0.00"}, {"name": "Statiegeld", "total": "0.25"},
            {"name": "Toeslag", "total": "0.50", "total_tax": "0.05"}, {"name": "Korting", "total": "-1.00", "total_tax": "-0.09"}]  # fmt: skip
    document = only(WOO, order(fee_lines=fees, total="22.61"))
    assert document["totals"] == {"gross_minor": 1981, "tax_minor": 173, "discount_minor": 109, "tip_minor": 200, "surcharge_minor": 55,
                                  "deposit_minor": 25, "paid_minor": 2261}  # fmt: skip
    assert sum(each["gross_minor"] for each in document["line_items"] if each.get("kind") is None) == 1981
    assert gap(document) == 0


def test_a_gift_card_that_is_sold_is_no_goods():
    card = line(3, "25.00", "0.00", meta_data=[{"key": "wc_gc_giftcard_amount", "value": "25"}])
    document = only(WOO, order(line_items=[line(2, "10.00", "0.90"), card], total="35.90"))
    assert (document["totals"]["gross_minor"], document["totals"]["gift_card_sold_minor"]) == (1090, 2500)
    assert document["line_items"][1]["kind"] == "gift_card"


def test_a_deposit_is_no_goods():
    document = only(
        WOO, order(line_items=[line(2, "10.00", "0.90"), line(3, "0.25", "0.00", name="Statiegeld")], total="11.15")
    )
    assert (document["totals"]["gross_minor"], document["totals"]["deposit_minor"], gap(document)) == (1090, 25, 0)
    assert [each.get("kind") for each in document["line_items"]] == [None, "deposit"]


def test_refunds_are_cumulative_and_the_last_takes_all():
    first, second = (
        back(9, "5.00", (1, 1, "4.59", "0.41")),
        back(10, "15.90", (1, 1, "4.58", "0.42"), (2, 1, "10.00", "0.90")),
    )
    assert only(WOO, order(refunds=[first]))["status"] == "partially_refunded"
    document = only(WOO, order(refunds=[first, second]))
    assert (document["status"], document["totals"]["gross_minor"], document["line_items"]) == ("refunded", 0, [])
    assert document["refund_ids"] == ["9", "10"]
    wholly = only(WOO, order(status="refunded", refunds=[{"id": 9, "total": "-20.90"}]))
    assert (wholly["status"], wholly["totals"]["gross_minor"], wholly["totals"]["paid_minor"]) == ("refunded", 0, 0)
    parcel = only(WOO, order(shipping_total="4.50", shipping_tax="0.45", total="25.85", shipping_lines=[{"id": 3}],
                             refunds=[back(9, "4.95", shipping_lines=[{"total": "-4.50", "total_tax": "-0.45"}])]))  # fmt: skip
    assert (parcel["totals"]["gross_minor"], parcel["totals"].get("shipping_minor", 0)) == (2090, 0)


@pytest.mark.parametrize(
    ("status", "found"),
    [("pending", "open"), ("on-hold", "open"), ("checkout-draft", "open"), ("completed", "completed"), ("cancelled", "voided"),
     ("failed", "voided"), ("trash", "voided"), ("wc-processing", "completed"), ("shipped", "completed")],
)  # fmt: skip
def test_only_what_is_paid_counts(status, found):
    assert only(WOO, order(status=status))["status"] == found
    assert only(WOO, order(status="shipped", date_paid_gmt=None))["status"] == "open"


def test_places_tests_and_currencies():
    assert only(WOO, order(created_via="woocommerce-pos"))["store"]["retail_store_id"] == "pos"
    document = only(
        WOO, order(meta_data=[{"key": "_pos_store", "value": 12}, {"key": "_wcpay_mode", "value": "test"}, None, 3])
    )
    assert (document["store"]["retail_store_id"], document["provenance"]["test"]) == ("12", True)
    yen = only(WOO, order(currency="JPY", total="1900", total_tax="0", customer_id=0, billing={"phone": "geen"},
                          line_items=[line(1, "1900", "0", 0.348)]))  # fmt: skip
    assert (yen["totals"]["gross_minor"], yen["line_items"][0]["quantity"], "customer" in yen) == (1900, "0.348", False)
    local = only(WOO, order(date_paid_gmt=None, date_paid="2026-10-01T09:41:00"))
    assert local["end_date_time"] == "2026-10-01T07:41:00Z"


def test_pings_and_other_topics_are_about_nothing():
    assert WOO.ping(b"webhook_id=12", {}) is not None
    assert parsed(WOO, b"webhook_id=12") == []
    assert parsed(WOO, order(), x_wc_webhook_topic="coupon.updated") == []
    assert parsed(WOO, {"id": 3, "name": "a product"}) == []
    [deleted] = meaning(WOO, {"id": 727}).to_reread
    assert (deleted.kind, deleted.id) == ("order", "727")


@pytest.mark.parametrize("body", [[], "x", None, {}, {"foo": 1}, order(total="much"), order(total=True), order(id=None),
                                  order(date_paid_gmt="soon"), order(line_items=3), order(currency=7),
                                  order(date_paid_gmt=None, date_created_gmt=None)])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(body):
    with pytest.raises(RefusedError) as refused:
        parsed(WOO, body)
    assert refused.value.problems


def test_a_delivery_is_known_by_the_orders_state():
    assert WOO.delivery_id({}, order(refunds=[{"id": 9}])) == "728:2026-10-01T07:41:05:processing:9"
    assert WOO.delivery_id({"x-wc-webhook-delivery-id": "x"}, {"id": 1}) == ""


BODIES = [sample(name) for name in samples_of("woocommerce")] + [
    order(refunds=[back(9, "5.00", (1, 1, "4.59", "0.41"))], fee_lines=[{"name": "Fooi", "total": "2.00"}])
]


@settings(max_examples=400, deadline=None)
@given(mutated(BODIES))
def test_whatever_is_sent_is_read_or_refused(body):
    stumbles(WOO, body)
