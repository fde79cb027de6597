"""A plain sale that is weighed at once gives what it gives the long way."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from stamgast.domain.costs import Costs
from stamgast.domain.double_hours import DoubleHours
from stamgast.domain.events import ForeignRefund, Line, Purchase
from stamgast.domain.kept import NOTHING_KEPT, Kept
from stamgast.domain.ledger import Entry
from stamgast.domain.program import CardDefinition, Program, ReviewAbove
from stamgast.domain.review import weighed
from stamgast.domain.units import DAY, HOUR
from stamgast.domain.weighing import weighed_at_once
from tests.builders import T0, card, program, sure

TODAY = T0 // DAY
CATEGORIES, PRODUCTS = ("bread", "drinks", "cake"), ("RYE", "TEA")
some = st.sets(st.sampled_from(CATEGORIES), max_size=2).map(frozenset)
amounts = st.sampled_from((0, 1, 99, 350, 1000, 20_000, 2_000_000))

doubles = st.builds(
    DoubleHours,
    times=st.integers(2, 3),
    weekdays=st.sampled_from((frozenset[str](), frozenset({"thursday"}))),
    begins=st.sampled_from((0, 480)),
    ends=st.sampled_from((0, 660)),
    stores=st.sampled_from((frozenset[str](), frozenset({"bar"}))),
    categories=some,
)
one_card = st.builds(
    CardDefinition,
    id=st.just(""),
    stamps_required=st.sampled_from((1, 3, 10)),
    per=st.sampled_from(("purchase", "item", "amount")),
    amount=st.sampled_from((100, 1000)),
    minimum_spend=st.sampled_from((0, 0, 350)),
    products=st.sets(st.sampled_from(PRODUCTS), max_size=1).map(frozenset),
    categories=some,
    max_per_day=st.sampled_from((None, 2)),
    max_per_purchase=st.sampled_from((None, None, 2)),
    on_refund=st.sampled_from(("below_zero", "never")),
    starts=st.sampled_from((None, None, TODAY, TODAY + 1)),
    ends=st.sampled_from((None, None, TODAY, TODAY - 1)),
    count_history=st.booleans(),
    double=st.lists(doubles, max_size=1).map(tuple),
)
costs = st.builds(
    Costs,
    default_margin=st.sampled_from((550, 1000)),
    category_margins=st.sampled_from(({}, {"bread": 620, "drinks": 481})),
    vat=st.sampled_from(({}, {}, {"bread": 90})),
    default_vat=st.sampled_from((0, 0, 210)),
)
reviewed = st.builds(
    ReviewAbove, pieces=st.sampled_from((2, 1000)), amount=st.sampled_from((None, 5_000, 1_000_000)), per_day=st.none()
)
kept = st.sampled_from((NOTHING_KEPT, NOTHING_KEPT, Kept(categories=frozenset({"bread"}), products=frozenset({"RYE"}))))


@st.composite
def programs(draw: st.DrawFn) -> Program:
    drawn = draw(st.lists(one_card, max_size=5))
    cards = [card(f"card{number}", each.stamps_required, **_rest(each)) for number, each in enumerate(drawn)]
    return program(*cards, costs=draw(costs), review_above=draw(reviewed), kept=draw(kept), rates={"SEK": ((0, 9),)})


def _rest(one: CardDefinition) -> dict[str, Any]:
    left_out = ("id", "stamps_required", "dated")
    return {name: getattr(one, name) for name in one.__slots__ if name not in left_out}


usual_line = st.builds(
    Line,
    id=st.just("1"),
    gross=amounts.filter(bool),
    quantity=st.sampled_from((1000, 2000, 348)),
    sku=st.sampled_from((None, *PRODUCTS)),
    category=st.sampled_from((None, *CATEGORIES)),
)
any_line = st.builds(
    Line,
    id=st.just("1"),
    gross=st.one_of(amounts, st.just(-350)),
    quantity=st.sampled_from((1000, 0, -1000, 40_000, 1_001_000)),
    sku=st.sampled_from((None, *PRODUCTS)),
    category=st.sampled_from((None, *CATEGORIES)),
    kind=st.sampled_from(("sale", "return", "gift_card", "reward", "fee")),
    cost=st.sampled_from((None, 120, 2_000_000)),
    tax=st.sampled_from((None, 20)),
)


@st.composite
def purchases(draw: st.DrawFn) -> Purchase:
    lines = draw(st.one_of(st.lists(usual_line, max_size=4), st.lists(st.one_of(usual_line, any_line), max_size=4)))
    rare = draw(st.integers(0, 12))
    return Purchase(
        occurred_at=T0 + draw(st.sampled_from((-8 * HOUR, -4 * HOUR, 0, 4 * HOUR, 15 * HOUR))),
        store=draw(st.sampled_from(("shop", "bar", "nowhere"))),
        currency="SEK" if rare == 1 else "EUR",
        spend=sum(line.gross for line in lines) + draw(st.sampled_from((0, 0, 350, -50))),
        refunded=draw(st.sampled_from((0, 0, 350))),
        counts=rare != 2,
        lines=tuple(lines),
        peak=(*lines, Line("2", 900, category="bread")) if rare == 3 else None,
        peak_spend=9_000 if rare == 3 else None,
        foreign=(ForeignRefund("SEK", 100),) if rare == 4 else (),
        day=TODAY - 2 if rare == 5 else None,
        history=rare == 6,
    )


NOTHING_BOUGHT = Purchase(T0, "shop", "EUR", 0)


@settings(max_examples=300, deadline=None)
@given(programs(), st.lists(purchases(), min_size=1, max_size=6))
@example(program(card()), [NOTHING_BOUGHT])
def test_what_is_weighed_at_once_gives_what_it_gives_the_long_way(shop: Program, sold: list[Purchase]):
    for each in sold:
        at_once = weighed_at_once(each, shop)
        if at_once is not None:
            entry, doubt = weighed(each, shop, None)
            assert (at_once, doubt) == (entry, None)
            assert list(at_once.stamps) == list(entry.stamps), "in the programme's order, as a ledger stores them"


def test_a_plain_sale_is_weighed_at_once():
    shop = program(
        card("all", 10), card("bread", 10, categories={"bread"}), card("cake", 10, categories={"cake"}),
        card("spend", 10, per="amount", amount=300), card("tea", 10, per="item", products={"TEA"}),
    )  # fmt: skip
    lines = (Line("1", 350, category="bread"), Line("2", 300, 2000, sku="TEA", category="drinks"))
    found = sure(weighed_at_once(Purchase(T0, "bar", "EUR", 700, lines=lines), shop))
    assert found.stamps == {"all": 1, "bread": 1, "spend": 2, "tea": 2}
    assert found == Entry(TODAY, 700, 389, 1, 0, found.stamps), "62, 48.1 and 55 % of its parts"


def test_what_somebody_may_have_to_look_at_is_weighed_the_long_way():
    shop = program(card("spend", 2, per="amount", amount=100))
    assert weighed_at_once(Purchase(T0, "shop", "EUR", 200), shop) is not None
    for spend in (300, -1, 1_000_001):  # more than the card is long; a return; more than anybody spends
        assert weighed_at_once(Purchase(T0, "shop", "EUR", spend), shop) is None
