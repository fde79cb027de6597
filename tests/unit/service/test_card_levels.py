"""Cards that give something on their way: a coffee at three stamps, a loaf at five."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rules.actions import Send
from stamgast.domain.answers import answer_variables
from stamgast.domain.facts import Fact
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.told import as_line
from stamgast.domain.units import HOUR, Millis
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, card, consent, program, rule, taken_back
from tests.fakes.in_memory import Owner

LEVELS = card(stamps=5, reward="loaf", levels=((3, "coffee"),))


def shop(*rules: Any) -> Owner:
    return Owner(bundle(program(LEVELS), *rules))


def buy(owner: Owner, *numbers: int) -> None:
    for number in numbers:
        owner.apply(bought(f"t{number}", T0 + number * HOUR))


def refund(owner: Owner, number: int, when: Millis) -> None:
    owner.apply(taken_back(bought(f"t{number}", T0 + number * HOUR), when))


def use(owner: Owner, reward: str, when: Millis) -> int:
    code = next(v.code for v in owner.state().vouchers if v.reward == reward and v.state == "open")
    event = VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=when, id=f"q{when}", code=code)
    status: int = json.loads(owner.apply(event).answers[f"q{when}"])["status"]
    return status


def held(owner: Owner) -> list[tuple[str, str]]:
    return [(v.reward, v.state) for v in owner.state().vouchers]


def test_a_card_gives_on_its_way_and_when_it_is_full():
    owner = shop()
    buy(owner, 1, 2, 3)
    assert held(owner) == [("coffee", "open")]
    buy(owner, 4, 5)
    assert held(owner) == [("coffee", "open"), ("loaf", "open")]
    buy(owner, 6, 7, 8)
    assert held(owner) == [("coffee", "open"), ("loaf", "open"), ("coffee", "open")]
    lines = [as_line(each) for change in owner.changes for each in change.told]
    assert {line.rule for line in lines if line.kind == "voucher"} == {""}


def test_a_refund_takes_what_is_no_longer_reached_and_it_comes_back_under_its_code():
    owner = shop()
    buy(owner, 1, 2, 3)
    code = owner.state().vouchers[0].code
    refund(owner, 3, T0 + 4 * HOUR)
    assert held(owner) == [("coffee", "withdrawn")]
    buy(owner, 5)
    assert [(v.code, v.state) for v in owner.state().vouchers] == [(code, "open")]


def test_a_coffee_that_was_drunk_keeps_no_full_card_from_being_opened():
    owner = shop()
    buy(owner, 1, 2, 3, 4, 5)
    assert use(owner, "coffee", T0 + 6 * HOUR) == 200
    refund(owner, 5, T0 + 7 * HOUR)
    assert held(owner) == [("coffee", "redeemed"), ("loaf", "withdrawn")]
    assert owner.state().cards["bread"].balance == 4
    refund(owner, 4, T0 + 8 * HOUR)
    refund(owner, 3, T0 + 9 * HOUR)
    buy(owner, 10, 11, 12)
    assert held(owner) == [("coffee", "redeemed"), ("loaf", "open")], "nobody drinks two coffees for one card"


def test_a_message_about_reaching_so_many_stamps_names_what_the_card_gave():
    def fires(fact: Fact) -> bool:
        return fact.before < 3 <= fact.after

    said = rule("half", "stamps_changed", Send("loaf", ("sms",)), fires=fires, per="card")
    owner = shop(replace(said, trigger=replace(said.trigger, card="bread", crosses=3)))
    owner.apply(consent())
    buy(owner, 1, 2, 3)
    [sent] = [each for change in owner.changes for each in change.submissions]
    assert sent.data["code"] == owner.state().vouchers[0].code


def test_whoever_asks_for_the_card_hears_what_comes_next():
    words = [answer_variables(program(LEVELS), {"stamps": {"bread": stamps}}, "en")["text"] for stamps in (2, 3, 4)]
    assert [text[:20] for text in words] == ["2 of 3 stamps for co", "3 of 5 stamps for lo", "4 of 5 stamps for lo"]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 11)), max_size=24))
def test_as_many_coffees_are_open_as_cards_have_passed_their_level(steps):
    owner, here = shop(), set[int]()
    now, fresh = T0, 100
    for buys, number in steps:
        now += HOUR
        if buys:
            fresh += 1
            owner.apply(bought(f"t{fresh}", now))
            here.add(fresh)
        elif here:
            gone = sorted(here)[number % len(here)]
            here.discard(gone)
            owner.apply(taken_back(bought(f"t{gone}", T0 + (gone - 100) * HOUR), now))
    if not owner.states:
        return
    known = owner.whole()
    of = known.cards.get("bread")
    assert of is not None
    assert (of.completed, of.balance) == divmod(len(here), 5)
    opened = [v.reward for v in known.vouchers if v.state == "open"]
    assert opened.count("loaf") == len(here) // 5
    assert opened.count("coffee") == len(here) // 5 + (len(here) % 5 >= 3)
