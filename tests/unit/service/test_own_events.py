"""Events of a merchant's own: once per id, never late, and bounded."""

from dataclasses import replace

from rules.loader import load_bundle
from stamgast.domain.events import OwnEvent, decode_event, encode_event
from stamgast.domain.own_events import MOST_POSTED
from stamgast.domain.units import DAY, HOUR, MINUTE
from stamgast.service import Bundle
from tests.builders import ANNA, MERCHANT, T0
from tests.fakes.in_memory import Owner
from tests.unit.rules import small_shop

RULE = "rule: example\nstatus: live\nwhen: {event: workshop}\nthen: [{send: hello}, {tag: in}]\n"


def owner() -> Owner:
    loaded = load_bundle(small_shop.files_of(RULE))
    return Owner(Bundle(0, "", replace(loaded.program, merchant=MERCHANT), loaded.rules))


def posted(number: int, at: int = T0, happened_at: int | None = None, name: str = "workshop") -> OwnEvent:
    happened = at if happened_at is None else happened_at
    return OwnEvent(merchant=MERCHANT, customer=ANNA, at=at, id=f"e{number}", name=name, happened_at=happened)


def fired(of: Owner) -> int:
    return sum(change.counters.get("rule|example|fired", 0) for change in of.changes)


def reasons(of: Owner) -> list[str]:
    return [note.reason for change in of.changes for note in change.notes if note.reason]


def test_the_same_id_again_is_the_same_event():
    played = owner()
    played.apply(posted(1), posted(1, T0 + MINUTE), posted(2, T0 + MINUTE), posted(1, T0 + 23 * HOUR))
    assert fired(played) == 2


def test_a_late_one_sends_nothing():
    played = owner()
    played.apply(posted(1, T0, T0 - 3 * HOUR))
    assert "late" in reasons(played)


def test_one_that_is_not_declared_any_more_sets_off_nothing():
    played = owner()
    played.apply(posted(1, name="party"))
    assert fired(played) == 0


def test_what_a_state_keeps_of_them_is_bounded_and_what_goes_beyond_is_counted():
    played = owner()
    played.apply(*(posted(number) for number in range(MOST_POSTED + 10)))
    state = played.state(ANNA)
    assert state is not None
    assert (len(state.posted), fired(played)) == (MOST_POSTED, MOST_POSTED)
    assert sum(change.counters.get("event|workshop|too_many", 0) for change in played.changes) == 10
    played.apply(posted(100, T0 + DAY + MINUTE))
    assert fired(played) == MOST_POSTED + 1


def test_what_is_on_the_log_is_read_as_it_was_written():
    event = OwnEvent(
        merchant=MERCHANT, customer=ANNA, at=T0, id="e", name="workshop", happened_at=T0,
        fields={"topic": "bread", "score": 5, "first_time": True},
    )  # fmt: skip
    assert decode_event(encode_event(event)) == event
