"""The profit in a purchase, net of the tax in its price."""

import pytest

from stamgast.domain.costs import Costs
from stamgast.domain.events import Line, Purchase
from stamgast.domain.profit import profit_of, tax_within
from tests.builders import T0
from tests.unit.rules.small_shop import PROGRAM, load

BAKERY = Costs(default_margin=550, category_margins={"bread": 620}, vat={"bread": 90}, default_vat=210)


def sold(*lines: Line, spend: int = 0) -> Purchase:
    return Purchase(T0, "shop", "EUR", spend or sum(line.gross for line in lines), lines=lines)


@pytest.mark.parametrize(
    ("line", "profit"),
    [
        (Line("1", 350, category="bread"), 199),  # 3.50 / 1.09 = 3.211; 62 % of it
        (Line("1", 350, category="bread", cost=120), 201),  # 3.211 - 1.20
        (Line("1", 350, category="bread", tax=20), 205),  # the till knows better: 62 % of 3.30
        (Line("1", 350, category="bread", tax=0), 217),
        (Line("1", 1210), 550),
        (Line("1", -350, category="bread"), -199),
    ],
)
def test_costs_and_margins_are_net_of_tax(line: Line, profit: int):
    assert profit_of(sold(line), BAKERY) == profit


def test_money_that_no_line_accounts_for_has_the_tax_of_everything_else():
    assert profit_of(sold(Line("1", 350, category="bread"), spend=350 + 1210), BAKERY) == 199 + 550


def test_who_says_nothing_of_tax_keeps_the_figures_of_before():
    assert profit_of(sold(Line("1", 350, category="bread")), Costs(550, {"bread": 620})) == 217


@pytest.mark.parametrize(
    ("rate", "tax"), [("9", 29), ("21.0", 61), ("5.5", 18), ("0", 0), ("", None), ("9,5", None), ("a", None)]
)
def test_a_rate_in_percent_says_the_tax_in_a_price(rate: str, tax: int | None):
    assert tax_within(350, rate) == tax


@pytest.mark.parametrize(
    ("vat", "rates", "rest"),
    [
        ("9%", {}, 90),
        ("{bread: 9%, default: 21%}", {"bread": 90}, 210),
        ("{bread: '5,5%'}", {"bread": 55}, 0),
        ("till", {}, 0),
    ],
)
def test_program_yaml_says_what_tax_is_in_prices(vat: str, rates: dict[str, int], rest: int):
    loaded = load(program=f"{PROGRAM}costs: {{margin: 50%, vat: {vat}}}\n")
    assert not loaded.problems
    assert (loaded.program.costs.vat, loaded.program.costs.default_vat) == (rates, rest)


def test_who_says_nothing_of_tax_is_told_once_that_profit_counts_it():
    loaded = load(program=f"{PROGRAM}costs: {{margin: 50%, margins: {{bread: 60%}}}}\n")
    [problem] = loaded.problems
    assert (problem.severity, problem.message) == (
        "warning",
        "profit counts the tax in prices, for `costs` does not say what it is",
    )
    assert "`vat: {bread: 9%, default: 21%}`" in problem.hint
