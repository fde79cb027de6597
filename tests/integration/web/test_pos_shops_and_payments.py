"""Shops and payment systems, each from its webhook and from its API over real HTTP, to Kafka and into the state."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stamgast.broker import kafka_of
from stamgast.pos.connections import Connection
from stamgast.tills.record import record_of
from stamgast.tills.shelf import append_connections
from tests.builders import sure
from tests.conftest import eventually
from tests.fakes.bodies_payments import (
    ADYEN,
    CHARGE,
    INTENT,
    MOLLIE,
    PHONE,
    SHOPIFY,
    SQUARE_ORDER,
    SQUARE_PAYMENT,
    SUMUP,
    WOO,
    WOO_REFUND,
    charge_event,
)
from tests.integration.web.conftest import MERCHANT
from tests.integration.web.tills import SECRET, Tills, tills_of

KEY = "44782DEF547AAA06"
SEVEN = ("adyen", "mollie", "shopify", "square", "stripe", "sumup", "woocommerce")

AMOUNTS = {
    "shopify:A1:820982911946154509": 1200,
    "woocommerce:A1:727": 745,
    "square:A1:O1": 700,
    "stripe:A1:pi_1": 1250,
    "mollie:A1:tr_1": 1000,
    "sumup:A1:t1": 350,
    "adyen:A1:PSP1": 400,
}


@pytest.fixture
async def tills(web: Any, web_settings: Any, worker: Any) -> AsyncIterator[Tills]:
    async with tills_of(web, web_settings, worker, SEVEN) as found:
        found.api.authorization = ""  # each of them asks for its credential in another way
        yield found


def base64_of(raw: bytes, key: bytes = SECRET.encode()) -> str:
    return base64.b64encode(hmac.new(key, raw, hashlib.sha256).digest()).decode()


def hex_of(raw: bytes) -> str:
    return hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()


async def connected(tills: Tills) -> None:
    """All seven, with what their APIs hold: one sale each."""
    places = {
        "shopify": "655441491",
        "woocommerce": "online",
        "square": "L1",
        "stripe": "S1",
        "mollie": "pfl_1",
        "sumup": "M1",
    }
    for system, place in places.items():
        await tills.connect(system, {place: "dok-noord"})
    web = tills.web
    sealed = {"webhook": (sure(web.parts.tills).seal.seal(MERCHANT, "adyen", "webhook", KEY),)}
    made = Connection(MERCHANT, "adyen", "adyen", "A1", {"Dok": "dok-noord"}, sealed)
    await append_connections(kafka_of(tills.settings), web.topics.connections, [record_of(made, 1)])
    await eventually(lambda: len(sure(web.parts.tills).connections.all(MERCHANT)) == len(SEVEN), why="all are in force")
    tills.api.objects |= {
        "/shopify/orders.json": {"orders": [SHOPIFY]},
        "/woocommerce/orders": [WOO],
        "/woocommerce/orders/727": WOO,
        "/woocommerce/orders/727/refunds": [WOO_REFUND],
        "/square/orders/O1": {"order": SQUARE_ORDER},
        "/square/orders/search": {"orders": [SQUARE_ORDER]},
        "/square/locations": {"locations": [{"id": "L1"}]},
        "/square/refunds": {},
        "/square/customers/C1": {"customer": {"id": "C1", "phone_number": PHONE}},
        "/stripe/charges/ch_1": CHARGE,
        "/stripe/payment_intents/pi_1": INTENT,
        "/stripe/checkout/sessions": {"data": []},
        "/stripe/events": {"data": [charge_event()], "has_more": False},
        "/mollie/payments/tr_1": MOLLIE,
        "/mollie/payments": {"_embedded": {"payments": [MOLLIE]}},
        "/mollie/refunds": {"_embedded": {"refunds": []}},
        "/sumup/transactions": SUMUP,
        "/sumup/transactions/history": {"items": [SUMUP]},
    }  # fmt: skip


async def every_webhook(tills: Tills) -> None:
    at = tills.web.parts.clock.now() // 1000
    shopify, woo, stripe = (json.dumps(each).encode() for each in (SHOPIFY, WOO, charge_event()))
    square = json.dumps(
        {"type": "payment.updated", "event_id": "e1", "data": {"object": {"payment": SQUARE_PAYMENT}}}
    ).encode()
    mollie = json.dumps({"resource": "event", "id": "event_1", "type": "payment.paid", "entityId": "tr_1"}).encode()
    sumup = json.dumps(
        {"id": "x", "event_type": "solo.transaction.updated", "payload": {"transaction_id": "t1", "status": "failed"}}
    ).encode()
    text = b"PSP1::Dok:R-17:400:EUR:AUTHORISATION:true"
    item = ADYEN | {"additionalData": {"hmacSignature": base64_of(text, bytes.fromhex(KEY))}}
    adyen = json.dumps({"live": "true", "notificationItems": [{"NotificationRequestItem": item}]}).encode()
    url = f"{tills.settings.public_url.rstrip('/')}/v1/merchants/{MERCHANT}/pos/square/square"
    answers = [
        await tills.post("shopify/shopify", shopify, x_shopify_hmac_sha256=base64_of(shopify), x_shopify_topic="orders/paid"),
        await tills.post("shopify/shopify", shopify, x_shopify_hmac_sha256=base64_of(shopify), x_shopify_topic="orders/create"),
        await tills.post("woocommerce/woocommerce", woo, x_wc_webhook_signature=base64_of(woo), x_wc_webhook_topic="order.updated"),
        await tills.post("square/square", square, x_square_hmacsha256_signature=base64_of(url.encode() + square)),
        await tills.post("stripe/stripe", stripe, stripe_signature=f"t={at},v1={hex_of(f'{at}.'.encode() + stripe)}"),
        await tills.post("mollie/mollie", mollie, x_mollie_signature=f"sha256={hex_of(mollie)}"),
        await tills.post("sumup/sumup.t0ken", sumup),
        await tills.post("adyen/adyen", adyen),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200] * 8, [answer.text for answer in answers]
    assert answers[-1].text == "[accepted]"


@pytest.mark.slow
async def test_each_webhook_ends_in_the_state_and_the_poll_after_it_changes_nothing(tills: Tills):
    await connected(tills)
    customer = await tills.enrol(PHONE)
    await every_webhook(tills)
    taken = {each["transaction_id"]: each["totals"]["gross_minor"] for each in await tills.purchases()}
    assert taken == AMOUNTS
    assert {each["store"]["retail_store_id"] for each in await tills.purchases()} == {"dok-noord"}
    spend = sum(AMOUNTS.values()) - 350 - 400  # SumUp and Adyen know no customer
    await tills.state(customer, purchases=5, spend=spend)

    for name in set(SEVEN) - {"adyen"}:
        found = await tills.poll(name)
        assert found.laid_aside == 0, name
    tills.api.objects["/shopify/orders.json"] = {
        "orders": [SHOPIFY | {"cancelled_at": "2026-10-01T09:00:00Z", "updated_at": "2026-10-01T09:00:00Z"}]
    }
    await tills.poll("shopify")
    await tills.state(customer, purchases=4, spend=spend - 1200)
    assert await tills.web.records(tills.web.topics.dead_letters) == []
