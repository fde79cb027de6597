"""`recommend`: the product that a message names, from what the shop says and what customers buy next."""

from dataclasses import replace

import msgspec
import pytest

from rules.loader import LoadedMerchant
from rules.yaml.problems import has_errors
from stamgast.domain.events import ConsentChanged, Enrolled, Line, Purchase, PurchaseChanged
from stamgast.domain.message_words import ALERT, STAFF, WORDS, message_variables
from stamgast.domain.recommendations import Fitted, Product, Table
from stamgast.domain.units import DAY, HOUR
from stamgast.domain.vocabulary import Happened
from stamgast.people.why import explain_customer
from stamgast.programs.contents import sample_words
from stamgast.programs.rule_tests import run_tests
from stamgast.service import Bundle
from stamgast.simulate import Happening, Simulation
from tests.unit.rules import small_shop

PROGRAM, TEXT = small_shop.WITH_GOODS, small_shop.NEXT_PRODUCT
RULE = """
rule: example
status: live
when: purchase
once_per: purchase
then:
  - recommend: next_product
    by: sms
"""
FITTED = Fitted(
    products=(
        Product("RYE-800", "Rye bread", 0),
        Product("CHEESE", "Farm cheese", 1),
        Product("TART-6", "Tart", 0),
        Product("CROISSANT", "Croissant", 0),
        Product("COFFEE", "Coffee", 2),
    ),
    categories=("bread", "cheese", "drinks"),
    after=((1, 2, 4), (0, 4)),
    chances=((900, 400), (800,)),
    best=(4, 3, 0),
    best_of=((3, 0), (1,), (4,)),
    version="test",
)
MONDAY = 20_458 * DAY + 11 * HOUR


def load(rule: str = RULE, program: str = PROGRAM) -> LoadedMerchant:
    loaded = small_shop.load(rule, program, TEXT)
    return replace(loaded, program=replace(loaded.program, goods=Table(FITTED)))


def bought(sku: str, at: int, name: str = "", *, counts: bool = True) -> PurchaseChanged:
    purchase = Purchase(at, "dok-noord", "EUR", 350, lines=(Line("1", 350, sku=sku),), counts=counts)
    before = replace_counts(purchase) if not counts else None
    return PurchaseChanged(
        merchant="shop", customer="c1", at=at, transaction=name or f"{sku}@{at}", after=purchase, before=before
    )


def replace_counts(purchase: Purchase) -> Purchase:
    return msgspec.structs.replace(purchase, counts=True)


def played(loaded: LoadedMerchant, *events: PurchaseChanged) -> Simulation:
    assert not has_errors(loaded.problems), loaded.problems
    simulation = Simulation(Bundle(0, "", loaded.program, loaded.rules))
    at = events[0].at - HOUR
    simulation.feed([
        ConsentChanged(merchant="shop", customer="c1", at=at, purpose="marketing", channel="sms", granted=True),
        Enrolled(merchant="shop", customer="c1", at=at),
        *events,
    ])  # fmt: skip
    simulation.advance(events[-1].at + DAY)
    return simulation


def told(simulation: Simulation) -> list[str]:
    """What was recommended, or why nothing was."""
    return [_told(each) for each in simulation.happened if each.kind in {Happened.SEND, Happened.WITHHELD}]


def _told(each: Happening) -> str:
    return each.reason or each.data["recommended"][0]


def test_the_shops_own_pairs_go_before_what_was_fitted() -> None:
    assert told(played(load(), bought("RYE-800", MONDAY))) == ["BUTTER-250"]


def test_what_is_out_of_stock_is_passed_over() -> None:
    assert told(played(load(), bought("CHEESE", MONDAY))) == ["COFFEE"]


def test_what_was_bought_before_is_not_recommended() -> None:
    loaded = load(RULE.replace("purchase\nonce", "{bought: {product: RYE-800}}\nonce"))
    events = [bought("BUTTER-250", MONDAY), bought("RYE-800", MONDAY + 3 * DAY)]
    assert told(played(loaded, *events)) == ["JAM-200"]


def test_what_was_given_back_was_not_bought() -> None:
    loaded = load(RULE.replace("purchase\nonce", "{bought: {product: RYE-800}}\nonce"))
    events = [
        bought("BUTTER-250", MONDAY, "t1"),
        bought("BUTTER-250", MONDAY, "t1", counts=False),
        bought("RYE-800", MONDAY + 3 * DAY),
    ]
    assert told(played(loaded, *events)) == ["BUTTER-250"]


def test_what_was_bought_long_enough_ago_may_be_recommended_again() -> None:
    rule = RULE.replace("purchase\nonce", "{bought: {product: RYE-800}}\nonce") + "    again_after: 30 days\n"
    early, late = (
        told(played(load(rule), bought("BUTTER-250", MONDAY), bought("RYE-800", MONDAY + days * DAY)))
        for days in (29, 30)
    )
    assert (early, late) == (["JAM-200"], ["BUTTER-250"])


@pytest.mark.parametrize(
    ("instead", "expected"),
    [("nothing", "nothing_to_recommend"), ("category", "CROISSANT"), ("best_seller", "CROISSANT")],
)
def test_where_nothing_is_bought_next_the_rule_says_what_is_recommended(instead: str, expected: str) -> None:
    rule = RULE + f"    instead: {instead}\n"
    program = PROGRAM.replace("pairs: {RYE-800: [BUTTER-250, JAM-200]}, ", "")
    loaded = load(rule, program)
    loaded = replace(loaded, program=replace(loaded.program, goods=Table(replace_after(FITTED))))
    assert told(played(loaded, bought("RYE-800", MONDAY))) == [expected]


def replace_after(fitted: Fitted) -> Fitted:
    return msgspec.structs.replace(fitted, after=(), chances=())


def test_of_a_product_that_nobody_knows_the_best_seller_is_recommended_if_the_rule_says_so() -> None:
    assert told(played(load(), bought("NEW", MONDAY))) == ["nothing_to_recommend"]
    assert told(played(load(RULE + "    instead: category\n"), bought("NEW", MONDAY))) == ["nothing_to_recommend"]
    assert told(played(load(RULE + "    instead: best_seller\n"), bought("NEW", MONDAY))) == ["COFFEE"]


def test_without_a_purchase_it_follows_from_what_was_bought_last() -> None:
    rule = RULE.replace("purchase\nonce_per: purchase", "{not_seen_for: 10 days}")
    simulation = played(load(rule), bought("RYE-800", MONDAY), bought("CHEESE", MONDAY + DAY))
    simulation.advance(MONDAY + 20 * DAY)
    assert told(simulation) == ["COFFEE"]


def test_what_is_bought_while_the_message_waits_is_not_recommended() -> None:
    rule = RULE.replace("purchase\nonce", "{bought: {product: RYE-800}}\nonce") + "    after: 3 days\n"
    simulation = played(load(rule), bought("RYE-800", MONDAY), bought("BUTTER-250", MONDAY + DAY))
    simulation.advance(MONDAY + 9 * DAY)
    assert told(simulation) == ["JAM-200"]


def test_the_name_is_said_in_the_language_of_the_message() -> None:
    simulation = played(load(), bought("RYE-800", MONDAY))
    [sent] = [each for each in simulation.happened if each.kind is Happened.SEND]
    words = message_variables(load().program, sent.data, "nl")
    assert words["recommended"] == {"name": "boter", "sku": "BUTTER-250"}


def test_why_says_what_was_recommended() -> None:
    loaded = load()
    simulation = played(loaded, bought("RYE-800", MONDAY))
    state = simulation.state(("shop", "c1"))
    assert state is not None
    [told_of] = explain_customer(state, simulation.bundle, MONDAY + DAY)
    assert [each["recommended"] for each in told_of["activations"]] == ["BUTTER-250"]


def test_a_shop_without_such_a_rule_keeps_nothing_of_what_was_bought() -> None:
    loaded = small_shop.load()
    simulation = Simulation(Bundle(0, "", loaded.program, loaded.rules))
    simulation.feed([bought("RYE-800", MONDAY)])
    state = simulation.state(("shop", "c1"))
    assert state is not None
    assert not state.lately


def test_tests_of_rules_say_which_product_is_expected() -> None:
    rule = (
        RULE
        + """
tests:
  - name: butter goes with rye
    given: a purchase of RYE-800 on 2026-10-01 12:30
    expect: [{send: next_product, product: BUTTER-250}]
  - name: not jam
    given: a purchase of RYE-800 on 2026-10-01 12:30
    expect: [{send: next_product, product: JAM-200}]
  - name: nothing is known of cheese
    given: a purchase of cheese on 2026-10-01 12:30
    expect: [{withheld: next_product, because: nothing_to_recommend}]
"""
    )
    results = run_tests(small_shop.load(rule, PROGRAM, TEXT))
    assert [result.passed for result in results] == [True, False, True]
    assert "send next_product of the product BUTTER-250" in results[1].happened[0]


@pytest.mark.parametrize(
    ("rule", "program", "what"),
    [
        (
            RULE.replace("recommend: next_product", "send: next_product"),
            PROGRAM,
            "names a product that nothing chooses",
        ),
        (RULE.replace("next_product", "hello"), PROGRAM, "does not say what is recommended"),
        (RULE + "    instead: bestseller\n", PROGRAM, "bestseller"),
        (RULE + "    again_after: 0 days\n", PROGRAM, "longer than zero"),
        (RULE, PROGRAM.replace("RYE-800: [BUTTER", "RYE-800: [RYE-800, BUTTER"), "recommended after itself"),
        (RULE, PROGRAM.replace("{nl: jam}", "jam"), "is said in no language"),
        (RULE, PROGRAM.replace("out_of_stock", "outofstock"), "outofstock"),
    ],
)
def test_each_mistake_is_told(rule: str, program: str, what: str) -> None:
    assert any(what in problem.message for problem in small_shop.load(rule, program, TEXT).problems)


def test_a_preview_says_every_word_that_customers_may_be_told() -> None:
    loaded = load()
    words = sample_words(loaded.program, "nl", MONDAY)
    assert words["recommended"] == {"name": "Coffee", "sku": "COFFEE"}
    told = set(WORDS) - {STAFF, ALERT}
    assert {thing: tuple(words.get(thing, ())) for thing in told} == {thing: WORDS[thing] for thing in told}
