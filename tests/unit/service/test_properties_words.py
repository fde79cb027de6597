"""Whatever a customer lives through: what rules asked to be kept is what the purchases that are left come to."""

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.loader import load_bundle
from stamgast.domain.calendar import business_day
from stamgast.domain.ledger import Entry, decode_entry, is_of_transaction
from stamgast.domain.spending import per_day
from stamgast.domain.things import has_mark, mark_of_thing
from stamgast.domain.tiers import figure
from stamgast.service import Bundle
from tests.builders import ANNA, MERCHANT
from tests.fakes.in_memory import Owner
from tests.random_histories import History

PROGRAM: Final = f"""
merchant: {MERCHANT}
name: Bakery
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl]
stores: {{shop: {{}}, bar: {{time_zone: Europe/Brussels, day_start: 5}}}}
cards: {{bread: {{stamps: 3, categories: [bread], reward: loaf}}}}
rewards: {{loaf: {{names: {{nl: Brood}}, valid_for: 9 days}}, coffee: {{names: {{nl: Koffie}}}}}}
templates: {{hello: {{}}}}
messaging: {{sms_sender: "+31201234568"}}
watch: [RYE]
tiers: {{by: spend, in: 1 month, levels: {{silver: 7 EUR, gold: 15 EUR}}, downgrade: one_step, grace: 2 days}}
"""
WHEN: Final = (
    "{not_seen_for: 2 days}",
    "{spend_reached: {amount: 10 EUR, in: 14 days}}",
    "{spend_reached: 20 EUR}",
    "{reward_given: loaf}",
    "{reward_expires_in: 3 days}",
    "reward_expired",
    "reward_redeemed",
    "{bought: {category: drinks}}",
    "{bought: {category: bread, time: first}}",
    "{bought: {category: drinks, time: 3}}",
    "{tier_changed: {way: up}}",
    "{tier_changed: {way: down}}",
    "{anniversary: {of: first_visit}}",
)


def in_force() -> Bundle:
    files = {"program.yaml": PROGRAM, "templates/nl/hello.j2": "Hallo! Stop? Antwoord STOP"}
    for number, when in enumerate(WHEN):
        actions = "[{give: coffee}, {send: hello}]" if number % 2 else "[{send: hello}]"
        asks = "if: [{spend: {at_least: 1 EUR, in: 1 month}}]\n" if number % 3 == 0 else ""
        files[f"rules/r{number}.yaml"] = f"rule: r{number}\nstatus: live\nwhen: {when}\n{asks}then: {actions}\n"
    loaded = load_bundle(files)
    assert [problem.render() for problem in loaded.problems if problem.severity == "error"] == []
    return Bundle(1, "hash1", loaded.program, loaded.rules)


IN_FORCE: Final = in_force()


def lived(data: st.DataObject) -> History:
    history = History(Owner(IN_FORCE))
    history.play(data, 25)
    return history


def entries_of(owner: Owner) -> list[Entry]:
    cards = list(owner.state().cards)
    return [decode_entry(value, cards) for field, value in owner.ledgers[ANNA].items() if is_of_transaction(field)]


@given(st.data())
def test_what_is_kept_is_what_the_purchases_that_are_left_come_to(data):
    owner = lived(data).owner
    state, entries = owner.state(), entries_of(owner)
    assert state.spending is not None
    today = business_day(state.recorded_at, "Europe/Amsterdam")
    since = today - state.spending.days
    spent: dict[int, int] = {}
    for entry in entries:
        if entry.day > since:
            spent[entry.day] = spent.get(entry.day, 0) + entry.spend
    recent = {day: amount for day, amount in per_day(state) if day > since}
    assert recent == {day: amount for day, amount in spent.items() if amount}
    for thing in ("category:bread", "category:drinks", "product:RYE"):
        days = [entry.day for entry in entries if has_mark(entry.bought, mark_of_thing(thing))]
        known = state.bought.get(thing)
        assert (known and (known.times, known.day)) == ((len(days), max(days)) if days else None)


@given(st.data())
def test_nobody_stands_on_a_lower_tier_than_they_have_earned_and_who_stands_higher_is_in_their_grace(data):
    state, tiers = lived(data).owner.state(), IN_FORCE.program.tiers
    assert tiers is not None
    today = business_day(state.recorded_at, "Europe/Amsterdam")
    earned, held = tiers.earned_by(figure(state, tiers, today)), tiers.rank(state.tier.name) if state.tier else 0
    assert held >= earned
    if held:
        assert "tier" in state.timers or held == earned, "somebody will look whether they fall"


@given(st.data())
@settings(max_examples=60)
def test_how_a_log_is_cut_makes_no_difference_to_what_rules_wait_for(data):
    history = lived(data)
    again = Owner(IN_FORCE)
    left = list(history.events)
    while left:
        size = data.draw(st.integers(1, len(left)))
        again.apply(*left[:size])
        left = left[size:]
    assert again.state() == history.owner.state()
    assert again.ledgers == history.owner.ledgers
    for what in ("submissions", "notes", "cancels"):
        told, told_again = ([x for c in each.changes for x in getattr(c, what)] for each in (history.owner, again))
        assert told == told_again
