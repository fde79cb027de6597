"""Mollie: notices that name a payment, and the payment that is then read."""

import pytest
from hypothesis import given, settings

from stamgast.pos.adapter import Found, GoneError, IncapableError, SignatureError
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.mollie import Mollie
from stamgast.pos.webhook import FORM, Webhook, read_webhook
from tests.unit.pos.systems.till import (
    Shelf,
    context_of,
    gap,
    meaning,
    mutated,
    object_of,
    only,
    parsed,
    stumbles,
    vectors_of,
)

MOLLIE = Mollie()


def eur(value: str, code: str = "EUR") -> dict:
    return {"value": value, "currency": code}


def payment(**more) -> dict:
    return {"resource": "payment", "id": "tr_1", "mode": "live", "createdAt": "2026-10-01T07:40:00+00:00", "paidAt": "2026-10-01T07:41:00+00:00",
            "amount": eur("12.50"), "status": "paid", "method": "pointofsale", "profileId": "pfl_1", "details": {"terminalId": "term_1"},
            "customerId": "cst_1", "metadata": {"order_id": "R-17"}} | more  # fmt: skip


def refund(number: int, value: str, status: str = "refunded", **more) -> dict:
    return {"resource": "refund", "id": f"re_{number}", "paymentId": "tr_1", "amount": eur(value), "status": status,
            "createdAt": f"2026-10-02T07:4{number}:00+00:00"} | more  # fmt: skip


def event(kind: str, entity: dict) -> dict:
    return {"resource": "event", "id": "event_1", "type": kind, "entityId": entity["id"], "createdAt": "2026-10-01T07:41:01+00:00",
            "_embedded": {"entity": entity}}  # fmt: skip


@pytest.mark.parametrize("vector", vectors_of("mollie"), ids=lambda v: v["id"])
def test_the_derived_signature(vector):
    raw, key, given_ = vector["input"]["body"].encode(), vector["key"], vector["expected"]
    MOLLIE.verify(raw, {"x-mollie-signature": given_}, "", ["old", key], 0)
    MOLLIE.verify(raw, {"x-mollie-signature": f"sha256=00, {given_}"}, "", [key], 0)
    for body, head, secret in ((raw + b" ", {"x-mollie-signature": given_}, key), (raw, {"x-mollie-signature": given_}, "x"),
                               (raw, {}, key), (raw, {"x-mollie-signature": "sha256=\u00e9"}, key)):  # fmt: skip
        with pytest.raises(SignatureError):
            MOLLIE.verify(body, head, "", [secret], 0)
    found = meaning(MOLLIE, raw)
    assert [(each.kind, each.id) for each in found.to_reread] == [("payment_link", "pl_qng5gbbv8NAZ5gpM5ZYgx")]


def test_a_classic_notice_is_unsigned_by_design_and_only_names_its_payment():
    with pytest.raises(IncapableError, match="unsigned by design"):
        MOLLIE.verify(b"id=tr_1", {}, "", ["x"], 0)
    with pytest.raises(SignatureError, match="connect it without a webhook's secret"):
        read_webhook(MOLLIE, Webhook(b"id=tr_1", {}, ""), ["x"], 0)
    [hint] = read_webhook(MOLLIE, Webhook(b"id=tr_1", {"content-type": FORM}, ""), [], 0, signed=False).found
    assert hint == Found("payment", "tr_1")
    found = meaning(MOLLIE, b"id=tr_1")
    assert (list(found.documents), [(each.kind, each.id) for each in found.to_reread]) == ([], [("payment", "tr_1")])
    assert parsed(MOLLIE, b"id=sub_1") == []
    assert MOLLIE.delivery_id({}, {"id": "tr_1"}) == ""


def test_a_payment_that_was_paid():
    [document] = object_of(MOLLIE, "payment", payment())
    assert document["totals"] == {"gross_minor": 1250, "paid_minor": 1250}
    assert (document["status"], document["end_date_time"], document["receipt_number"]) == (
        "completed",
        "2026-10-01T07:41:00Z",
        "R-17",
    )
    assert document["customer"] == {"provider_customer_id": "mollie:cst_1"}
    assert document["store"]["retail_store_id"] == "term_1"
    [mapped] = MOLLIE.snapshot(Found("payment", "", payment()), context_of(MOLLIE, "pfl_1", pfl_1="dok"))
    assert (mapped["store"]["retail_store_id"], mapped["transaction_id"]) == ("dok", "mollie:pfl_1:tr_1")
    assert object_of(MOLLIE, "payment", payment(mode="test"))[0]["provenance"]["test"]
    assert object_of(MOLLIE, "payment", payment(amount=eur("1250", "JPY")))[0]["totals"]["gross_minor"] == 1250


@pytest.mark.parametrize(("status", "found"), [("open", "open"), ("pending", "open"), ("authorized", "open"), ("expired", "voided"),
                                               ("canceled", "voided"), ("failed", "voided"), ("paid", "completed"), ("new", "open")])  # fmt: skip
def test_only_what_is_paid_counts(status, found):
    assert object_of(MOLLIE, "payment", payment(status=status, amountChargedBack=eur("5.00")))[0]["status"] in {
        found,
        "partially_refunded",
    }
    assert object_of(MOLLIE, "payment", payment(status=status))[0]["status"] == found


def test_what_came_back_comes_off_once_it_was_carried_out():
    thin = only(MOLLIE, payment(amountRefunded=eur("2.50")))
    assert (thin["status"], thin["totals"]["gross_minor"], thin["partial"]) == ("partially_refunded", 1000, True)
    known = {
        "refunds": [refund(1, "2.50"), refund(2, "3.00", "pending"), refund(3, "1.00", "failed")],
        "chargebacks": [],
    }
    [document] = object_of(MOLLIE, "payment", payment(amountRefunded=eur("5.50"), _embedded=known))
    assert (document["totals"]["gross_minor"], document["refund_ids"]) == (1000, ["re_1"])
    assert (
        document["source_version"]
        > thin["source_version"]
        > object_of(MOLLIE, "payment", payment())[0]["source_version"]
    )
    back = {"refunds": [], "chargebacks": [{"amount": eur("12.50"), "createdAt": "2026-10-03T07:41:00+00:00"}]}
    [charged] = object_of(MOLLIE, "payment", payment(_embedded=back))
    assert (charged["status"], charged["totals"]["gross_minor"]) == ("refunded", 0)
    back["chargebacks"][0]["reversedAt"] = "2026-10-04T07:41:00+00:00"
    [won] = object_of(MOLLIE, "payment", payment(_embedded=back))
    assert (won["status"], won["totals"]["gross_minor"]) == ("completed", 1250)
    assert won["source_version"] > charged["source_version"]


@pytest.mark.parametrize(
    ("status", "money"),
    [("refunded", [250]), ("queued", []), ("pending", []), ("processing", []), ("failed", [0]), ("canceled", [0])],
)
def test_a_refund_that_is_told_by_itself(status, money):
    found = parsed(MOLLIE, event("refund.updated", refund(1, "2.50", status)))
    assert [each["totals"]["gross_minor"] for each in found] == money
    assert {each["transaction_id"] for each in found} <= {"mollie:tr_1"}


def test_lines_that_the_shop_sent():
    lines = [
        {"type": "physical", "description": "Brood", "quantity": 2, "unitPrice": eur("4.00"), "totalAmount": eur("8.00"), "vatRate": "9.00",
         "vatAmount": eur("0.66"), "sku": "B1"},
        {"type": "shipping_fee", "description": "Post", "quantity": 1, "totalAmount": eur("4.95")},
        {"type": "discount", "description": "Korting", "quantity": 1, "totalAmount": eur("-1.00")},
        {"type": "tip", "quantity": 1, "totalAmount": eur("0.50")}, {"type": "surcharge", "quantity": 1, "totalAmount": eur("0.30")},
        {"type": "gift_card", "quantity": 1, "totalAmount": eur("-5.00")},
    ]  # fmt: skip
    [document] = object_of(MOLLIE, "payment", payment(amount=eur("7.75"), lines=lines))
    assert document["totals"] == {"gross_minor": 700, "discount_minor": 100, "tip_minor": 50, "surcharge_minor": 30, "shipping_minor": 495,
                                  "paid_minor": 1275}  # fmt: skip
    assert gap(document) == 0
    assert document["line_items"][0] == {"line_id": "1", "name": "Brood", "quantity": "2", "unit_price_minor": 400, "gross_minor": 700,
                                         "tax_minor": 66, "tax_rate": "9", "discount_minor": 100, "sku": "B1"}  # fmt: skip
    assert [(each["tender_type"], each["amount_minor"]) for each in document["tenders"]] == [
        ("card", 775),
        ("gift_card", 500),
    ]


def test_a_deposit_is_no_goods():
    lines = [
        {"type": "physical", "description": "Cola", "totalAmount": eur("12.25")},
        {"description": "Statiegeld", "totalAmount": eur("0.25")},
    ]
    [document] = object_of(MOLLIE, "payment", payment(lines=lines))
    assert (document["totals"]["gross_minor"], document["totals"]["deposit_minor"], gap(document)) == (1225, 25, 0)


async def test_whatever_is_named_is_read_as_its_payment():
    api = Shelf({"/payments/tr_1": payment(), "/refunds": {"_embedded": {"refunds": [refund(1, "2.50")]}},
                 "/orders/ord_1": {"lines": [{"totalAmount": eur("12.50")}], "_embedded": {"payments": [{"id": "tr_0", "status": "failed"}, payment()]}},
                 "/payment-links/pl_1/payments": {"_embedded": {"payments": [payment()]}}})  # fmt: skip
    for ref in (Found("payment", "tr_1"), Found("refund", "re_1", refund(1, "2.50")), Found("refund", "re_1"), Found("order", "ord_1"),
                Found("payment_link", "pl_1")):  # fmt: skip
        again = await MOLLIE.reread(ref, api)
        assert MOLLIE.snapshot(again, context_of(MOLLIE))[0]["transaction_id"] == "mollie:tr_1"
    assert ("/payments/tr_1", {"embed": "refunds,chargebacks"}) in api.asked
    with pytest.raises(GoneError):
        await MOLLIE.reread(Found("refund", "re_9"), api)


async def test_the_poll_goes_back_to_where_the_last_one_ended():
    old = payment(id="tr_0", createdAt="2026-09-01T00:00:00+00:00")
    following = {"_links": {"next": {"href": "https://api.mollie.com/v2/payments?from=tr_9&limit=250"}}}
    api = Shelf({"/payments": [following | {"_embedded": {"payments": [payment(amountRefunded=eur("1.00"))]}}, following | {"_embedded": {"payments": [old]}}],
                 "/refunds": {"_embedded": {"refunds": [refund(1, "1.00"), refund(2, "1.00")]}}})  # fmt: skip
    first = await MOLLIE.poll("2026-10-01T00:00:00Z", api)
    second = await MOLLIE.poll(first.cursor, api)
    third = await MOLLIE.poll(second.cursor, api)
    assert [each.partial for each in first.objects] == [True]
    assert [page.more for page in (first, second, third)] == [True, True, False]
    assert [each.id for each in third.objects] == ["tr_1"]
    assert api.asked[1][1]["from"] == "tr_9"
    assert third.cursor == "2026-10-02T07:42:00Z"


@pytest.mark.parametrize("body", [[], "x", None, {}, {"foo": 1}, event("payment.paid", payment(amount=None)), event("payment.paid", payment(amount={"value": "x", "currency": "EUR"})),
                                  event("payment.paid", payment(paidAt="now")), event("refund.updated", refund(1, "2.50", paymentId=None)), {"resource": "event", "type": "payment.paid"}])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(body):
    with pytest.raises(RefusedError) as refused:
        parsed(MOLLIE, body)
    assert refused.value.problems


def test_other_objects_are_about_nothing():
    assert parsed(MOLLIE, {"resource": "terminal", "id": "term_1"}) == []
    assert parsed(MOLLIE, {"resource": "event", "id": "event_2", "type": "profile.verified", "entityId": "pfl_1"}) == []
    assert MOLLIE.delivery_id({}, event("payment.paid", payment())) == "event_1"


BODIES = [event("payment.paid", payment(_embedded={"refunds": [refund(1, "2.50")], "chargebacks": [{"amount": eur("1.00")}]},
                                        lines=[{"type": "physical", "totalAmount": eur("8.00"), "vatRate": "9.00"}], billingAddress={"phone": "+31612345678"})),
          event("refund.updated", refund(1, "2.50")), {"id": "tr_1"}, payment(amountRefunded=eur("2.50"))]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(mutated(BODIES))
def test_whatever_is_sent_is_read_or_refused(body):
    stumbles(MOLLIE, body)
