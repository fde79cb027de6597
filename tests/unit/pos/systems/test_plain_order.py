"""An order that is read the short way says what the long way makes of it, and no other is read so."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stamgast.pos.canonical import Purchase
from stamgast.pos.documents import read_json
from stamgast.pos.plain_sale import PlainSale, read_plain
from stamgast.pos.reading import Received, as_given, read_purchase
from stamgast.pos.record import to_record
from stamgast.pos.systems.part import Part
from stamgast.pos.systems.shopify import Shopify
from stamgast.pos.systems.shopify.orders import order_document
from stamgast.pos.systems.shopify.plain_order import order_sent, plain_order
from stamgast.pos.webhook import items_of, purchases_of
from tests.unit.pos.systems.till import context_of, decoded, mutated, sample

AT = 1_790_840_600_000
CONTEXT = context_of(Shopify(), "shop", **{"7": "dok"})


def both(amount: str, code: str = "EUR") -> dict[str, Any]:
    told = {"amount": amount, "currency_code": code}
    return {"shop_money": told, "presentment_money": told | {"amount": "9.99"}}


LINE: dict[str, Any] = {
    "id": 1, "name": "Brood - wit", "title": "Brood", "sku": "B1", "quantity": 2, "current_quantity": 2,
    "price": "4.00", "price_set": both("4.00"), "product_id": 3, "variant_id": 5, "gift_card": False,
    "total_discount": "0.50", "total_discount_set": both("0.50"),
    "discount_allocations": [{"amount": "0.50", "amount_set": both("0.50")}],
    "tax_lines": [{"price": "0.42", "price_set": both("0.42"), "rate": 0.06, "title": "BTW"}],
}  # fmt: skip
ORDER: dict[str, Any] = {
    "id": 820982911946154509, "name": "#1001", "created_at": "2026-10-01T09:42:10+02:00",
    "processed_at": "2026-10-01T09:40:00+02:00", "updated_at": "2026-10-01T09:42:11+02:00", "currency": "EUR",
    "financial_status": "paid", "taxes_included": True, "test": False, "source_name": "pos", "location_id": 7,
    "user_id": 31, "device_id": 5, "total_price": "19.50", "total_price_set": both("19.50"), "cancelled_at": None,
    "current_total_price": "19.50", "current_total_price_set": both("19.50"), "total_tip_received": "1.00",
    "total_tax": "0.99", "total_tax_set": both("0.99"), "total_discounts": "0.50", "total_discounts_set": both("0.50"),
    "total_shipping_price_set": both("0.00"), "total_cash_rounding_payment_adjustment_set": both("-0.02"),
    "customer": {"id": 99, "phone": None, "default_address": {"phone": "+31612345678"}}, "phone": None,
    "billing_address": {"phone": "+32470000001"}, "payment_gateway_names": ["cash"], "refunds": [],
    "shipping_lines": [], "order_number": 1001,
    "line_items": [LINE, LINE | {"id": 2, "quantity": 1, "current_quantity": 1, "price_set": both("11.00"),
                                 "discount_allocations": [], "total_discount_set": both("0.00")}],
}  # fmt: skip
SHORT: dict[str, Any] = {
    "id": 5, "name": "#5", "currency": "EUR", "financial_status": "paid", "total_price": "3.20",
    "processed_at": "2026-10-01T09:40:00Z", "line_items": [{"id": 1, "quantity": 1, "price": "3.20"}],
}  # fmt: skip
EXAMPLES = [ORDER, SHORT, *(sample(f"shopify_orders_{topic}") for topic in ("create", "paid", "updated", "cancelled"))]
RARE: dict[str, list[Any]] = {
    "financial_status": ["pending", "refunded", "voided", "PAID", ""],
    "cancelled_at": ["2026-10-01T10:00:00Z"],
    "refunds": [[{"id": 1}]],
    "shipping_lines": [[{"id": 1, "price": "4.00"}]],
    "transactions": [[{"id": 1, "kind": "sale", "status": "success", "amount": "3.20", "gateway": "cash"}]],
    "payment_gateway_names": [[], ["cash", "visa"], ["Shopify Payments"], [5]],
    "tip_payment_gateway": [None, "cash"],
    "tip_payment_method": [None, "cash"],
    "gift_card": [True, "true"],
    "title": ["Statiegeld", "", " ", "Brood\n"],
    "original_total_duties_set": [both("1.00")],
    "original_total_additional_fees_set": [both("1.00")],
    "total_shipping_price_set": [both("4.00")],
    "order": [SHORT, None],
    "currency": ["JPY", "KWD", "eur", "EU", None],
    "taxes_included": [False],
    "current_quantity": [0, 1, None],
    "quantity": [0, 1, 999, 1000, "2"],
    "rate": [0.21, 0, "0.06", None, "x", 1e300, -0.1],
    "test": [True, "true"],
    "billing_address": [None, {}, [], {"phone": "1234567"}],
    "phone": ["+31612345678", " ", "geen", 31612345678],
}
TEXTS = [
    "",
    " ",
    "x",
    " pos ",
    "0.00",
    "-0.00",
    "0.005",
    "1",
    "1.5",
    "12.40",
    "-3.20",
    "999999.99",
    "1000000.00",
    "1,00",
]
VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-2, 3)
    | st.sampled_from([*TEXTS, "a" * 201, "2026-10-01T09:40:00", "2026-10-01 09:40 +02:00", "2026-13-01T09:40:00Z"])
    | st.text(alphabet="\n\t\x00\x7f\u2028é0123456789.-", max_size=12)
    | st.sampled_from([1.0, 1.5, 12.4])
    | st.sampled_from(TEXTS).map(both)
    | st.sampled_from(
        [[], {}, [None], [{}], {"elements": []}, both("1.00", "USD"), both("1.00", "JPY"), both("1.00", "XXX")]
    )
)


@st.composite
def changed_somewhere(draw: Any) -> Any:
    """An example with up to four places replaced, removed, doubled or added."""
    order = json.loads(json.dumps(draw(st.sampled_from(EXAMPLES))))
    for _ in range(draw(st.integers(0, 4))):
        place = order
        while isinstance(place, dict | list) and place:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            match draw(st.sampled_from(["replace", "remove", "rare", "double"])):
                case "replace":
                    place[key] = copy.deepcopy(draw(VALUES))
                case "remove":
                    del place[key]
                case "rare" if isinstance(place, dict):
                    name = draw(st.sampled_from(sorted(RARE)))
                    place[name] = copy.deepcopy(draw(st.sampled_from(RARE[name])))
                case "double" if isinstance(place, list):
                    place.append(copy.deepcopy(place[key]))
            break
    return order


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changed_somewhere() | mutated(EXAMPLES))
@example(ORDER)
@example(ORDER | {"taxes_included": False})
@example(ORDER | {"line_items": [LINE, LINE]})
@example(ORDER | {"line_items": [LINE | {"tax_lines": []}]})
@example(ORDER | {"line_items": [LINE | {"rate": 0.06, "tax_lines": [{"price": "0.42", "rate": 1e300}]}]})
@example(ORDER | {"total_price_set": both("1000000.00")})
@example(ORDER | {"total_discounts_set": both("3.00"), "total_price_set": both("16.50")})
@example(ORDER | {"id": 10**30})
@example(SHORT | {"customer": {"phone": " "}, "phone": "+31612345678"})
@example(ORDER | {"line_items": [LINE | {"name": 'Brood "wit"', "sku": "a\\b"}]})
@example(ORDER | {"line_items": [LINE | {"title": "Brood\x7f", "name": None}]})
@example(ORDER | {"line_items": [LINE | {"title": "Brood\u00a0wit", "name": None}]})
@example(ORDER | {"line_items": [LINE | {"tax_lines": [{"price": "0.42", "rate": -0.1}]}]})
@example(ORDER | {"name": "#\ud800"})
@example(ORDER | {"name": "#" + "1" * 201})
@example(ORDER | {"processed_at": "2026-10-01T09:40:00.500+02:00"})
@example(ORDER | {"source_name": "po\ns"})
def test_an_order_read_the_short_way_says_what_the_long_way_makes_of_it(order: dict[str, Any]):
    content = decoded(order)
    plain = plain_order(content, CONTEXT)
    if plain is None:
        return
    document = order_document(Part(content), CONTEXT)  # which raises what it would be refused for, and so do the models
    purchase = read_purchase(document).purchase
    assert isinstance(purchase, Purchase)
    for customer in (None, "c" + "a" * 24):
        theirs = to_record(purchase, "m", customer, AT, event_source="s")
        assert to_record(plain, "m", customer, AT, event_source="s") == theirs
    for name in ("phone", "membership_number", "provider_customer_id", "customer_id", "sealed"):
        assert getattr(plain.customer, name, None) == getattr(purchase.customer, name, None)
    assert read_plain(document) in (None, plain)


@pytest.mark.parametrize(
    "usual",
    [
        {},
        {"taxes_included": False, "line_items": [LINE], "total_price_set": both("8.92")},
        {"customer": None},
        {"currency": "USD", "total_price_set": both("19.50", "USD")},
        {"test": True, "location_id": None, "device_id": None, "source_name": "web"},
    ],
)
def test_most_orders_of_a_till_are_read_the_short_way(usual: dict[str, Any]):
    assert plain_order(decoded(ORDER | usual), CONTEXT) is not None


@pytest.mark.parametrize("name", sorted(RARE.keys() & {"cancelled_at", "refunds", "shipping_lines", "transactions"}))
def test_what_is_rare_is_left_to_the_long_way(name: str):
    order = decoded(SHORT | {name: RARE[name][0]})
    assert plain_order(order, CONTEXT) is None
    order_document(Part(order), CONTEXT)


def bytes_of(order: Any) -> bytes:
    return json.dumps(order, ensure_ascii=False).encode("utf-8", "surrogatepass")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changed_somewhere() | mutated(EXAMPLES))
@example(ORDER)
@example(SHORT)
def test_an_order_read_from_its_bytes_is_the_one_that_is_found_in_all_of_it(order: Any):
    raw = bytes_of(order)
    sent = order_sent(raw)
    if sent is not None:
        content = read_json(raw)
        assert Shopify().refs(content) == [("order", sent.id, content, False)]
        assert sent.whole() == content
        assert plain_order(sent, CONTEXT) == plain_order(content, CONTEXT)


@pytest.mark.parametrize(
    "name",
    ["order", "order_edit", "order_id", "invoice_url", "abandoned_checkout_url", "tracking_number", "tracking_numbers"],
)
@pytest.mark.parametrize("value", [None, "x"])
def test_what_may_be_something_else_is_read_whole(name: str, value: str | None):
    assert order_sent(bytes_of(ORDER)) is not None
    assert order_sent(bytes_of(ORDER | {name: value})) is None


@pytest.mark.parametrize("ill", [b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\x01", b"\\q"])
def test_bytes_that_are_no_text_are_refused_where_nobody_asks_for_them_too(ill: bytes):
    assert order_sent(bytes_of(ORDER)[:-1] + b', "note": "' + ill + b'"}') is None


def test_an_unusual_order_is_read_whole_from_its_bytes():
    headers = {"x-shopify-topic": "orders/paid", "content-type": "application/json"}
    order = ORDER | {"refunds": [], "total_shipping_price_set": both("4.00")}
    body = Shopify().decode(bytes_of(order), headers)
    [found] = Shopify().notice(body, headers)
    assert Shopify().plain(found, CONTEXT) is None
    assert list(Shopify().snapshot(found, CONTEXT)) == [order_document(Part(decoded(order)), CONTEXT)]
    assert Shopify().decode(bytes_of(order), {"x-shopify-topic": "refunds/create"}) is None
    assert Shopify().decode(bytes_of(order), headers | {"content-type": "application/x-www-form-urlencoded"}) is None


def test_a_place_whose_name_is_no_id_is_left_to_the_long_way():
    odd = context_of(Shopify(), "shop", **{"7": "dok\n"})
    assert plain_order(decoded(ORDER), odd) is None


def test_what_is_shown_to_people_has_every_field_that_the_long_way_gives():
    [found] = Shopify().refs(decoded(ORDER))
    [taken], [shown] = items_of(Shopify(), [found], CONTEXT), purchases_of(Shopify(), [found], CONTEXT)
    assert isinstance(taken, Received)
    assert isinstance(shown, Received)
    assert isinstance(taken.purchase, PlainSale)
    assert (taken.event_source, taken.place) == (shown.event_source, shown.place)
    assert as_given(shown.purchase)["refund_ids"] == []
