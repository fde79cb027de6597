"""Old transactions stand some dozens in one key, and each is found there, however many boxes there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.transactions import Snapshot, Transaction, decode_transaction
from stamgast.state.boxes import (
    HEAD_ENDS,
    MOST,
    Boxed,
    UnreadableBoxError,
    digest_of,
    number_of,
    packed,
    parent_of,
    read_box,
    tells_of,
    unpacked,
    write_box,
)

SALE = Transaction(Snapshot(1, "completed", 1_790_000_000_000, "dok", "EUR", 700, ()), customer="c1", first_at=7)
GOLDEN = "01017bb9dfc6e9e3ea7650ca001d9b3e9d11cd7d4702721816a7e46783ddc9b46742c3a264c3ff0718d801"
digests = st.binary(min_size=8, max_size=8)
boxes = st.dictionaries(
    digests, st.builds(Boxed, st.integers(0, 2**16 - 1), st.binary(max_size=300).map(packed)), max_size=MOST
)


@given(boxes)
def test_a_box_is_read_as_it_was_written(box):
    assert read_box(write_box(box)) == box


@given(boxes, digests)
def test_the_head_of_a_box_says_who_stands_in_it(box, other):
    head = write_box(box)[: HEAD_ENDS + 1]
    assert all(tells_of(head, digest) for digest in box)
    assert tells_of(head, other) == (other in box)
    assert not tells_of(b"", other)


def test_a_digest_across_two_others_does_not_stand_there():
    one, two = b"abcdefgh", b"ijklmnop"
    head = write_box({one: Boxed(1, b""), two: Boxed(1, b"")})
    assert not tells_of(head, b"efghijkl")


@given(st.binary(max_size=5_000))
def test_what_is_remembered_comes_out_as_it_went_in(value):
    assert unpacked(Boxed(0, packed(value))) == value


@given(digests, st.integers(1, 3_000))
def test_one_box_more_takes_its_part_of_one_other_and_leaves_the_rest_where_they_are(digest, count):
    before, after = number_of(digest, count), number_of(digest, count + 1)
    assert 0 <= before < count
    assert after == before or (after == count and before == parent_of(count))


def test_what_was_written_by_another_version_of_this_is_still_read():
    stored = bytes.fromhex(GOLDEN)
    [(digest, boxed)] = read_box(stored).items()
    assert digest == digest_of("bakery:t1")
    assert boxed.day == 20_682
    assert decode_transaction(unpacked(boxed)) == SALE


def test_garbage_is_no_box():
    whole = write_box({digest_of("bakery:t1"): Boxed(3, packed(b"x" * 40))})
    for broken in (b"\x02" + whole[1:], whole[:-1], whole + b"x", b"garbage", b"\x01", b"\x01\x05abc"):
        with pytest.raises(UnreadableBoxError):
            read_box(broken)
    with pytest.raises(UnreadableBoxError):
        unpacked(Boxed(0, b"\xff\xff\xff"))
