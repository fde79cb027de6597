"""What events, notes and facts tell people of a customer."""

from typing import Any

import pytest

from stamgast.domain.activation import Note
from stamgast.domain.events import AnyEvent, ConsentChanged, Purchase, PurchaseChanged, Replied, TimerDue
from stamgast.domain.told import Line
from stamgast.people.timeline import Kind, told_of_event, told_of_fact, told_of_note

ABOUT: dict[str, Any] = {"merchant": "bakery", "customer": "c1", "at": 9_000}
SOLD = Purchase(occurred_at=5_000, store="dok", currency="EUR", spend=1240)


@pytest.mark.parametrize(
    ("event", "kind", "at", "amount"),
    [
        (PurchaseChanged(**ABOUT, transaction="t", after=SOLD), Kind.BOUGHT, 5_000, 1240),
        (
            PurchaseChanged(**ABOUT, transaction="t", before=SOLD, after=SOLD, happened_at=7_000),
            Kind.PURCHASE_CHANGED,
            7_000,
            1240,
        ),
        (PurchaseChanged(**ABOUT, transaction="t", before=SOLD, after=None), Kind.PURCHASE_GONE, 9_000, None),
        (Replied(**ABOUT, channel="sms", keyword="card"), Kind.WROTE, 9_000, None),
        (
            ConsentChanged(**ABOUT, purpose="marketing", channel="sms", granted=False, since=3_000),
            Kind.TOOK_BACK,
            3_000,
            None,
        ),
    ],
)
def test_events_are_told_at_the_time_at_which_they_happened(
    event: AnyEvent, kind: Kind, at: int, amount: int | None
) -> None:
    [told] = told_of_event(event)
    assert (told.kind, told.at, told.amount) == (kind, at, amount)


def test_what_tells_people_nothing_is_left_out() -> None:
    assert list(told_of_event(TimerDue(**ABOUT, due=1))) == []
    claimed = Note("claimed", "a", "bakery", "c1", 9_000)
    assert told_of_note(claimed) is None
    assert told_of_note(Note("decided", "a", "bakery", "c1", 9_000, staff="els")) is None
    assert told_of_fact(Line(kind="budget", became="spent", **ABOUT)) is None


def test_messages_and_what_was_not_said_have_their_rule_and_why() -> None:
    note = told_of_note(Note("outcome", "a", "bakery", "c1", 9_000, "free-loaf", status="failed", reason="window"))
    assert note is not None
    assert (note.kind, note.rule, note.reason) == (Kind.MESSAGE, "free-loaf", "window")
    held = told_of_fact(Line(kind="decision", became="held_out", rule="free-loaf", **ABOUT))
    assert held is not None
    assert (held.kind, held.status) == (Kind.NOT_SPOKEN, "held_out")
    sent = Line(kind="decision", became="sent", rule="free-loaf", activation="a", **ABOUT)
    assert told_of_fact(sent) is None, "the message tells it itself"


def test_cards_and_rewards_are_told() -> None:
    stamped = told_of_fact(Line(kind="stamps", became="stamped", card="bread", before=2, after=3, **ABOUT))
    assert stamped is not None
    assert (stamped.kind, stamped.before, stamped.count) == (Kind.STAMPS, 2, 3)
    used = told_of_fact(Line(kind="voucher", became="redeemed", reward="loaf", rule="free-loaf", **ABOUT))
    assert used is not None
    assert (used.kind, used.what, used.status) == (Kind.VOUCHER, "loaf", "redeemed")
