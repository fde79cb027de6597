"""Rules that are asked together say what they say when each is asked in turn: in states, counters, messages, notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine import CompiledRule, Condition, View
from rules.loader import load_bundle
from rules.panels import FEWEST, Panel
from stamgast.domain.customer import Customer
from stamgast.domain.facts import Fact
from stamgast.domain.rule_answers import UNKNOWN, key_of
from stamgast.domain.units import DAY
from stamgast.domain.vocabulary import FactName, Stage
from stamgast.service import Bundle
from tests.builders import MERCHANT, T0, bought
from tests.fakes.in_memory import Owner
from tests.random_histories import History

PROGRAM: Final = f"""
merchant: {MERCHANT}
name: Bakery
currency: EUR
time_zone: Europe/Amsterdam
languages: [nl, fr]
stores: {{shop: {{}}, bar: {{time_zone: Europe/Brussels, day_start: 5}}}}
cards: {{bread: {{stamps: 3, categories: [bread]}}}}
rewards: {{loaf: {{names: {{nl: Brood, fr: Pain}}, valid_for: 9 days}}, coffee: {{names: {{nl: Koffie, fr: Café}}}}}}
templates: {{hello: {{}}}}
messaging: {{sms_sender: "+31201234568"}}
tiers: {{by: spend, in: 1 month, levels: {{silver: 7 EUR, gold: 15 EUR}}, downgrade: one_step, grace: 2 days}}
segments: {{often: {{visits: {{at_least: 2}}}}}}
"""
TWINS: Final = next(
    (f"r{first}", f"r{second}")
    for first in range(1_000)
    for second in range(first)
    if key_of(f"r{first}") == key_of(f"r{second}")
)
"""Two names that have one mark."""

numbers = st.integers(0, 6)
money = st.sampled_from(("1 EUR", "3.50 EUR", "7 EUR", "20 EUR", "400 EUR"))
bounds = st.sampled_from(("at_least", "at_most", "more_than"))
CONDITIONS: Final = (
    st.builds("visits: {{{}: {}}}".format, bounds, numbers),
    st.builds("visits: {{{}: {}, in: 7 days}}".format, bounds, numbers),
    st.builds("spend: {{{}: {}}}".format, bounds, money),
    st.builds("spend: {{{}: {}, in: 1 month}}".format, bounds, money),
    st.builds("clv: {{{}: {}}}".format, bounds, money),
    st.builds("clv: {{{}: {}, method: predicted}}".format, bounds, money),
    st.builds("basket_total: {{{}: {}}}".format, bounds, money),
    st.builds("stamps: {{bread: {{{}: {}}}}}".format, bounds, st.integers(0, 2)),
    st.builds("store: {}".format, st.sampled_from(("shop", "bar", "[shop, bar]"))),
    st.builds("basket_has: {{category: {}}}".format, st.sampled_from(("bread", "drinks", "[bread, cake]"))),
    st.builds("basket_has: {{product: {}, category: drinks}}".format, st.sampled_from(("RYE", "[RYE, bread]"))),
    st.builds("weekday: {}".format, st.sampled_from(("monday", "[thursday, friday]"))),
    st.builds("stage: {}".format, st.sampled_from(("new", "active", "[lapsing, lapsed]"))),
    st.builds("tier: {}".format, st.sampled_from(("none", "silver", "[silver, gold]"))),
    st.builds("tag: {}".format, st.sampled_from(("seen", "other", "[seen, other]"))),
    st.builds("language: {}".format, st.sampled_from(("nl", "fr"))),
    st.just("segment: often"),
    st.builds("any: [{{visits: {{at_least: {}}}}}, {{store: bar}}]".format, numbers),
)
WHEN: Final = ("purchase", "purchase", "purchase", "{visits_reached: 2}", "{stamp_card_completed: bread}")
Drawn = list[tuple[list[str], str, str, str, str, str]]


def of_kinds(kinds: Sequence[st.SearchStrategy[str]], fewest: int, most: int) -> st.SearchStrategy[Drawn]:
    """Rules that ask about a few things, each in its own way."""
    one = st.tuples(
        st.lists(st.one_of(kinds), min_size=1, max_size=3),
        st.sampled_from(("live", "live", "shadow", "canary 50%")),
        st.sampled_from(("", "", "once_per: customer", "once_per: day", "once_per: week", "starts: 2026-10-09")),
        st.sampled_from(("send: hello", "give: coffee", "tag: seen", "tag: other")),
        st.sampled_from(("", "", "", "otherwise: [{tag: other}]")),
        st.sampled_from(WHEN),
    )
    return st.lists(one, min_size=fewest, max_size=most)


many = st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=3).flatmap(
    lambda kinds: of_kinds(kinds, 2 * FEWEST, 5 * FEWEST)
)
few = of_kinds(CONDITIONS, 2, 2 * FEWEST)
rules = st.one_of(many, few)
"""Many rules that ask about one thing are a group; a few that ask about any are a tree."""


def read(drawn: Drawn) -> Bundle:
    files = {"program.yaml": PROGRAM}
    files |= {f"templates/{language}/hello.j2": "Hallo! Stop? Antwoord STOP" for language in ("nl", "fr")}
    names = [*TWINS, *(f"r{number:04}" for number in range(len(drawn)))]
    for name, (asked, status, once, does, otherwise, when) in zip(names, drawn, strict=False):
        parts = "".join(f"  - {each}\n" for each in asked)
        per = "" if when != "purchase" and once.startswith("once_per") else once
        lines = (
            f"rule: {name}",
            f"status: {status}",
            f"when: {when}",
            per,
            f"if:\n{parts}then: [{{{does}}}]",
            otherwise,
        )
        files[f"rules/{name}.yaml"] = "\n".join(each.rstrip() for each in lines if each) + "\n"
    loaded = load_bundle(files)
    if impossible := {problem.file for problem in loaded.problems if problem.severity == "error"}:
        assert all(name.startswith("rules/") for name in impossible), "only what never holds is refused"
        loaded = load_bundle({name: text for name, text in files.items() if name not in impossible})
    assert [problem.render() for problem in loaded.problems if problem.severity == "error"] == []
    return Bundle(1, "hash1", loaded.program, loaded.rules)


def without_probes(condition: Condition) -> Condition:
    return replace(condition, probe=None, parts=tuple(without_probes(part) for part in condition.parts))


def in_turn(bundle: Bundle) -> Bundle:
    """The same rules, none of which can be asked with others."""
    asked = (
        rule if rule.condition is None else replace(rule, condition=without_probes(rule.condition))
        for rule in bundle.rules.all
    )
    return Bundle(bundle.number, bundle.hash, bundle.program, bundle.rules.of(asked))


@settings(max_examples=40, deadline=None)
@given(rules, st.data())
def test_rules_asked_together_say_what_each_says_in_turn(drawn: Drawn, data: st.DataObject):
    bundle = read(drawn)
    history = History(Owner(bundle))
    history.play(data, 12)
    one_by_one = Owner(in_turn(bundle))
    for event, change in zip(history.events, history.owner.changes, strict=True):
        assert one_by_one.apply(event) == change
    assert one_by_one.states == history.owner.states
    assert one_by_one.ledgers == history.owner.ledgers
    at_once, in_turn_at_once = Owner(bundle), Owner(in_turn(bundle))
    change = at_once.apply(*history.events)
    assert in_turn_at_once.apply(*history.events) == change
    assert in_turn_at_once.states == at_once.states


MANY: Final = [
    ([f"visits: {{at_least: {3 + number}}}", "store: shop"], "live", "", "tag: seen", "", "purchase")
    for number in range(40)
]


THEIRS: Final = read(MANY)


def view(visits: int) -> View:
    return View(Customer(visits=visits), THEIRS.program, T0, Fact(FactName.PURCHASE, "t1"))


def panel_of(bundle: Bundle) -> Panel:
    return bundle.rules.asking(Fact(FactName.PURCHASE, "t1"))[0]


def test_rules_that_are_turned_down_by_one_figure_are_not_asked_each():
    panel = panel_of(THEIRS)
    asked, (refusals,) = panel.left(view(visits=2))
    assert (len(asked), len(refusals.answers)) == (2, 38)
    assert {rule.id for rule in asked} == set(TWINS), "what two say that have one mark is told by who said it last"
    asked, (refusals,) = panel.left(view(visits=12))
    assert len(asked) + len(refusals.answers) == 40
    assert [rule.id for rule in asked] == sorted(rule.id for rule in asked), "in order"
    assert panel.left(view(visits=12))[1][0] is refusals, "and what they say is made once"


def test_what_a_look_raises_is_raised_by_each_rule_for_itself():
    def broken(_: View) -> bool:
        raise ValueError("not to be read")

    def spoilt(rule: CompiledRule) -> CompiledRule:
        assert rule.condition is not None
        first, second = rule.condition.parts
        assert first.probe is not None
        first = replace(first, test=broken, probe=replace(first.probe, look=broken))
        return replace(rule, condition=replace(rule.condition, parts=(first, second)))

    bundle = Bundle(1, "", THEIRS.program, THEIRS.rules.of(map(spoilt, THEIRS.rules.all)))
    asked, refused = panel_of(bundle).left(view(visits=2))
    assert (len(asked), list(refused)) == (40, [])


@pytest.mark.parametrize("once", ["otherwise: [{tag: other}]", "starts: 2026-10-09"])
def test_rules_that_do_something_when_turned_down_or_have_their_days_are_asked_each(once: str):
    drawn = [(asked, status, once, does, "", when) for asked, status, _, does, _, when in MANY]
    asked, refused = panel_of(read(drawn)).left(view(visits=2))
    assert (len(asked), list(refused)) == (40, [])


def test_figures_that_go_on_changing_do_not_fill_the_memory():
    panel = panel_of(read([([f"visits: {{at_least: {2 * number}}}"], *MANY[0][1:]) for number in range(300)]))
    for visits in range(600):
        asked, refused = panel.left(view(visits))
        assert len(asked) + sum(len(each.answers) for each in refused) == 300


SEVERAL: Final = [
    (
        [f"visits: {{at_least: {number}}}", "spend: {at_least: 7 EUR}", "stage: active"],
        "live",
        "",
        "tag: seen",
        "",
        each,
    )
    for number, each in zip(range(3, 9), ["purchase"] * 6, strict=True)
]


def test_a_few_rules_are_asked_by_a_look_a_thing_until_all_is_known():
    panel = panel_of(read(SEVERAL))
    asked, (refusals,) = panel.left(view(visits=2))
    assert (len(asked), len(refusals.answers)) == (2, 4), "the two that have one mark are asked each"
    asked, (refusals,) = panel.left(view(visits=6))
    spent = {name.rpartition("|")[2] for name in refusals.counters}
    assert (len(asked), spent) == (2, {"spend at least 7.00 EUR", "visits at least 7", "visits at least 8"})
    rich = View(Customer(visits=20, spend=900, stage=Stage.ACTIVE), THEIRS.program, T0, view(2).fact)
    asked, refused = panel.left(rich)
    assert (len(asked), list(refused)) == (6, [])


def test_rules_of_which_more_is_to_be_told_apart_than_is_remembered_are_asked_each(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("rules.tree.MOST_NODES", 5)
    panel = panel_of(read(SEVERAL))
    for visits in (*range(10), *range(10), *range(10)):
        asked, refused = panel.left(view(visits))
        assert len(asked) + sum(len(each.answers) for each in refused) == 6
    assert len(panel.left(view(visits=2))[0]) == 6


def test_what_is_unknown_is_told_from_what_is_not_met():
    of_stores = read([(["store: bar", "tag: seen"], *MANY[0][1:]) for _ in MANY])
    _, (refusals,) = panel_of(of_stores).left(view(visits=2))
    grouped = [rule for rule in of_stores.rules.all if rule.id not in TWINS]
    assert list(refusals.answers) == [rule.checks[0][2] + UNKNOWN for rule in grouped]
    assert list(refusals.counters) == [rule.checks[0][1] for rule in grouped]


def test_what_was_turned_down_belongs_to_its_month():
    events = [bought(f"t{number}", T0 + number * 20 * DAY) for number in range(5)]
    change, in_turn_change = (Owner(each).apply(*events) for each in (THEIRS, in_turn(THEIRS)))
    told = [(month, {**moved}) for month, moved in change.counted()]
    assert told == [(month, {**moved}) for month, moved in in_turn_change.counted()]
    name = THEIRS.rules.by_id["r0030"].checks[0][1]
    assert [moved.get(name, 0) for _, moved in told] == [2, 2, 1]
