"""Square: orders by their names, payments and refunds with what they tell."""

import pytest
from hypothesis import given, settings

from stamgast.pos.adapter import Found, SignatureError
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.square import Square
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

SQUARE = Square()


def eur(amount: int, code: str = "EUR") -> dict:
    return {"amount": amount, "currency": code}


def order(**more) -> dict:
    """A coffee twice and a cake, with a tip, paid in two parts."""
    return {
        "id": "O1", "location_id": "L1", "state": "COMPLETED", "version": 4, "created_at": "2026-10-01T07:40:00Z",
        "updated_at": "2026-10-01T07:42:00.5Z", "closed_at": "2026-10-01T07:42:00Z", "total_money": eur(1300), "total_tax_money": eur(107),
        "total_discount_money": eur(100), "total_tip_money": eur(200), "customer_id": "C1", "source": {"name": "Point of Sale"},
        "taxes": [{"uid": "t", "percentage": "9.0"}],
        "line_items": [
            {"uid": "a", "name": "Koffie", "variation_name": "Groot", "quantity": "2", "catalog_object_id": "K", "base_price_money": eur(350),
             "total_money": eur(600), "total_discount_money": eur(100), "total_tax_money": eur(50), "applied_taxes": [{"tax_uid": "t"}]},
            {"uid": "b", "name": "Taart", "quantity": "1", "total_money": eur(500), "total_tax_money": eur(57)},
        ],
        "tenders": [{"id": "T1", "type": "CARD", "amount_money": eur(800), "tip_money": eur(200)},
                    {"id": "T2", "type": "CASH", "amount_money": eur(500)}],
    } | more  # fmt: skip


def payment(**more) -> dict:
    return {"id": "P1", "order_id": "O1", "location_id": "L1", "status": "COMPLETED", "created_at": "2026-10-01T07:41:00Z",
            "updated_at": "2026-10-01T07:42:00Z", "amount_money": eur(1100), "tip_money": eur(200), "total_money": eur(1300),
            "source_type": "CARD"} | more  # fmt: skip


def refund(**more) -> dict:
    return {"id": "P1_R1", "payment_id": "P1", "order_id": "O2", "location_id": "L1", "status": "COMPLETED", "amount_money": eur(300),
            "created_at": "2026-10-02T07:41:00Z", "updated_at": "2026-10-02T07:42:00Z"} | more  # fmt: skip


def event(kind: str, body: dict) -> dict:
    return {
        "type": f"{kind}.updated",
        "event_id": "e1",
        "data": {"type": kind, "id": body["id"], "object": {kind: body}},
    }


@pytest.mark.parametrize("vector", vectors_of("square"), ids=lambda v: v["id"])
def test_the_published_signatures(vector):
    raw, headers = vector["input"]["body"].encode(), {"x-square-hmacsha256-signature": vector["expected"]}
    url = vector["input"]["notification_url"]
    if vector["valid"]:
        SQUARE.verify(raw, headers, url, ["old", vector["key"]], 0)
        for body, head, to in ((raw[:-1], headers, url), (raw, headers, url + "/"), (raw, {}, url),
                               (raw, {"x-square-hmacsha256-signature": "\u00e9"}, url)):  # fmt: skip
            with pytest.raises(SignatureError):
                SQUARE.verify(body, head, to, [vector["key"]], 0)
    else:
        with pytest.raises(SignatureError):
            SQUARE.verify(raw, headers, url, [vector["key"]], 0)


def test_the_documented_objects():
    [document] = object_of(SQUARE, "order", sample("square_api_order"))
    assert (document["status"], document["totals"]["gross_minor"], document["totals"]["discount_minor"]) == (
        "open",
        550,
        550,
    )
    assert [each["gross_minor"] for each in document["line_items"]] == [250, 300]
    [paid] = object_of(SQUARE, "payment", sample("square_api_payment"))
    [back] = object_of(SQUARE, "refund", sample("square_api_refund"))
    assert (paid["status"], paid["totals"]["gross_minor"]) == ("completed", 555)
    assert (back["status"], back["totals"]["gross_minor"], back["transaction_id"]) == (
        "refund",
        555,
        paid["transaction_id"],
    )


@pytest.mark.parametrize(
    ("name", "status", "ref"),
    [("square_order_created", None, "order"), ("square_order_updated", None, "order"), ("square_payment_created", "open", "payment"),
     ("square_payment_updated", "completed", "payment"), ("square_refund_created", None, "refund"),
     ("square_loyalty_event_created", None, None)],
)  # fmt: skip
def test_the_documented_events(name, status, ref):
    found = meaning(SQUARE, sample(name))
    assert [each["status"] for each in found.documents] == ([status] if status else [])
    assert [each.kind for each in found.to_reread] == ([ref] if ref else [])
    assert all(each["partial"] for each in found.documents)


def test_an_order_that_was_read_again():
    [document] = object_of(SQUARE, "order", {"order": order(customer={"phone_number": "+31612345678"})})
    assert document["totals"] == {
        "gross_minor": 1100,
        "tax_minor": 107,
        "discount_minor": 100,
        "tip_minor": 200,
        "paid_minor": 1300,
    }
    assert gap(document) == 0
    assert document["line_items"][0] == {"line_id": "a", "name": "Koffie, Groot", "quantity": "2", "gross_minor": 600, "tax_minor": 50,
                                         "unit_price_minor": 350, "discount_minor": 100, "product_id": "K", "tax_rate": "9"}  # fmt: skip
    assert [(each["tender_type"], each["amount_minor"]) for each in document["tenders"]] == [
        ("card", 800),
        ("cash", 500),
    ]
    assert document["customer"] == {"phone": "+31612345678", "provider_customer_id": "square:C1"}
    assert document["end_date_time"] == "2026-10-01T07:42:00Z"


def test_gift_cards_charges_and_rounding_are_beside_the_goods():
    card = {"uid": "g", "item_type": "GIFT_CARD", "quantity": "1", "total_money": eur(2500)}
    [document] = object_of(SQUARE, "order", order(
        line_items=[*order()["line_items"], card], total_money=eur(3853), total_service_charge_money=eur(50),
        rounding_adjustment={"amount_money": eur(3)}))  # fmt: skip
    assert document["totals"]["gross_minor"] == 1100
    assert (
        document["totals"]["gift_card_sold_minor"],
        document["totals"]["surcharge_minor"],
        document["totals"]["rounding_minor"],
    ) == (2500, 50, 3)
    assert gap(document) == 0
    assert document["line_items"][2]["kind"] == "gift_card"


def test_a_deposit_is_no_goods():
    bottle = {"uid": "d", "name": "Leeggoed", "quantity": "1", "total_money": eur(25)}
    [document] = object_of(SQUARE, "order", order(line_items=[*order()["line_items"], bottle], total_money=eur(1325)))
    assert (document["totals"]["gross_minor"], document["totals"]["deposit_minor"], gap(document)) == (1100, 25, 0)


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"state": "OPEN"}, "open"), ({"state": "OPEN", "net_amount_due_money": eur(0)}, "completed"), ({"state": "CANCELED"}, "voided"),
     ({"state": "OPEN", "net_amount_due_money": eur(0), "tenders": []}, "open"), ({"state": "DRAFT"}, "open")],
)  # fmt: skip
def test_only_what_is_paid_counts(changed, status):
    assert object_of(SQUARE, "order", order(**changed))[0]["status"] == status


def test_an_orders_versions_stand_above_its_payments():
    [first], [second] = object_of(SQUARE, "order", order(version=1)), object_of(SQUARE, "order", order(version=2))
    paid = only(SQUARE, event("payment", payment()))
    assert second["source_version"] > first["source_version"] > paid["source_version"]


def test_a_payment_alone_and_what_came_back_of_it():
    partly = only(
        SQUARE,
        event("payment", payment(refunded_money=eur(300), refund_ids=["P1_R1"], updated_at="2026-10-02T07:42:00Z")),
    )
    assert (partly["status"], partly["totals"], partly["refund_ids"]) == (
        "partially_refunded", {"gross_minor": 800, "tip_minor": 200, "paid_minor": 1000}, ["P1_R1"])  # fmt: skip
    wholly = only(SQUARE, event("payment", payment(refunded_money=eur(1300))))
    assert (wholly["status"], wholly["totals"]) == ("refunded", {"gross_minor": 0, "paid_minor": 0})
    back = only(SQUARE, event("refund", refund()))
    assert (back["refund_id"], back["transaction_id"], back["totals"]["gross_minor"]) == (
        "P1_R1",
        partly["transaction_id"],
        300,
    )
    for status in ("PENDING", "FAILED", "REJECTED"):
        assert parsed(SQUARE, event("refund", refund(status=status))) == []
    assert only(SQUARE, event("payment", payment(status="CANCELED")))["status"] == "voided"
    yen = only(
        SQUARE, event("payment", payment(amount_money=eur(1300, "JPY"), tip_money=None, total_money=eur(1300, "JPY")))
    )
    assert (yen["price_currency"], yen["totals"]["gross_minor"]) == ("JPY", 1300)
    offline = payment(is_offline_payment=True, offline_payment_details={"client_created_at": "2026-10-01T05:00:00Z"})
    late = only(SQUARE, event("payment", offline))
    assert (late["provenance"]["offline"], late["end_date_time"]) == (True, "2026-10-01T05:00:00Z")


def test_money_that_was_given_back_for_no_sale():
    document = only(SQUARE, event("refund", refund(unlinked=True, payment_id=None)))
    assert document["totals"]["gross_minor"] == -300
    assert document["transaction_link"] == {"relation": "return_of", "linked": False}


def test_an_exchange_tells_what_came_back_of_the_earlier_sale():
    back = {"uid": "r", "source_order_id": "O0", "return_amounts": {"total_money": eur(350)},
            "return_line_items": [{"source_line_item_uid": "a", "quantity": "1", "total_money": eur(350)}, {"quantity": "1"}]}  # fmt: skip
    sale, refunded = object_of(SQUARE, "order", order(returns=[back]))
    assert sale["totals"]["gross_minor"] == 1100
    assert (refunded["transaction_id"], refunded["totals"]["gross_minor"]) == ("square:O0", 350)
    assert refunded["line_items"] == [{"original_line_id": "a", "quantity": "1", "gross_minor": 350}]
    assert object_of(SQUARE, "order", order(returns=[back], line_items=[])) == []


async def test_payments_and_refunds_are_read_again_as_what_they_belong_to():
    back = order(id="O2", line_items=[], returns=[{"source_order_id": "O1", "return_line_items": [
        {"source_line_item_uid": "a", "quantity": "1", "total_money": eur(300)}]}])  # fmt: skip
    api = Shelf({"/orders/O1": {"order": order()}, "/orders/O2": {"order": back}, "/payments/P1": {"payment": payment()},
                 "/customers/C1": {"customer": {"id": "C1", "phone_number": "+31612345678"}}, "/refunds/P1_R1": {"refund": refund()}})  # fmt: skip
    again = await SQUARE.reread(Found("payment", "P1", payment(), partial=True), api)
    assert again == await SQUARE.reread(Found("payment", "P1"), api)
    [sale] = SQUARE.snapshot(again, context_of(SQUARE, "M"))
    assert (sale["transaction_id"], sale["customer"]["phone"]) == ("square:M:O1", "+31612345678")
    [document] = SQUARE.snapshot(await SQUARE.reread(Found("refund", "P1_R1"), api), context_of(SQUARE, "M"))
    assert (document["transaction_id"], document["line_items"][0]["original_line_id"]) == ("square:M:O1", "a")
    del api.answers["/customers/C1"]
    assert (await SQUARE.reread(Found("order", "O1"), api)).content["id"] == "O1"


async def test_the_poll_goes_through_orders_of_all_places_and_then_refunds():
    places = [{"id": f"L{n}"} for n in range(11)]
    plain = order(customer_id=None)
    api = Shelf({"/locations": {"locations": places}, "/refunds": {"refunds": [refund()]},
                 "/orders/search": [{"orders": [plain], "cursor": "next"}, {"orders": [plain]}, {}]})  # fmt: skip
    cursor, kinds = "2026-10-01T00:00:00Z", []
    for _ in range(9):
        page = await SQUARE.poll(cursor, api)
        kinds += [each.kind for each in page.objects]
        cursor = page.cursor
        if not page.more:
            break
    assert kinds == ["order", "order", "refund"]
    assert cursor == "2026-10-02T07:42:00Z"


@pytest.mark.parametrize("body", [[], "x", None, {}, {"foo": 1}, event("payment", payment(amount_money=3)),
                                  event("payment", payment(amount_money={"amount": 1.5, "currency": "EUR"})),
                                  event("payment", payment(created_at="now")), {"type": "order.updated", "data": 3}])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(body):
    with pytest.raises(RefusedError) as refused:
        parsed(SQUARE, body)
    assert refused.value.problems


def test_unknown_events_are_about_nothing():
    assert (
        parsed(SQUARE, {"type": "webhooks.test_notification", "event_id": "e", "data": {"type": "webhooks", "id": "x"}})
        == []
    )
    assert SQUARE.delivery_id({}, event("refund", refund())) == "e1:refund.updated"


BODIES = [sample(name) for name in samples_of("square")] + [
    order(),
    event("refund", refund()),
    {"order": order(returns=[{"source_order_id": "x"}])},
]


@settings(max_examples=400, deadline=None)
@given(mutated(BODIES))
def test_whatever_is_sent_is_read_or_refused(body):
    stumbles(SQUARE, body)
