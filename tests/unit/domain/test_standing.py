"""What a fit reads of a state is what stands in it."""

from typing import get_type_hints

import msgspec
import pytest

from benchmarks import bakery
from stamgast.domain.customer import Customer, decode_customer, encode_customer
from stamgast.domain.standing import Standing, decode_standing
from stamgast.fold import Fold

FIELDS = sorted(get_type_hints(Standing))


def test_all_that_is_asked_for_is_read_as_it_stands_in_whole_states():
    fold, rules = Fold(bakery.VOUCHER_KEY), bakery.bundle()
    for event in bakery.stream(300, customers=20):
        fold.apply(event, rules)
    for value in fold.states.values():
        whole, read = decode_customer(value), decode_standing(value)
        assert {name: getattr(read, name) for name in FIELDS} == {name: getattr(whole, name) for name in FIELDS}


@pytest.mark.parametrize("length", [1, 5, 20, 40])
def test_states_of_earlier_releases_which_end_sooner_are_read_too(length):

    whole = Customer(spend=1_250, days=b"\x01\x01", tags=["regular"], contact_cost=7_000)
    some = msgspec.msgpack.encode(msgspec.msgpack.decode(encode_customer(whole))[:length])
    expected, read = decode_customer(some), decode_standing(some)
    assert {name: getattr(read, name) for name in FIELDS} == {name: getattr(expected, name) for name in FIELDS}
