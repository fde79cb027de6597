"""How each rule ended the last time that its trigger came, in the customer's state and in the counters."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from stamgast.commands.rules import _why_lines
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.occasions import mark_of
from stamgast.domain.rule_answers import MOST, Ended, key_of, minute_of, read, renewed
from stamgast.domain.units import DAY, MINUTE, Millis
from stamgast.people.rule_counts import RuleCounts
from stamgast.people.why import explain_customer
from stamgast.programs.rule_tests import CUSTOMER, play
from stamgast.service import Bundle
from stamgast.simulate import Simulation
from tests.unit.domain.states_of_before import stored_before
from tests.unit.rules.small_shop import load

RULE = """
rule: example
status: {status}
when: purchase
once_per: {once_per}
if: [{{spend: {{at_least: 5 EUR}}}}, {{any: [{{visits: {{at_least: {visits}}}}}, {{stage: lapsed}}]}}]
then: [{{give: free_loaf}}, {{send: hello}}]
tests:
  - {{name: x, given: "2 purchases of bread, one per day from 2026-10-01 08:00", expect: {{send: hello}}}}
"""


def lived(visits: int = 9, status: str = "live", once_per: str = "purchase") -> tuple[Simulation, Bundle, Customer]:
    loaded = load(RULE.format(visits=visits, status=status, once_per=once_per))
    bundle = Bundle(0, "", loaded.program, loaded.rules)
    simulation = Simulation(bundle, mind_holdout=False)
    play(simulation, loaded.tests[0])
    state = simulation.state(("shop", CUSTOMER))
    assert state is not None
    return simulation, bundle, state


def last(visits: int = 9, status: str = "live", once_per: str = "purchase") -> str:
    simulation, bundle, state = lived(visits, status, once_per)
    (told,) = explain_customer(state, bundle, simulation.now)
    return str(told["last"]["because"])


def test_a_customer_whom_a_rule_turned_down_is_told_by_which_condition_and_when() -> None:
    simulation, bundle, state = lived()
    (told,) = explain_customer(state, bundle, simulation.now)
    assert (
        "  last asked 2026-10-02 08:00: turned down, for this was not met: any of (visits at least 9; stage is lapsed)"
    ) in list(_why_lines(told, bundle.program.time_zone))
    assert told["last"]["condition"] == "any of (visits at least 9; stage is lapsed)"


def test_every_end_has_its_sentence() -> None:
    assert last(visits=1) == "it fired"
    assert last(visits=1, once_per="customer") == "it had fired for that before"
    assert last(visits=1, status="shadow") == "all its conditions were met, but it is a shadow: it is only counted"
    assert last(visits=1, status="canary 0%").endswith("the customer is not in the canary's sample")


def test_what_a_rule_gave_is_told_without_the_code_that_would_redeem_it() -> None:
    simulation, bundle, state = lived(visits=1)
    (told,) = explain_customer(state, bundle, simulation.now)
    assert [each["reward"] for each in told["vouchers"]] == ["free_loaf"]
    assert "code" not in told["vouchers"][0]
    *_, said = _why_lines(told, "Europe/Amsterdam")
    assert said == "  2026-10-01 08:00 gave free_loaf: open, valid until 2026-10-31"


def test_of_a_rule_that_was_taken_away_what_it_did_is_still_told() -> None:
    simulation, bundle, state = lived(visits=1)
    without = Bundle(1, "", bundle.program, bundle.rules.of(()))
    (told,) = explain_customer(state, without, simulation.now)
    assert (told["rule"], told["status"]) == ("example", "not there")
    assert [each["reward"] for each in told["vouchers"]] == ["free_loaf"]
    assert explain_customer(state, without, simulation.now, "example") == [told]
    head, fired, *_ = _why_lines(told, "Europe/Amsterdam")
    assert head == "\nexample (not there)"
    assert fired.startswith("  fired for ")


def test_after_an_edit_a_condition_that_the_rule_no_longer_has_is_not_mistaken_for_another() -> None:
    simulation, _, state = lived()
    edited = load(RULE.format(visits=8, status="live", once_per="purchase"))
    (told,) = explain_customer(state, Bundle(1, "", edited.program, edited.rules), simulation.now)
    assert told["last"]["because"] == "a condition was not met that the rule has no more"


def kept(*asked: tuple[Millis, list[int]]) -> bytes:
    answers = b""
    for at, said in asked:
        answers = renewed(answers, minute_of(at), tuple(said))
    return answers


UNMET, OTHER = 17, 99


def test_rules_that_say_no_at_once_cost_three_bytes_each_and_many_no_more_than_the_bound() -> None:
    names = [f"rule-{number}" for number in range(3 * MOST)]
    asked = [key_of(name) + UNMET for name in names]
    assert len(kept((0, asked[:20]))) <= 5 + 3 * 20
    assert len(kept((0, asked), (MINUTE, asked[:10]))) == 5 + 3 * 10 + 5 + 3 * (MOST - 10)
    one_by_one = kept(*((number * DAY, [answer]) for number, answer in enumerate(asked)))
    assert set(read(one_by_one)) == {key_of(name) for name in names[-MOST:]}


def test_the_newest_end_of_each_rule_is_kept_with_its_minute() -> None:
    first, second = key_of("first"), key_of("second")
    answers = kept((0, [first + UNMET, second + UNMET]), (5 * MINUTE, [first + UNMET, first + OTHER]))
    assert read(answers) == {first: (5 * MINUTE, OTHER), second: (0, UNMET)}
    again = kept((0, [second + UNMET]), (5 * MINUTE, [first + UNMET]), (5 * MINUTE + 1, [first + OTHER]))
    assert again == answers, "however it came about"


def test_that_a_rule_fired_is_kept_until_something_else_is_asked() -> None:
    first, second = key_of("first"), key_of("second")
    assert read(kept((0, [first + UNMET]), (DAY, [first + Ended.FIRED]))) == {first: (DAY, Ended.FIRED)}
    assert read(kept((0, [first + Ended.FIRED]), (DAY, [second + UNMET]))) == {second: (DAY, UNMET)}
    assert read(kept((0, [first + Ended.FIRED]), (1, [second + UNMET]))) == {
        first: (0, Ended.FIRED), second: (0, UNMET)
    }, "it was asked in the same minute"  # fmt: skip


def test_of_a_rule_that_fired_long_ago_it_is_told_that_it_did_and_when_its_message_was_decided() -> None:
    simulation, bundle, state = lived(visits=1)
    state.answers = kept((simulation.now, [key_of("another") + UNMET]))
    (told,) = explain_customer(state, bundle, simulation.now)
    assert "  last asked 2026-10-02 08:00: it fired" in list(_why_lines(told, "Europe/Amsterdam"))
    state.activations, state.vouchers = [], []
    (told,) = explain_customer(state, bundle, simulation.now)
    assert "  last asked so long ago that only its end is kept: it fired" in list(_why_lines(told, "Europe/Amsterdam"))


def test_what_rules_said_is_read_from_states_of_before():
    simulation, bundle, state = lived()
    ((at, code),) = read(state.answers).values()
    answer = (at - 1_767_225_600_000) // MINUTE * 512 + code
    mark = int.from_bytes(mark_of("example"), "big")
    for schema, of_before in ((1, {mark: answer}), (2, {mark >> 16: answer})):
        old = stored_before(msgspec.structs.replace(state, schema=schema, rule_answers=of_before, answers=b""))
        assert decode_customer(old) == state
    (told,) = explain_customer(decode_customer(old), bundle, simulation.now)
    assert told["last"]["condition"] == "any of (visits at least 9; stage is lapsed)"


def test_moments_before_the_count_begins_are_read_as_they_were_written() -> None:
    key = key_of("example")
    for at in (0, 1_500_000_000_000, 1_767_225_600_000, 1_999_999_999_999):
        ((when, code),) = read(kept((at, [key + 130]))).values()
        assert (0 <= at - when < MINUTE, code) == (True, 130)


def test_over_all_customers_a_rule_is_counted_by_the_condition_that_turned_it_down() -> None:
    loaded = load(RULE.format(visits=2, status="live", once_per="purchase"))
    rules = loaded.rules
    simulation = Simulation(Bundle(0, "", loaded.program, rules), mind_holdout=False)
    play(simulation, loaded.tests[0])
    counts = RuleCounts("example")
    counts.add({name.removeprefix("shop|"): times for name, times in simulation.counters.items()})
    assert counts.fired == 1
    assert counts.not_met == {"any of (visits at least 2; stage is lapsed)": 1}
    assert list(counts.lines()) == [
        "  fired once",
        "  turned down once, not met: any of (visits at least 2; stage is lapsed)",
    ]


def test_counters_of_before_it_was_kept_which_condition_it_was_are_told_as_such() -> None:
    counts = RuleCounts("example")
    counts.add({"rule|example|not_met": 3, "rule|example2|fired": 3, "card|example|fired": 1})
    counts.add({"rule|example|withheld|holdout": 2})
    assert counts.as_json() == {
        "fired": 0,
        "not_met": {"a condition (counted before it was kept which)": 3},
        "withheld": {"holdout": 2},
        "shadow": 0, "not_in_canary": 0, "too_many": 0, "raised": 0,
    }  # fmt: skip
    assert replace(counts).known
