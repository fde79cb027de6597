"""Entries within their caps, taken back with their reason; who won gets the prize once, and it may go on."""

import hashlib
import hmac
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from rules.loader import load_bundle
from stamgast.domain.budget_events import BudgetAnswered
from stamgast.domain.budgets import MILLS
from stamgast.domain.calendar import business_day
from stamgast.domain.draw_events import DrawnFor, EntriesMoved, MovedEntry, PrizeDeclined
from stamgast.domain.draws import Best, entry_id, seed_of, ticket_of
from stamgast.domain.events import (
    AnyEvent,
    Erased,
    Purchase,
    PurchaseChanged,
    TimerDue,
    decode_event,
    encode_event,
)
from stamgast.domain.purses import decode_ask
from stamgast.domain.till_events import VoucherRedeemed
from stamgast.domain.told import as_line
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.service import PASSES, Bundle, Change
from tests.builders import ANNA, BRAM, KEY, MERCHANT, T0, consent
from tests.fakes.in_memory import Owner
from tests.unit.rules import small_shop

ENTER = """
rule: example
status: live
when: purchase
then: [{enter_draw: december, entries: 2}]
"""
SPIN = ENTER.replace("{enter_draw: december, entries: 2}", "{instant_win: wheel}")
HEARS = """
rule: hears
status: live
when: {drawn: {draw: %s, won: %s}}
then: [{tag: %s}]
"""


def owner(rule: str = ENTER, **changed: Any) -> Owner:
    heard = {
        f"rules/{draw}-{won}.yaml": (HEARS % (draw, won, f"{draw}-{won}")).replace("rule: hears", f"rule: {draw}-{won}")
        for draw in ("december", "wheel")
        for won in ("true", "false")
    }
    loaded = load_bundle(small_shop.files_of(rule, small_shop.PROGRAM + small_shop.DRAWS) | heard)
    assert [each.render() for each in loaded.problems if each.severity == "error"] == []
    open_now: dict[str, Any] = {"opens": T0 - DAY, "closes": T0 + 10 * DAY, "drawn_at": T0 + 11 * DAY}
    draws = {name: replace(draw, **open_now, **changed) for name, draw in loaded.program.draws.items()}
    of = Owner(Bundle(0, "", replace(loaded.program, merchant=MERCHANT, draws=draws), loaded.rules))
    of.apply(consent())
    return of


def sale(number: int, at: int, *, refunded: bool = False) -> AnyEvent:
    bought = Purchase(at, "dok-noord", "EUR", 1_000)
    about: dict[str, Any] = {"merchant": MERCHANT, "customer": ANNA, "at": at, "transaction": f"t{number}"}
    if not refunded:
        return PurchaseChanged(**about, after=bought, happened_at=at)
    gone = Purchase(at, "dok-noord", "EUR", 0, refunded=1_000, counts=False)
    return PurchaseChanged(**about, before=bought, after=gone, happened_at=at)


def told(change: Change) -> list[tuple[str, str]]:
    lines = [as_line(line) for line in change.told]
    return [(line.became, line.reward) for line in lines if line.kind == "draw"]


def drawn(at: int, reward: str = "", place: int = 0) -> DrawnFor:
    return DrawnFor(merchant=MERCHANT, customer=ANNA, at=at, draw="december", reward=reward, place=place)


NAME = f"{MERCHANT}:december:{ANNA}"


def test_an_entry_has_the_ticket_that_anybody_works_out_from_seed_customer_and_entry():
    of = owner()
    change = of.apply(sale(1, T0))
    stood = msgspec.json.decode(change.entries[NAME] or b"", type=Best)
    seed = seed_of(KEY, MERCHANT, "december")
    ids = [hashlib.blake2b(f"example\x1ft1\x1f{n}".encode(), digest_size=8).hexdigest() for n in range(2)]
    tickets = {hmac.digest(seed, f"{ANNA}|{each}".encode(), "sha256").hex(): each for each in ids}
    assert (stood.ticket, stood.entry, stood.entries) == (min(tickets), tickets[min(tickets)], 2)
    assert ids[0] == entry_id("example", "t1", 0)
    assert told(change) == [("entered", "")] * 2


def test_caps_of_a_customer_of_a_day_and_of_a_purchase_hold():
    of = owner(per_day=3, per_customer=4)
    for number in range(4):
        of.apply(sale(number, T0 + number * HOUR))
    assert of.state().draws["december"].count == 3
    of.apply(sale(9, T0 + 2 * DAY))
    assert of.state().draws["december"].count == 4
    one = owner(per_purchase=1)
    one.apply(sale(1, T0))
    assert one.state().draws["december"].count == 1


@pytest.mark.parametrize("at", [T0 - 2 * DAY, T0 + 10 * DAY])
def test_what_is_recorded_before_it_opens_or_from_its_closing_on_is_no_entry(at: int):
    of = owner()
    assert told(of.apply(sale(1, at))) == []
    assert "december" not in of.state().draws


def test_a_refund_takes_its_entries_back_and_an_undone_refund_brings_them_again_until_it_is_drawn():
    of = owner(per_customer=100, per_day=None)
    of.apply(sale(1, T0), sale(2, T0 + MINUTE))
    change = of.apply(sale(1, T0 + HOUR, refunded=True))
    assert of.state().draws["december"].count == 2
    assert told(change) == [("left", "")] * 2
    closed = {name: replace(draw, is_closed=True) for name, draw in of.bundle.program.draws.items()}
    of.bundle = replace(of.bundle, program=replace(of.bundle.program, draws=closed))
    late = of.apply(sale(2, T0 + 2 * HOUR, refunded=True), sale(3, T0 + 3 * HOUR))
    assert of.state().draws["december"].count == 2, "it is being drawn: nothing of it changes"
    assert told(late) == []
    assert NAME not in late.entries


def test_who_won_gets_the_prize_once_and_rules_hear_of_it_whoever_says_it_again():
    of = owner()
    of.apply(sale(1, T0))
    change = of.apply(drawn(T0 + 11 * DAY, "coffee", 1))
    assert [(v.reward, v.rule, v.cause) for v in change.issued] == [("coffee", "", "drawn:december")]
    assert change.entries == {NAME: None}
    assert of.state().tags == ["december-true"]
    again = of.apply(drawn(T0 + 11 * DAY, "coffee", 1), drawn(T0 + 11 * DAY))
    assert (again.issued, told(again)) == ([], [])
    assert of.state().draws["december"].entries == []


def test_a_reserve_loses_first_and_wins_when_called():
    of = owner()
    of.apply(sale(1, T0))
    of.apply(drawn(T0 + 11 * DAY))
    assert of.state().tags == ["december-false"]
    change = of.apply(drawn(T0 + 12 * DAY, "free_loaf", 4))
    assert [v.reward for v in change.issued] == ["free_loaf"]
    assert told(change) == [("won", "free_loaf")]


def test_who_did_not_take_part_hears_nothing():
    of = owner()
    change = of.apply(drawn(T0 + 11 * DAY, "coffee", 1))
    assert (change.issued, told(change), of.state().tags) == ([], [], [])


def test_a_prize_that_ends_unused_goes_on_and_one_that_was_used_stays():
    of = owner(claim_within=7 * DAY)
    of.apply(sale(1, T0))
    of.apply(drawn(T0 + 11 * DAY, "coffee", 1))
    due = max(of.state().timers.values())
    change = of.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=due, due=due))
    assert change.entries == {NAME: PASSES + b"1"}
    assert told(change) == [("passed", "coffee")]
    used = owner()
    used.apply(sale(1, T0))
    [prize] = used.apply(drawn(T0 + 11 * DAY, "coffee", 1)).issued
    used.apply(VoucherRedeemed(merchant=MERCHANT, customer=ANNA, at=T0 + 12 * DAY, code=prize.code, id="r1"))
    refused = used.apply(PrizeDeclined(merchant=MERCHANT, customer=ANNA, at=T0 + 13 * DAY, draw="december", id="p1"))
    assert msgspec.json.decode(refused.answers["p1"])["status"] == 409
    assert refused.entries == {}


def test_a_winner_who_will_not_have_it_loses_the_voucher_and_the_prize_goes_on():
    of = owner()
    of.apply(sale(1, T0))
    of.apply(drawn(T0 + 11 * DAY, "coffee", 2))
    change = of.apply(PrizeDeclined(merchant=MERCHANT, customer=ANNA, at=T0 + 12 * DAY, draw="december", id="p1"))
    assert msgspec.json.decode(change.answers["p1"])["status"] == 200
    assert [v.state for v in change.withdrawn] == ["withdrawn"]
    assert change.entries == {NAME: PASSES + b"2"}
    assert of.apply(drawn(T0 + 12 * DAY)).entries == {NAME: None}, "the first partition has heard of it"


def test_who_is_forgotten_takes_part_no_more_and_a_prize_drawn_for_them_goes_on():
    of = owner()
    of.apply(sale(1, T0))
    change = of.apply(Erased(merchant=MERCHANT, customer=ANNA, at=T0 + HOUR))
    assert (change.entries, of.state().draws, told(change)) == ({NAME: None}, {}, [("left", "")] * 2)
    late = owner(is_closed=False)
    late.apply(sale(1, T0))
    closed = {name: replace(draw, is_closed=True) for name, draw in late.bundle.program.draws.items()}
    late.bundle = replace(late.bundle, program=replace(late.bundle.program, draws=closed))
    assert late.apply(Erased(merchant=MERCHANT, customer=ANNA, at=T0 + HOUR)).entries == {}
    gone = late.apply(drawn(T0 + 11 * DAY, "coffee", 1))
    assert (gone.issued, gone.entries) == ([], {NAME: PASSES + b"1"})


def moved(*entries: MovedEntry, at: int = T0 + HOUR) -> EntriesMoved:
    return EntriesMoved(merchant=MERCHANT, customer=ANNA, at=at, draw="december", entries=entries)


def test_who_becomes_another_customer_takes_what_stands_in_draws_to_come_along():
    of = owner(per_day=None)
    of.apply(sale(1, T0), sale(2, T0 + MINUTE), sale(2, T0 + 2 * MINUTE, refunded=True))
    change = of.apply(Erased(merchant=MERCHANT, customer=ANNA, at=T0 + HOUR, into=BRAM))
    day = business_day(T0, "Europe/Amsterdam")
    ids = [entry_id("example", "t1", number) for number in range(2)]
    [event] = change.tells
    assert event == EntriesMoved(
        merchant=MERCHANT, customer=BRAM, at=T0 + HOUR, draw="december",
        entries=tuple(MovedEntry(each, "example", "t1", day) for each in ids),
    )  # fmt: skip
    assert decode_event(encode_event(event)) == event
    assert (change.entries, told(change)) == ({NAME: None}, [("left", "")] * 2)
    again = of.apply(Erased(merchant=MERCHANT, customer=ANNA, at=T0 + HOUR, into=BRAM))
    assert again.tells == []

    other = owner(per_day=None)
    came = other.apply(moved(*event.entries))
    assert [(each.id, each.cause) for each in other.state().draws["december"].entries] == [(each, "t1") for each in ids]
    assert told(came) == [("entered", "")] * 2
    stood = msgspec.json.decode(came.entries[NAME] or b"", type=Best)
    assert stood.entries == 2
    assert told(other.apply(moved(*event.entries), sale(1, T0 + 2 * HOUR))) == [], "neither told again nor made again"
    assert told(other.apply(sale(1, T0 + 3 * HOUR, refunded=True))) == [("left", "")] * 2, "the purchase is theirs now"
    assert told(other.apply(moved(*event.entries))) == [], "and what was taken back does not come again"


def test_what_is_brought_along_is_within_the_caps_and_none_of_it_counts_once_it_is_drawn():
    came = [MovedEntry(f"e{number}", "photo", f"reply:{number}", 20_727 + number // 2) for number in range(8)]
    of = owner(per_customer=4, per_day=1)
    change = of.apply(moved(*came))
    assert [each.id for each in of.state().draws["december"].entries] == ["e0", "e2", "e4", "e6"]
    assert change.counters["draw|december|too_many"] == 4
    late = owner(is_closed=True)
    assert (told(late.apply(moved(*came))), late.state().draws) == ([], {})
    late.bundle = replace(late.bundle, program=replace(late.bundle.program, draws={}))
    assert told(late.apply(moved(*came))) == [], "a draw that is no more"


def spun(odds_of_a_million: int) -> tuple[Owner, Change]:
    of = owner(SPIN)
    wheel = of.bundle.program.draws["wheel"]
    [prize] = wheel.prizes
    sure = replace(wheel, prizes=(replace(prize, chance=odds_of_a_million),))
    program = replace(of.bundle.program, draws={**of.bundle.program.draws, "wheel": sure})
    of.bundle = Bundle(0, "", program, of.bundle.rules)
    return of, of.apply(sale(1, T0))


def answer(change: Change, *, given: bool) -> BudgetAnswered:
    [asked] = [decode_ask(each) for each in change.asks.values() if each is not None]
    assert asked.amount == MILLS
    return BudgetAnswered(
        merchant=MERCHANT, customer=ANNA, at=T0 + MINUTE, activation=asked.activation, given=given,
        to=tuple(asked.to), amount=asked.amount,
    )  # fmt: skip


def test_a_ticket_that_hits_asks_the_stock_and_wins_what_is_there():
    of, change = spun(1_000_000)
    assert change.issued == []
    won = of.apply(answer(change, given=True))
    assert [(v.reward, v.rule) for v in won.issued] == [("free_loaf", "example")]
    assert told(won) == [("won", "free_loaf")]
    assert of.state().tags == ["wheel-true"]
    assert not any(as_line(line).kind == "budget" for line in won.told), "a prize is no money"
    back = of.apply(sale(1, T0 + HOUR, refunded=True))
    assert [v.state for v in back.withdrawn] == ["withdrawn"]
    assert any(name.endswith("|back") and by == MILLS for name, by in back.counters.items()), "it is in stock again"


def test_a_ticket_that_hits_what_is_gone_loses_and_one_that_hits_nothing_asks_nobody():
    of, change = spun(1_000_000)
    lost = of.apply(answer(change, given=False))
    assert (lost.issued, told(lost)) == ([], [("lost", "")])
    assert of.state().tags == ["wheel-false"]
    never, missed = spun(0)
    assert missed.asks == {}
    assert told(missed) == [("entered", ""), ("lost", "")]
    assert never.state().tags == ["wheel-false"]


def test_what_was_refunded_before_the_stock_answered_gives_the_prize_back():
    of, change = spun(1_000_000)
    of.apply(sale(1, T0 + 1, refunded=True))
    late = of.apply(answer(change, given=True))
    assert late.issued == []
    assert any(name.endswith("|back") and by == MILLS for name, by in late.counters.items())


def test_hits_are_as_many_as_the_odds_say():
    seed = seed_of(KEY, MERCHANT, "wheel")
    wheel = owner(SPIN).bundle.program.draws["wheel"]
    hits = sum(wheel.hit_by(ticket_of(seed, f"c{n}", "e")) is not None for n in range(20_000))
    assert 900 <= hits <= 1_100, "1 in 20"
