"""What is counted of a launch, and what pauses the rule by itself."""

from __future__ import annotations

import pytest

from rules.rule_set import RuleSet
from stamgast.domain.counters import counter
from stamgast.domain.events import OptedOut
from stamgast.domain.trip_wires import TripWires, Watched, watched_counter
from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.programs.launches import in_force, with_launch
from stamgast.programs.rule_tests import CUSTOMER, play
from stamgast.service import Bundle
from stamgast.simulate import Simulation
from tests.unit.rules.small_shop import PROGRAM, load

RULE = """
rule: example
status: draft
when: purchase
once_per: purchase
then: [{send: hello}]
tests:
  - {name: x, given: "1 purchase of bread on 2026-10-01 10:00", expect: {send: hello}}
"""
BOUGHT: Millis = 1_790_841_600_000
"""2026-10-01 10:00 in Amsterdam."""
TODAY = BOUGHT // DAY
COSTS = PROGRAM + "costs: {contact: {sms: 0.08 EUR}}\n"


def counts_of(launched_at: Millis, stop_after: Millis | None = HOUR) -> dict[str, int]:
    """What is counted of a launch after one message, and a STOP."""
    loaded = load(RULE, COSTS)
    assert loaded.ok, loaded.problems
    launches = with_launch({}, loaded.rules.by_id["example"], "live", launched_at)
    rules: RuleSet = in_force(loaded.rules, launches)
    simulation = Simulation(Bundle(0, "", loaded.program, rules), mind_holdout=False)
    play(simulation, loaded.tests[0])
    simulation.advance(BOUGHT + HOUR)
    if stop_after is not None:
        simulation.feed([OptedOut(merchant="shop", customer=CUSTOMER, at=BOUGHT + stop_after)])
    begins = f"shop|{watched_counter('example', launched_at, '')}"
    return {name.removeprefix(begins): by for name, by in simulation.counters.items() if name.startswith(begins)}


def test_messages_money_and_those_who_said_stop_after_them_are_counted_by_launch() -> None:
    assert counts_of(BOUGHT - HOUR) == {"sent": 1, f"day|{TODAY}": 1, "cost": 8_000, "opted_out": 1}
    assert "opted_out" not in counts_of(BOUGHT - HOUR, stop_after=4 * DAY), "that had another reason"
    assert counts_of(BOUGHT - 4 * DAY) == {}, "it is watched for three days"


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ({Watched.SENT: 49, Watched.OPTED_OUT: 40}, ""),
        ({Watched.SENT: 100, Watched.OPTED_OUT: 3}, ""),
        (
            {Watched.SENT: 100, Watched.OPTED_OUT: 4},
            "4 customers said STOP after its message, of 100 that went: more than 3%",
        ),
        ({Watched.SENT: 50, Watched.FAILED: 13}, "13 of its messages failed, of 50 that went: more than 25%"),
        ({counter(Watched.DAY, str(TODAY)): 30}, ""),
        (
            {counter(Watched.DAY, str(TODAY)): 31},
            "31 messages went today, more than 3 times the 10 expected",
        ),
        ({Watched.COST: 5_000_000}, ""),
        ({Watched.COST: 5_001_000}, "its messages cost 50.01 EUR by now, more than 50.00 EUR"),
    ],
)
def test_a_wire_trips_beyond_its_limit_and_says_why(counts: dict[str, int], why: str) -> None:
    tripped = TripWires(spend=5_000).tripped(counts, TODAY, 10, "EUR")
    assert ("" if tripped is None else tripped.why) == why


def test_program_yaml_says_what_trips() -> None:
    text = PROGRAM + "launch: {watch_for: 1 day, at_least: 10, opt_outs: 1%, failures: 0%, volume: 2, spend: 5 EUR}\n"
    assert load(program=text).program.trip_wires == TripWires(DAY, 10, 1, 0, 2, 500)
    assert load().program.trip_wires == TripWires()
    found = load(program=PROGRAM + "launch: {watch_for: 60 days}\n")
    assert [problem.message for problem in found.problems] == ["a launch is watched for an hour to 31 days"]
