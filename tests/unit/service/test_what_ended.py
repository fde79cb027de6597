"""Messages that have ended: so many are kept, and as long, as something is still heard of them."""

import pytest

from rules.actions import Send
from stamgast.domain.activation import RANKS
from stamgast.domain.events import ActivationOutcome
from stamgast.domain.units import DAY, Millis
from stamgast.service.ended import KEEP_ENDED, KEEP_SETTLED
from tests.builders import ANNA, MERCHANT, T0, bought, bundle, consent, program, rule
from tests.fakes.in_memory import Owner

THANKS = rule("thanks", "purchase", Send("hello", ("sms",)), per="purchase")


def outcome(activation: str, status: str, at: Millis) -> ActivationOutcome:
    return ActivationOutcome(
        merchant=MERCHANT, customer=ANNA, at=at, activation=activation, status=status, rank=RANKS[status],
        attempt="a", channel="sms",
    )  # fmt: skip


def after(messages: int, every: Millis, status: str = "delivered") -> Owner:
    owner = Owner(bundle(program(), THANKS))
    owner.apply(consent())
    for number in range(messages):
        now = T0 + number * every
        for each in owner.apply(bought(f"t{number}", now)).submissions:
            owner.apply(outcome(each.activation, status, now + 1))
    return owner


def occasions(owner: Owner) -> list[str]:
    return [each.occasion for each in owner.state().activations]


def test_of_messages_of_long_ago_the_newest_are_kept_for_why():
    assert occasions(after(12, 5 * DAY)) == [f"t{number}" for number in range(12 - KEEP_SETTLED, 12)]


def test_of_messages_of_this_week_more_are_kept_for_their_carriers_still_speak():
    owner = after(12, DAY)
    assert occasions(owner) == [f"t{number}" for number in range(12 - KEEP_ENDED, 12)]
    oldest = owner.state().activations[0]
    owner.apply(outcome(oldest.id, "read", T0 + 12 * DAY))
    assert owner.state().activations[0].status == "read"


@pytest.mark.parametrize(("status", "kept"), [("in_doubt", KEEP_ENDED), ("failed", KEEP_SETTLED)])
def test_one_in_doubt_is_kept_longer_for_it_may_still_be_found(status: str, kept: int):
    assert len(occasions(after(12, 5 * DAY, status))) == kept


def test_a_purchase_of_long_ago_fires_no_rule_again_though_the_state_does_not_name_it():
    owner = after(30, 5 * DAY)
    assert owner.state().fired["thanks"] == ["t27", "t28", "t29"]
    again = owner.apply(bought("t2", T0 + 10 * DAY, recorded=T0 + 600 * DAY))
    assert again.submissions == []
