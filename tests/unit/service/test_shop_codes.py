"""Vouchers that get codes of the shop's own: messages wait for them, and an offer without one is not made."""

from typing import Any

from rules.actions import Give, Send
from stamgast.domain.code_events import CodeGiven
from stamgast.domain.events import Erased, TimerDue
from stamgast.domain.message_words import message_variables
from stamgast.domain.program import Reward
from stamgast.domain.shop_codes import Want, decode_want, hidden
from stamgast.domain.told import as_line
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.domain.voucher_codes import short_of
from stamgast.simulate import Simulation
from tests.builders import ANNA, BRAM, MERCHANT, T0, bought, bundle, card, consent, program, rule, taken_back
from tests.fakes.in_memory import Owner

SHOP = {"web": Reward("web", {"nl": "10% in de webshop"}, imported_codes=True), "loaf": Reward("loaf", {"nl": "brood"})}
OFFER = rule("offer", "purchase", Give("web"), Send("hello", ("sms",)), per="customer")
SILENT = rule("silent", "purchase", Give("web"), per="customer")


def shop(*rules: Any, **more: Any) -> Owner:
    owner = Owner(bundle(program(rewards=SHOP, **more), *rules))
    owner.apply(consent())
    return owner


def full_card(*rules: Any) -> Owner:
    owner = Owner(bundle(program(card(stamps=1, reward="web"), rewards=SHOP), *rules))
    owner.apply(consent())
    owner.apply(bought("t0", T0))
    return owner


def wanted(owner: Owner) -> list[Want]:
    """What is wanted by now, of all that was written."""
    found: dict[str, bytes | None] = {}
    for change in owner.changes:
        found |= change.wants
    return [decode_want(each) for each in found.values() if each is not None]


def give(owner: Owner, code: str, at: Millis, voucher: str = "") -> Any:
    name = voucher or owner.state().vouchers[0].code
    stored = hidden(code, code) if code else ""
    return owner.apply(CodeGiven(merchant=MERCHANT, customer=ANNA, at=at, voucher=name, reward="web", code=stored))


def test_a_message_waits_for_the_code_that_it_tells_and_says_it():
    owner = shop(OFFER)
    change = owner.apply(bought("t0", T0))
    [want] = wanted(owner)
    assert (want.reward, want.owed, change.submissions) == ("web", False, [])
    change = give(owner, "WEB-0001", T0 + 1_000)
    [sent] = change.submissions
    words = message_variables(owner.bundle.program, sent.data, "nl")["voucher"]
    assert (words["code"], words["long_code"]) == ("WEB-0001", "WEB-0001")
    assert wanted(owner) == []
    assert change.counters["reward|web|coded"] == 1


def test_an_offer_for_which_there_is_no_code_is_not_made_and_says_why():
    owner = shop(OFFER)
    owner.apply(bought("t0", T0))
    change = give(owner, "", T0 + 1_000)
    state = owner.state()
    assert (change.submissions, [each.state for each in state.vouchers]) == ([], ["withdrawn"])
    assert [(each.status, each.reason) for each in state.activations] == [("suppressed", "no_codes")]
    assert wanted(owner) == []
    assert change.counters["rule|offer|withheld|no_codes"] == 1


def test_one_that_no_message_tells_of_is_withheld_as_well():
    owner = shop(SILENT)
    owner.apply(bought("t0", T0))
    change = give(owner, "", T0 + 1_000)
    assert [each.state for each in owner.state().vouchers] == ["withdrawn"]
    told = [(line.kind, line.reason) for line in map(as_line, change.told) if line.reason]
    assert ("decision", "no_codes") in told


def test_what_a_card_owes_waits_as_long_as_it_takes_and_then_has_its_whole_time():
    full = rule("full", "stamp_card_completed", Send("loaf", ("sms",)), per="card", fills="bread")
    owner = full_card(full)
    [want] = wanted(owner)
    assert want.owed
    give(owner, "", T0 + 1_000)
    assert [each.state for each in owner.state().vouchers] == ["open"]
    [want] = wanted(owner)
    due = T0 + 40 * DAY
    owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=due, due=due))
    [voucher] = owner.state().vouchers
    assert voucher.state == "open", "nobody could use it in the web shop"
    change = give(owner, "WEB-0002", T0 + 41 * DAY)
    [voucher] = owner.state().vouchers
    assert voucher.expires_at > T0 + 70 * DAY
    assert (owner.state().timers[f"voucher:{voucher.code}"], wanted(owner)) == (voucher.expires_at, [])
    assert change.recoded == [voucher]


def test_a_message_that_tells_of_a_card_waits_for_the_code_too():
    full = rule("full", "stamp_card_completed", Send("loaf", ("sms",)), per="card", fills="bread")
    owner = full_card(full)
    assert owner.changes[-1].submissions == []
    [sent] = give(owner, "WEB-0003", T0 + 1_000).submissions
    assert message_variables(owner.bundle.program, sent.data, "nl")["voucher"]["code"] == "WEB-0003"


def test_what_was_taken_back_wants_no_code_and_opens_again_under_the_one_it_had():
    owner = full_card()
    owner.apply(taken_back(bought("t0", T0), T0 + HOUR))
    assert wanted(owner) == []
    give(owner, "WEB-0004", T0 + HOUR + 1)
    owner.apply(bought("t1", T0 + 2 * HOUR))
    [voucher] = owner.state().vouchers
    assert (voucher.state, voucher.terms is not None and voucher.terms.shop_code) == ("open", "WEB-0004.WEB-0004")
    assert wanted(owner) == [], "it has one"


def test_who_is_forgotten_or_becomes_somebody_else_uses_up_no_code():
    for into in ("", BRAM):
        owner = full_card()
        assert len(wanted(owner)) == 1
        owner.apply(Erased(merchant=MERCHANT, customer=ANNA, at=T0 + HOUR, into=into))
        assert wanted(owner) == []
        assert [each.terms.awaits_code for each in owner.state().vouchers if each.terms is not None] == [False]
        owner.apply(bought("t1", T0 + 2 * HOUR))
        assert wanted(owner) == []


def test_a_code_is_never_put_in_the_place_of_another():
    owner = full_card()
    give(owner, "WEB-0005", T0 + 1_000)
    change = give(owner, "WEB-0006", T0 + 2_000)
    [voucher] = owner.state().vouchers
    assert voucher.terms is not None
    assert voucher.terms.shop_code == "WEB-0005.WEB-0005"
    assert change.counters == {"reward|web|coded": 1}, "it is gone all the same"


def test_rewards_of_the_house_have_the_codes_that_they_always_had():
    owner = Owner(bundle(program(card(stamps=1, reward="loaf"), rewards=SHOP)))
    owner.apply(bought("t0", T0))
    [voucher] = owner.state().vouchers
    assert (voucher.terms, wanted(owner)) == (None, [])
    assert short_of(voucher.code) != voucher.code


def test_a_simulation_has_enough_codes():
    simulation = Simulation(bundle(program(rewards=SHOP), OFFER))
    simulation.feed([consent(), bought("t0", T0)])
    assert [each.what for each in simulation.happened if each.kind == "send"] == ["hello"]
