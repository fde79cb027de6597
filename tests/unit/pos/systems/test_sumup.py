"""SumUp: callbacks that are only a hint, and transactions as the API tells them."""

import pytest
from hypothesis import example, given, settings

from stamgast.pos.adapter import Found, IncapableError
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.sumup import SumUp
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
    stumbles,
)

SUMUP = SumUp()


def transaction(**more) -> dict:
    """2 x 4.50 and 2.00, and a tip of 1.50 inside the amount."""
    return {"id": "6b42", "transaction_code": "TEENSK4W2K", "amount": 12.5, "tip_amount": 1.5, "vat_amount": 0.91, "currency": "EUR",
            "timestamp": "2026-10-01T07:41:00.876Z", "status": "SUCCESSFUL", "type": "PAYMENT", "payment_type": "POS", "merchant_code": "M1",
            "username": "kassa@example.com", "products": [
                {"name": "Koffie", "quantity": 2, "price": 4.13, "price_with_vat": 4.5, "vat_rate": 0.09, "vat_amount": 0.74, "total_price": 8.26, "total_with_vat": 9},
                {"name": "Koek", "quantity": 1, "price": 1.83, "vat_rate": 9, "single_vat_amount": 0.17, "total_with_vat": "2.00"}]} | more  # fmt: skip


def listed(**more) -> dict:
    """As in the history: without what was bought."""
    found = transaction(**more)
    del found["products"]
    return found


def test_it_signs_nothing():
    with pytest.raises(IncapableError, match="sumup signs nothing"):
        SUMUP.verify(b"{}", {}, "", ["x"], 0)
    assert not SUMUP.capabilities.signed


def test_a_callback_only_names_its_transaction():
    found = meaning(SUMUP, sample("sumup_solo_transaction_updated_success"))
    assert (list(found.documents), [(each.kind, each.id) for each in found.to_reread]) == (
        [], [("transaction", "3fa85f64-5717-4562-b3fc-2c963f66afa6")])  # fmt: skip
    [client] = meaning(SUMUP, {"event_type": "x", "payload": {"client_transaction_id": "c1"}}).to_reread
    assert client.id == "client:c1"
    assert parsed(SUMUP, {"event_type": "CHECKOUT_STATUS_CHANGED", "id": "checkout"}) == []
    assert SUMUP.delivery_id({}, {"event_type": "x", "id": "d1"}) == "d1"


def test_a_payment():
    [document] = object_of(SUMUP, "transaction", transaction())
    assert document["totals"] == {"gross_minor": 1100, "tip_minor": 150, "tax_minor": 91, "paid_minor": 1250}
    assert gap(document) == 0
    assert document["line_items"][0] == {"line_id": "1", "name": "Koffie", "quantity": "2", "gross_minor": 900, "unit_price_minor": 450,
                                         "tax_minor": 74, "tax_rate": "9"}  # fmt: skip
    assert (document["line_items"][1]["tax_minor"], document["line_items"][1]["tax_rate"]) == (17, "9")
    assert (document["store"]["retail_store_id"], document["tenders"][0]["tender_type"]) == ("M1", "card")
    assert (document["transaction_id"], document["receipt_number"]) == ("sumup:6b42", "TEENSK4W2K")
    assert "customer" not in document
    [mapped] = SUMUP.snapshot(
        Found("transaction", "", transaction()), context_of(SUMUP, "M1", **{"kassa@example.com": "dok"})
    )
    assert (mapped["store"]["retail_store_id"], mapped["transaction_id"]) == ("dok", "sumup:M1:6b42")


def test_a_tip_beside_the_amount():
    [document] = object_of(SUMUP, "transaction", transaction(amount=11))
    assert document["totals"]["gross_minor"] == 1100
    assert (document["totals"]["tip_minor"], document["totals"]["paid_minor"]) == (150, 1250)


def test_what_came_back_is_told_by_the_payment():
    back = [{"event_type": "REFUND", "status": "REFUNDED", "amount": 2.5}, {"event_type": "PAYOUT", "status": "PAID_OUT", "amount": 10},
            {"event_type": "REFUND", "status": "FAILED", "amount": 3}]  # fmt: skip
    [partly] = object_of(SUMUP, "transaction", transaction(transaction_events=back))
    assert (partly["status"], partly["totals"]["gross_minor"], partly["totals"]["tip_minor"]) == (
        "partially_refunded",
        850,
        150,
    )
    assert sum(each["gross_minor"] for each in partly["line_items"]) == 850
    [short] = object_of(
        SUMUP, "transaction", transaction(events=[{"type": "REFUND", "status": "REFUNDED", "amount": 2.5}])
    )
    assert short["totals"] == partly["totals"]
    [known] = object_of(SUMUP, "transaction", listed(refunded_amount=12.5))
    assert (known["status"], known["totals"]["gross_minor"], known["totals"]["paid_minor"]) == ("refunded", 0, 0)
    [whole] = object_of(SUMUP, "transaction", listed(status="REFUNDED"))
    assert (whole["status"], whole["totals"]["paid_minor"]) == ("refunded", 0)
    assert (
        known["source_version"]
        > partly["source_version"]
        > object_of(SUMUP, "transaction", transaction())[0]["source_version"]
    )


@pytest.mark.parametrize(
    ("status", "found"),
    [("PENDING", ["open"]), ("CANCELLED", ["voided"]), ("FAILED", []), ("successful", ["completed"]), ("NEW", [])],
)
def test_only_what_is_paid_counts(status, found):
    assert [each["status"] for each in object_of(SUMUP, "transaction", transaction(status=status))] == found
    assert object_of(SUMUP, "transaction", transaction(type="REFUND")) == []


def test_a_list_and_a_receipt():
    assert [each["partial"] for each in parsed(SUMUP, {"items": [listed(), listed(id="7c")]})] == [True, True]
    receipt = {
        "transaction_data": transaction(amount="12.50", tip_amount="1.50"),
        "merchant_data": {"merchant_profile": {"merchant_code": "M9"}},
    }
    document = only(SUMUP, receipt)
    assert (document["store"]["retail_store_id"], document["totals"]["gross_minor"]) == ("M9", 1100)


def test_a_deposit_is_no_goods_and_a_checkout_has_its_transactions():
    bottle = {"name": "Statiegeld", "quantity": 1, "total_with_vat": 0.5}
    [document] = object_of(SUMUP, "transaction", transaction(amount=13, products=[*transaction()["products"], bottle]))
    assert (document["totals"]["gross_minor"], document["totals"]["deposit_minor"], gap(document)) == (1100, 50, 0)
    checkout = {"id": "c1", "currency": "EUR", "merchant_code": "M7", "checkout_reference": "r", "transactions": [
        {"id": "t1", "amount": 5, "status": "SUCCESSFUL", "timestamp": "2026-10-01T07:41:00Z"}]}  # fmt: skip
    paid = only(SUMUP, checkout)
    assert (paid["transaction_id"], paid["totals"]["gross_minor"], paid["store"]["retail_store_id"]) == (
        "sumup:t1",
        500,
        "M7",
    )


async def test_the_poll_names_what_changed_and_each_is_read_again():
    api = Shelf(
        {"/transactions/history": {"items": [listed(), listed(id="r", type="REFUND")]}, "/transactions": transaction()}
    )
    page = await SUMUP.poll("2026-10-01T07:00:00Z", api)
    assert ([each.id for each in page.objects], page.cursor, page.more) == (["6b42"], "2026-10-01T07:41:00.876Z", False)
    assert api.asked[0][1]["changes_since"] == "2026-10-01T06:55:00Z"
    again = await SUMUP.reread(page.objects[0], api)
    assert SUMUP.snapshot(again, context_of(SUMUP))[0]["line_items"]
    await SUMUP.reread(Found("transaction", "client:c1"), api)
    assert [asked[1] for asked in api.asked[1:]] == [{"id": "6b42"}, {"client_transaction_id": "c1"}]


async def test_a_full_page_of_old_transactions_goes_on():
    api = Shelf({"/transactions/history": {"items": [listed(timestamp="2026-01-01T00:00:00Z")] * 100}})
    page = await SUMUP.poll("2026-10-01T07:00:00Z", api)
    assert page.more
    assert page.cursor.endswith("|2026-10-01T06:55:01Z")


@pytest.mark.parametrize("body", [[], "x", None, {}, {"foo": 1}, transaction(amount="much"), transaction(amount=True), transaction(timestamp="now"),
                                  transaction(currency=None), {"event_type": "x", "payload": 3}, {"items": 3}])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(body):
    with pytest.raises(RefusedError) as refused:
        parsed(SUMUP, body)
    assert refused.value.problems


BODIES = [sample("sumup_solo_transaction_updated_success"), transaction(transaction_events=[{"event_type": "REFUND", "amount": 2.5}]),
          {"items": [listed(refunded_amount=1)]}, {"transaction_data": transaction(), "merchant_data": {"merchant_profile": {"merchant_code": "M9"}}}]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(mutated(BODIES))
@example({"transaction_data": [], "merchant_data": {}})
def test_whatever_is_sent_is_read_or_refused(body):
    stumbles(SUMUP, body)
