"""`stamgast rules why`: what it tells of a customer to whom something happened."""

from stamgast.commands.rules import _why_lines
from stamgast.rule_tests import CUSTOMER, _events
from stamgast.service import Bundle
from stamgast.simulate import Simulation
from stamgast.why import explain_customer

RULE = """
rule: example
status: live
when: {visits_reached: 2}
if: [{spend: {at_least: 15 EUR}}, {any: [{store: dok-noord}, {stage: lapsed}]}]
then: [{send: hello}]
tests:
  - {name: x, given: "2 purchases of bread, one per day from 2026-10-01 08:00", expect: {send: hello}}
"""


def test_why_tells_what_fired_what_was_sent_and_how_each_condition_stands(load):
    loaded = load(RULE)
    bundle = Bundle(0, "", loaded.program, loaded.rules)
    simulation = Simulation(bundle, mind_holdout=False)
    simulation.feed(_events(loaded.tests[0], loaded.program))
    simulation.advance(simulation.now + 86_400_000)
    state = simulation.state(("shop", CUSTOMER))
    assert state is not None
    (told,) = explain_customer(state, bundle, simulation.now)
    assert list(_why_lines(told)) == [
        "\nexample (live): when visit number 2",
        "  fired for customer:visits:2",
        "  yes spend at least 15.00 EUR  (now: 20.00 EUR)",
        "  ?   any of",
        "  ?     store is dok-noord  (now: no purchase at hand)",
        "  no    stage is lapsed  (now: active)",
        "  2026-10-02T06:00:00Z hello by sms: delivered",
    ]
