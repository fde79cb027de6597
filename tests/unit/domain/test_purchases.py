"""A transaction is remembered for 400 days from its first record; what comes later is told, not applied."""

from typing import Any

import msgspec
import pytest

from stamgast.domain.net_purchase import net
from stamgast.domain.purchase_record import Delivery, decode_record
from stamgast.domain.purchases import MEMORY, ForgottenError, merge
from stamgast.domain.stamps import raw_stamps
from stamgast.domain.transactions import Transaction, decode_transaction, encode_transaction
from stamgast.domain.units import DAY
from tests.builders import T0, card, line, record, refund, snapshot


def delivered(data: dict[str, Any]) -> Delivery:
    return decode_record(record(data, T0)[1]).data


def test_a_refund_within_the_memory_counts_and_one_after_it_changes_nothing_and_says_how_late_it_is():
    sale = Transaction()
    merge(sale, delivered(snapshot(lines=[line()])), T0)
    assert merge(sale, delivered(refund(gross=100)), T0 + MEMORY)
    before = encode_transaction(sale)
    with pytest.raises(ForgottenError, match="401 days"):
        merge(sale, delivered(refund(id_="r2", gross=100)), T0 + MEMORY + DAY)
    assert encode_transaction(sale) == before


@pytest.mark.parametrize("amounts", [{"gross": -100}, {"lines": [("1", "-1", 100)]}, {"lines": [("1", "1", -100)]}])
def test_a_refund_that_would_give_more_than_was_sold_is_refused(amounts):
    sale = Transaction()
    merge(sale, delivered(snapshot(lines=[line()])), T0)
    with pytest.raises(ValueError, match="positive"):
        merge(sale, delivered(refund(**amounts)), T0)
    assert sale.refunds == {}


def test_history_of_any_age_is_taken_when_it_is_recorded_for_the_first_time():
    sale = Transaction()
    assert merge(sale, delivered(snapshot(when=T0 - 900 * DAY, lines=[line()])), T0)


@pytest.mark.parametrize(
    ("kind", "totals"),
    [
        ("gift_card", {"gift_card_sold_minor": 2500}),
        ("shipping", {"shipping_minor": 2500}),
        ("deposit", {"deposit_minor": 2500}),
        ("fee", {"surcharge_minor": 2500}),
        ("fee", {"tip_minor": 2500}),
        ("fee", {"surcharge_minor": 2000, "tip_minor": 500}),
    ],
)
def test_what_the_totals_say_apart_is_not_taken_off_the_gross_once_more(kind, totals):
    told_apart = snapshot(lines=[line(gross=1000), line("2", 2500, kind=kind)], gross=1000)
    within = snapshot(lines=[line(gross=1000), line("2", 2500, kind=kind)], gross=3500)
    told_apart["totals"] |= totals
    by_amount = card(per="amount", amount=500)
    for data in (told_apart, within):
        sale = Transaction()
        merge(sale, delivered(data), T0)
        bought = net(sale)
        assert raw_stamps(bought, by_amount) == 2
        assert raw_stamps(bought, card()) == 1


def test_a_fee_for_a_bag_stays_in_the_gross_beside_a_tip():
    sale = Transaction()
    data = snapshot(lines=[line(gross=1000), line("2", 10, kind="fee")])
    data["totals"]["tip_minor"] = 200
    merge(sale, delivered(data), T0)
    assert raw_stamps(net(sale), card(per="amount", amount=1000)) == 1
    assert raw_stamps(net(sale), card(per="amount", amount=1001)) == 0


def test_what_is_remembered_of_a_purchase_leaves_out_what_is_usual_and_older_versions_read_it():
    sale = Transaction()
    merge(sale, delivered(snapshot(lines=[line("1", 350, sku="A1", category="bread")])), T0)
    plain = msgspec.msgpack.encode(sale)
    stored = encode_transaction(sale)
    assert len(stored) <= len(plain) - 8
    assert b"quantity" not in stored
    assert msgspec.msgpack.Decoder(Transaction).decode(stored) == decode_transaction(stored) == sale
    assert decode_transaction(plain) == sale
    assert encode_transaction(decode_transaction(plain)) != plain
    assert encode_transaction(decode_transaction(stored)) == stored
