"""The id of an activation."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.activation import NAMESPACE, activation_id

words = st.text(max_size=20)


@given(words, words, words, words, st.integers(0, 3))
def test_it_is_a_uuid_of_version_5_of_what_fired(merchant: str, rule: str, customer: str, occasion: str, times: int):
    name = "\x1f".join((merchant, rule, customer, occasion, str(times)))
    assert activation_id(merchant, rule, customer, occasion, times) == uuid.uuid5(NAMESPACE, name).hex
