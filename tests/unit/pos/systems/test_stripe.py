"""Stripe: sessions, payment intents and charges of one transaction, refunds and disputes."""

import hashlib
import hmac

import pytest
from hypothesis import given, settings

from stamgast.pos.adapter import Found, SignatureError
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.stripe import Stripe
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

STRIPE = Stripe()
T = 1_790_840_530


def event(kind: str, body: dict, at: int = T, **more) -> dict:
    return {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": at,
        "livemode": True,
        "data": {"object": body},
    } | more


def charge(**more) -> dict:
    return {"id": "ch_1", "object": "charge", "amount": 1250, "amount_captured": 1250, "amount_refunded": 0, "captured": True,
            "created": T, "currency": "eur", "livemode": True, "payment_intent": "pi_1", "status": "succeeded", "customer": "cus_1",
            "billing_details": {"phone": "+31612345678"}, "metadata": {"store": "dok"},
            "payment_method_details": {"type": "card_present", "card_present": {"fingerprint": "Fp9x"}}} | more  # fmt: skip


def session(**more) -> dict:
    return {"id": "cs_1", "object": "checkout.session", "amount_total": 1745, "amount_subtotal": 1350, "created": T - 60, "currency": "eur",
            "livemode": True, "mode": "payment", "payment_intent": "pi_1", "payment_status": "paid", "status": "complete",
            "customer_details": {"phone": "+31612345678"}, "total_details": {"amount_discount": 100, "amount_shipping": 495, "amount_tax": 144}} | more  # fmt: skip


def refund(**more) -> dict:
    return {"id": "re_1", "object": "refund", "amount": 250, "charge": "ch_1", "payment_intent": "pi_1", "created": T + 60,
            "currency": "eur", "status": "succeeded"} | more  # fmt: skip


def signed(raw: bytes, secret: str, at: int) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("vector", vectors_of("stripe"), ids=lambda v: v["id"])
def test_the_derived_signature(vector):
    raw, at = vector["input"]["body"].encode(), vector["input"]["timestamp"]
    headers = {"stripe-signature": vector["expected"]}
    STRIPE.verify(raw, headers, "", ["old", vector["key"]], at * 1000 + 300_000)
    for body, head, key, now in ((raw + b" ", headers, vector["key"], at), (raw, headers, "x", at), (raw, {}, vector["key"], at),
                                 (raw, headers, vector["key"], at + 301), (raw, headers, vector["key"], at - 301),
                                 (raw, {"stripe-signature": f"t={at},v1=\u00e9"}, vector["key"], at),
                                 (raw, {"stripe-signature": "t=,v1="}, vector["key"], at),
                                 (raw, {"stripe-signature": vector["expected"].replace("v1=", "v0=")}, vector["key"], at)):  # fmt: skip
        with pytest.raises(SignatureError):
            STRIPE.verify(body, head, "", [key], now * 1000)


def test_one_of_several_signatures_is_enough():
    raw = b'{"a": 1}'
    given_ = f"t={T}, v1={signed(raw, 'old', T)},v1={signed(raw, 'new', T)},v0=x"
    STRIPE.verify(raw, {"stripe-signature": given_}, "", ["new"], T * 1000)


def test_the_documented_events_are_tests():
    document = only(STRIPE, sample("stripe_event_checkout_session_completed"))
    assert (document["status"], document["totals"], document["provenance"]["test"]) == (
        "completed", {"gross_minor": 1250, "paid_minor": 1250}, True)  # fmt: skip
    assert document["transaction_id"] == "stripe:pi_1PgafyB7WZ01zgkWSjxsAJo3"
    back = only(STRIPE, sample("stripe_event_charge_refunded_partial"))
    assert (back["status"], back["totals"]["gross_minor"], back["price_currency"]) == (
        "partially_refunded",
        1000,
        "EUR",
    )
    assert parsed(STRIPE, sample("stripe_object_event")) == []
    assert object_of(STRIPE, "checkout_session", sample("stripe_object_checkout_session")) == []
    assert object_of(STRIPE, "payment_intent", sample("stripe_object_payment_intent"))[0]["status"] == "open"
    assert object_of(STRIPE, "charge", sample("stripe_object_charge"))[0]["status"] == "open"
    [refunded] = object_of(STRIPE, "refund", sample("stripe_object_refund"))
    assert (refunded["refund_id"], refunded["totals"]["gross_minor"]) == ("re_1Pgc72B7WZ01zgkWqPvrRrPE", 100)


def test_session_intent_and_charge_are_one_transaction():
    intent = {"id": "pi_1", "object": "payment_intent", "amount": 1745, "amount_received": 1745, "currency": "eur", "created": T - 30,
              "status": "succeeded", "livemode": True, "amount_details": {"tip": {"amount": 200}}}  # fmt: skip
    documents = [only(STRIPE, event("checkout.session.completed", session())), only(STRIPE, event("payment_intent.succeeded", intent)),
                 only(STRIPE, event("charge.succeeded", charge()))]  # fmt: skip
    assert {each["transaction_id"] for each in documents} == {"stripe:pi_1"}
    assert {each["status"] for each in documents} == {"completed"}
    assert documents[0]["totals"] == {
        "gross_minor": 1250,
        "discount_minor": 100,
        "shipping_minor": 495,
        "tax_minor": 144,
        "paid_minor": 1745,
    }
    assert (documents[1]["totals"]["gross_minor"], documents[1]["totals"]["tip_minor"]) == (1545, 200)
    assert documents[2]["store"]["retail_store_id"] == "dok"
    assert documents[2]["customer"] == {"phone": "+31612345678", "provider_customer_id": "stripe:cus_1"}
    assert documents[2]["tenders"] == [{"tender_type": "card", "amount_minor": 1250, "card_ref": "Fp9x"}]
    assert [gap(each) for each in documents] == [0, 0, 0]
    assert documents[0]["source_version"] > documents[2]["source_version"]
    assert all(each["partial"] for each in documents)


def test_cumulative_refunds_and_their_versions():
    first = only(STRIPE, event("charge.refunded", charge(amount_refunded=250), T + 60))
    second = only(STRIPE, event("charge.refunded", charge(amount_refunded=1250, refunded=True), T + 90))
    assert (first["status"], first["totals"]["gross_minor"]) == ("partially_refunded", 1000)
    assert (second["status"], second["totals"]["gross_minor"], second["totals"]["paid_minor"]) == ("refunded", 0, 0)
    assert (
        second["source_version"]
        > first["source_version"]
        > only(STRIPE, event("charge.succeeded", charge()))["source_version"]
    )
    listed = charge(amount_refunded=500, refunds={"data": [refund(), refund(id="re_2", status="failed")]})
    [known] = object_of(STRIPE, "charge", listed)
    assert (known["refund_ids"], known["totals"]["gross_minor"]) == (["re_1"], 1000)


@pytest.mark.parametrize(
    ("status", "money"),
    [("succeeded", [250]), ("pending", []), ("requires_action", []), ("failed", [0]), ("canceled", [0])],
)
def test_a_refund_counts_once_it_is_done_and_no_more_when_it_failed(status, money):
    found = parsed(STRIPE, event("refund.updated", refund(status=status)))
    assert [each["totals"]["gross_minor"] for each in found] == money


@pytest.mark.parametrize(
    ("status", "money"), [("needs_response", [1250]), ("lost", [1250]), ("won", [0]), ("warning_needs_response", [])]
)
def test_a_dispute_is_money_gone_until_it_is_won(status, money):
    dispute = {"id": "dp_1", "object": "dispute", "amount": 1250, "charge": "ch_1", "payment_intent": "pi_1", "currency": "eur",
               "created": T, "status": status, "livemode": True}  # fmt: skip
    found = parsed(STRIPE, event("charge.dispute.closed", dispute))
    assert [each["totals"]["gross_minor"] for each in found] == money
    assert {each["refund_id"] for each in found} <= {"dp_1"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(session(payment_status="unpaid"), "checkout.session.completed", "open"),
     (session(payment_status="unpaid"), "checkout.session.async_payment_failed", "voided"),
     (session(payment_status="no_payment_required"), "checkout.session.completed", "completed"),
     (charge(captured=False, amount_captured=0), "charge.succeeded", "open"),
     (charge(captured=False, amount_captured=0), "charge.expired", "voided")],
)  # fmt: skip
def test_only_what_is_paid_counts(body, kind, status):
    assert only(STRIPE, event(kind, body))["status"] == status


@pytest.mark.parametrize(
    ("code", "amount", "minor"),
    [("jpy", 1250, 1250), ("kwd", 12500, 12500), ("isk", 125000, 1250), ("mga", 1250, 125000)],
)
def test_stripes_units_become_those_of_the_currency(code, amount, minor):
    document = only(STRIPE, event("charge.succeeded", charge(currency=code, amount=amount, amount_captured=amount)))
    assert document["totals"]["gross_minor"] == minor


async def test_read_again_a_payment_is_whole():
    items = {"data": [{"id": "li_1", "quantity": 2, "amount_total": 1000, "amount_tax": 83, "description": "Koffie", "price": {"product": "prod_1"}},
                      {"id": "li_2", "quantity": 1, "amount_total": 250, "amount_tax": 21}]}  # fmt: skip
    intent = {"id": "pi_1", "created": T - 30, "currency": "eur", "status": "succeeded", "amount_received": 1745,
              "latest_charge": charge(amount=1745, amount_captured=1745, amount_refunded=625, refunds={"data": [refund(amount=625)]})}  # fmt: skip
    api = Shelf({"/charges/ch_1": charge(), "/payment_intents/pi_1": intent, "/checkout/sessions": {"data": [session(line_items=items)]},
                 "/checkout/sessions/cs_1": session(line_items=items, payment_intent=intent)})  # fmt: skip
    again = await STRIPE.reread(Found("charge", "ch_1", charge(), partial=True), api)
    [document] = STRIPE.snapshot(again, context_of(STRIPE, "acct_1"))
    assert STRIPE.snapshot(
        await STRIPE.reread(Found("checkout_session", "cs_1"), api), context_of(STRIPE, "acct_1")
    ) == [document]
    assert document["transaction_id"] == "stripe:acct_1:pi_1"
    assert (document["status"], document["refund_ids"]) == ("partially_refunded", ["re_1"])
    assert (document["totals"]["gross_minor"], document["totals"]["shipping_minor"]) == (625, 495)
    assert [(each["line_id"], each["quantity"], each["gross_minor"]) for each in document["line_items"][:2]] == [
        ("li_1", "1", 500),
        ("li_2", "1", 125),
    ]
    assert gap(document) == 0


async def test_the_poll_reads_events_page_by_page():
    one, two = event("charge.succeeded", charge(), T + 9), event("plan.created", {"id": "p", "object": "plan"}, T)
    api = Shelf({"/events": [{"data": [one], "has_more": True}, {"data": [two], "has_more": False}, {"data": []}]})
    first = await STRIPE.poll("2026-10-01T00:00:00Z", api)
    second = await STRIPE.poll(first.cursor, api)
    assert (first.more, second.more, len(first.objects), len(second.objects)) == (True, False, 1, 0)
    assert api.asked[1][1]["starting_after"] == "evt_1"
    await STRIPE.poll(second.cursor, api)
    assert int(api.asked[2][1]["created[gte]"]) == T + 9 - 300


@pytest.mark.parametrize("body", [[], "x", None, {}, {"foo": 1}, event("charge.succeeded", charge(currency=None)), event("charge.succeeded", charge(created="now")),
                                  event("charge.succeeded", charge(amount_captured=12.5)), event("charge.succeeded", charge(created=10**15)),
                                  event("refund.created", refund(payment_intent=None, charge=None)), {"object": "event", "type": "charge.succeeded"}])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(body):
    with pytest.raises(RefusedError) as refused:
        parsed(STRIPE, body)
    assert refused.value.problems


def test_other_events_are_about_nothing():
    assert parsed(STRIPE, event("customer.created", {"id": "cus_1", "object": "customer"})) == []
    assert STRIPE.delivery_id({}, event("x", {})) == "evt_1"
    [thin] = meaning(STRIPE, {"object": "v2.core.event", "related_object": {"id": "ch_1", "type": "charge"}}).to_reread
    assert (thin.kind, thin.id) == ("charge", "ch_1")


BODIES = [sample(name) for name in samples_of("stripe")] + [
    event("refund.created", refund()),
    event("checkout.session.completed", session(payment_intent={"id": "pi", "latest_charge": charge()})),
]


@settings(max_examples=400, deadline=None)
@given(mutated(BODIES))
def test_whatever_is_sent_is_read_or_refused(body):
    stumbles(STRIPE, body)
