"""What an owner remembers of the states it wrote."""

from streams.customers.state_cache import RecentStates

ANNE, BOB, CAS = ("bakker", "anne"), ("bakker", "bob"), ("bakker", "cas")


def test_the_newest_state_is_the_one_that_is_remembered() -> None:
    recent = RecentStates()
    recent.keep([(ANNE, b"first")])
    recent.keep([(ANNE, b"second"), (BOB, b"other")])
    assert [recent.get(name) for name in (ANNE, BOB, CAS)] == [b"second", b"other", None]


def test_the_same_id_at_two_merchants_is_two_customers() -> None:
    recent = RecentStates()
    recent.keep([(("bakker", "anne"), b"bread"), (("platenzaak", "anne"), b"records")])
    assert recent.get(("bakker", "anne")) == b"bread"


def test_the_one_that_was_not_written_for_longest_is_forgotten_first() -> None:
    recent = RecentStates(room=10)
    recent.keep([(ANNE, b"1234"), (BOB, b"1234")])
    recent.keep([(ANNE, b"5678")])
    recent.keep([(CAS, b"1234")])
    assert [recent.get(name) for name in (ANNE, BOB, CAS)] == [b"5678", None, b"1234"]


def test_states_that_grow_make_room_for_themselves() -> None:
    recent = RecentStates(room=10)
    recent.keep([(ANNE, b"1234"), (BOB, b"1234")])
    recent.keep([(BOB, b"12345678")])
    assert [recent.get(name) for name in (ANNE, BOB)] == [None, b"12345678"]


def test_a_state_larger_than_the_room_is_simply_read_each_time() -> None:
    recent = RecentStates(room=10)
    recent.keep([(ANNE, b"12345678901")])
    recent.keep([(BOB, b"1234567890")])
    assert [recent.get(name) for name in (ANNE, BOB)] == [None, b"1234567890"]
