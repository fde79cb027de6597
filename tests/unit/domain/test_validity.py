"""How long a voucher can be used, and which day people are told."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from stamgast.domain.message_words import message_variables
from stamgast.domain.program import Reward, Store
from stamgast.domain.units import DAY, HOUR
from stamgast.domain.validity import end_of_day, last_day
from stamgast.people.view import show_customer
from tests.builders import ANNA, T0, bought, bundle, card, program
from tests.fakes.in_memory import Owner

SHOP = replace(
    program(),
    stores={
        "dok-noord": Store("dok-noord", "Europe/Amsterdam"),
        "bar": Store("bar", "Europe/Amsterdam", day_start=4),
        "new-york": Store("new-york", "America/New_York"),
    },
    rewards={"loaf": Reward("loaf", {"nl": "Een brood"})},
)


def at(text: str, zone: str = "Europe/Amsterdam") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1000


@pytest.mark.parametrize(
    ("store", "moment", "ends"),
    [
        ("dok-noord", "2026-10-31 10:12", "2026-11-01 00:00"),
        ("bar", "2026-10-31 10:12", "2026-11-01 04:00"),
        ("bar", "2026-11-01 02:30", "2026-11-01 04:00"),
        ("new-york", "2026-10-31 04:30", "2026-10-31 05:00"),
        ("new-york", "2026-10-30 12:00", "2026-10-31 05:00"),
        ("dok-noord", "2026-10-24 10:00", "2026-10-25 00:00"),
        ("dok-noord", "2026-10-25 10:00", "2026-10-26 00:00"),
        ("", "2026-10-31 10:12", "2026-11-01 04:00"),
        ("gone", "2026-10-31 10:12", "2026-11-01 04:00"),
    ],
)
def test_a_voucher_is_good_to_the_end_of_the_business_day_of_its_store(store: str, moment: str, ends: str):
    assert end_of_day(SHOP, store, at(moment)) == at(ends) - 1


def test_message_api_timer_and_till_say_the_same_day():
    shop = bundle(replace(SHOP, stores={"bar": SHOP.stores["bar"]}, cards={"all": card("all", 1, reward="loaf")}))
    owner = Owner(shop)
    owner.apply(bought("t1", T0, store="bar"))
    state = owner.state()
    voucher = state.vouchers[0]

    assert voucher.expires_at == at("2026-11-01 04:00") - 1, "all of the thirty-first, which ends at four"
    assert state.timers[f"voucher:{voucher.code}"] == voucher.expires_at
    shown = show_customer(ANNA, state, shop.program, T0)["vouchers"][0]
    assert shown["valid_until"] == "2026-10-31"
    data = {"code": voucher.code, "reward": "loaf", "valid_until": voucher.expires_at}
    assert message_variables(shop.program, data, "nl")["voucher"]["valid_until"] == "31/10/2026"


@pytest.mark.parametrize("store", SHOP.stores)
@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_the_day_that_is_told_is_the_day_that_it_ends(store: str, hour: int):
    moment = T0 + hour * HOUR
    assert (
        last_day(SHOP, end_of_day(SHOP, store, moment))
        == {
            "dok-noord": lambda: (moment + 2 * HOUR) // DAY,
            "bar": lambda: (moment - 2 * HOUR) // DAY,
            "new-york": lambda: (moment - 4 * HOUR) // DAY,
        }[store]()
    )


def test_a_voucher_of_before_keeps_its_end_and_names_the_day_that_its_message_named():
    assert last_day(SHOP, at("2026-10-31 10:12")) == at("2026-10-31 10:12") // DAY
