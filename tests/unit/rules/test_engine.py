"""When rules fire, for which occasion, and what their conditions answer."""

from collections.abc import Callable

import pytest

from rules.actions import Give, Send, Tag
from rules.engine import CompiledRule, CompiledTrigger, View, always
from rules.once import once_per
from rules.program.loader import empty_program
from rules.rule_set import RuleSet
from stamgast.domain.calendar import at_local
from stamgast.domain.customer import Customer
from stamgast.domain.events import Line, Purchase
from stamgast.domain.facts import Fact
from stamgast.domain.program import Window
from stamgast.domain.units import DAY, HOUR
from stamgast.domain.vocabulary import FactName, OncePer
from tests.builders import rule as rule_of

AMSTERDAM = "Europe/Amsterdam"
NEW_YEAR_2026 = 20_454


def text(when: str, more: str = "") -> str:
    return f"rule: example\nstatus: live\nwhen: {when}\nthen: [{{tag: seen}}]\n{more}"


def purchase(store: str = "dok-noord", at: int = 0, lines: tuple[Line, ...] = ()) -> Fact:
    return Fact("purchase", "till:1", purchase=Purchase(at, store, "EUR", 350, lines=lines))


@pytest.mark.parametrize(
    ("when", "name", "before", "after", "fires"),
    [
        ("{visits_reached: 10}", "visits_changed", 9, 10, True),
        ("{visits_reached: 10}", "visits_changed", 8, 12, True),
        ("{visits_reached: 10}", "visits_changed", 10, 11, False),
        ("{visits_reached: 10}", "visits_changed", 10, 9, False),
        ("{visits_reached: 10}", "visits_changed", 11, 10, False),
        ("{clv_passed: 150 EUR}", "clv_changed", 14_999, 15_000, True),
        ("{clv_passed: 150 EUR}", "clv_changed", 15_000, 20_000, False),
        ("{clv_passed: 150 EUR}", "clv_changed", 20_000, 10_000, False),
    ],
)
def test_figures_fire_on_crossing_and_only_upwards(
    rule, view, when: str, name: str, before: int, after: int, fires: bool
):
    fact = Fact(name, "x", before, after)
    assert (rule(text(when)).occasion(fact, view(fact)) is not None) is fires


@pytest.mark.parametrize(
    ("card", "before", "after", "fires"),
    [
        ("bread", 4, 5, True),
        ("bread", 3, 7, True),
        ("bread", 5, 6, False),
        ("rewarded", 4, 5, False),
        ("bread", 6, 4, False),
    ],
)
def test_a_card_fires_when_it_comes_to_hold_that_many_stamps(
    rule, view, card: str, before: int, after: int, fires: bool
):
    fact = Fact("stamps_changed", f"card:{card}:3", before, after, {"card": card, "ordinal": 3})
    occasion = rule(text("{stamp_card_reaches: {bread: 5}}")).occasion(fact, view(fact))
    assert occasion == ("card:bread:3" if fires else None)


def test_only_the_named_card_fires(rule, view):
    compiled = rule(text("{stamp_card_completed: bread}"))
    for card, occasion in (("bread", "card:bread:2"), ("rewarded", None)):
        fact = Fact("stamp_card_completed", f"card:{card}:2", data={"card": card, "ordinal": 2})
        assert compiled.occasion(fact, view(fact)) == occasion


@pytest.mark.parametrize(
    ("when", "fact", "occasion"),
    [
        ("purchase", purchase(), "till:1"),
        ("refunded", Fact("refunded", "till:1", 0, 350), "till:1"),
        ("lapsing", Fact("lapsing", "quiet:20454"), "quiet:20454"),
        ("{visits_reached: 10}", Fact("visits_changed", "visits", 9, 10), "customer:visits:10"),
        ("{clv_passed: 1 EUR}", Fact("clv_changed", "clv", 0, 100), "customer:clv:100"),
    ],
)
def test_each_trigger_has_its_own_usual_occasion(rule, view, when: str, fact: Fact, occasion: str):
    assert rule(text(when)).occasion(fact, view(fact)) == occasion


@pytest.mark.parametrize(
    ("word", "occasion"),
    [
        ("purchase", "till:1"),
        ("day", f"day:{NEW_YEAR_2026}"),
        ("week", "week:2026-W01"),
        ("month", "month:2026-01"),
        ("year", "year:2026"),
        ("customer", "customer"),
    ],
)
def test_once_per_makes_the_occasion(rule, view, word: str, occasion: str):
    fact = purchase(at=at_local(NEW_YEAR_2026, 30, AMSTERDAM))
    assert rule(text("purchase", f"once_per: {word}\n")).occasion(fact, view(fact)) == occasion


def test_the_day_is_that_of_the_store_and_begins_when_its_day_begins(rule, view):
    compiled = rule(text("purchase", "once_per: day\n"))
    at = at_local(NEW_YEAR_2026, 3 * 60, "America/New_York")
    there, here = purchase("korenmarkt", at), purchase("dok-noord", at)
    assert compiled.occasion(there, view(there)) == f"day:{NEW_YEAR_2026 - 1}"
    assert compiled.occasion(here, view(here)) == f"day:{NEW_YEAR_2026}"


def test_what_has_no_purchase_happens_on_the_merchants_clock_at_the_recorded_time(rule, view):
    compiled = rule(text("lapsing", "once_per: day\n"))
    fact = Fact("lapsing", "quiet:1")
    seen = view(fact, at=at_local(NEW_YEAR_2026, 30, AMSTERDAM))
    assert compiled.occasion(fact, seen) == f"day:{NEW_YEAR_2026}"
    assert (seen.local.minute, seen.local.weekday) == (30, "thursday")


def holds(
    rule: Callable, view: Callable, conditions: str, fact: Fact, customer: Customer | None = None
) -> list[bool | None]:
    """What `if` comes to, and each of its conditions."""
    when = {"purchase": "purchase", "lapsing": "lapsing"}[fact.name]
    compiled = rule(text(when, f"if: {conditions}\n"))
    seen = view(fact, customer)
    return [compiled.holds(seen), *(met for _, met, _ in compiled.explain(seen))]


@pytest.mark.parametrize(
    ("conditions", "customer", "met"),
    [
        ("[{visits: {at_least: 3}}]", Customer(visits=3), True),
        ("[{visits: {at_least: 3}}]", Customer(visits=2), False),
        ("[{visits: {more_than: 3}}]", Customer(visits=3), False),
        ("[{visits: {at_most: 3}}]", Customer(visits=3), True),
        ("[{visits: {less_than: 3}}]", Customer(visits=3), False),
        ("[{visits: {at_least: 2, less_than: 4}}]", Customer(visits=4), False),
        ("[{spend: {at_least: 12.50 EUR}}]", Customer(spend=1250), True),
        ("[{spend: {more_than: 12.50 EUR}}]", Customer(spend=1250), False),
        ("[{clv: {at_least: 5 EUR}}]", Customer(spend=9999, profit=499), False),
        ("[{clv: {at_least: 5 EUR}}]", Customer(profit=500), True),
        ("[{stage: [lapsing, lapsed]}]", Customer(stage="lapsed"), True),
        ("[{stage: new}]", Customer(stage="active"), False),
        ("[{store: dok-noord}]", Customer(), True),
        ("[{store: [korenmarkt]}]", Customer(), False),
        ("[{weekday: thursday}]", Customer(), True),
        ("[{weekday: [friday, saturday]}]", Customer(), False),
        ("[{basket_has: {category: bread}}]", Customer(), True),
        ("[{basket_has: {product: [BROOD, KOEK]}}]", Customer(), True),
        ("[{basket_has: {category: pastry, product: BROOD}}]", Customer(), True),
        ("[{basket_has: {category: returned}}]", Customer(), False),
        ("{visits: {at_least: 3}}", Customer(visits=3), True),
    ],
)
def test_conditions_on_a_purchase(rule, view, conditions: str, customer: Customer, met: bool):
    lines = (Line("1", 350, sku="BROOD", category="bread"), Line("2", 0, quantity=0, category="returned"))
    assert holds(rule, view, conditions, purchase(lines=lines), customer)[0] is met


YES, NO = "visits: {at_least: 1}", "visits: {at_least: 9}"


@pytest.mark.parametrize(
    ("conditions", "met"),
    [
        (f"[{{{YES}}}, {{{NO}}}]", False),
        (f"[{{{YES}}}, {{{YES}}}]", True),
        (f"[{{any: [{{{NO}}}, {{{YES}}}]}}]", True),
        (f"[{{any: [{{{NO}}}, {{{NO}}}]}}]", False),
        (f"[{{all: [{{{YES}}}, {{{NO}}}]}}]", False),
        (f"[{{none: [{{{NO}}}, {{{NO}}}]}}]", True),
        (f"[{{none: [{{{NO}}}, {{{YES}}}]}}]", False),
        (f"[{{none: [{{any: [{{{NO}}}, {{all: [{{{YES}}}, {{{NO}}}]}}]}}]}}]", True),
    ],
)
def test_any_all_and_none(rule, view, conditions: str, met: bool):
    assert holds(rule, view, conditions, purchase(), Customer(visits=3))[0] is met


@pytest.mark.parametrize(
    ("conditions", "answers"),
    [
        ("[{any: [{store: dok-noord}, {visits: {at_least: 9}}]}]", [False, None, None, False]),
        ("[{any: [{store: dok-noord}, {visits: {at_least: 1}}]}]", [True, True, None, True]),
        ("[{any: [{none: [{store: dok-noord}]}, {visits: {at_least: 9}}]}]", [False, None, None, None, False]),
        (
            "[{any: [{all: [{store: dok-noord}, {visits: {at_least: 9}}]}, {stage: new}]}]",
            [True, True, False, None, False, True],
        ),
    ],
)
def test_what_is_unknown_is_not_met_and_not_its_opposite_either(
    rule, view, conditions: str, answers: list[bool | None]
):
    assert holds(rule, view, conditions, Fact("lapsing", "quiet:1"), Customer(visits=3)) == answers


def test_an_unknown_basket_never_raises(rule, view):
    answers = holds(rule, view, "[{any: [{basket_has: {category: bread}}, {stage: new}]}]", Fact("lapsing", "quiet:1"))
    assert answers == [True, True, None, True]


def test_why_says_each_condition_its_answer_and_what_was_found(rule, view):
    compiled = rule(
        text(
            "purchase", "if: [{visits: {at_least: 3}}, {any: [{store: [dok-noord, korenmarkt]}, {weekday: friday}]}]\n"
        )
    )
    assert compiled.explain(view(purchase(), Customer(visits=2))) == [
        ("visits at least 3", False, "2"),
        ("any of", True, ""),
        ("  store is dok-noord or korenmarkt", True, "dok-noord"),
        ("  weekday is friday", False, "thursday"),
    ]


def test_a_rule_carries_its_timing_limits_and_actions(rule):
    compiled = rule(
        text("{stamp_card_completed: bread}").replace(
            "[{tag: seen}]",
            "[{send: free_loaf, by: [whatsapp]}, {give: free_loaf, valid_for: 2 weeks}, {tag: {add: [a, b], remove: c}}]",
        )
        + 'description: Fine.\npriority: 60\ntiming: {send_between: "10:00-19:30", if_outside: drop, give_up_after: 24 hours, send_late: true}\n'
        "limits: {cool_down: 7 days, messages: 500 per day, hold_out: 10%}\n"
    )
    message = Send("free_loaf", ("whatsapp",), of_voucher=True)
    assert compiled.actions == (Give("free_loaf", 14 * DAY), Tag(("a", "b"), ("c",)), message)
    assert (compiled.window, compiled.if_outside, compiled.give_up_after) == (Window(600, 1170), "drop", 24 * HOUR)
    assert (compiled.cool_down, compiled.per_day, compiled.hold_out, compiled.send_late) == (7 * DAY, 500, 10, True)
    assert (compiled.priority, compiled.description, compiled.trigger.name) == (60, "Fine.", "stamp_card_completed")


def test_messages_come_after_the_vouchers_they_speak_of_and_go_over_what_they_are_written_for(rule):
    compiled = rule(text("purchase").replace("[{tag: seen}]", "[{send: hello}, {give: free_loaf}, {tag: regular}]"))
    assert compiled.actions == (Give("free_loaf"), Tag(("regular",)), Send("hello", ("sms",)))


def test_rules_listen_to_their_facts_alone_and_only_while_they_run(load):
    statuses = ("live", "canary 5%", "shadow", "paused", "draft")
    more = {
        f"rules/r{i}.yaml": text("lapsing").replace("example", f"r{i}").replace("live", status)
        for i, status in enumerate(statuses)
    }
    rules = load(more=more).rules
    assert [each.id for each in rules.listening("lapsing")] == ["r0", "r1", "r2"]
    assert [each.id for each in rules.listening("purchase")] == ["example"]
    assert list(rules.listening("joined")) == []
    assert [each.id for each in rules.all] == ["example", "r0", "r1", "r2", "r3", "r4"]
    assert rules.by_id["r1"].canary == 5


def test_a_rule_without_a_status_is_a_draft(load):
    rules = load("rule: example\nwhen: purchase\nthen: [{tag: seen}]\n").rules
    assert rules.by_id["example"].status == "draft"
    assert list(rules.listening("purchase")) == []


def test_a_rule_alone_is_live_and_without_a_holdout(load):
    loaded = load(text("purchase", "limits: {hold_out: 10%}\n").replace("live", "canary 5%"))
    alone = loaded.rules.only(["example"])
    assert (alone.all[0].status, alone.all[0].hold_out) == ("live", 0)
    assert len(alone.listening("purchase")) == 1
    assert RuleSet().all == ()


def test_of_the_rules_that_wait_for_a_threshold_only_those_that_it_passes_are_asked(load):
    waits = {"v2": "visits_reached: 2", "v5": "visits_reached: 5", "v9": "visits_reached: 9"}
    more = {f"rules/{id_}.yaml": text(f"{{{when}}}").replace("example", id_) for id_, when in waits.items()}
    rules = load(text("purchase"), more=more).rules

    def asked(before: int, after: int) -> list[str]:
        return [rule.id for rule in rules.asked_by(Fact("visits_changed", "visits", before, after))]

    assert asked(1, 2) == ["v2"]
    assert asked(2, 4) == []
    assert asked(1, 5) == ["v2", "v5"]
    assert asked(9, 8) == []
    assert asked(0, 100) == ["v2", "v5", "v9"]
    assert [rule.id for rule in rules.asked_by(Fact("purchase", "till1:1"))] == ["example"]
    assert list(rules.asked_by(Fact("joined", "customer"))) == []


def test_a_rule_about_another_card_product_or_segment_is_not_asked(load):
    waits = {
        "full": "stamp_card_completed: bread",
        "bun": "bought: {product: BUN}",
        "loaf": "bought: {product: LOAF}",
        "monday": "every: {week: monday}",
        "friday": "every: {week: friday}",
    }
    more = {f"rules/{id_}.yaml": text(f"{{{when}}}").replace("example", id_) for id_, when in waits.items()}
    rules = load(text("purchase"), more=more).rules

    def asked(name: str, **data: str) -> list[str]:
        return [rule.id for rule in rules.asked_by(Fact(name, "", 0, 1, data))]

    assert asked("bought", thing="product:BUN") == ["bun"]
    assert asked("bought", thing="product:PIE") == []
    assert asked("scheduled", rule="friday") == ["friday"]
    assert asked("stamp_card_completed", card="bread") == ["full"]
    assert asked("stamp_card_completed", card="coffee") == []
    assert [rule.id for rule in rules.listening("bought")] == ["bun", "loaf"]


def test_a_rule_that_is_about_nothing_in_particular_is_asked_beside_those_that_are():
    def made(id_: str, card: str = "") -> CompiledRule:
        return rule_of(id_, "stamp_card_completed", fills=card)

    rules = RuleSet([made("bread", "bread"), made("any"), made("coffee", "coffee")])

    def asked(card: str) -> list[str]:
        return [rule.id for rule in rules.asked_by(Fact("stamp_card_completed", "", data={"card": card}))]

    assert (asked("bread"), asked("coffee"), asked("tea")) == (["any", "bread"], ["any", "coffee"], ["any"])


@pytest.mark.parametrize("word", OncePer)
def test_every_word_of_once_per_says_what_it_is_once_per(word: OncePer):
    trigger = CompiledTrigger("joined", "joins", (FactName.JOINED,), always, word, (), has_purchase=False)
    fact, view = Fact(FactName.JOINED, "its:own"), View(Customer(), empty_program("shop"), 0, Fact(FactName.JOINED, ""))

    assert once_per(word, trigger)(fact, view)
