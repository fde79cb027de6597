"""A rule that raises: the event is applied without it, and it rests until the merchant publishes anew."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from rules.actions import Tag
from stamgast.domain.alerts import STAFF_ROOM, Alert, AlertKind
from stamgast.domain.events import AnyEvent, Barrier, RulePaused, decode_event, encode_event, key_of
from stamgast.domain.facts import Fact
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics
from stamgast.simulate import Simulation
from streams.customers.in_force import Standing, pause_rules
from streams.customers.job import CustomersJob
from streams.maintenance.replay import PartitionReplay
from tests.builders import ANNA, KEY, MERCHANT, T0, bought, bundle, program, rule, sure, tag_rule


def breaks(_: Fact) -> bool:
    raise ZeroDivisionError("a fault of the rule")


SHOP = program()
BROKEN = rule("broken", "purchase", Tag(add=("never",)), fires=breaks)
SOUND = tag_rule("sound", "purchase", "bought")


def test_an_event_is_applied_although_a_rule_raises_and_the_other_rules_do_their_work():
    simulation = Simulation(bundle(SHOP, BROKEN, SOUND))
    simulation.feed([bought("t1", T0)])
    state = sure(simulation.state((MERCHANT, ANNA)))
    assert (state.purchases, state.tags) == (1, ["bought"])
    assert simulation.failures == [("broken", "ZeroDivisionError: a fault of the rule")]


def tags_after(*events: AnyEvent) -> list[str]:
    """Fold a partition in which `sound` may be paused; a second bundle has the same rules."""
    both = {f"hash{number}": bundle(SHOP, SOUND, number=number) for number in (1, 2)}
    replay = PartitionReplay(0, KEY, lambda _merchant, content, _number: both[content])
    for offset, event in enumerate([barrier(1), *events]):
        replay.apply(offset, encode_event(event))
    state = replay.fold.state((MERCHANT, ANNA))
    return state.tags if state else []


def barrier(number: int) -> Barrier:
    return Barrier(merchant=MERCHANT, customer="", at=T0, number=number, hash=f"hash{number}")


def pause(number: int) -> RulePaused:
    return RulePaused(merchant=MERCHANT, customer="", at=T0, number=number, rule="sound", reason="ZeroDivisionError")


def test_a_paused_rule_rests_from_its_place_in_the_log_on():
    assert tags_after(bought("t1", T0), pause(1)) == ["bought"]
    assert tags_after(pause(1), bought("t1", T0)) == []


def test_the_next_bundle_wakes_it_and_a_late_pause_of_an_earlier_bundle_does_not_touch_it():
    assert tags_after(pause(1), barrier(2), bought("t1", T0)) == ["bought"]
    assert tags_after(barrier(2), pause(1), bought("t1", T0)) == ["bought"]


def test_a_paused_rule_is_remembered_with_the_partition():
    before = Standing(in_force={MERCHANT: bundle(SHOP, SOUND)}, numbers={MERCHANT: 1})
    after = replace(before, in_force=dict(before.in_force), paused={})
    pause_rules(after, MERCHANT, ["sound"])
    assert after.in_force[MERCHANT].rules.by_id["sound"].status == "paused"
    assert after.changes_since(before) == {f"p:{MERCHANT}": "sound"}


@pytest.mark.parametrize("staff", [True, False])
def test_a_rule_that_raised_is_told_to_staff_beside_the_log(staff: bool):
    alerts = {AlertKind.RULE_PAUSED: Alert(("eva",))} if staff else {}
    standing = Standing(in_force={MERCHANT: bundle(program(alerts=alerts), BROKEN, number=4)}, time=T0)
    batch: Any = SimpleNamespace(standing=standing, failures={(MERCHANT, 4, "broken", "a fault")})
    job: Any = SimpleNamespace(topic="customer.events.v1", _topics=Topics(8))
    owned: Any = SimpleNamespace(number=5)
    emissions = [*CustomersJob._pausing(job, owned, batch)]
    key = key_of(MERCHANT, STAFF_ROOM)
    room = (partition_for(key, 8), key, "StaffAlerted")
    found = [(each.partition, each.key, type(decode_event(each.value)).__name__) for each in emissions]
    assert found == [(5, key_of(MERCHANT, ""), "RulePaused"), *([room] if staff else [])]
