"""What a rule does otherwise, or to some: the other branch of `if`, and messages that are compared."""

from rules.actions import Tag
from stamgast.domain.units import DAY
from stamgast.people.why import explain_customer
from stamgast.simulate import Simulation
from tests.builders import (
    MERCHANT,
    T0,
    bought,
    bundle,
    consent,
    program,
)
from tests.played_shop import COMPARED, GIFT, LOAF, TIPS, Shop, large, tips


def test_where_if_does_not_hold_the_other_branch_happens_and_both_count_as_one():
    both = tips(GIFT, LOAF, condition=large(), otherwise=(TIPS, Tag(add=("small",))), per="customer")
    shop = Shop(both)
    shop.hear(bought("t1", T0, spend=500), bought("t2", T0 + DAY, spend=5000))
    shop.pass_to(T0 + 9 * DAY)
    assert shop.did() == [("tag", "small"), ("send", "hello")]
    other = Shop(both)
    other.hear(bought("t1", T0, spend=5000), bought("t2", T0 + DAY, spend=500))
    other.pass_to(T0 + 9 * DAY)
    assert [kind for kind, _ in other.did()] == ["send", "give"]


def test_a_rule_in_the_shadow_does_nothing_otherwise():
    shop = Shop(tips(GIFT, condition=large(), otherwise=(TIPS,), status="shadow"))
    shop.hear(bought("t1", T0, spend=500))
    shop.pass_to(T0 + 9 * DAY)
    assert shop.did() == []


# -- variants


def test_each_customer_gets_one_variant_for_good_and_it_is_counted():
    simulation = Simulation(bundle(program(), tips(COMPARED)))
    people = [f"c{number:04}" for number in range(400)]
    for person in people:
        simulation.feed([consent(customer=person), bought("t1", T0, customer=person)])
        simulation.feed([bought("t2", T0, customer=person)])
    got = {
        person: {each.what for each in simulation.happened if each.customer == person and each.kind == "send"}
        for person in people
    }
    assert all(len(each) == 1 for each in got.values())
    first = sum(each == {"hello"} for each in got.values())
    assert 160 < first < 240
    assert simulation.counters[f"{MERCHANT}|variant|tips|a|delivered"] == 2 * first
    assert simulation.counters[f"{MERCHANT}|variant|tips|b|delivered"] == 2 * (400 - first)
    assert simulation.counters[f"{MERCHANT}|variant|tips|a|fired"] == 2 * first


def test_which_variant_it_is_stands_in_the_answer_to_why():
    shop = Shop(tips(COMPARED))
    shop.hear(bought("t1", T0))
    [told] = explain_customer(shop.anna(), shop.simulation.bundle, T0)
    assert told["activations"][0]["variant"] in {"a", "b"}
