"""A voucher's code, long and short."""

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stamgast.domain.typed_codes import ALPHABET
from stamgast.domain.voucher_codes import LENGTH, Code, partition_of, read_code, short_of, voucher_code

CAUSES = st.text(min_size=1, max_size=40)
PARTITIONS = st.integers(0, 1023)


def sloppily(code: str, dash: str, small: bool) -> str:
    typed = code.replace("-", dash).replace("0", "O").replace("1", "l")
    return typed.lower() if small else typed


@given(CAUSES, PARTITIONS, st.sampled_from(["", " ", "-", " - ", "."]), st.booleans())
def test_both_forms_lead_to_the_same_voucher_however_they_are_typed(cause, partition, dash, small):
    code = voucher_code(b"key", partition, cause)
    short = short_of(code)
    assert len(short.replace("-", "")) == LENGTH
    assert set(short) <= {*ALPHABET, "-"}
    assert read_code(sloppily(short, dash, small)) == Code(short, "", partition)
    assert read_code(code.replace("-", dash).lower() if small else code) == Code(short, code, partition)


@given(st.binary(min_size=1, max_size=80), PARTITIONS, CAUSES)
def test_a_code_is_an_hmac_of_its_cause(key: bytes, partition: int, cause: str):
    digest = hmac.digest(key, cause.encode(), "sha256")[:10]
    assert voucher_code(key, partition, cause) == f"{partition:X}-{base64.b32encode(digest).decode()}"


def test_a_short_code_keeps_fifty_bits_of_the_long_one():
    codes = {voucher_code(b"key", 6, str(number)) for number in range(20_000)}
    assert len({short_of(code) for code in codes}) == 20_000
    letters = [{short_of(code).replace("-", "")[place] for code in codes} for place in range(2, LENGTH)]
    assert [len(each) for each in letters] == [32] * 10


def test_look_alikes_in_a_long_code_are_read_as_what_base32_has():
    code = "1F-IOBAIOBAIOBAIOBA"
    assert read_code("if-10ba10ba10ba108a") == read_code(code)
    assert partition_of(code) == 0x1F


@pytest.mark.parametrize("text", ["", "hello", "0-SHORT", "FFFF-ABCDEFGHIJKLMNOP", "0000-0000-00", "0000-0000-0000-0"])
def test_what_can_be_no_code_is_none(text):
    assert read_code(text) is None


def test_a_partition_that_two_letters_cannot_name_has_long_codes_alone():
    code = voucher_code(b"key", 1024, "cause")
    assert short_of(code) == code
    assert read_code(code) == Code(code, code, 1024)
