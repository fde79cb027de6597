"""Messages that have ended are written in half the bytes, and are what they were when somebody asks."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.activation import Activation, Plan, activation_id
from stamgast.domain.customer import Customer, decode_customer, encode_customer
from stamgast.domain.past_messages import is_past, packed, place_of, unpacked, with_one_more
from stamgast.domain.vocabulary import Reason, Status
from tests.builders import ANNA, MERCHANT, T0
from tests.unit.domain.states_of_before import stored_before

ID = activation_id(MERCHANT, "thanks", ANNA, "t1")
IDS = st.sampled_from([ID, ID.upper(), "a", "", "a" * 16, "0" * 32, "zoë"]) | st.text(max_size=40)
MESSAGES = st.builds(
    Activation,
    id=IDS,
    rule=st.text(max_size=9),
    occasion=st.text(max_size=9),
    state=st.just("ended"),
    status=st.sampled_from([*Status]).map(str) | st.just("of another version"),
    rank=st.integers(0, 99),
    decided_at=st.integers(0, 2**45),
    changed_at=st.integers(0, 2**45),
    template=st.text(max_size=9),
    purpose=st.sampled_from(["marketing", "utility", "of another version"]),
    channel=st.sampled_from(["", "sms", "whatsapp", "carrier_pigeon"]),
    priority=st.integers(0, 99),
    release_at=st.integers(0, 2**45),
    expires_at=st.integers(0, 2**45),
    reason=st.just("") | st.sampled_from([*Reason]).map(str),
    generation=st.integers(0, 3),
    data=st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2),
    other_channels=st.lists(st.just("sms"), max_size=1),
    voucher=st.text(max_size=3),
    unproven=st.text(max_size=3),
    offered=st.booleans(),
    value=st.integers(0, 9),
    plan=st.none() | st.builds(Plan, step=st.text(max_size=3), of=st.text(max_size=3), since=st.integers(0, 9)),
)


def message(number: int = 1, **more: Any) -> Activation:
    known: dict[str, Any] = {"status": "delivered", "rank": 30, "decided_at": T0, "changed_at": T0} | more
    return Activation(
        activation_id(MERCHANT, "thanks", ANNA, f"t{number}"), "thanks", f"t{number}", "ended",
        template="hello", purpose="marketing", channel="sms", priority=50, expires_at=T0 + 172_800_000, **known,
    )  # fmt: skip


@given(MESSAGES)
def test_every_word_of_it_is_what_it_was(one: Activation):
    assert unpacked(packed(one)) == one


@given(st.lists(MESSAGES, max_size=4), MESSAGES)
def test_it_is_found_by_its_id_alone(others: list[Activation], one: Activation):
    past = [packed(each) for each in [one, *(each for each in others if each.id != one.id)]]
    assert place_of(past, one.id) == 0
    assert place_of(past[1:], one.id) is None


def test_it_takes_half_the_bytes():
    assert 2 * len(packed(message())) <= len(msgspec.msgpack.encode(message()))


def test_they_stand_in_one_order_whichever_ended_first():
    three = [message(1), message(2), message(3, decided_at=T0 - 1)]
    orders = [(0, 1, 2), (2, 1, 0), (1, 2, 0)]
    found = []
    for order in orders:
        past: list[bytes] = []
        for place in order:
            past = with_one_more(past, three[place])
        found.append(past)
    assert found[0] == found[1] == found[2]
    assert unpacked(found[0][0]) == three[2]


@pytest.mark.parametrize("status", ["in_doubt", "accepted", "sending", "sent"])
def test_of_what_a_carrier_is_still_to_speak_it_stays_at_hand(status: str):
    assert not is_past(message(status=status))


def test_a_state_of_before_has_them_as_they_are_stored_now():
    those = [message(1), message(2, status="in_doubt"), message(3)]
    state = decode_customer(stored_before(Customer(moving=those)))
    assert (state.moving, len(state.past)) == ([those[1]], 2)
    assert state == decode_customer(encode_customer(Customer(moving=[*those])))
    found = state.activation(those[2].id)
    assert found == those[2]
    assert (state.activation("nobody's"), len(state.past), len(state.activations), state.past) == (None, 1, 3, [])
