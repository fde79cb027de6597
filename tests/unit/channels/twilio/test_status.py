"""Callbacks come late, twice and shuffled; what a message ends as must not depend on it."""

from functools import reduce
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from channels.twilio.status import further, our_status, rank_of

REPORTS = [
    "accepted",
    "queued",
    "sending",
    "sent",
    "delivered",
    "undelivered",
    "failed",
    "read",
    "canceled",
    "nonsense",
]


@given(st.lists(st.sampled_from(["accepted", "sending", "sent", "undelivered", "delivered", "read"]), max_size=5))
def test_every_order_of_reports_ends_in_the_same_status(reports):
    assert len({reduce(further, order, "") for order in permutations(reports)}) == 1


@given(st.lists(st.sampled_from(REPORTS), max_size=10))
def test_a_status_only_moves_forward_and_repeats_change_nothing(reports):
    status = ""
    for report in map(our_status, reports):
        moved = further(status, report)
        assert rank_of(moved) >= rank_of(status)
        assert further(moved, report) == moved
        status = moved


def test_proof_of_delivery_outranks_a_failure():
    assert further("failed", "delivered") == "delivered"
    assert further("delivered", "failed") == "delivered"
    assert further("read", "delivered") == "read"


def test_a_status_nobody_knows_changes_nothing():
    assert our_status("teleported") == ""
    assert further("sent", our_status("teleported")) == "sent"
