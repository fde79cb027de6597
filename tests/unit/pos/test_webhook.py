"""A webhook is believed only when it is genuine, and becomes purchases only in the contract's shape."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from stamgast.pos.adapter import Context, Found, SignatureError
from stamgast.pos.canonical import Purchase, Refund
from stamgast.pos.connections import Connection
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import Received, Refused
from stamgast.pos.roles import Role
from stamgast.pos.webhook import Webhook, purchases_of, read_body, read_webhook
from tests.builders import MERCHANT, T0, program, sure
from tests.fakes.kassa import TOLERANCE, Kassa, sign

SALE = {"number": "17", "version": 1, "at": "2026-10-01T07:42:10Z", "total": 12.4, "till": "T1", "phone": "0612345678"}
CONTEXT = Context(Connection(MERCHANT, "front", "kassa", "K9", stores={"T1": "shop"}), program())
JSON = {"content-type": "application/json"}


def taken_of(*purchases: Any) -> list[Received]:
    return [each for each in purchases_of(*purchases) if isinstance(each, Received)]


def delivered(document: Any, *, secret: str = "new", at: int = T0) -> Webhook:
    raw = json.dumps(document).encode()
    return Webhook(raw, sign(raw, secret, at), "https://shop.example/kassa")


def read(webhook: Webhook, *secrets: str) -> Any:
    return read_webhook(Kassa(), webhook, secrets or ("old", "new"), T0)


@pytest.mark.parametrize("document", [[1], {"event": "sale"}, {"event": "sale", "sale": {}}, {"sale": SALE}, "text"])
def test_what_cannot_be_read_is_refused_with_its_place(document):
    with pytest.raises(RefusedError):
        read(delivered(document))


@pytest.mark.parametrize("content", ["text", {}, SALE | {"total": "much"}, {**SALE, "at": None} | {"total": []}])
def test_an_object_that_cannot_be_read_is_refused(content):
    sale, other = purchases_of(Kassa(), [Found("sale", "17", content), Found("sale", "18", SALE)], CONTEXT)
    assert isinstance(sale, Refused)
    assert sale.problems
    assert isinstance(other, Received)


def test_a_ping_without_a_name_is_about_nothing():
    notice = read(delivered({"event": "ping"}))
    assert (notice.delivery_id, notice.found) == ("", [])


def test_a_sale_that_another_connection_tells_does_not_count_twice():
    found = read(delivered({"id": "d1", "event": "sale", "sale": SALE})).found
    paid = CONTEXT._replace(connection=replace(CONTEXT.connection, role=Role.PAYMENT))
    assert (len(purchases_of(Kassa(), found, CONTEXT)), purchases_of(Kassa(), found, paid)) == (1, [])


class Shelf:
    """An API that has one refund."""

    async def call(self, method: str, path: str, **_how: Any) -> Any:
        assert (method, path) == ("GET", "/refunds/R1")
        return {"at": "2026-10-02T07:42:10Z", "total": Decimal("3.50"), "of": "17"}


def test_a_genuine_webhook_becomes_a_purchase_of_its_connection():
    notice = read(delivered({"id": "d1", "event": "sale", "sale": SALE}))
    [received] = taken_of(Kassa(), notice.found, CONTEXT)
    assert isinstance(received.purchase, Purchase)
    assert notice.delivery_id == "d1"
    assert received.event_source == f"/v1/merchants/{MERCHANT}/pos/front"
    assert received.purchase.transaction_id == "K9:17"
    assert received.purchase.totals.gross_minor == 1240
    assert received.purchase.store.retail_store_id == "shop"
    assert sure(received.purchase.customer).phone == "0612345678"


@pytest.mark.parametrize(
    "webhook",
    [
        delivered({"event": "ping"}, secret="stolen"),
        delivered({"event": "ping"}, at=T0 - TOLERANCE - 1),
        delivered({"event": "ping"}, at=T0 + TOLERANCE + 1),
        Webhook(b"{}", {}, ""),
        Webhook(b"{}", {"x-kassa-time": str(T0), "x-kassa-signature": "h\u00e9"}, ""),
        Webhook(b"{ }", sign(b"{}", "new", T0), ""),
        Webhook(b"{}", {"x-kassa-time": "9" * 5_000, "x-kassa-signature": "00"}, ""),
    ],
)
def test_what_is_not_genuine_is_not_looked_into(webhook):
    with pytest.raises(SignatureError):
        read(webhook)


def test_a_body_that_is_not_genuine_is_refused_for_that_before_it_is_read():
    with pytest.raises(SignatureError):
        read(Webhook(b"no JSON", sign(b"another", "new", T0), ""))
    with pytest.raises(RefusedError, match="not JSON"):
        read(Webhook(b"no JSON", sign(b"no JSON", "new", T0), ""))


def test_a_ping_is_about_nothing():
    assert read(delivered({"id": "d2", "event": "ping"})).found == []


async def test_a_thin_notice_is_read_again_and_then_a_refund_under_its_own_id():
    [ref] = read(delivered({"id": "d3", "event": "refund", "number": "R1"})).found
    with pytest.raises(ValueError, match="refund R1 is to be read again first"):
        purchases_of(Kassa(), [ref], CONTEXT)
    [received] = taken_of(Kassa(), [await Kassa().reread(ref, Shelf())], CONTEXT)
    assert isinstance(received.purchase, Refund)
    assert (received.purchase.transaction_id, received.purchase.refund_id) == ("K9:17", "R1")
    assert received.purchase.totals.gross_minor == 350


def test_what_an_unsigned_system_says_has_to_be_read_again():
    class Unsigned(Kassa):
        capabilities = Kassa.capabilities.__class__(signed=False)

    raw = json.dumps({"id": "d4", "event": "sale", "sale": SALE}).encode()
    notice = read_webhook(Unsigned(), Webhook(raw, JSON, ""), (), T0)
    assert notice.found == [Found("sale", "17")]


def test_everything_out_of_shape_is_told_with_its_place_among_what_was_delivered():
    unclear = [Found("sale", str(n), SALE | {"at": when}) for n, when in enumerate(("now", SALE["at"], "later"))]
    unclear.insert(1, Found("sale", "3", SALE | {"total": True}))
    first, second, third, fourth = purchases_of(Kassa(), unclear, CONTEXT)
    assert isinstance(third, Received)
    refused = [each for each in (first, second, fourth) if isinstance(each, Refused)]
    places = [one["pointer"] for each in refused for one in each.problems]
    assert places == ["/0/end_date_time", "/1/sale", "/3/end_date_time"]


def test_amounts_are_read_as_they_were_written():
    assert read_body(b'{"total": 10.649999999999999}', JSON) == {"total": Decimal("10.649999999999999")}
    assert read_body(b'\xef\xbb\xbf{"total": 1}', JSON) == {"total": 1}, "with the mark of UTF-8"


@pytest.mark.parametrize(
    ("raw", "headers", "why"),
    [
        (b"", JSON, "empty"),
        (b"[" * 100_000, JSON, "not JSON"),
        (b'{"name": "\xff"}', JSON, "not JSON"),
        (b"a=%ff", {"content-type": "application/x-www-form-urlencoded"}, "not a form"),
        (b"&".join([b"a=1"] * 301), {"content-type": "application/x-www-form-urlencoded"}, "too many fields"),
    ],
)
def test_a_body_that_cannot_be_read_says_why(raw, headers, why):
    with pytest.raises(RefusedError, match=why):
        read_body(raw, headers)


def test_a_form_is_read_by_its_fields():
    headers = {"content-type": "Application/X-WWW-Form-Urlencoded; charset=utf-8"}
    assert read_body(b"payload=%7B%7D&kind=", headers) == {"payload": "{}", "kind": ""}
