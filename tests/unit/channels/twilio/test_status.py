"""Callbacks come late, twice and shuffled; what a message ends as must not depend on it."""

from itertools import pairwise

from channels.twilio.status import our_status, rank_of


def test_a_message_only_moves_forward_and_proof_of_delivery_outranks_a_failure():
    ranks = [rank_of(our_status(each)) for each in ("queued", "sending", "sent", "failed", "delivered", "read")]
    assert all(earlier < later for earlier, later in pairwise(ranks))


def test_a_status_nobody_knows_changes_nothing():
    assert our_status("teleported") == ""
    assert rank_of(our_status("teleported")) < rank_of("accepted")
