"""`stamgast rules why`: what it tells of a customer to whom something happened."""

from dataclasses import replace

import pytest

from stamgast.commands.rules import _why_lines
from stamgast.domain.activation import RANKS, Activation
from stamgast.domain.customer import Customer
from stamgast.domain.feed_health import Health
from stamgast.people.why import explain_customer
from stamgast.programs.rule_tests import CUSTOMER, play
from stamgast.service import Bundle, hearing
from stamgast.simulate import Simulation
from tests.unit.rules.small_shop import PROGRAM, load

RULE = """
rule: example
status: live
when: {visits_reached: 2}
if: [{spend: {at_least: 15 EUR}}, {any: [{store: dok-noord}, {stage: lapsed}]}]
then: [{send: hello}]
tests:
  - {name: x, given: "2 purchases of bread, one per day from 2026-10-01 08:00", expect: {send: hello}}
"""


def test_why_tells_what_fired_what_was_sent_and_how_each_condition_stands():
    loaded = load(RULE)
    bundle = Bundle(0, "", loaded.program, loaded.rules)
    simulation = Simulation(bundle, mind_holdout=False)
    play(simulation, loaded.tests[0])
    simulation.advance(simulation.now + 86_400_000)
    state = simulation.state(("shop", CUSTOMER))
    assert state is not None
    (told,) = explain_customer(state, bundle, simulation.now)
    assert list(_why_lines(told, "Europe/Amsterdam")) == [
        "\nexample (live): when visit number 2",
        "  fired for this customer for good (visit 2)",
        "  last asked 2026-10-02 08:00: it fired",
        "  yes spend at least 15.00 EUR  (now: 20.00 EUR)",
        "  ?   any of",
        "  ?     store is dok-noord  (now: no purchase at hand)",
        "  no    stage is lapsed  (now: active)",
        "  2026-10-02 08:00 hello by sms: delivered",
    ]


@pytest.mark.parametrize(
    ("healthy", "line"),
    [(True, "  yes feed is healthy  (now: healthy)"), (False, "  no  feed is healthy  (now: stale)")],
)
def test_why_tells_whether_the_till_still_tells_of_purchases(healthy: bool, line: str):
    watched = PROGRAM + "feed: {stale_after: 2 days}\n"
    loaded = load("rule: example\nwhen: purchase\nif: [{feed: healthy}]\nthen: [{tag: seen}]\n", watched)
    program = replace(loaded.program, feed_healthy=healthy)

    (told,) = explain_customer(Customer(), Bundle(0, "", program, loaded.rules), 0)

    assert line in list(_why_lines(told, "Europe/Amsterdam"))


def test_why_tells_which_stores_are_not_heard_as_usual():
    watched = PROGRAM + "feed: {by_store: true}\n"
    loaded = load("rule: example\nwhen: purchase\nif: [{feed: healthy}]\nthen: [{tag: seen}]\n", watched)
    bundle = hearing(Bundle(0, "", loaded.program, loaded.rules), {"dok-noord": Health.QUIET})

    (told,) = explain_customer(Customer(), bundle, 0)

    assert "  no  feed is healthy  (now: quiet: dok-noord)" in list(_why_lines(told, "Europe/Amsterdam"))


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        ("suppressed", "no_consent", "hello: suppressed: the customer has not agreed to messages of this purpose"),
        ("suppressed", "cool_down", "hello: suppressed: the rule spoke to this customer within its cool-down"),
        ("suppressed", "rule_limit", "hello by sms: suppressed: the rule has sent as many messages today as it may"),
        ("in_doubt", "another_attempt", "hello by sms: in_doubt: it may or may not have arrived"),
        ("in_doubt", "", "hello by sms: in_doubt: it may or may not have arrived"),
        ("failed", "63016", "hello by sms: failed: 63016"),
        ("delivered", "", "hello by sms: delivered"),
    ],
)
def test_why_names_a_channel_only_where_one_was_chosen_and_says_what_in_doubt_means(status, reason, line):
    loaded = load(RULE)
    ended = Activation(
        "a1",
        "example",
        "once",
        "ended",
        status,
        RANKS.get(status, 50),
        0,
        0,
        "hello",
        "marketing",
        "sms",
        reason=reason,
    )
    (told,) = explain_customer(Customer(moving=[ended]), Bundle(0, "", loaded.program, loaded.rules), 0)

    assert list(_why_lines(told, "Europe/Amsterdam"))[-1].startswith(f"  1970-01-01 01:00 {line}")


def test_the_moment_of_a_start_is_told_by_the_shops_clock_and_not_by_its_number():
    loaded = load("rule: example\nwhen: campaign\nthen: [{tag: seen}]\n")
    state = Customer(fired={"example": ["at:1790841900000", "month:2026-10"]})
    (told,) = explain_customer(state, Bundle(0, "", loaded.program, loaded.rules), 0)
    assert "  fired for at 2026-10-01 10:05, 2026-10" in list(_why_lines(told, "Europe/Amsterdam"))
