"""A customer's whole life, drawn at random: what must hold whatever happens and in whatever batches it is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain import apart, stamps
from stamgast.domain.customer import Card, Customer, decode_customer, encode_customer
from stamgast.domain.events import Barrier, encode_event
from stamgast.domain.ledger import decode_entry, is_of_transaction
from stamgast.domain.program import Program, ReviewAbove, Reward
from stamgast.domain.review import decode_waiting
from stamgast.domain.units import DAY
from stamgast.service import Bundle, Change
from tests import random_histories
from tests.builders import (
    ANNA,
    MERCHANT,
    T0,
    bundle,
    card,
    card_rule,
    hello_rule,
    program,
    reach_rule,
    tag_rule,
    taken_back,
)
from tests.fakes.in_memory import Owner
from tests.fakes.past import Past
from tests.oracle import Oracle, SimpleRule, differences, recompute
from tests.random_histories import History
from tests.random_sales import cards, programs


def in_force(of: Program) -> Bundle:
    rules = [hello_rule(priority=10), tag_rule("quiet", "lapsing", "quiet", per="quiet_spell")]
    rules += [card_rule(f"full-{id_}", id_) for id_ in of.cards]
    rules += [reach_rule(f"half-{id_}", id_, half_of(of, id_)) for id_ in of.cards]
    again = {id_: replace(template, if_unproven="send_again") for id_, template in of.templates.items()}
    return bundle(replace(of, templates=again), *rules)


def half_of(of: Program, card: str) -> int:
    return (of.cards[card].stamps_required + 1) // 2


def lived(data: st.DataObject, of: Program, steps: int = 25) -> History:
    history = History(Owner(in_force(of)))
    history.play(data, steps)
    return history


@contextmanager
def drawn_room(data: st.DataObject) -> Iterator[None]:
    """So many vouchers have room in a state: what is kept apart must make no difference."""
    room, over = data.draw(st.sampled_from(((0, 0), (1, 1), (apart.AT_HAND, 0), (apart.AT_HAND, apart.ENDED_AT_HAND))))
    with patch.object(apart, "AT_HAND", room), patch.object(apart, "ENDED_AT_HAND", over):
        yield


def simple_rules(of: Program) -> list[SimpleRule]:
    """The rules in force, as the oracle knows them."""
    full = [SimpleRule(f"full-{id_}", "stamp_card_completed", id_, sends="loaf", gives="loaf") for id_ in of.cards]
    half = [
        SimpleRule(f"half-{id_}", "stamp_card_reaches", (id_, half_of(of, id_)), gives="coffee") for id_ in of.cards
    ]
    return full + half


@given(st.data(), programs)
def test_a_life_equals_its_recomputation_from_the_log(data, shop):
    with drawn_room(data):
        history = lived(data, shop)
    oracle = Oracle(at_start={MERCHANT: shop}, rules={MERCHANT: simple_rules(shop)})
    state = history.owner.whole()
    oracle.learn_codes([state])
    recompute(map(encode_event, history.events), oracle)
    assert differences(oracle.customers, {(MERCHANT, ANNA): state}) == []
    waiting = {name: decode_waiting(value).seen for name, value in history.owner.reviews.items()}
    assert waiting == {name: held.seen for name, held in oracle.customers[MERCHANT, ANNA].waiting.items()}


@given(st.data(), st.integers(1, 3))
def test_a_life_of_refunds_and_used_vouchers_equals_its_recomputation(data, size):
    """Cards are taken out from below those whose reward was used, and filled again. No voucher ends meanwhile."""
    rewards = {id_: Reward(id_, {"nl": id_}, 400 * DAY) for id_ in ("loaf", "coffee")}
    shop = program(card(stamps=size, reward="loaf", reward_valid_for=400 * DAY), rewards=rewards)
    steps = ("buy", "buy", "buy", "redeem", "refund", "refund", "restore", "take_redemption_back")
    with patch.object(random_histories, "STEPS", steps), drawn_room(data):
        history = lived(data, shop, steps=40)
    lasting = [replace(each, gives_for=400 * DAY) for each in simple_rules(shop)]
    oracle = Oracle(at_start={MERCHANT: shop}, rules={MERCHANT: lasting})
    oracle.learn_codes([history.owner.whole()])
    recompute(map(encode_event, history.events), oracle)
    assert differences(oracle.customers, {(MERCHANT, ANNA): history.owner.whole()}) == []


@given(st.data(), programs, st.sampled_from((1, 3, 200)), st.sampled_from((1, 39, 10_000)))
def test_a_life_under_two_programmes_equals_its_recomputation_though_the_second_takes_less_for_meant(
    data, shop, rewards, pieces
):
    history = lived(data, shop, steps=12)
    until = len(history.events)
    second = replace(shop, most_rewards=rewards, review_above=ReviewAbove(pieces, 1000))
    history.owner.bundle = in_force(second)
    history.play(data, 12)
    oracle = Oracle({"first": shop, "second": second}, rules={MERCHANT: simple_rules(shop)})
    state = history.owner.whole()
    oracle.learn_codes([state])
    events = list(history.events)
    for place, (number, name) in ((until, (2, "second")), (0, (1, "first"))):
        events.insert(place, Barrier(merchant=MERCHANT, customer="", at=T0, number=number, hash=name))
    recompute(map(encode_event, events), oracle)
    assert differences(oracle.customers, {(MERCHANT, ANNA): state}) == []


@given(st.data(), programs)
def test_no_life_yields_more_rewards_than_stamps_paid_for(data, shop):
    with drawn_room(data):
        history = lived(data, shop, steps=40)
    state, of = history.owner.whole(), history.owner.bundle.program
    for id_, definition in of.cards.items():
        earned = stamps_on_paper(history, id_)
        paper = state.cards.get(id_)
        balance, completed = (paper.balance, paper.completed) if paper else (0, 0)
        assert balance + completed * definition.stamps_required == earned, "stamps given = stamps paid for"
        for rule in {voucher.rule for voucher in state.vouchers}:
            promised = [v for v in state.vouchers if v.cause.startswith(f"card:{id_}:") and v.rule == rule]
            assert len({v.cause for v in promised}) == len(promised), "one voucher per card and rule"
            used = sum(v.state == "redeemed" for v in promised)
            held = sum(v.state in ("redeemed", "open") for v in promised)
            owed = max(0, -balance)
            needed = half_of(of, id_) if rule.startswith("half-") else definition.stamps_required
            reached = completed + (rule.startswith("half-") and balance >= needed)
            assert held <= reached or held == used, "nothing is promised beyond what the stamps reach, but what is used"
            # A half card whose coffee was drunk gives none when it is filled again: those stamps are owed as well.
            this_card = f"card:{id_}:{completed + 1}"
            if any(v.cause == this_card and v.state == "redeemed" for v in promised):
                owed += max(0, needed - max(0, balance))
            assert used * needed <= earned + owed


def stamps_on_paper(history: History, card: str) -> int:
    """Stamps that what is left of all purchases pays for, under the daily cap."""
    cards = list(history.owner.state().cards)
    ledger = history.owner.ledgers[ANNA]
    entries = [decode_entry(value, cards) for field, value in ledger.items() if is_of_transaction(field)]
    cap = history.owner.bundle.program.cards[card].max_per_day
    total = 0
    for day in {entry.day for entry in entries}:
        raw = sum(entry.stamps.get(card, 0) for entry in entries if entry.day == day)
        total += raw if cap is None else min(raw, cap)
    return total


@given(st.data(), programs)
def test_how_a_log_is_cut_into_batches_makes_no_difference(data, shop):
    with drawn_room(data):
        history = lived(data, shop)
        again = Owner(history.owner.bundle)
        left = list(history.events)
        while left:
            size = data.draw(st.integers(1, len(left)))
            again.apply(*left[:size])
            left = left[size:]
    one_by_one, batched = history.owner.changes, again.changes
    assert again.state() == history.owner.state()
    assert again.ledgers == history.owner.ledgers
    assert again.reviews == history.owner.reviews
    for what in ("submissions", "notes", "cancels"):
        assert [x for c in batched for x in getattr(c, what)] == [x for c in one_by_one for x in getattr(c, what)]
    for what in ("finished", "stands"):  # an entry may be finished, submitted anew and finished again
        assert merged(batched, what) == merged(one_by_one, what)
    assert total_counters(again) == total_counters(history.owner)


def merged(changes: list[Change], what: str) -> dict[str, object]:
    return {name: value for change in changes for name, value in getattr(change, what).items()}


def total_counters(owner: Owner) -> dict[str, int]:
    totals: dict[str, int] = {}
    for change in owner.changes:
        for name, by in change.counters.items():
            totals[name] = totals.get(name, 0) + by
    return {name: value for name, value in totals.items() if value}


@given(st.data(), programs)
def test_refunding_everything_leaves_no_purchase_no_visit_no_profit_and_no_stamp_but_on_cards_that_never_take(
    data, shop
):
    with drawn_room(data):
        history = lived(data, shop)
        for name in sorted(history.sales):
            event = history.sales[name]
            if event.after is not None and event.after.counts:
                history._tell(taken_back(event, history.now))
    state = history.owner.whole()
    assert (state.purchases, state.visits, state.spend, state.profit, state.days, state.gaps) == (0, 0, 0, 0, b"", 0)
    assert not {"lapse", "lapsed"} & set(state.timers)
    assert state.stage == "new"
    for id_, paper in state.cards.items():
        definition = history.owner.bundle.program.cards[id_]
        if definition.on_refund != "never":
            assert paper.balance + paper.completed * definition.stamps_required == 0
            of_it = [v for v in state.vouchers if v.cause.startswith(f"card:{id_}:")]
            used = {v.cause for v in of_it if v.state == "redeemed"}
            still = [v for v in of_it if v.state == "open" and v.expires_at > history.now]
            assert [v for v in still if v.cause not in used] == [], "nobody keeps what nothing was paid for"


@given(st.data(), programs)
def test_everything_in_a_state_that_is_money_or_a_count_is_a_whole_number(data, shop):
    state = lived(data, shop).owner.state()
    for name in ("purchases", "spend", "profit", "refunds", "visits", "first_day", "last_day", "gaps", "recorded_at"):
        assert type(getattr(state, name)) is int, name
    assert all(type(due) is int for due in state.timers.values())


@given(st.data(), programs, st.integers(1, 30))
def test_a_state_written_before_a_field_existed_is_read_with_its_default(data, shop, fewer):
    state = lived(data, shop, steps=10).owner.state()
    whole = msgspec.msgpack.decode(encode_customer(state))
    kept = whole[: max(1, len(whole) - fewer)]
    older = decode_customer(msgspec.msgpack.encode(kept))
    names = Customer.__struct_fields__
    defaults = Customer()
    for name in names[: len(kept)]:
        assert getattr(older, name) == getattr(state, name)
    for name in names[len(kept) :]:
        assert getattr(older, name) == getattr(defaults, name)


@given(cards(), st.integers(1, 30), st.integers(1, 9))
def test_a_card_that_changes_its_size_keeps_the_stamps_on_it(found, count, size):
    definition = found[0]
    small, large = Card(), Card()
    for paper in (small, large):
        stamps.move_balance(paper, definition, count, Past())
    total = small.balance + small.completed * definition.stamps_required
    assert total == count
    resized = replace(definition, stamps_required=size)
    stamps.move_balance(large, resized, 1, Past())
    stamps.move_balance(large, resized, -count - 1, Past())
    assert (large.balance, large.completed) == (0, 0)
