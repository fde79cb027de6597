"""What a step leaves in the outbox when one activation is submitted, finished and submitted anew in it."""

from dataclasses import replace
from typing import Any

import pytest

from stamgast.domain.customer import Customer
from stamgast.domain.units import HOUR
from stamgast.service import Change
from stamgast.state.keys import IDLE, PartitionKeys
from stamgast.state.partitions import Writes
from streams.customers.batch import Result
from streams.customers.in_force import Standing
from streams.customers.writes import Written, write
from tests.builders import MERCHANT, bought, card, hello_rule, program
from tests.fakes.in_memory import Owner
from tests.message_scenes import MORNING, customer_of, outcome

KEYS = PartitionKeys("c0")


def story(steps: int) -> tuple[Owner, str]:
    """So many of: submitted, in doubt, submitted once more, delivered."""
    shop = program(card(stamps=1))
    shop = replace(shop, templates={"hello": replace(shop.templates["hello"], if_unproven="send_again")})
    owner = customer_of(hello_rule(), shop=shop)
    (submission,) = owner.apply(bought("t1", MORNING)).submissions
    for status in ("in_doubt", "not_found", "delivered")[: steps - 1]:
        owner.apply(outcome(submission.activation, MORNING + HOUR, status))
    return owner, submission.activation


def left_by(changes: list[Any]) -> tuple[dict[str, bool], Written]:
    """Run a step's commands on the outbox as Redis would; say what stands in which hash, and what the owner is told."""
    writes, written = Writes(), Written(Standing())
    write([Result((MERCHANT, "anna"), None, changes, b"state", [])], KEYS, writes, written, 0, quiet=False)
    standing = {KEYS.outbox: True, KEYS.sending: True}  # as a step before had left them
    words = iter(writes.commands)
    for count in words:
        command, key, *_ = [next(words) for _ in range(int(count))]
        if key in standing:
            standing[str(key)] = command == "HSET"
    return {"waits": standing[KEYS.outbox], "claimed": standing[KEYS.sending]}, written


@pytest.mark.parametrize(
    ("steps", "first", "waits", "claimed"),
    [
        (1, 0, True, True),
        (2, 0, False, False),
        (3, 0, True, False),
        (4, 0, False, False),
        (3, 1, True, False),
        (4, 2, False, False),
    ],
)
def test_the_last_thing_that_happened_to_it_counts(steps: int, first: int, waits: bool, claimed: bool):
    owner, activation = story(steps)
    left, written = left_by(owner.changes[1 + first :])
    assert left == {"waits": waits, "claimed": claimed}
    assert [each.activation for each in written.submissions] == ([activation] if waits else [])


def commands_of(due: int | None, timers: dict[str, int]) -> list[list[Any]]:
    """What a step says of a customer's timers and of the roll; `due`: what it was before, as `earliest` says it."""
    writes = Writes()
    change = Change(Customer(timers=timers))
    write([Result((MERCHANT, "anna"), due, [change], b"state", [])], KEYS, writes, Written(Standing()), 0, quiet=False)
    words = iter(writes.commands)
    found = [[next(words) for _ in range(int(str(count)))] for count in words]
    return [each for each in found if each[1] in {KEYS.timers, KEYS.roll(MERCHANT)}]


def test_who_is_new_is_put_on_the_roll_and_among_the_timers_only_with_something_due():
    assert commands_of(None, {}) == [["RPUSH", KEYS.roll(MERCHANT), b"anna"]]
    assert commands_of(None, {"lapse": 7}) == [
        ["ZADD", KEYS.timers, 7, f"{MERCHANT}:anna"],
        ["RPUSH", KEYS.roll(MERCHANT), b"anna"],
    ]


def test_who_has_nothing_due_any_more_leaves_the_timers_and_stays_on_the_roll():
    assert commands_of(7, {}) == [["ZREM", KEYS.timers, f"{MERCHANT}:anna"]]
    assert commands_of(IDLE, {"lapse": 7}) == [["ZADD", KEYS.timers, 7, f"{MERCHANT}:anna"]]
    assert commands_of(IDLE, {}) == []
    assert commands_of(7, {"lapse": 7}) == []
