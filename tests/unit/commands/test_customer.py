"""Amounts that people read are in the shop's currency; JSON keeps minor units."""

from dataclasses import replace

from stamgast.commands.customer import with_money_in_words
from stamgast.domain.customer import Customer
from stamgast.people.view import show_customer
from tests.builders import program


def test_amounts_are_shown_in_the_shops_currency_and_json_keeps_minor_units():
    shown = show_customer("c1", Customer(spend=1240, profit=-5, refunds=300), program(), 0)
    told = with_money_in_words(shown)

    assert (told["spend"], told["profit"], told["refunds"]) == ("12.40 EUR", "-0.05 EUR", "3.00 EUR")
    assert (told["clv"]["historic"], told["clv"]["predicted"]) == ("-0.05 EUR", None)
    assert (shown["spend"], shown["clv"]["historic"]) == (1240, -5)


def test_a_ratio_is_no_amount_of_money():
    shop = program(costs=replace(program().costs, acquisition_cost=300))
    told = with_money_in_words(show_customer("c1", Customer(profit=2145), shop, 0))

    assert (told["clv"]["clv_to_cac"], told["clv"]["earns_its_cost"]) == ("7.15", True)
    assert told["clv"]["acquisition_cost"] == "3.00 EUR"
