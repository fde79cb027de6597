"""Lightspeed K: accounts of the Financial API, polled by when they were closed."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stamgast.pos.adapter import Found, IncapableError
from stamgast.pos.canonical import Purchase, Refund
from stamgast.pos.links import settled
from stamgast.pos.problems import RefusedError
from stamgast.pos.systems.lightspeed_k import LightspeedK
from stamgast.pos.webhook import Webhook, read_webhook
from tests.builders import sure
from tests.fakes.bodies_lightspeed_k import ANNA, SALE, line, payment
from tests.unit.pos.systems.kit import (
    Answers,
    as_received,
    context,
    gone_wrong,
    lines_sum,
    microseconds,
    read,
    reconciles,
    sale,
    swallowed,
)

K = LightspeedK()


REFUND: dict[str, Any] = SALE | {
    "accountFiscId": "A65315.21", "receiptId": "R65315.20", "type": "REFUND", "source": {"initialAccountId": "A65315.17", "previousAccountId": "A65315.17"},
    "timeClosed": "2026-10-02T20:04:08.734Z", "salesLines": [line("S9", "FRIES", "-3.50", "-3.125", "-0.375", quantity="-1.000")],
    "payments": [payment("T9", "-3.50")],
}  # fmt: skip


def test_nothing_is_signed_and_a_notice_is_looked_up():
    with pytest.raises(IncapableError, match="signs nothing"):
        K.verify(b"{}", {}, "", ["s"], 0)
    raw = json.dumps({"type": "PAYMENT", "account": {"accountFiscId": "A1"}, "payments": []}).encode()
    notice = read_webhook(K, Webhook(raw, {"x-lightspeed-idempotency-key": "k-1"}, ""), [], 0)
    assert (notice.delivery_id, notice.found) == ("k-1", [Found("sale", "A1")])
    assert K.refs({"type": "ORDER", "status": "SUCCESS"}) == []
    assert [each.id for each in K.refs({"businessLocationId": 45, "sales": [SALE, REFUND]})] == [
        "A65315.17",
        "A65315.21",
    ]
    assert K.refs(SALE)[0].content == SALE


def test_an_account_means_its_sale():
    found = sale(K, "sale", SALE, context("lightspeed_k", account="45454565682155", **{"45454565682155": "shop"}))
    assert found.transaction_id == "lightspeed_k:45454565682155:A65315.17"
    assert found.end_date_time.isoformat() == "2026-10-01T20:04:08.734000+00:00"
    assert (found.status, found.store.retail_store_id, found.receipt_number) == ("completed", "shop", "R65315.13")
    assert (found.totals.gross_minor, found.totals.tax_minor, found.totals.paid_minor) == (3150, 338, 3150)
    steak, fries = found.line_items
    assert (steak.sku, steak.gross_minor, steak.tax_minor, steak.discount_minor, steak.cost_minor, steak.category) == (
        "STEAK",
        2450,
        263,
        100,
        100,
        "Food",
    )
    assert (fries.quantity, fries.gross_minor, fries.cost_minor) == ("2", 700, 200)
    assert [(each.tender_id, each.tender_type, each.amount_minor) for each in found.tenders] == [
        ("T1", "cash", 2000),
        ("T2", "card", 1150),
    ]
    who = sure(found.customer)
    assert (who.phone, who.provider_customer_id) == ("+32475123456", "lightspeed_k:45454565682155:120913")
    assert reconciles(found)
    assert lines_sum(found) == 3150


@pytest.mark.parametrize(("place", "store"), [("75125", "bar"), ("141", "shop"), ("A1", "shop")])
def test_a_device_a_revenue_centre_or_the_location_is_mapped(place, store):
    assert sale(K, "sale", SALE, context("lightspeed_k", **{place: store})).store.retail_store_id == store


def test_the_older_endpoint_writes_its_time_otherwise():
    older = {key: value for key, value in SALE.items() if key != "timeClosed"} | {
        "timeofCloseAndPaid": "2026-10-01T20:04:08.734Z"
    }
    assert sale(K, "sale", older) == sale(K, "sale", SALE)


@pytest.mark.parametrize("kind", ["SPLIT", "UPDATE", "TRANSFER", "FLOAT", "TRANSITORY", "CROSS_BL"])
def test_what_only_moved_an_account_is_no_sale(kind):
    assert K.snapshot(Found("sale", "", as_received(SALE | {"type": kind})), context("lightspeed_k")) == []


@pytest.mark.parametrize("signs", [-1, 1])
def test_a_refund_takes_its_product_off_the_account_whichever_sign_it_has(signs):
    lines = [line("S9", "FRIES", str(3.5 * signs), str(3.125 * signs), str(0.375 * signs), quantity=str(signs))]
    found = sale(K, "sale", REFUND | {"salesLines": lines, "payments": [payment("T9", str(3.5 * signs))]})
    assert (found.totals.gross_minor, found.totals.tax_minor, found.totals.paid_minor) == (-350, -38, -350)
    receipt, refund = settled(found)
    assert isinstance(refund, Refund)
    assert receipt.totals.gross_minor == 0
    original = sale(K, "sale", SALE)
    assert refund.transaction_id == original.transaction_id
    assert [(each.original_line_id, each.quantity, each.gross_minor) for each in refund.line_items] == [
        (original.line_items[1].line_id, "1", 350)
    ]


def test_a_refund_of_no_account_is_not_linked():
    assert not sure(sale(K, "sale", REFUND | {"source": {"initialAccountId": "A65315.21"}}).transaction_link).linked
    assert (
        sure(
            sale(K, "sale", REFUND | {"source": None, "accountLink": {"initialAccountId": "A1"}}).transaction_link
        ).transaction_id
        == "lightspeed_k:A1:A1"
    )


def test_a_cancelled_account_is_voided_and_so_is_the_one_that_a_void_names():
    own = sale(K, "sale", SALE | {"cancelled": True})
    assert (own.status, own.transaction_id) == ("voided", "lightspeed_k:A1:A65315.17")
    assert own.source_version > sale(K, "sale", SALE).source_version
    voiding = SALE | {"accountFiscId": "A65315.30", "type": "VOID", "source": {"initialAccountId": "A65315.17"}, "timeClosed": "2026-10-01T20:30:00Z",
                      "salesLines": [line("S1", "STEAK", "-31.50", "-28.125", "-3.375", quantity="-1")], "payments": []}  # fmt: skip
    other = sale(K, "sale", voiding)
    assert (other.status, other.transaction_id, other.totals.gross_minor) == (
        "voided",
        "lightspeed_k:A1:A65315.17",
        3150,
    )
    assert other.source_version > own.source_version


def test_a_recalled_account_that_was_paid_anew_replaces_the_first_one():
    body = SALE | {"accountFiscId": "A65315.31", "type": "RECALL", "source": {"initialAccountId": "A65315.17"}}
    anew, old = read(K, [Found("sale", "", as_received(body))], context("lightspeed_k"))
    assert isinstance(anew, Purchase)
    assert isinstance(old, Purchase)
    assert (anew.status, anew.totals.gross_minor, old.status, old.transaction_id) == (
        "completed",
        3150,
        "voided",
        "lightspeed_k:A1:A65315.17",
    )


def test_the_service_charge_is_no_goods():
    """As the documentation's own line has it: 11.00 of which 1.00 is service, 8.33 and 1.6667 tax."""
    body = SALE | {
        "salesLines": [line("S1", "BURGER", "11.00", "8.33", "1.6667", serviceCharge="1.00", taxLines="example")],
        "payments": [payment("T1", "11.00")],
    }
    found = sale(K, "sale", body)
    assert (
        found.totals.gross_minor,
        found.totals.surcharge_minor,
        found.totals.paid_minor,
        found.totals.tax_minor,
    ) == (1000, 100, 1100, 167)
    assert reconciles(found)
    beside = body | {
        "salesLines": [line("S1", "BURGER", "10.00", "8.33", "1.6667", serviceCharge="1.00", taxLines="example")]
    }
    assert sale(K, "sale", beside).totals == found.totals


@pytest.mark.parametrize("amount", ["31.50", "34.50"])
def test_a_tip_is_told_whether_it_is_in_the_payment_or_beside_it(amount):
    found = sale(K, "sale", SALE | {"payments": [payment("T1", amount, tip="3.00")]})
    assert (found.totals.gross_minor, found.totals.tip_minor, found.totals.paid_minor) == (3150, 300, 3450)
    assert reconciles(found)


@pytest.mark.parametrize(("paid", "rounding"), [("31.55", "0.02"), ("31.55", "-0.02"), ("31.55", "0")])
def test_belgian_rounding_in_cash_is_told_whichever_sign_it_has(paid, rounding):
    lines = [line("S1", "STEAK", "31.53", "28.152", "3.378")]
    found = sale(K, "sale", SALE | {"salesLines": lines, "payments": [payment("T1", paid, roundingAmount=rounding)]})
    assert (found.totals.gross_minor, found.totals.rounding_minor, found.totals.paid_minor) == (3153, 2, 3155)
    assert reconciles(found)


def test_prices_without_tax_get_it_added():
    lines = [
        line(
            "S1",
            "STEAK",
            "20.00",
            "20.00",
            "0",
            taxLines=[{"taxAmount": "1.60", "taxIncluded": False}, {"taxAmount": "0.20", "taxIncluded": False}],
        )
    ]
    found = sale(K, "sale", SALE | {"salesLines": lines, "payments": [payment("T1", "21.80")]})
    assert (found.totals.gross_minor, found.totals.tax_minor) == (2180, 180)


def test_gift_cards_and_bottle_deposits_are_known_by_their_accounting_group():
    lines = [*SALE["salesLines"], line("S4", "GC", "25.00", "25", "0", accountingGroup={"name": "Cadeaubonnen"}),
             line("S5", "CRATE", "2.10", "2.1", "0", accountingGroup={"name": "Leeggoed"})]  # fmt: skip
    found = sale(K, "sale", SALE | {"salesLines": lines, "payments": [payment("T1", "58.60")]})
    assert (found.totals.gross_minor, found.totals.gift_card_sold_minor, found.totals.deposit_minor) == (
        3150,
        2500,
        210,
    )
    assert reconciles(found)


def test_six_decimals_are_rounded_over_the_whole_account():
    lines = [line(f"S{n}", f"X{n}", "1.115000", "1.013636", "0.101364") for n in range(3)]
    found = sale(K, "sale", SALE | {"salesLines": lines, "payments": []})
    assert (found.totals.gross_minor, [each.gross_minor for each in found.line_items]) == (334, [112, 111, 111])


def test_the_customer_is_the_first_who_paid_and_is_known():
    two = [
        payment("T1", "20.00"),
        payment("T2", "5.00", consumer={"id": "uuid-2"}),
        payment("T3", "6.50", consumer=ANNA),
    ]
    assert sure(sale(K, "sale", SALE | {"payments": two[:2]}).customer).provider_customer_id == "lightspeed_k:A1:uuid-2"
    assert sale(K, "sale", SALE | {"payments": two[:1]}).customer is None
    first, second = read(K, [Found("sale", "", as_received(SALE | {"payments": two}))], context("lightspeed_k"))
    assert isinstance(first, Purchase)
    assert isinstance(second, Purchase)
    assert [sure(each.customer).provider_customer_id for each in (first, second)] == [
        "lightspeed_k:A1:uuid-2", f"lightspeed_k:A1:{ANNA['customerId']}"]  # fmt: skip
    assert [each.totals.gross_minor for each in (first, second)] == [2500, 650], "who is not known paid with the first"
    assert [[tender.tender_id for tender in each.tenders] for each in (first, second)] == [["T1", "T2"], ["T3"]]


WHO = [None, ANNA, {"customerId": "c-2"}, {"customerId": "c-3", "phoneNumber1": "+32475999999"}]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WHO), st.integers(0, 900)), min_size=1, max_size=6), st.integers(-2000, 2000))
def test_what_several_paid_sums_up_to_the_bill_and_its_lines_stand_once(paid: list[Any], more: int):
    cents = [amount for _, amount in paid]
    payments = [payment(f"T{n}", f"{amount / 100:.2f}", consumer=who) for n, (who, amount) in enumerate(paid)]
    lines = [
        line("S1", "STEAK", f"{sum(cents) / 100:.2f}", "0", "0"),
        line("S2", "FRIES", f"{more / 100:.2f}", "0", "0"),
    ]
    bill = SALE | {"salesLines": lines, "payments": payments}
    one = [each | {"consumer": None} for each in payments]
    whole = sale(K, "sale", bill | {"payments": one})

    parts = read(K, [Found("sale", "", as_received(bill))], context("lightspeed_k"))

    known = list(dict.fromkeys(who["customerId"] for who, _ in paid if who))
    assert len(parts) in ({1} if whole.totals.gross_minor < 0 or not sum(cents) else {max(1, len(known))})
    assert sum(each.totals.gross_minor for each in parts) == whole.totals.gross_minor
    assert sum(each.totals.paid_minor or 0 for each in parts) == whole.totals.paid_minor
    assert len({each.transaction_id for each in parts}) == len(parts)
    assert [line.quantity for line in parts[0].line_items] == [line.quantity for line in whole.line_items]
    assert not any(each.line_items for each in parts[1:])
    if reconciles(whole):
        assert all(reconciles(each) for each in parts)
    if sum(line.gross_minor for line in whole.line_items) == whole.totals.gross_minor > 0:
        assert isinstance(parts[0], Purchase)
        assert lines_sum(parts[0]) == parts[0].totals.gross_minor


def test_what_undoes_a_bill_undoes_it_for_all_who_paid():
    two = [payment("T1", "-20.00", consumer=ANNA), payment("T2", "-11.50", consumer={"customerId": "c-2"})]
    void = SALE | {"type": "VOID", "accountFiscId": "A9", "source": {"initialAccountId": "A65315.17"}, "payments": two}
    found = read(K, [Found("sale", "", as_received(void | {"salesLines": []}))], context("lightspeed_k"))
    assert [(each.transaction_id, each.status) for each in found] == [
        ("lightspeed_k:A1:A65315.17", "voided"), ("lightspeed_k:A1:A65315.17:2", "voided")]  # fmt: skip


def test_null_fields_yen_and_an_account_without_its_lines_are_read():
    found = sale(K, "sale", {"accountFiscId": "A2", "timeClosed": "2026-10-01T20:04:08Z", "salesLines": None, "source": None, "type": None,
                             "payments": [payment("T1", "1300", currency="JPY")], "deviceId": None})  # fmt: skip
    assert (found.price_currency, found.totals.gross_minor, found.totals.paid_minor, found.status) == (
        "JPY",
        1300,
        1300,
        "completed",
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ("text", ""),
        ({}, "/sales"),
        ({"sales": {"a": 1}}, "/sales"),
        ({"sales": [{"type": "SALE"}]}, "/sales/0/accountFiscId"),
        ([5], "/sales/0"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(body, pointer):
    with pytest.raises(RefusedError) as refused:
        K.refs(body)
    assert refused.value.problems[0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"timeClosed": "last night"}, "/timeClosed"),
        ({"salesLines": [line("S1", "X", "much", "0", "0")]}, "/salesLines/0/totalNetAmountWithTax"),
        ({"payments": [payment("T1", "x")]}, "/payments/0/netAmountWithTax"),
    ],
)
def test_an_account_that_cannot_be_read_says_where(change, pointer):
    with pytest.raises(RefusedError) as refused:
        K.snapshot(Found("sale", "", as_received(SALE | change)), context("lightspeed_k"))
    assert refused.value.problems[0]["pointer"] == pointer


async def test_the_poll_begins_with_the_business_day_and_reads_on_by_when_accounts_were_closed():
    def answer(path: str, query: Any, document: Any) -> Any:
        if path == "/f/finance/{account}/dailyFinancials":
            return {"sales": [SALE], "dataComplete": False}
        return {"sales": [REFUND]} if "nextPageToken" in query else {"sales": [SALE], "nextPageToken": "A65315.18"}

    api = Answers(answer)
    first = await K.poll("", api)
    assert ([each.id for each in first.objects], first.cursor, first.more) == (
        ["A65315.17"],
        "2026-10-01T20:04:08.734Z",
        False,
    )
    second = await K.poll(first.cursor, api)
    assert second.more
    third = await K.poll(second.cursor, api)
    assert ([each.id for each in third.objects], third.cursor, third.more) == (
        ["A65315.21"],
        "2026-10-02T20:04:08.734Z",
        False,
    )
    assert [query.get("from") for _, query, _ in api.asked] == [
        None,
        "2026-10-01T14:04:08.734Z",
        "2026-10-01T14:04:08.734Z",
    ]
    assert api.asked[2][1]["nextPageToken"] == "A65315.18"
    empty = await K.poll("", Answers(lambda *_: {"sales": [], "nextStartOfDayAsIso8601": "2026-10-02T05:30:00+02:00"}))
    assert (list(empty.objects), empty.cursor) == ([], "2026-10-01T03:30:00Z")


async def test_an_account_is_looked_up_in_its_business_day():
    api = Answers({"/f/finance/{account}/dailyFinancials": {"sales": [SALE, REFUND]}})
    assert (await K.reread(Found("sale", "A65315.21"), api)).content == as_received(REFUND)
    assert K.snapshot(await K.reread(Found("sale", "A9"), api), context("lightspeed_k")) == [], "it is open still"


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(gone_wrong([SALE, REFUND, {"sales": [SALE, REFUND], "businessLocationId": 45}, SALE | {"type": "VOID"}]))
def test_whatever_comes_is_read_or_refused(body):
    swallowed(K, body, context("lightspeed_k"), ["sale"])


def test_a_typical_account_is_read_quickly():
    assert microseconds(K, json.dumps(SALE).encode(), {}, context("lightspeed_k")) < 1_500
