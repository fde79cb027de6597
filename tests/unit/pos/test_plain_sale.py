"""A sale that is read the short way is what the contract's models make of it, byte for byte, and no other is."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stamgast.pos.canonical import LineItem, Purchase, Tender, Totals
from stamgast.pos.plain_sale import (
    PlainSale,
    read_plain,
)
from stamgast.pos.reading import read_purchase
from stamgast.pos.record import data_of, to_record

GOLDEN = Path(__file__).parents[2] / "golden" / "purchase"
AT = 1_790_840_600_000
SALE: dict[str, Any] = {
    "transaction_id": "t1",
    "receipt_number": "#1",
    "source_version": 3,
    "status": "completed",
    "end_date_time": "2026-10-01T07:42:10Z",
    "business_day_date": "2026-10-01",
    "store": {"retail_store_id": "dok", "workstation_id": "1"},
    "customer": {"phone": "+32470000001", "membership_number": "7"},
    "price_currency": "EUR",
    "prices_include_tax": True,
    "totals": {"gross_minor": 1240, "tax_minor": 57, "tip_minor": 0, "paid_minor": 1240},
    "line_items": [
        {"line_id": "1", "kind": "sale", "quantity": "1", "gross_minor": 320, "tax_rate": "6", "gtin": "12345678"},
        {"line_id": "2", "kind": "deposit", "quantity": "-0.348", "gross_minor": -920, "name": "Krat €"},
    ],
    "tenders": [{"tender_type": "card", "amount_minor": 1240, "card_ref": "h:1"}],
    "refund_ids": [],
    "provenance": {"provider": "shopify", "test": False, "channel": "pos"},
}
EXAMPLES = [SALE, *(json.loads(file.read_text()) for file in sorted(GOLDEN.glob("*.json")))]
PLACES = sorted({*Purchase.model_fields, *LineItem.model_fields, *Totals.model_fields, *Tender.model_fields})
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([0, 1, -1, 10**12, 10**12 + 1, 2**63, 1.0, 1240.0, 1.5])
    | st.text(max_size=30)
    | st.text(alphabet='\n\t\x00\x7f\\"\u2028é0123456789.-', max_size=12)
    | st.sampled_from(["1", "1\n", "01", "1.5", "-1", "sale", "EUR", "eur", "XXX", "x" * 200, "x" * 201, "x" * 501])
    | st.sampled_from(
        [
            "2026-10-01T07:42:10Z", "2026-10-01t07:42:10z", "2026-10-01 07:42:10Z", "2026-10-01T07:42:60Z",
            "2026-02-30T07:42:10Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "2026-10-01T09:42:10+02:00",
            "2026-10-01T07:42:10.500Z", "2026-10-01T07:42:10.0Z", "2026-10-01T24:00:00Z", "2026-10-01T07:42:10",
            "2026-10-01", "2026-1-01", "20261001", "2026-W40-4",
        ]
    )
    | st.sampled_from([[], {}, [""], {"x": 1}, [{}], ["r1", "r1"]])
)  # fmt: skip


@st.composite
def changed_somewhere(draw: Any) -> Any:
    """An example with up to three places replaced, removed or added."""
    document = json.loads(json.dumps(draw(st.sampled_from(EXAMPLES))))
    for _ in range(draw(st.integers(0, 3))):
        place = document
        while isinstance(place, dict | list) and place:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
                place = place[key]
                continue
            match draw(st.sampled_from(["replace", "remove", "add"])):
                case "replace":
                    place[key] = copy.deepcopy(draw(VALUES))
                case "remove":
                    del place[key]
                case "add" if isinstance(place, dict):
                    place[draw(st.sampled_from(PLACES))] = copy.deepcopy(draw(VALUES))
            break
    return document


@settings(max_examples=1_500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changed_somewhere())
@example(SALE)
@example(SALE | {"customer": {"method": "qr"}})
@example(SALE | {"line_items": [SALE["line_items"][0]] * 2})
@example(SALE | {"receipt_number": "1\n"})
@example(SALE | {"receipt_number": "1\x7f"})
@example(SALE | {"price_currency": "EUX"})
@example(SALE | {"currency_exponent": 3})
@example(SALE | {"end_date_time": "2026-10-01T07:42:10.500Z"})
def test_what_is_read_the_short_way_is_what_the_models_make_of_it(document: dict[str, Any]):
    sale = read_plain(document)
    if sale is None:
        return
    purchase = read_purchase(document).purchase  # raises what it would be refused for
    assert isinstance(purchase, Purchase)
    for customer in (None, "c" + "a" * 24):
        for earliest in (0, AT):
            theirs = to_record(purchase, "m", customer, AT, earliest=earliest, event_source="s")
            assert to_record(sale, "m", customer, AT, earliest=earliest, event_source="s") == theirs
    assert data_of(sale) == data_of(purchase)
    assert sale.end_date_time == purchase.end_date_time
    assert sale.business_day_date == purchase.business_day_date
    for name in ("phone", "membership_number", "provider_customer_id", "customer_id", "sealed"):
        assert getattr(sale.customer, name, None) == getattr(purchase.customer, name, None)


@pytest.mark.parametrize(
    "unusual",
    [
        {"transaction_link": {"relation": "return_of", "transaction_id": "t0"}},
        {"prices_include_tax": False},
        {"link_settled": True},
        {"store": {"retail_store_id": "dok", "time_zone": "Europe/Brussels"}},
    ],
)
def test_what_is_rare_is_left_to_the_models(unusual: dict[str, Any]):
    assert read_plain(SALE | unusual) is None
    read_purchase(SALE | unusual)


@pytest.mark.parametrize(
    "usual", [{}, {"end_date_time": "2026-10-01T09:42:10+02:00"}, {"customer": None}, {"currency_exponent": 2}]
)
def test_most_sales_are_read_the_short_way(usual: dict[str, Any]):
    assert isinstance(read_plain(SALE | usual), PlainSale)
