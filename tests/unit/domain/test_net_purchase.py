"""What is left of a transaction after edits, voids and refunds, by example."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from stamgast.domain.earning import entry_for
from stamgast.domain.events import Purchase
from stamgast.domain.net_purchase import net
from stamgast.domain.program import CardDefinition
from stamgast.domain.purchase_record import decode_record, thousandths
from stamgast.domain.purchases import merge
from stamgast.domain.stamps import raw_stamps
from stamgast.domain.transactions import Transaction
from tests.builders import ANNA, BRAM, T0, card, line, program, record, refund, snapshot

KEEPS = card(per="item", on_refund="never")
TAKES = card(per="item")


def transaction_of(*deliveries: dict[str, Any]) -> Transaction:
    transaction = Transaction()
    for data in deliveries:
        merge(transaction, decode_record(record(data, T0)[1]).data, T0)
    return transaction


def net_of(*deliveries: dict[str, Any]) -> Purchase:
    purchase = net(transaction_of(*deliveries))
    assert purchase is not None
    return purchase


def stamps(card_: CardDefinition, *deliveries: dict[str, Any]) -> int:
    return raw_stamps(net_of(*deliveries), card_)


def loaves(count: int, version: int = 1, **more: Any) -> dict[str, Any]:
    lines = [line("1", 350 * count, str(count), category="bread")] if count else []
    return snapshot(version=version, lines=lines, **more)


def test_a_refund_that_waits_for_its_sale_is_no_purchase_yet():
    assert net(transaction_of(refund())) is None


def test_a_refund_by_line_takes_those_pieces_and_their_money():
    left = net_of(loaves(3), refund(gross=350, lines=[("1", "1", 350)]))
    assert (left.spend, left.refunded, left.lines[0].quantity, left.lines[0].gross) == (700, 350, 2000, 700)


def test_money_back_without_a_line_is_spread_over_the_whole_receipt():
    sale = snapshot(lines=[line("1", 350, "1", category="bread")], gross=1240)
    left = net_of(sale, refund(gross=500))
    assert left.spend == 740
    assert left.lines[0].gross == 209  # 350 x 740/1240, in the customer's favour
    assert raw_stamps(left, card(per="item", categories=["bread"])) == 1


def test_money_back_takes_whole_pieces_in_the_customers_favour():
    assert stamps(TAKES, loaves(3), refund(gross=350)) == 2
    assert stamps(TAKES, loaves(3), refund(gross=349)) == 3


def test_a_refund_that_the_snapshot_has_netted_is_not_subtracted_again():
    left = net_of(loaves(3), refund(gross=350, lines=[("1", "1", 350)]), loaves(2, 2, refund_ids=["r1"]))
    assert (left.spend, left.refunded, left.lines[0].quantity) == (700, 350, 2000)


def test_a_source_that_tells_only_the_net_total_has_still_refunded():
    for later in (
        loaves(2, 2, refund_ids=["r1"]),
        loaves(2, 2, status="partially_refunded"),
    ):
        left = net_of(loaves(3), later)
        assert (left.spend, left.refunded, left.counts) == (700, 350, True)
        assert stamps(KEEPS, loaves(3), later) == 3


@pytest.mark.parametrize(
    "later",
    [
        loaves(0, 2, refund_ids=["r1"]),
        loaves(0, 2, status="refunded"),
        loaves(2, 2, status="refunded"),
        refund(gross=700),
        refund(gross=900),
    ],
    ids=["netted to nothing", "refunded to nothing", "refunded as it was", "all the money", "more than was paid"],
)
def test_a_fully_refunded_purchase_does_not_count_and_says_how_much_went_back(later):
    for order in ((loaves(2), later), (later, loaves(2))):
        left = net_of(*order)
        assert (left.counts, left.spend, left.lines) == (False, 0, ())
        assert left.refunded == 700, "nobody gets more back than was paid"
        assert raw_stamps(left, TAKES) == 0
        assert raw_stamps(left, KEEPS) == 2


def test_refunds_are_capped_at_what_was_paid_however_many_there_are():
    thrice = [refund(id_=name, gross=600) for name in ("r1", "r2", "r3")]
    for deliveries in itertools.permutations([snapshot(gross=1_000), *thrice]):
        left = net_of(*deliveries)
        assert (left.counts, left.spend, left.refunded) == (False, 0, 1_000)
    left = net_of(snapshot(gross=1_000), refund(gross=600), snapshot(version=2, gross=400, refund_ids=["r1"]))
    assert (left.spend, left.refunded) == (400, 600)
    left = net_of(refund(gross=600), snapshot(version=2, gross=400, refund_ids=["r1"]))
    assert (left.spend, left.refunded) == (400, 600), "what was paid follows from what was taken off"


def test_a_voided_purchase_leaves_nothing_whatever_the_cards_policy():
    voided = loaves(2, 3, status="voided")
    left = net_of(loaves(2), refund(gross=350), voided)
    assert (left.counts, left.spend, left.refunded) == (False, 0, 0)
    assert raw_stamps(left, KEEPS) == 0


def test_a_card_that_never_takes_back_keeps_a_purchase_without_lines():
    plain = card(on_refund="never")
    dear = card(on_refund="never", minimum_spend=1000)
    sale = snapshot(gross=1200)
    assert stamps(plain, sale, refund(gross=1200)) == 1
    assert stamps(dear, sale, refund(gross=500)) == 1


def test_a_typing_error_that_was_corrected_earns_nothing_even_if_something_is_returned_later():
    mistyped, corrected = loaves(50), loaves(5, 2)
    assert stamps(KEEPS, mistyped, corrected, refund(gross=350, lines=[("1", "1", 350)])) == 5


def test_what_was_taken_off_an_open_tab_never_counts():
    tab, closed = loaves(5, status="open"), loaves(3, 2)
    assert not net_of(tab).counts
    assert stamps(KEEPS, tab, closed, refund(gross=350, lines=[("1", "1", 350)])) == 3


def test_a_receipt_that_is_a_return_lowers_the_spend_and_is_no_visit():
    returned = snapshot(lines=[line("1", -350, "-1", kind="return")])
    left = net_of(returned)
    assert (left.spend, left.counts) == (-350, False)
    assert raw_stamps(left, card()) == 0
    assert entry_for(left, program()).profit < 0


def test_an_exchange_for_something_cheaper_is_a_visit_but_earns_no_stamp_for_money_that_went_back():
    exchange = snapshot(lines=[line("1", -900, "-1", kind="return"), line("2", 350)])
    left = net_of(exchange)
    assert (left.spend, left.counts) == (-550, True)
    assert raw_stamps(left, TAKES) == 0


def test_a_gift_card_a_deposit_and_a_free_reward_earn_no_stamp():
    for kind in ("gift_card", "deposit", "shipping", "fee"):
        assert stamps(card(), snapshot(lines=[line("1", 2500, kind=kind)])) == 0
    assert stamps(card(), snapshot(lines=[line("1", 0, kind="reward")])) == 0
    assert stamps(card(), snapshot(lines=[line("1", 2500, kind="gift_card"), line("2", 350)])) == 1
    assert stamps(card(), snapshot(gross=350)) == 1


def test_weighed_goods_are_one_piece():
    cheese = snapshot(lines=[line("1", 612, "0.348"), line("2", 700, "2")])
    assert stamps(TAKES, cheese) == 3


def test_money_of_a_currency_without_a_rate_gives_nothing_at_all():
    shop = program(card("visit"), card("euros", per="amount", amount=1000), card("big", minimum_spend=500))
    entry = entry_for(net_of(snapshot(gross=10_000, price_currency="JPY")), shop)
    assert (entry.counts, entry.spend, entry.profit, entry.stamps) == (0, 0, 0, {})


def test_the_customer_is_whoever_the_newest_version_names_in_any_order():
    named = [loaves(1, 1, customer=ANNA), loaves(1, 5, customer=ANNA), loaves(1, 7, customer=None)]
    stale = loaves(1, 3, customer=BRAM)
    assert transaction_of(*named, stale).customer == ANNA
    assert transaction_of(named[0], named[2], named[1], stale).customer == ANNA


def test_an_older_naming_of_the_customer_is_remembered_even_if_it_changes_nothing_yet():
    transaction = transaction_of(loaves(1, 1, customer=ANNA), loaves(1, 7, customer=None))
    delivery = decode_record(record(loaves(1, 5, customer=ANNA), T0)[1]).data
    assert merge(transaction, delivery, T0), "or intake would not store it, and a version 3 could win later"


def test_the_category_margin_and_the_line_cost_make_the_profit():
    costs = replace(program().costs, default_margin=500, category_margins={"bread": 620})
    shop = program(costs=costs)
    sale = snapshot(
        lines=[line("1", 350, category="bread"), line("2", 1000, cost_minor=400), line("3", 99)], gross=1549
    )
    # 350 x 0.62 + 600 + 99 x 0.5 + 100 x 0.5 = 217 + 600 + 49.5 + 50
    assert entry_for(net_of(sale), shop).profit == 917


@pytest.mark.parametrize("text", ["1" + "0" * 9, "NaN", "٣", "1e3", "", "²"])
def test_a_quantity_no_till_can_mean_is_refused(text):
    with pytest.raises(ValueError, match="decimal"):
        thousandths(text)
