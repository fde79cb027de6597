"""A dead letter is played again as news, where its key puts it; what cannot be says what can be done."""

import msgspec
import pytest

from stamgast.log.dead_letters import DeadLetter
from stamgast.log.letters_again import NotPlayableError, again
from stamgast.log.topics import Topics

TOPICS = Topics(4, "t.")


def letter(topic: str, key: bytes | None, value: bytes = b"{") -> DeadLetter:
    return DeadLetter(topic, 2, 7, key, value, "why", 1)


def test_what_it_says_of_where_it_was_taken_from_is_left_out() -> None:
    value = msgspec.json.encode({"id": "1", "stamgastsource": "x", "stamgastproof": "y"})
    topic, key, told = again(TOPICS, letter(TOPICS.purchases, b"bakery:t1", value))
    assert (topic, key, msgspec.json.decode(told or b"")) == (TOPICS.purchases, b"bakery:t1", {"id": "1"})
    assert again(TOPICS, letter(TOPICS.purchases, b"bakery:t1"))[2] == b"{"


@pytest.mark.parametrize(
    ("topic", "key", "why"),
    [("elsewhere", b"k", "its source"), (TOPICS.purchases, None, "dead-letters replay t.purch")],
)
def test_what_has_no_place_to_go_to_says_what_can_be_done(topic: str, key: bytes | None, why: str) -> None:
    with pytest.raises(NotPlayableError, match=why):
        again(TOPICS, letter(topic, key))
