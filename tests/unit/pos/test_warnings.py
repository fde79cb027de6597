"""What is taken in although it looks wrong is told: to the till, as a figure, and in the log without flooding it."""

import logging
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

import stamgast.pos.warnings as doubts_module
from stamgast.domain.costs import Costs
from stamgast.domain.program import Program, Store
from stamgast.domain.purchase_record import EPOCH, Delivery, LineItem, StoreRef, Totals
from stamgast.logs import mask_phones
from stamgast.pos.warnings import MOST_TOLD, QUIET_S, Doubts, Seen, doubts_about
from tests.builders import T0, at, card, line, program

SHOPS = program(stores={name: Store(name, "Europe/Amsterdam") for name in ("dok-noord", "korenmarkt")})


def warnings(*seen: tuple[str, str, int], of: Program = SHOPS) -> list[dict[str, Any]]:
    """Of purchases by their place, store and date."""
    return [doubt.as_json() for doubt in doubts_about([sold(*each) for each in seen], of, T0)]


def sold(place: str, store: str, when: int, *lines: dict[str, Any]) -> Seen:
    moment = EPOCH + timedelta(milliseconds=when)
    items = tuple(msgspec.convert(each, LineItem) for each in lines)
    totals = Totals(sum(item.gross_minor for item in items))
    return Seen(place, when, Delivery("t1", "completed", moment, "EUR", totals, 1, StoreRef(store), None, items))


def test_an_unknown_store_is_told_once_with_its_place_the_nearest_and_how_often():
    found = warnings(("/0", "dok-noord", T0), ("/1", "dok-nord", T0), ("/2", "", T0), ("/3", "dok-nord", T0))
    assert found == [
        {
            "pointer": "/1/store/retail_store_id",
            "detail": "the programme knows no store 'dok-nord': what was bought counts by the days of the merchant's own"
            " time zone",
            "allowed": "dok-noord, korenmarkt",
            "nearest": "dok-noord",
            "purchases": 2,
        }
    ]


def test_a_category_that_is_nearly_one_that_counts_is_told_with_its_line():
    shop = program(
        card("bread", 7, categories=frozenset({"bread"})), costs=Costs(category_margins={"soft-drinks": 400})
    )
    odd = ("bread", "bred", "Bread", "wine", "soft drinks", "breakfast", "bred")
    lines = [line(f"{n}", 350, category=each) for n, each in enumerate(odd)]
    found = [doubt.as_json() for doubt in doubts_about([sold("/0", "shop", T0, *lines)], shop, T0)]
    assert [(each["pointer"], each["nearest"]) for each in found] == [
        ("/0/line_items/1/category", "bread"),
        ("/0/line_items/2/category", "bread"),
        ("/0/line_items/4/category", "soft-drinks"),
    ]
    assert found[0]["allowed"] == "bread, soft-drinks"


def test_a_till_that_misspells_a_thousand_categories_gets_a_short_answer():
    shop = program(card("bread", 7, categories=frozenset({"a very long name of bread"})))
    lines = [line(f"{n}", 350, category=f"a very long name of bread{n:04}") for n in range(1000)]
    found = doubts_about([sold("", "shop", T0, each) for each in lines], shop, T0)
    assert len(found) == MOST_TOLD + 1
    assert sum(each.purchases for each in found) == 200, "the first so many are compared"


def test_nothing_near_is_not_guessed():
    assert "nearest" not in warnings(("", "warehouse 7", T0))[0]


def test_a_date_that_cannot_be_right_is_told_with_what_could_be():
    behind, ahead = warnings(("/0", "", 12_000), ("/1", "", at("2031-01-01 00:00")), ("/2", "", 13_000))
    assert (behind["pointer"], behind["purchases"]) == ("/0/end_date_time", 2)
    assert "1970-01-01T00:00:12Z lies before 2006-10-01T08:00:00Z" in behind["detail"]
    assert "not_before" in behind["allowed"]
    assert "lies ahead" in ahead["detail"]
    assert warnings(("", "", T0), ("", "", T0 - 19 * 365 * 86_400_000)) == []


def test_a_date_beyond_the_calendar_can_still_be_told():
    ancient = sold("", "", T0)._replace(moment=-(10**15))
    (told,) = doubts_about([ancient], SHOPS, T0)
    assert "beyond the calendar" in told.detail


def test_what_nobody_can_have_meant_is_told_with_its_line_and_what_becomes_of_it():
    shop = program(card("bread", 7, per="item"), card("spend", 5, per="amount", amount=1000))
    scanned = sold("/3", "shop", T0, line("1", 350), line("2", 350, "96385074"))
    dear, many = sold("/4", "shop", T0, line("1", 100_000_001)), sold("/5", "shop", T0, line("1", 350, "141"))
    again = sold("/6", "shop", T0, line("1", 350, "150"))
    pieces, amount, rewards = (each.as_json() for each in doubts_about([scanned, dear, many, again], shop, T0))
    assert (pieces["pointer"], pieces["purchases"]) == ("/3/line_items/1/quantity", 1)
    assert "96,385,074 pieces in one line are more than 1,000. It was taken in and waits" in pieces["detail"]
    assert (amount["pointer"], rewards["pointer"]) == ("/4/totals/gross_minor", "/5/line_items")
    assert "1000000.01 EUR are more than 10000.00 EUR" in amount["detail"]
    assert "up to 21 rewards of the bread card: one purchase brings at most 20" in rewards["detail"]
    assert (rewards["purchases"], "most_rewards" in rewards["allowed"]) == (2, True)
    assert doubts_about([sold("", "shop", T0, line("1", 350, "140"))], shop, T0) == []


def test_a_currency_without_a_rate_is_told_and_so_is_a_refund_in_one():
    shop = program(rates={"USD": ((0, 10**6),)})
    sale, dollars = sold("/0", "shop", T0, line()), sold("/1", "shop", T0, line())
    pounds, back = in_currency(sale, "GBP"), in_currency(sold("/2", "shop", T0, line()), "GBP", refund_id="r1")
    (told,) = (each.as_json() for each in doubts_about([sale, in_currency(dollars, "USD"), pounds, back], shop, T0))
    assert (told["pointer"], told["purchases"]) == ("/0/price_currency", 2)
    assert "there is no rate for GBP on 2026-10-01. It was taken in and waits" in told["detail"]
    assert told["allowed"] == "EUR, USD; program.yaml may say what others are worth with `exchange: {GBP: …}`"


def in_currency(seen: Seen, currency: str, **more: Any) -> Seen:
    return seen._replace(delivery=msgspec.structs.replace(seen.delivery, price_currency=currency, **more))


def test_a_till_that_names_a_thousand_stores_gets_a_short_answer_in_which_none_is_missing():
    found = warnings(*((f"/{n}", f"store {n}", T0) for n in range(1000)), ("/1000", "", 0))
    assert len(found) == MOST_TOLD + 2
    assert sum(each["purchases"] for each in found) == 1001


def lines(logs: pytest.LogCaptureFixture) -> list[str]:
    """What this module has said: other libraries may log at any moment, when something of an earlier test is collected."""
    return [record.getMessage() for record in logs.records if record.name == doubts_module.__name__]


def test_they_are_counted_by_merchant_and_logged_at_most_once_a_minute(caplog):
    caplog.set_level(logging.WARNING)
    now, registry = [0.0], CollectorRegistry()
    doubts = Doubts(registry, monotonic=lambda: now[0])

    def bought(store: str = "dok-nord", merchant: str = "bakery") -> None:
        doubts.note(merchant, doubts_about([sold("", store, T0)], SHOPS, T0))

    for _ in range(100):
        bought()
    assert len(lines(caplog)) == 1
    assert all(word in lines(caplog)[0] for word in ("dok-nord", "dok-noord", "korenmarkt", "purchases=1", "bakery"))
    now[0] = QUIET_S
    bought()
    bought("dok-noord")
    assert len(lines(caplog)) == 2
    assert "purchases=100" in lines(caplog)[1], "and how many there were since"
    bought(merchant="another")
    assert len(lines(caplog)) == 3

    def counted(merchant: str) -> float | None:
        return registry.get_sample_value("stamgast_unknown_stores_total", {"merchant": merchant})

    assert (counted("bakery"), counted("another")) == (101, 1)


def test_a_telephone_number_in_the_place_of_a_store_is_written_so_that_the_log_masks_it(caplog):
    Doubts(CollectorRegistry()).note("bakery", doubts_about([sold("", "0612345678", T0)], SHOPS, T0))
    assert "0612345678" not in mask_phones("".join(lines(caplog)))


def test_a_name_in_the_place_of_a_store_stands_in_the_answer_and_not_in_the_log(caplog):
    found = doubts_about([sold("/3", "Noor de Vries", T0)], SHOPS, T0)
    Doubts(CollectorRegistry()).note("bakery", found)
    (line,) = lines(caplog)
    assert "Noor" in found[0].as_json()["detail"]
    assert "Noor" not in line
    assert "/3/store/retail_store_id" in line


def test_amounts_that_say_that_they_are_without_tax_are_told():
    def says(value: Any) -> list[str]:
        seen = sold("/3", "dok-noord", T0, line())
        seen = seen._replace(delivery=msgspec.structs.replace(seen.delivery, prices_include_tax=value))
        return [doubt.pointer for doubt in doubts_about([seen], SHOPS, T0)]

    assert (says(False), says(True), says("no")) == (["/3/prices_include_tax"], [], [])


def paid(gross: int, sum_paid: Any, status: Any = "completed", link: Any = None, **beside: Any) -> list[dict[str, Any]]:
    """What is told of totals."""
    seen = sold("/3", "dok-noord", T0)
    totals = Totals(gross, paid_minor=sum_paid, **{f"{name}_minor": value for name, value in beside.items()})
    delivery = msgspec.structs.replace(seen.delivery, totals=totals, status=status, transaction_link=link)
    return [doubt.as_json() for doubt in doubts_about([seen._replace(delivery=delivery)], SHOPS, T0)]


def test_totals_that_do_not_come_to_what_was_paid_are_told_with_what_is_missing():
    [told] = paid(1935, 2945, shipping=1000)
    assert told["pointer"] == "/3/totals/paid_minor"
    assert "paid_minor is 2945" in told["detail"]
    assert "come to 2935: 10 more was paid" in told["detail"]
    assert told["allowed"].startswith("2935")
    [less] = paid(1935, 2925, shipping=1000)
    assert "10 less was paid" in less["detail"]
    [back] = paid(500, 499, status="refund")
    assert "1 less" in back["detail"]


def test_totals_that_sum_up_or_do_not_say_what_was_paid_are_not():
    every = {"tip": 1, "surcharge": 2, "shipping": 3, "deposit": 4, "gift_card_sold": 5, "rounding": -6}
    assert paid(1935, 1944, **every) == []
    assert paid(1935, None) == paid(1935, 2000, status="open") == paid(1935, 0, status="voided") == []
    assert paid(-500, 500, link={"relation": "return_of", "linked": False}) == []
    assert paid(1935, "of an older record") == []


@pytest.mark.parametrize("how", [{"kind": "return"}, {"quantity": "-2"}], ids=["kind", "quantity"])
def test_a_return_that_counts_as_sold_for_want_of_a_link_is_told(how: dict[str, str]):
    def says(gross: int, link: Any = None, **more: str) -> list[str]:
        back = line(gross=gross) | more
        seen = sold("/3", "dok-noord", T0, line(), back)
        seen = seen._replace(delivery=msgspec.structs.replace(seen.delivery, transaction_link=link))
        return [doubt.pointer for doubt in doubts_about([seen], SHOPS, T0)]

    assert says(500, **how) == ["/3/line_items/1"]
    assert (says(-500, **how), says(500), says(500, {"relation": "return_of"}, **how)) == ([], [], [])
