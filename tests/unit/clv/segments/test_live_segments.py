"""Segments valued from live states: sums of what rules and `customer show` say of each customer."""

import random
from collections.abc import Iterable
from dataclasses import replace
from math import floor
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from stamgast.clv.segments.live_segments import Book, LiveSegment
from stamgast.clv.segments.samples import MOST
from stamgast.commands.clv import app
from stamgast.commands.clv_live_segments import Valued, _show
from stamgast.domain.closed_days import ClosedDays
from stamgast.domain.clv import clv_of
from stamgast.domain.clv_parameters import ParameterSet
from stamgast.domain.conversation import Conversation
from stamgast.domain.costs import Costs
from stamgast.domain.customer import Customer
from stamgast.domain.days import encode_days
from stamgast.domain.models.gamma_gamma import Spend
from stamgast.domain.program import Program
from stamgast.domain.prospects import Horizon, prospects_of
from stamgast.domain.units import DAY, HOUR
from stamgast.identity.veiling import Veils
from stamgast.log.segments import SegmentWorth
from tests.builders import program, sure

TODAY = 20_700
NOON = TODAY * DAY + 12 * HOUR
CLOSED = ClosedDays(tuple(day for first in (20_350, 20_650, 20_715) for day in range(first, first + 30)))
"""Some of them are still to come."""
SETS = {
    "mbg_nbd": {"r": 0.8, "alpha": 6.0, "a": 0.7, "b": 2.4},
    "mbg_cnbd_k": {"r": 1.1, "alpha": 2.5, "a": 0.8, "b": 2.4, "k": 2},
    "pareto_nbd": {"r": 0.8, "alpha": 8.0, "s": 0.7, "beta": 10.0},
}
COSTS = Costs(
    acquisition_cost=2_500, acquisition_costs={"flyer": ((0, 400), (20_600, 550)), "friend": ((-1_000_000, 0),)}
)


def shop(model: str = "mbg_nbd", orders: Any = "all", costs: Costs = COSTS, **more: Any) -> Program:
    parameters = ParameterSet(model, SETS[model], Spend(5.0, 3.5, 14.0, orders), margin=0.4, open_days=True)
    return program(costs=costs, prospects=prospects_of(parameters, 1.0, CLOSED, Horizon()), **more)


def customer(
    days: Iterable[int], spend: int, *, source: str = "", tags: Iterable[str] = (), messages: int = 0
) -> Customer:
    visits = sorted(days)
    return Customer(
        purchases=len(visits),
        visits=len(visits),
        spend=spend,
        profit=spend * 2 // 5,
        first_day=visits[0],
        last_day=visits[-1],
        days=encode_days([(day, 1) for day in visits]),
        source=source,
        tags=sorted(tags),
        joined_at=visits[0] * DAY,
        contact_cost=messages,
    )


def customers(count: int = 120) -> list[Customer]:
    rng = random.Random(4)
    return [
        customer(
            rng.sample(range(20_400, TODAY + 1), rng.randint(1, 9)),
            rng.randint(100, 40_000),
            source=rng.choice(["flyer", "friend", ""]),
            tags=rng.sample(["regular", "vegan"], rng.randint(0, 2)),
            messages=rng.randint(0, 90_000),
        )
        for _ in range(count)
    ]


def valued(merchant: Program, states: list[Customer]) -> Book:
    book = Book(merchant, TODAY)
    book.add(states[: len(states) // 2])
    book.add([*states[len(states) // 2 :], Customer(source="flyer")])
    return book


def found(merchant: Program, states: list[Customer], by: Any = "source") -> dict[str, LiveSegment]:
    return {each.segment: each for each in valued(merchant, states).segments()[by]}


def _tags(states: list[Customer]) -> list[LiveSegment]:
    return list(found(shop(), states, "tag").values())


@pytest.mark.parametrize("orders", ["all", "repeat"])
@pytest.mark.parametrize("model", SETS)
def test_a_source_is_worth_what_its_customers_are_one_by_one_to_the_cent(model: str, orders: str):
    merchant, states = shop(model, orders), customers(12 if model == "mbg_cnbd_k" else 120)  # its sums are slow

    for source, segment in found(merchant, states).items():
        each = [clv_of(state, merchant, NOON) for state in states if (state.source or "(none)") == source]
        clv = sum(one.historic + sure(one.predicted) - one.contact_cost for one in each)
        cost = sum(sure(one.acquisition_cost) for one in each)
        assert segment.customers == len(each)
        assert segment.clv == floor(clv / len(each) + 0.5)
        assert segment.net == floor(sum(sure(one.net) for one in each) / len(each) + 0.5)
        assert segment.ratio == (pytest.approx(clv / cost, rel=1e-12) if cost else None)
        assert segment.winning_may_cost == sure(segment.value_of_new) // 3
        assert segment.winning_budget == sure(segment.value_of_new) * len(each) // 3


def test_what_customers_said_is_in_the_value_of_a_segment_as_in_theirs():
    parameters = ParameterSet(
        "mbg_nbd",
        SETS["mbg_nbd"],
        Spend(5.0, 3.5, 14.0, "all"),
        margin=0.4,
        feedback={"0-6": 0.5, "7-8": 1, "9-10": 1.6},
    )
    merchant, states = shop(), customers()
    plain = found(merchant, states, "shop")["(all)"]
    heeding = program(costs=COSTS, prospects=prospects_of(parameters, 1.0, CLOSED, Horizon()))
    for place, state in enumerate(states):
        score = (3, 10, 7)[place % 3]
        day = state.first_day
        state.conversation = Conversation(scores={"visit": (score, day * DAY)}, said=[(day, score)])

    segment = found(heeding, states, "shop")["(all)"]

    each = [sure(clv_of(state, heeding, NOON).predicted) for state in states]
    assert segment.predicted == floor(sum(each) / len(each) + 0.5) != plain.predicted
    chances = [1 - sure(sure(heeding.prospects).churn_probability(state, TODAY, 90)) for state in states]
    assert segment.p_buy_90_days == pytest.approx(sum(chances) / len(chances))


def test_a_customer_counts_in_each_of_their_tags_and_one_without_any_under_none():
    states = customers()
    by_tag = found(shop(), states, "tag")

    assert set(by_tag) == {"regular", "vegan", "(none)"}
    assert by_tag["vegan"].customers == sum("vegan" in state.tags for state in states)
    assert by_tag["(none)"].customers == sum(not state.tags for state in states)
    assert by_tag["vegan"].purchases == sum(state.visits for state in states if "vegan" in state.tags)


def test_three_times_the_cost_is_fine_and_one_cent_less_of_value_is_not():
    states = [customer([TODAY - 30], 10_000), customer([TODAY - 90, TODAY], 5_000)]

    def at_cost(cost: int) -> LiveSegment:
        return found(shop(costs=Costs(acquisition_cost=cost)), states)["(none)"]

    new = sure(at_cost(1).value_of_new)
    assert at_cost(new // 3).new_below is False
    assert at_cost(new // 3 + 1).new_below is True
    assert at_cost(new // 3).new_to_cac == new / (new // 3)


def test_what_winning_one_may_cost_does_not_depend_on_how_long_those_who_are_there_have_been():
    """Of them all is known that they came as often as the model awaits; those of years ago have spent the more."""
    young = [customer([TODAY - 7 * weeks], 2_000) for weeks in range(1, 9)]
    old = [customer([TODAY - 700 - 7 * weeks, TODAY - 500], 4_000) for weeks in range(1, 9)]

    of_young, of_old = (found(shop(), states)["(none)"] for states in (young, old))

    assert of_young.value_of_new == of_old.value_of_new == 6_650
    assert sure(of_young.clv) != of_old.clv


def test_a_segment_that_loses_money_shows_a_loss_where_the_shop_makes_a_profit():
    rng = random.Random(3)
    states = [
        msgspec.structs.replace(
            customer(rng.sample(range(20_400, TODAY), rng.randint(1, 3)), 3_000, tags=[tag]),
            profit=round(3_000 * (margin + rng.gauss(0, 0.3))),
        )
        for tag, margin, count in (("bread", 0.5, 300), ("sale", -0.1, 100))
        for _ in range(count)
    ]
    parameters = ParameterSet("mbg_nbd", SETS["mbg_nbd"], Spend(5.0, 3.5, 14.0, "all"), margin=0.35, margin_weight=50.0)
    merchant = program(costs=COSTS, prospects=prospects_of(parameters, 1.0, ClosedDays(), Horizon()))

    by_tag = found(merchant, states, "tag")

    assert sure(by_tag["sale"].predicted) < 0 < sure(by_tag["bread"].predicted)
    assert sure(by_tag["sale"].value_of_new) < 0
    assert by_tag["sale"].winning_may_cost == by_tag["sale"].winning_budget == by_tag["sale"].keeping_may_cost == 0
    assert sure(by_tag["sale"].margin) == pytest.approx(-0.1, abs=0.07)


def test_who_first_came_in_a_quarter_is_a_cohort():
    by_cohort = found(shop(), customers(), "cohort")

    assert set(by_cohort) == {"2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"}
    assert sum(each.customers for each in by_cohort.values()) == 120


def test_the_whole_shop_is_what_all_its_customers_are():
    (of_all,) = found(shop(), customers(), "shop").values()

    sources = found(shop(), customers()).values()
    assert (of_all.segment, of_all.customers) == ("(all)", 120)
    assert sure(of_all.clv) * 120 == pytest.approx(sum(sure(each.clv) * each.customers for each in sources), rel=1e-3)
    assert of_all.margin == pytest.approx(0.4)


def test_what_cost_nothing_has_no_ratio_and_without_a_model_nothing_is_said_of_what_is_to_come():
    friends = found(shop(), customers())["friend"]
    assert (friends.acquisition_cost, friends.ratio, friends.new_to_cac, friends.new_below) == (0, None, None, None)
    assert sure(friends.winning_may_cost) > 0

    flyer = found(replace(shop(), prospects=None), customers())["flyer"]
    assert flyer.historic > 0
    assert flyer.predicted is flyer.clv is flyer.net is flyer.ratio is flyer.new_below is flyer.winning_budget is None


def test_value_and_cost_are_of_the_same_customers_where_no_usual_cost_is_told(capsys):
    merchant = shop(costs=replace(COSTS, acquisition_cost=0))
    states = [msgspec.structs.replace(each, tags=["regular"]) for each in customers()]
    regular = found(merchant, states, "tag")["regular"]

    told = [clv_of(each, merchant, NOON) for each in states if each.source]
    clv = sum(one.historic + sure(one.predicted) - one.contact_cost for one in told)
    cost = sum(sure(one.acquisition_cost) for one in told)
    assert (regular.customers, regular.customers_with_cost) == (120, len(told))
    assert regular.ratio == pytest.approx(clv / cost, rel=1e-12)
    assert regular.acquisition_cost == floor(cost / len(told) + 0.5)
    assert regular.net == floor((clv - cost) / len(told) + 0.5)
    unknown = found(merchant, states)["(none)"]
    assert (unknown.customers_with_cost, unknown.acquisition_cost, unknown.net, unknown.ratio) == (0, 0, None, None)
    _show(Valued(merchant, TODAY, [regular], {}), "tag")
    assert f"are those of the {len(told)} of 120 whose cost is known" in capsys.readouterr().out


def test_the_trend_is_that_of_the_value_to_come_three_months_ago():
    then = TODAY - 91
    old = customer([then - 40, then - 20, then], 9_000, source="old")
    new = customer([TODAY - 10], 3_000, source="new")
    few = customer([then - 40, then - 20, then], 9_000, source="few")
    gone = customer([then - 5_000, *range(then - 5_000 + 40, then - 4_900), TODAY], 9_000, source="gone")
    segments = found(shop(), [old] * 20 + [new] * 20 + [few] * 19 + [gone] * 20)

    assert segments["new"].trend is None
    assert segments["few"].trend is None, "nineteen are too few to speak of"
    assert segments["gone"].trend is None, "nobody was expected back"
    was = sure(clv_of(old, shop(), then * DAY + 12 * HOUR).predicted)
    assert segments["old"].trend == pytest.approx(sure(clv_of(old, shop(), NOON).predicted) / was, rel=1e-4)
    assert sure(segments["old"].trend) < 0.5, "who has not come for three months is worth less than then"


def test_without_the_trend_all_else_is_the_same():
    book = Book(shop(), TODAY, with_trend=False)
    book.add(customers())
    assert book.segments()["tag"] == [msgspec.structs.replace(each, trend=None) for each in _tags(customers())]


def test_each_customer_is_worth_what_they_brought_and_are_expected_to_less_their_messages():
    book = Book(shop(), TODAY, with_trend=False)
    named = [(f"c{number}", each) for number, each in enumerate(customers())]
    book.add_named(named)
    segments = book.segments()
    assert book.values is not None
    one_by_one = [clv_of(each, shop(), NOON) for each in customers()]
    wanted = [each.historic + sure(each.predicted) - each.contact_cost for each in one_by_one]
    assert [*book.values] == pytest.approx(wanted, abs=1)
    assert {name for each in segments["source"] for name in book.samples.of("source", each.segment)} <= dict(
        named
    ).keys()
    assert len(book.samples.of("shop", "(all)")) == min(MOST, len(named))


def test_nobody_who_never_bought_is_counted():
    assert len(valued(shop(), customers())) == len(customers())
    assert Book(shop(), TODAY).segments() == {"tag": [], "source": [], "cohort": [], "shop": []}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--merchant", "winkel", "--by", "sorce"),
            "--by is 'sorce'; it is segment or tag or source or cohort or shop. Did you mean 'source'?",
        ),
        (("--merchant", "winkel", "--data", "sales.csv"), "give --data or --merchant, not both"),
        (
            ("--merchant", "winkel", "--months", "12"),
            "--months belongs to a CSV; with --merchant its program.yaml says that",
        ),
        (("--merchant", "winkel", "--as-of", "2026-01-01"), "--as-of belongs to a CSV; live states are as of now"),
        ((), "give --data FILE, or --merchant M"),
        (("--data", "sales.csv", "--by", "tag"), "--by is 'tag'; it is segment or source or cohort or shop"),
    ],
)
def test_what_does_not_go_together_is_misuse_and_says_what_does(words: tuple[str, ...], said: str):
    done = CliRunner().invoke(app, ["segments", *words], prog_name="stamgast clv", catch_exceptions=False)
    assert done.exit_code == 2
    assert said in done.stderr


def test_people_are_told_since_when_a_segment_is_below_three(capsys):
    segments = list(found(shop(costs=Costs(acquisition_cost=90_000)), customers()).values())
    flyer = next(each for each in segments if each.segment == "flyer")
    worth = SegmentWorth(
        merchant="bakery",
        by="source",
        segment="flyer",
        at=NOON,
        currency="EUR",
        customers=flyer.customers,
        clv=sure(flyer.clv),
        acquisition_cost=90_000,
        ratio=flyer.ratio,
        below=True,
        below_since=NOON - DAY,
        fell_from=3.2,
    )

    _show(Valued(shop(), TODAY, segments, {worth.key: worth}), "source")

    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("flyer") and "900.00" in line for line in lines)
    times = f"{flyer.new_to_cac:.2f} times what it costs to win one"
    assert f"below 3: a new customer of flyer is worth {times} (since 2026-09-03T12:00:00Z, from 3.20)" in lines
    friend = next(each for each in segments if each.segment == "friend")
    told = f"{friend.new_to_cac:.2f} times what it costs to win one"
    assert f"below 3: a new customer of friend is worth {told}" in lines


def test_a_source_is_one_segment_whether_states_hold_its_name_or_what_stands_for_it():
    veil = Veils(b"i" * 32).of("shop")
    merchant, states = shop().behind(veil), customers(40)
    hidden = [
        msgspec.structs.replace(each, source=veil.source(each.source)) if number % 2 and each.source else each
        for number, each in enumerate(
            [*states, *(msgspec.structs.replace(each, source="radio") for each in states[:4])]
        )
    ]
    plain = Book(merchant, TODAY)
    plain.add([*states, *(msgspec.structs.replace(each, source="radio") for each in states[:4])])
    book = Book(merchant, TODAY)
    book.add(hidden)
    names = {veil.source(name): name for name in ("friend", "radio")}
    assert book.segments(names)["source"] == plain.segments()["source"]
