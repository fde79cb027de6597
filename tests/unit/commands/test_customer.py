"""Amounts and times that people read are in the shop's currency and by its clock; JSON keeps minor units and UTC."""

from dataclasses import replace

from stamgast.commands.customer import with_money_in_words, with_times_in_words
from stamgast.domain.customer import Customer, Voucher
from stamgast.domain.units import DAY, HOUR
from stamgast.people.view import show_customer
from tests.builders import T0, program


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


def test_times_are_shown_by_the_shops_clock_and_json_keeps_utc():
    loaf = Voucher("X7", "loaf", "open", T0, T0 + DAY, "card:bread:1", "")
    consents, timers = {"marketing:sms": T0 + HOUR}, {"lapse": T0 + 2 * DAY}
    state = Customer(vouchers=[loaf], joined_at=T0, consents=consents, timers=timers)
    shown = show_customer("c1", state, program(), T0)
    told = with_times_in_words(shown, "Europe/Amsterdam")

    assert shown["joined_at"] == "2026-10-01T08:00:00Z"
    assert (told["joined_at"], told["next_timer"]) == ("2026-10-01 10:00", "2026-10-03 10:00")
    assert told["consents"] == {"marketing:sms": "2026-10-01 11:00"}
    (voucher,) = told["vouchers"]
    assert (voucher["issued_at"], voucher["expires_at"]) == ("2026-10-01 10:00", "2026-10-02 10:00")
    assert with_times_in_words(show_customer("c1", Customer(), program(), T0), "UTC")["joined_at"] is None
