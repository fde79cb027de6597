"""What a version before has stored is read, and written anew in fewer bytes."""

import base64
import json
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.contacts import moments
from stamgast.domain.customer import SCHEMA, Customer, decode_customer, encode_customer
from stamgast.domain.days import decode_days, encode_days
from stamgast.domain.standing import decode_standing
from stamgast.domain.units import DAY
from tests.unit.domain.states_of_before import stored_before

STORED = json.loads((Path(__file__).parents[2] / "golden" / "state" / "stored.json").read_text())
"""Schema -> a state as it was written then, in base64: of a bakery's customer who came every third day, ten times."""
VISITS = st.dictionaries(st.integers(1, 40_000), st.integers(1, 20_000), max_size=40)
SAID = st.lists(st.tuples(st.integers(0, 10**13), st.sampled_from(["marketing:a", "service:a", ":b:c"])), max_size=20)


def test_a_state_that_schema_3_wrote_is_read():
    value = base64.b64decode(STORED["schema_3"])
    state = decode_customer(value)
    days = decode_days(state.days)
    assert (state.schema, state.visits, len(days), days[-1]) == (SCHEMA, 10, 10, (state.last_day, 1))
    assert {later - earlier for (earlier, _), (later, _) in pairwise(days)} == {3}
    said = moments(state.contacts, "marketing")
    assert (list(state.contacts), len(said), said[-1]) == (["marketing:thanks"], 10, state.activations[-1].decided_at)
    assert {later - earlier for earlier, later in pairwise(said)} == {3 * DAY}
    assert len(encode_customer(state)) < len(value) - 200
    assert decode_customer(encode_customer(state)) == state
    assert decode_standing(value).days == state.days == decode_standing(encode_customer(state)).days


@given(VISITS, SAID)
def test_days_and_contacts_of_before_are_what_they_were(visits: dict[int, int], said: list[tuple[int, str]]):
    contacts: dict[str, list[int]] = {}
    for when, key in sorted(said):
        before = contacts.setdefault(key, [])
        before.append(when - sum(before))
    state = Customer(visits=len(visits), days=encode_days(sorted(visits.items())), contacts=contacts)
    assert decode_customer(stored_before(state)) == state == decode_customer(encode_customer(state))
    assert decode_standing(stored_before(state)).days == state.days


def test_a_state_of_a_version_to_come_is_not_taken_for_one_of_now():
    with pytest.raises(msgspec.DecodeError, match="a state of schema 5"):
        decode_customer(encode_customer(Customer(schema=SCHEMA + 1)))
    for value in (b"", b"\x93", msgspec.msgpack.encode([SCHEMA, "?"])):
        with pytest.raises(msgspec.DecodeError):
            decode_customer(value)
