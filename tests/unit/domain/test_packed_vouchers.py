"""Vouchers are written in half the bytes, and are what they were when somebody asks."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain import packed_vouchers
from stamgast.domain.apart import AT_HAND, ENDED_AT_HAND, is_too_much
from stamgast.domain.customer import Customer, Voucher, decode_customer, encode_customer
from stamgast.domain.packed_vouchers import STATES, count_of, over_of, packed, unpacked
from stamgast.domain.vocabulary import VoucherState
from stamgast.domain.voucher_terms import Terms, Use, Worth
from tests.builders import T0
from tests.unit.domain.states_of_before import stored_before

CODES = st.sampled_from(
    ["0-DFO33VHC4R6QTAAF", "0-7LKSMOIMHPPCUPBY", "FFF-7LKSMOIMHPPCUPBY", "00-7LKSMOIMHPPCUPBY", "", "-", "0-", "bread",
     "0-7lksmoimhppcupby", "0-7LKSMOIMHPPCUPB1", "0-7LKSMOIMHPPCUPBY\n", "0001-7LKSMOIMHPPCUPBY", "zoë-7LKSMOIMHPPCUPBY"]
) | st.from_regex(r"[0-9A-F]{1,3}-[A-Z2-7]{16}", fullmatch=True) | st.text(max_size=20)  # fmt: skip
CAUSES = st.sampled_from(
    ["card:bread:3", "card:bread:03", "card:bread:0", "card:bread:-1", "card:bread:", "", ":", "7", "till:00000997",
     "card:bread:²", "card:bread:٣", "card:bread:99999999999999999999999", "given:0-7LKSMOIMHPPCUPBY:2"]
) | st.text(max_size=9)  # fmt: skip
MOMENTS = st.integers(0, 2**45)
TERMS = st.builds(
    Terms,
    uses=st.integers(1, 3),
    worth=st.none() | st.builds(Worth, amount=st.integers(0, 900)),
    used=st.lists(st.builds(Use, request=st.text(max_size=3), number=st.integers(1, 3)), max_size=2),
    formerly=st.lists(CODES, max_size=2),
    awaits_code=st.booleans(),
)
WORDS = st.sampled_from(["loaf", "five_off", "", "@5"]) | st.text(max_size=9)
VOUCHERS = st.builds(
    Voucher,
    code=CODES,
    reward=WORDS,
    state=st.sampled_from([*VoucherState]).map(str),
    issued_at=MOMENTS,
    expires_at=MOMENTS,
    cause=CAUSES,
    rule=WORDS,
    redeemed_by=st.just("") | st.text(max_size=9),
    refused=st.lists(st.text(max_size=3), max_size=2),
    void=st.booleans(),
    occasion=st.just("") | st.text(max_size=9),
    terms=st.none() | TERMS,
)


def loaf(number: int, state: str = "expired") -> Voucher:
    when = T0 + number * 259_200_000
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    code = f"0-7LKSMOIMHPPCUP{letters[number // 32]}{letters[number % 32]}"
    return Voucher(code, "loaf", state, when, when + 2_627_999_999, f"card:bread:{number}", "loaf")


@given(st.lists(VOUCHERS, max_size=6))
def test_every_word_of_them_is_what_it_was(vouchers: list[Voucher]):
    value = packed(vouchers)
    again = [Voucher(*each) for each in unpacked(value)]
    assert again == vouchers
    assert packed(again) == value, "so that states that are alike are the same bytes"
    assert count_of(value) == len(vouchers)
    assert over_of(value) == sum(each.state in {"expired", "redeemed", "voided"} for each in vouchers)


@given(st.lists(VOUCHERS, max_size=6))
def test_a_state_has_the_vouchers_it_had_whichever_schema_stored_it(vouchers: list[Voucher]):
    state = Customer(visits=1, unpacked=vouchers)
    stored = stored_before(state)
    value = encode_customer(state)
    found, before = decode_customer(value), decode_customer(stored)
    assert found == before == state
    assert (found.has_vouchers, found.vouchers_as_read()) == (bool(vouchers), vouchers)
    assert encode_customer(found) == value, "nobody asked for one"
    assert found.vouchers == vouchers == before.vouchers
    assert encode_customer(found) == value == encode_customer(before)


def test_what_is_changed_is_stored_changed():
    state = decode_customer(encode_customer(Customer(unpacked=[loaf(1, "open"), loaf(2)])))
    state.vouchers[0].state = "redeemed"
    state.vouchers.append(loaf(3, "open"))
    assert [each.state for each in decode_customer(encode_customer(state)).vouchers] == ["redeemed", "expired", "open"]
    state.vouchers = []
    assert not decode_customer(encode_customer(state)).has_vouchers


def test_six_of_a_regular_take_less_than_half():
    six = [*map(loaf, range(95, 99)), loaf(99, "open"), loaf(100, "open")]
    assert len(packed(six)) < len(msgspec.msgpack.encode(six)) * 0.45


@pytest.mark.parametrize(("over", "opened"), [(0, 0), (4, 16), (5, 0), (0, 20), (0, 21), (4, 17), (300, 300)])
def test_whether_there_are_too_many_is_told_without_reading_them(over: int, opened: int):
    state = Customer(unpacked=[*(loaf(each) for each in range(over)), *(loaf(each, "open") for each in range(opened))])
    is_so = over > ENDED_AT_HAND or over + opened > AT_HAND
    read = decode_customer(encode_customer(state))
    assert is_too_much(read) is is_so is is_too_much(state)
    assert len(read.unpacked) == 0
    assert len(read.vouchers) == over + opened


def test_states_of_vouchers_keep_their_places():
    assert ",".join(STATES) == "open,expired,redeemed,voided,withdrawn", "new ones come last"
    assert set(STATES) == set(VoucherState)
    assert {"expired", "redeemed", "voided"} == packed_vouchers.OVER
