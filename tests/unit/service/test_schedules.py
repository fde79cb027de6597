"""An occasion of a schedule as it is applied to a customer: judged again, once, in their turn, and never late."""

from dataclasses import replace

from rules.loader import load_bundle
from stamgast.domain.events import CalledOff, Erased, Scheduled, TimerDue
from stamgast.domain.units import DAY, HOUR
from stamgast.domain.vocabulary import ActivationState, TimerKind
from stamgast.service import Bundle
from stamgast.service.schedules import waits_of, was_told
from tests.builders import ANNA, MERCHANT, T0, bought, consent
from tests.fakes.in_memory import Owner
from tests.unit.rules import small_shop

RULE = "rule: weekly\nstatus: live\nwhen: {every: {week: monday%s}}\nif: [{visits: {at_least: 1}}]\nthen: [{tag: called}]\n"


def bundle(more: str = "", status: str = "live") -> Bundle:
    loaded = load_bundle(small_shop.files_of(RULE.replace("live", status) % more))
    assert [each.render() for each in loaded.problems if each.severity == "error"] == []
    return Bundle(0, "", replace(loaded.program, merchant=MERCHANT), loaded.rules)


def sending(more: str = "") -> Bundle:
    rule = "rule: weekly\nstatus: live\nwhen: campaign\nthen: [{send: hello, by: [sms]}]\n"
    loaded = load_bundle(small_shop.files_of(rule + more))
    assert [each.render() for each in loaded.problems if each.severity == "error"] == []
    return Bundle(0, "", replace(loaded.program, merchant=MERCHANT), loaded.rules)


def came(at: int = T0 + HOUR, occasion: int = T0 + HOUR, rule: str = "weekly") -> Scheduled:
    return Scheduled(merchant=MERCHANT, customer=ANNA, at=at, rule=rule, occasion=occasion)


def fired(of: Owner) -> int:
    return sum(change.counters.get("rule|weekly|fired", 0) for change in of.changes)


def test_an_occasion_that_comes_twice_is_answered_once_and_the_next_one_again():
    owner = Owner(bundle())
    owner.apply(bought("t1", T0), came(), came(T0 + 2 * HOUR))
    assert fired(owner) == 1
    owner.apply(came(T0 + 7 * DAY, T0 + 7 * DAY))
    assert fired(owner) == 2


def test_who_does_not_match_any_more_is_not_answered():
    owner = Owner(bundle())
    owner.apply(came())
    assert fired(owner) == 0


def test_a_rule_that_is_not_in_force_any_more_is_not_asked():
    owner = Owner(bundle(status="paused"))
    owner.apply(bought("t1", T0), came(), came(rule="gone"))
    assert fired(owner) == 0


def test_who_was_forgotten_is_not_asked():
    owner = Owner(bundle())
    owner.apply(bought("t1", T0), Erased(merchant=MERCHANT, customer=ANNA, at=T0 + 1), came())
    assert fired(owner) == 0


def test_an_occasion_that_is_late_by_days_gives_nothing():
    owner = Owner(bundle())
    owner.apply(bought("t1", T0), came(T0 + 4 * DAY))
    state = owner.state(ANNA)
    assert state is not None
    assert state.tags == []


def test_where_it_is_spread_the_customers_turn_comes_within_that_time_and_once():
    owner = Owner(bundle(", spread: 3 hours"))
    owner.apply(bought("t1", T0), came())
    [(name, turn)] = [each for each in owner.state(ANNA).timers.items() if each[0].startswith(TimerKind.TURN)]
    assert name == f"turn:weekly:{T0 + HOUR}"
    assert T0 + HOUR < turn < T0 + 4 * HOUR
    assert fired(owner) == 0
    owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=turn, due=turn))
    assert fired(owner) == 1
    owner.apply(came(turn + 1), TimerDue(merchant=MERCHANT, customer=ANNA, at=turn + 2, due=turn + 2))
    assert (fired(owner), owner.state(ANNA).tags) == (1, ["called"])
    assert not [name for name in owner.state(ANNA).timers if name.startswith(TimerKind.TURN)]


def stopped(at: int = T0 + 2 * HOUR, occasion: int = T0 + HOUR) -> CalledOff:
    return CalledOff(merchant=MERCHANT, customer=ANNA, at=at, rule="weekly", occasion=occasion)


def test_a_stop_takes_the_turn_that_is_to_come_and_no_other():
    owner = Owner(bundle(", spread: 3 hours"))
    owner.apply(bought("t1", T0), came(), came(T0 + HOUR, T0 + HOUR + 1))
    assert waits_of(owner.state(ANNA), "weekly", T0 + HOUR)
    owner.apply(stopped())
    assert not waits_of(owner.state(ANNA), "weekly", T0 + HOUR)
    assert waits_of(owner.state(ANNA), "weekly", T0 + HOUR + 1)


def test_a_stop_ends_what_waits_for_its_hour_and_asks_back_what_is_on_its_way():
    owner = Owner(sending("timing: {send_between: '19:00-20:00'}\n"))
    owner.apply(consent(), came())
    [waiting] = owner.state(ANNA).activations
    assert waiting.state == ActivationState.HELD
    owner.apply(stopped())
    [ended] = owner.state(ANNA).activations
    assert (ended.status, ended.reason) == ("suppressed", "stopped")
    assert not waits_of(owner.state(ANNA), "weekly", T0 + HOUR)

    owner = Owner(sending())
    owner.apply(consent(), came())
    [on_its_way] = owner.state(ANNA).activations
    assert on_its_way.state == ActivationState.SUBMITTED
    owner.apply(stopped(occasion=T0))
    assert owner.changes[-1].cancels == []
    owner.apply(stopped())
    assert owner.changes[-1].cancels == [on_its_way.id]


def test_who_was_told_of_an_occasion_is_not_told_again():
    owner = Owner(bundle())
    owner.apply(bought("t1", T0))
    assert not was_told(owner.state(ANNA), "weekly", T0 + HOUR)
    owner.apply(came())
    assert was_told(owner.state(ANNA), "weekly", T0 + HOUR)
    spread = Owner(bundle(", spread: 3 hours"))
    spread.apply(bought("t1", T0), came())
    assert was_told(spread.state(ANNA), "weekly", T0 + HOUR)
