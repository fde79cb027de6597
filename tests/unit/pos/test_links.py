"""A return or an exchange that is a receipt of its own takes stamps, visit and value of its sale back, and earns nothing."""

import itertools
import json
from typing import Any

import pytest

from stamgast.domain.units import DAY, HOUR
from stamgast.pos.links import settled
from stamgast.pos.problems import RefusedError
from stamgast.pos.reading import read_purchase
from stamgast.pos.record import to_record
from stamgast.pos.scope import scoped
from streams.intake.canonical import canonical, document_of
from tests.builders import ANNA, MERCHANT, T0, bundle, card, line, program, record, snapshot
from tests.fakes.in_memory import InMemoryIntake, Owner
from tests.foreign_records import PROOFS, named_in, produced, read

CARDS = (card("visit", 3, reward="loaf"), card("rolls", 9, per="item", categories=["bread"]))


class Shop:
    """Deliveries in by HTTP or by the topic, figures out."""

    def __init__(self, *, by_topic: bool = False) -> None:
        self._intake, self.owner = InMemoryIntake(), Owner(bundle(program(*CARDS)))
        self._by_topic = by_topic

    def records_of(self, data: dict[str, Any]) -> list[tuple[bytes, bytes]]:
        if self._by_topic:
            found = read(produced(data, stamgastrecordedat=None))
            where: dict[str, Any] = {"program": program(), "topic": "p", "partitions": 4, "now": T0 + DAY}
            again = canonical(found, document_of(found), named_in(found), ("t", 0, 7, 0), PROOFS, **where)
            assert [json.loads(each.value)["stamgastsource"] for each in again] == [
                ["t", 0, 7, index] for index in range(len(again))
            ]
            return [(each.key or b"", each.value) for each in again]
        parts = settled(read_purchase(data).purchase)
        return [to_record(part, MERCHANT, None if n else ANNA, T0 + DAY) for n, part in enumerate(parts)]

    def take(self, data: dict[str, Any]) -> None:
        for each in self.records_of(data):
            for event in self._intake.take(*each):
                self.owner.apply(event)

    @property
    def figures(self) -> tuple[int, int, int, int, int, int]:
        """Purchases, visits, spend, given back, stamps for visits and for rolls."""
        if not self.owner.states:
            return (0,) * 6
        state = self.owner.state()
        stamps = [state.cards[each.id].balance if each.id in state.cards else 0 for each in CARDS]
        return state.purchases, state.visits, state.spend, state.refunds, stamps[0], stamps[1]


@pytest.fixture(params=[False, True], ids=["http", "topic"])
def shop(request: pytest.FixtureRequest) -> Shop:
    return Shop(by_topic=request.param)


def rolls(name: str = "s1", pieces: int = 4, when: int = T0, **more: Any) -> dict[str, Any]:
    lines = [line("1", 100 * pieces, str(pieces), category="bread")]
    return snapshot(name, 1, when, lines) | more


def link(of: str | None = "s1", relation: str = "return_of", **more: Any) -> dict[str, Any]:
    return {"transaction_link": {"relation": relation} | ({} if of is None else {"transaction_id": of}) | more}


RETURNS: dict[str, dict[str, Any]] = {
    "as positive amounts": rolls("r1", when=T0 + HOUR) | link(),
    "as negative amounts": snapshot("r1", 1, T0 + HOUR, [line("1", -400, "-4", category="bread")]) | link(),
    "as lines of a return": snapshot("r1", 1, T0 + HOUR, [line("1", 400, "4", kind="return")]) | link(),
    "with lines of its own": snapshot("r1", 1, T0 + HOUR, [line("x", 400, "4", original_line_id="1")]) | link(),
    "without lines": snapshot("r1", 1, T0 + HOUR, gross=400) | link(),
    "as a receipt that was refunded": rolls("r1", when=T0 + HOUR) | link() | {"status": "refunded"},
    "with a negative total alone": snapshot("r1", 1, T0 + HOUR, gross=-400) | link(),
}


@pytest.mark.parametrize("how", RETURNS)
def test_a_return_takes_everything_back_that_its_sale_gave(shop: Shop, how: str):
    shop.take(rolls())
    assert shop.figures == (1, 1, 400, 0, 1, 4)
    shop.take(RETURNS[how])
    assert shop.figures == (0, 0, 0, 400, 0, 0)


@pytest.mark.parametrize("how", RETURNS)
def test_a_return_that_comes_before_its_sale_waits_for_it_and_earns_nothing(shop: Shop, how: str):
    shop.take(RETURNS[how])
    assert shop.figures == (0, 0, 0, 0, 0, 0)
    shop.take(rolls())
    assert shop.figures == (0, 0, 0, 400, 0, 0)


def test_three_sales_and_three_returns_fill_no_card(shop: Shop):
    for number in range(3):
        shop.take(rolls(f"s{number}", when=T0 + number))
        shop.take(rolls(f"r{number}", when=T0 + number + 1) | link(f"s{number}"))
    assert shop.figures == (0, 0, 0, 1_200, 0, 0)
    assert shop.owner.whole().vouchers == []


def test_a_part_of_the_sale_comes_back_by_line(shop: Shop):
    shop.take(rolls())
    shop.take(snapshot("r1", 1, T0 + HOUR, [line("1", -100, "-1", category="bread")]) | link())
    assert shop.figures == (1, 1, 300, 100, 1, 3)


@pytest.mark.parametrize("total", [150, 50], ids=["the total is what was bought", "the total is what was paid beside"])
def test_an_exchange_takes_back_what_came_back_and_counts_what_was_bought(shop: Shop, total: int):
    shop.take(rolls())
    lines = [line("1", -100, "-1", kind="return"), line("2", 150, category="cheese")]
    shop.take(snapshot("x1", 1, T0 + DAY, lines, gross=total) | link(relation="exchange_of"))
    assert shop.figures == (2, 2, 450, 100, 2, 3)


def test_a_return_that_is_voided_or_edited_gives_back_what_it_took(shop: Shop):
    shop.take(rolls())
    versions = [
        rolls("r1") | link() | {"source_version": 1},
        rolls("r1") | link() | {"source_version": 3, "status": "voided"},
        rolls("r1", 2) | link() | {"source_version": 2},
    ]
    figures = []
    for each in versions:
        shop.take(each)
        figures.append(shop.figures)
    assert figures == [(0, 0, 0, 400, 0, 0), (1, 1, 400, 0, 1, 4), (1, 1, 400, 0, 1, 4)]
    shop.take(rolls("r1", 2) | link() | {"source_version": 4})
    assert shop.figures == (1, 1, 200, 200, 1, 2)


def test_whatever_the_order_and_however_often_it_comes_to_the_same():
    exchange = [line("1", -200, "-2", kind="return"), line("2", 500, category="bread")]
    deliveries = [
        rolls(), rolls("r1", 1) | link(), snapshot("x1", 1, T0 + DAY, exchange) | link(relation="exchange_of"),
    ]  # fmt: skip
    found = set()
    for order in itertools.permutations([*deliveries, deliveries[1]]):
        shop = Shop()
        for each in order:
            shop.take(each)
        found.add(shop.figures)
    assert found == {(2, 2, 600, 300, 2, 2)}


def test_a_return_without_its_receipt_lowers_the_spend_and_earns_nothing(shop: Shop):
    shop.take(rolls())
    shop.take(rolls("r1", 3, when=T0 + DAY) | link(None, linked=False))
    assert shop.figures == (1, 1, 100, 0, 1, 4)
    shop.take(rolls("r2", 1, when=T0 + DAY) | link(None, linked=False) | {"status": "refunded"})
    assert shop.figures == (1, 1, 0, 0, 1, 4), "whatever the till calls it"


@pytest.mark.parametrize("relation", ["return_of", "exchange_of"])
@pytest.mark.parametrize("scope", ["merchant", "store"])
def test_a_return_of_itself_is_refused(relation: str, scope: Any):
    within = program(*CARDS, transaction_scope=scope)
    with pytest.raises(RefusedError) as refused:
        scoped(read_purchase(rolls("s2") | link("s2", relation)).purchase, within, "/3")
    assert [each["pointer"] for each in refused.value.problems] == ["/3/transaction_link/transaction_id"]


@pytest.mark.parametrize(
    "more",
    [{}, link(relation="replaces"), link(relation="exchange_of"), link(None, "exchange_of", linked=False)],
    ids=["none", "replaces", "an exchange for nothing", "an exchange for something unknown"],
)
def test_other_receipts_stay_as_they_are(shop: Shop, more: dict[str, Any]):
    data = rolls("s2") | more
    ((_, value),) = shop.records_of(data)
    written = json.loads(value)["data"]
    assert (written["totals"], written["line_items"][0]["quantity"]) == (data["totals"], "4")


def test_a_test_takes_nothing_back(shop: Shop):
    shop.take(rolls())
    shop.take(rolls("r1") | link() | {"provenance": {"test": True}})
    assert shop.figures == (1, 1, 400, 0, 1, 4)


def test_records_of_before_that_say_a_link_count_as_they_did():
    intake, owner = InMemoryIntake(), Owner(bundle(program(*CARDS)))
    for data in (rolls(), rolls("r1", when=T0 + HOUR) | link()):
        for event in intake.take(*record(data, T0 + DAY)):
            owner.apply(event)
    assert owner.state().purchases == 2


def test_deposits_of_bottles_that_are_brought_back_are_no_goods_that_came_back():
    sold = line("sold", 400)
    back = line("back", -350, "-1") | {"kind": "return", "original_line_id": "1"}
    empties = line("empties", -75, "-3") | {"kind": "deposit", "original_line_id": "9"}
    link = {"relation": "exchange_of", "transaction_id": "t1"}
    receipt = snapshot(
        "t2", 1, T0, [sold, back, empties], totals={"gross_minor": 50, "deposit_minor": -75}, transaction_link=link
    )

    kept, refund = settled(read_purchase(receipt).purchase)

    assert (kept.totals.gross_minor, refund.totals.gross_minor) == (400, 350)
    assert [each.original_line_id for each in refund.line_items] == ["1"]
