"""Who comes into a segment and leaves it, as rules hear of it."""

from dataclasses import replace

from rules.loader import load_bundle
from stamgast.domain.events import AnyEvent, Enrolled, PurchaseChanged, TimerDue
from stamgast.domain.told import as_line
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.service import Bundle
from tests.builders import ANNA, MERCHANT, T0, bought, taken_back
from tests.fakes.in_memory import Owner
from tests.unit.rules import small_shop

SEGMENTS = "segments: {regulars: {visits: {at_least: 3}}, tagged: [{segment: regulars}, {tag: seen}]}"


def bundle(rules: str, segments: str = SEGMENTS) -> Bundle:
    program = small_shop.PROGRAM.replace(SEGMENTS, segments)
    loaded = load_bundle(small_shop.files_of(rules, program))
    assert [each.render() for each in loaded.problems if each.severity == "error"] == []
    return Bundle(0, "", replace(loaded.program, merchant=MERCHANT), loaded.rules)


def rule(when: str, tag: str = "in") -> str:
    return f"rule: example\nstatus: live\nwhen: {when}\nonce_per: segment\nthen: [{{tag: {tag}}}]\n"


LISTENING = rule("{entered: regulars}")
DEAF = "rule: example\nstatus: draft\nwhen: {entered: regulars}\nthen: [{tag: in}]\n"


def visit(number: int) -> PurchaseChanged:
    return bought(f"t{number}", T0 + number * DAY)


def tags(owner: Owner) -> list[str]:
    state = owner.state(ANNA)
    assert state is not None
    return state.tags


def fired(owner: Owner) -> int:
    return sum(change.counters.get("rule|example|fired", 0) for change in owner.changes)


def test_who_comes_into_a_segment_is_heard_of_once():
    owner = Owner(bundle(LISTENING))
    owner.apply(*(visit(number) for number in range(10)))
    assert (tags(owner), fired(owner)) == (["in"], 1)


def test_who_comes_and_goes_is_told():
    owner = Owner(bundle(LISTENING))
    owner.apply(*(visit(number) for number in range(3)))
    owner.apply(taken_back(visit(2), T0 + 5 * DAY))
    told = [as_line(line) for change in owner.changes for line in change.told if line.kind == "segment"]
    assert [(each.became, each.segment) for each in told] == [("entered", "regulars"), ("left", "regulars")]


def test_who_was_in_it_before_a_rule_listened_has_not_come_into_it():
    owner = Owner(bundle(DEAF))
    owner.apply(*(visit(number) for number in range(5)))
    assert not owner.state(ANNA).segments
    owner.bundle = bundle(LISTENING)
    owner.apply(visit(6))
    assert (tags(owner), fired(owner)) == ([], 0)


def test_the_event_that_takes_somebody_in_counts_although_it_is_the_first_since_a_rule_listens():
    owner = Owner(bundle(DEAF))
    owner.apply(visit(0), visit(1))
    owner.bundle = bundle(LISTENING)
    owner.apply(visit(2))
    assert fired(owner) == 1


def test_a_segment_that_is_defined_anew_sets_off_nothing_for_those_who_are_in_it_by_that():
    owner = Owner(bundle(LISTENING))
    owner.apply(visit(0), visit(1))
    owner.bundle = bundle(LISTENING, SEGMENTS.replace("at_least: 3", "at_least: 2"))
    owner.apply(visit(2), visit(3))
    assert fired(owner) == 0
    owner.bundle = bundle(LISTENING, SEGMENTS.replace("at_least: 3", "at_least: 6"))
    owner.apply(visit(4))
    assert fired(owner) == 0
    owner.apply(visit(5))
    assert fired(owner) == 1


def test_a_segment_that_asks_about_another_is_defined_anew_with_it():
    before = bundle(rule("{entered: tagged}"))
    after = bundle(rule("{entered: tagged}"), SEGMENTS.replace("at_least: 3", "at_least: 2"))
    assert before.rules.segments[0].mark != after.rules.segments[0].mark


def test_a_state_keeps_nothing_of_segments_that_nobody_listens_to_any_more():
    owner = Owner(bundle(LISTENING))
    owner.apply(visit(0))
    assert set(owner.state(ANNA).segments) == {"regulars"}
    owner.bundle = bundle(DEAF)
    owner.apply(visit(1))
    assert owner.state(ANNA).segments == {}


def test_time_moves_somebody_with_the_next_timer():
    away = "segments: {away: {last_visit: {more_than: 20 days}}}"
    owner = Owner(bundle(rule("{entered: away}"), away))
    owner.apply(visit(0))
    owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=T0 + 30 * DAY, due=T0 + 30 * DAY))
    assert fired(owner) == 1


def test_how_events_are_cut_into_steps_makes_no_difference():
    events: list[AnyEvent] = [
        Enrolled(merchant=MERCHANT, customer=ANNA, at=T0 - HOUR),
        *(visit(number) for number in range(5)),
    ]
    one, many = Owner(bundle(LISTENING)), Owner(bundle(LISTENING))
    one.apply(*events)
    for event in events:
        many.apply(event)
    assert one.state(ANNA) == many.state(ANNA)


def test_what_is_wrong_in_a_segment_is_said():
    def problems(segments: str) -> str:
        program = small_shop.PROGRAM.replace(SEGMENTS, segments)
        return "\n".join(each.render() for each in load_bundle(small_shop.files_of(program=program)).problems)

    assert "asks about a purchase" in problems("segments: {big: {basket_has: {category: bread}}}")
    mistyped = problems("segments: {vip: {visits: {at_least: 3}}, both: {segment: vpi}}")
    assert 'no segment "vpi" stands above this one' in mistyped
    assert 'no segment "vip" stands above this one' in problems("segments: {vip: {segment: vip}}")
    assert "at_laest" in problems("segments: {vip: {visits: {at_laest: 3}}}")
    many = ", ".join(f"s{number}: {{tag: x}}" for number in range(51))
    assert "at most 50" in problems(f"segments: {{{many}}}")


def test_a_minute_later_is_the_same_stay():
    owner = Owner(bundle(LISTENING))
    owner.apply(*(visit(number) for number in range(3)), bought("t9", T0 + 2 * DAY + MINUTE))
    assert fired(owner) == 1
