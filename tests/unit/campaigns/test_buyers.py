"""Who bought something, by what every transaction comes to in the end."""

from types import SimpleNamespace
from typing import Any

import pytest

from rules.buyers import Buyers
from stamgast.campaigns.buyers import Search, TooFarBackError, check_reach
from stamgast.domain.events import Line, Purchase, PurchaseChanged, encode_event, key_of
from stamgast.domain.units import DAY
from tests.builders import ANNA, MERCHANT, T0, program

TODAY = T0 // DAY
BUYERS = Buyers(TODAY - 1, TODAY, product="RYE-800")


def sale(sku: str = "RYE-800", at: int = T0, quantity: int = 1000, **more: Any) -> Purchase:
    return Purchase(at, "shop", "EUR", 350, lines=(Line("1", 350, quantity, sku=sku, category="bread"),), **more)


def record(after: Purchase | None, *, transaction: str = "t1", customer: str = ANNA, merchant: str = MERCHANT) -> Any:
    event = PurchaseChanged(merchant=merchant, customer=customer, at=T0, transaction=transaction, after=after)
    return SimpleNamespace(key=key_of(merchant, customer), value=encode_event(event))


def found(*records: Any, buyers: Buyers = BUYERS) -> set[str]:
    search = Search(program(), buyers)
    for each in records:
        search.see(each)
    return {customer for customer, transactions in search.bought.items() if transactions}


def test_who_bought_it_on_one_of_these_days_is_found():
    assert found(record(sale())) == {ANNA}
    assert found(record(sale("WHITE-1"))) == set()
    assert found(record(sale(at=T0 - 3 * DAY))) == set()
    assert found(record(sale(at=T0 + DAY))) == set()
    assert found(record(sale()), buyers=Buyers(TODAY, TODAY, category="bread")) == {ANNA}


def test_what_was_given_back_voided_or_is_somebody_elses_now_does_not_count():
    assert found(record(sale()), record(sale(quantity=0))) == set()
    assert found(record(sale()), record(sale(counts=False))) == set()
    assert found(record(sale()), record(None)) == set()
    assert found(record(sale()), record(sale("WHITE-1"))) == set()
    assert found(record(sale()), record(sale(), transaction="t2"), record(None)) == {ANNA}


def test_another_merchants_customers_and_what_cannot_be_read_are_passed_over():
    broken = SimpleNamespace(key=key_of(MERCHANT, ANNA), value=b'{"type":"purchase_changed","RYE-800"')
    assert found(record(sale(), merchant="other"), broken, SimpleNamespace(key=None, value=None)) == set()


def test_nobody_is_asked_for_farther_back_than_tills_purchases_are_kept():
    check_reach(Buyers(TODAY - 430, TODAY, product="x"), TODAY)
    with pytest.raises(TooFarBackError, match="430 days back is the most: write from: 2025-07-28"):
        check_reach(Buyers(TODAY - 431, TODAY, product="x"), TODAY)
