"""What each of the thirteen systems sends and its API answers, signed as that system signs, whatever stands in it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from stamgast.domain.units import Millis
from stamgast.pos.webhook import FORM
from tests.fakes import bodies_clover as clover
from tests.fakes import bodies_lightspeed_k as lightspeed_k
from tests.fakes import bodies_lightspeed_x as lightspeed_x
from tests.fakes import bodies_loyverse as loyverse
from tests.fakes import bodies_odoo as odoo
from tests.fakes import bodies_payments as payments
from tests.fakes import bodies_zettle as zettle
from tests.unit.pos.systems.till import sample, samples_of

SECRET = "s3cret"
ADYEN_KEY = "44782DEF547AAA06"
TOKEN = "t0ken"
Sign = Callable[[bytes, str, Millis], dict[str, str]]


class Sent(NamedTuple):
    """A delivery: its document, and its headers beside the signature."""

    document: Any
    headers: Mapping[str, str] = {}


class System(NamedTuple):
    """How a system delivers."""

    sent: list[Sent]
    answers: dict[str, Any]
    """Of its API, by path."""
    sign: Sign | None = None
    """None: its address is secret."""
    wrapped: Callable[[str], str] = str
    """What stands around the document's text."""
    secret: str = SECRET


def _base64(raw: bytes, digest: str = "sha256", key: bytes = SECRET.encode()) -> str:
    return base64.b64encode(hmac.new(key, raw, digest).digest()).decode()


def _hex(raw: bytes) -> str:
    return hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()


def _stripe(raw: bytes, _url: str, now: Millis) -> dict[str, str]:
    at = now // 1000
    return {"stripe-signature": f"t={at},v1={_hex(f'{at}.'.encode() + raw)}"}


def _zettle(raw: bytes, _url: str, _now: Millis) -> dict[str, str]:
    """What is signed stands in the body: where it cannot be read, nothing is."""
    try:
        body = json.loads(raw)
        signed = f"{body['timestamp']}.{body['payload']}".encode("utf-8", "surrogatepass")
    except (ValueError, KeyError, TypeError, RecursionError):
        return {"x-izettle-signature": _hex(raw)}
    return {"x-izettle-signature": _hex(signed)}


def _in_message(text: str) -> str:
    """As `payload` of a message of Zettle's."""
    return json.dumps(zettle.message({}) | {"payload": text})


def _in_form(text: str) -> str:
    return urlencode({"payload": text, "domain_prefix": "bakery"}, errors="surrogatepass", quote_via=quote)


def _samples(system: str, **topics: str) -> list[Sent]:
    return [Sent(sample(name), topic_of(name, topics)) for name in samples_of(system)]


def topic_of(name: str, topics: Mapping[str, str]) -> dict[str, str]:
    """The header that names what a sample is about."""
    return {topics["header"]: name.partition("_")[2].replace("_", "/", 1)} if topics else {}


_NOTICE = {"appId": "X", "merchants": {"A1": [{"objectId": "O:O1", "type": "UPDATE", "ts": 1_790_840_530_123}]}}
_CLOVER_PAYMENT = {"appId": "X", "merchants": {"A1": [{"objectId": "P:P1", "type": "CREATE", "ts": 1}]}}
_RECEIPTS = {"merchant_id": "m-1", "type": "receipts.update", "receipts": [loyverse.RECEIPT, loyverse.REFUND]}
_TABLES = {
    f"/json/2/{table}/{method}": odoo.database(
        f"/{table}/{method}", None, {"ids": [901, 902, 1, 2, 7, 31], "domain": [["id", "=", 42]]}
    )
    for table in ("pos.order", "pos.order.line", "pos.payment", "res.partner", "product.product")
    for method in ("read", "search_read")
}

SYSTEMS: dict[str, System] = {
    "shopify": System(
        [*_samples("shopify", header="x-shopify-topic"), *map(Sent, (payments.SHOPIFY, {"order_edit": {"order_id": 1}}))],
        {"/orders/1.json": {"order": payments.SHOPIFY}, "/orders/820982911946154508.json": {"order": payments.SHOPIFY}, "/orders.json": {"orders": [payments.SHOPIFY]}},
        lambda raw, _, __: {"x-shopify-hmac-sha256": _base64(raw)},
    ),
    "woocommerce": System(
        [*_samples("woocommerce"), Sent(payments.WOO, {"x-wc-webhook-topic": "order.updated"}), Sent({"id": 727}, {"x-wc-webhook-topic": "order.deleted"})],
        {"/orders/727": payments.WOO, "/orders/727/refunds": [payments.WOO_REFUND], "/orders": [payments.WOO]},
        lambda raw, _, __: {"x-wc-webhook-signature": _base64(raw)},
    ),
    "square": System(
        [*_samples("square"), Sent({"type": "payment.updated", "event_id": "e1", "data": {"object": {"payment": payments.SQUARE_PAYMENT}}})],
        {"/orders/O1": {"order": payments.SQUARE_ORDER}, "/customers/C1": {"customer": {"id": "C1", "phone_number": "+31612345678"}},
         "/orders/search": {"orders": [payments.SQUARE_ORDER]}, "/locations": {"locations": [{"id": "L1"}]}, "/refunds": {}},
        lambda raw, url, _: {"x-square-hmacsha256-signature": _base64(url.encode() + raw)},
    ),
    "lightspeed_x": System(
        [Sent(each, {"content-type": FORM}) for each in (lightspeed_x.SALE, *(sample(name) for name in samples_of("lightspeed_x")))],
        {"/sales/s-1": {"data": lightspeed_x.SALE}, "/sales": {"data": [lightspeed_x.SALE], "version": {"min": 1, "max": 1}},
         "/customers/c-1": {"data": lightspeed_x.CUSTOMER}, "/products/p-1": {"data": {"id": "p-1", "sku": "BROOD"}}, "/products/p-2": {"data": {"id": "p-2"}}},
        lambda raw, _, __: {"x-signature": f"signature={_hex(raw)}, algorithm=HMAC-SHA256"},
        _in_form,
    ),
    "lightspeed_k": System(
        [Sent({"type": "PAYMENT", "accountFiscId": "A65315.17"}), Sent({"payload": {"accountIdentifier": "A65315.17"}}), Sent(lightspeed_k.SALE),
         Sent({"sales": [lightspeed_k.SALE], "businessLocationId": 45})],
        {"/f/finance/A1/dailyFinancials": {"sales": [lightspeed_k.SALE]}},
    ),
    "loyverse": System(
        [Sent(_RECEIPTS), Sent(loyverse.RECEIPT)],
        {"/receipts/2-1006": loyverse.RECEIPT, "/receipts": {"receipts": [loyverse.RECEIPT]}, "/customers/c-1": loyverse.CUSTOMER},
        lambda raw, _, __: {"x-loyverse-signature": _base64(raw, "sha1")},
    ),
    "odoo": System([Sent({"_model": "pos.order", "_id": 42, "amount_total": 1}), Sent(odoo.ORDER), Sent(odoo.RETURN)], _TABLES),
    "sumup": System(
        [*_samples("sumup"), Sent({"id": "x", "event_type": "solo.transaction.updated", "payload": {"transaction_id": "t1"}}), Sent(payments.SUMUP)],
        {"/transactions": payments.SUMUP, "/transactions/history": {"items": [payments.SUMUP]}},
    ),
    "zettle": System(
        [Sent(zettle.PURCHASE)],
        {f"/purchase/v2/{zettle.SALE}": zettle.PURCHASE, "/purchases/v2": {"purchases": [zettle.PURCHASE]}},
        _zettle,
        _in_message,
    ),
    "mollie": System(
        [Sent({"resource": "event", "id": "event_1", "type": kind, "entityId": own, "_embedded": {"entity": whole}})
         for kind, own, whole in (("payment.paid", "tr_1", payments.MOLLIE), ("refund.updated", "re_1", payments.MOLLIE_REFUND))]
        + [Sent({"resource": "event", "id": "event_2", "type": "payment.paid", "entityId": "tr_1"}), Sent(payments.MOLLIE)],
        {"/payments/tr_1": payments.MOLLIE, "/payments": {"_embedded": {"payments": [payments.MOLLIE]}}, "/refunds": {"_embedded": {"refunds": [payments.MOLLIE_REFUND]}}},
        lambda raw, _, __: {"x-mollie-signature": f"sha256={_hex(raw)}"},
    ),
    "stripe": System(
        [*_samples("stripe"), Sent(payments.charge_event())],
        {"/charges/ch_1": payments.CHARGE, "/payment_intents/pi_1": payments.INTENT, "/checkout/sessions": {"data": []},
         "/events": {"data": [payments.charge_event()], "has_more": False}},
        _stripe,
    ),
    "adyen": System(
        [*_samples("adyen"), Sent({"live": "true", "notificationItems": [{"NotificationRequestItem": payments.ADYEN}]})],
        {},
        lambda raw, _, __: {"hmacsignature": _base64(raw, key=bytes.fromhex(ADYEN_KEY))},
        secret=ADYEN_KEY,
    ),
    "clover": System(
        [Sent(_NOTICE), Sent(_CLOVER_PAYMENT)],
        {"/orders/O1": clover.ORDER, "/orders": {"elements": [clover.ORDER]}, "/payments/P1": {"id": "P1", "order": {"id": "O1"}}},
        lambda _, __, ___: {"x-clover-auth": SECRET},
    ),
    "mollie-classic": System([Sent("id=tr_1", {"content-type": FORM}), Sent("id=re_1", {"content-type": FORM})], {"/payments/tr_1": payments.MOLLIE}),
    "lightspeed_x-unsigned": System(
        [Sent(lightspeed_x.SALE, {"content-type": FORM})],
        {"/sales/s-1": {"data": lightspeed_x.SALE}, "/customers/c-1": {"data": lightspeed_x.CUSTOMER}, "/products/p-1": {"data": {"id": "p-1"}}},
        wrapped=_in_form,
    ),
}  # fmt: skip
"""By the connection's name: the system's, and where it has two ways to deliver, the other."""
