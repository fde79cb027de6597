"""Which slot of a Redis Cluster a key has, and how its nodes are named."""

import pytest

from stamgast.settings import Settings
from stamgast.state.keys import customers
from stamgast.state.slots import SlotMap, places_of, slot_of


@pytest.mark.parametrize(
    ("key", "slot"),
    [("foo", 12182), ("{user1000}.following", 3443), ("{user1000}.followers", 3443), (b"foo", 12182), ("", 0)],
)
def test_a_key_has_the_slot_that_redis_gives_it(key: str | bytes, slot: int):
    assert slot_of(key) == slot


@pytest.mark.parametrize(("key", "hashed"), [("foo{{bar}}zap", "{bar"), ("foo{bar}{zap}", "bar"), ("a{b", "a{b")])
def test_the_first_braces_count_if_anything_stands_in_them(key: str, hashed: str):
    assert slot_of(key) == slot_of(hashed)
    assert slot_of("foo{}{bar}") != slot_of("bar")


def test_all_keys_of_a_partition_share_a_slot():
    keys = customers(17)
    names = [keys.meta, keys.none, keys.outbox, keys.limit_share("m:r:1"), keys.customer("m", "c"), keys.stop("m", "h")]

    assert len({slot_of(name) for name in names}) == 1


def test_several_addresses_are_parted_by_comma_and_a_password_may_hold_one():
    places = places_of("redis://:a%2Cb,c@one:7000/0, redis://two:7001")

    assert [(place["host"], place["port"]) for place in places] == [("one", 7000), ("two", 7001)]
    assert places[0]["password"] == "a,b,c"


def test_a_slot_that_moved_is_looked_for_at_its_new_node():
    slots = SlotMap([[0, 8_000, [b"one", 1, b"id"]], [8_001, 16_382, [b"", 2, b"id"]]], ("asked", 9))
    assert list(slots) == [("one", 1), ("asked", 2)]
    assert slots.node_of("foo") == ("asked", 2)

    slots.moved(12182, ("three", 3))

    assert slots.node_of("foo") == ("three", 3)
    assert SlotMap([], ("asked", 9)).node_of("foo") is None


def test_an_address_that_is_none_of_redis_is_refused_at_once():
    with pytest.raises(ValueError, match="redis_url"):
        Settings(_env_file=None, redis_url="node-1:6379")
