import base64
import hmac

import pytest

from stamgast.identity.ids import Identifier, customer_id, identifier_hash, message_hash, phone_hash
from stamgast.identity.records import Profile

ID_KEY = b"k" * 32
PHONE = Identifier("phone", "+31612345678")


def test_a_customer_id_says_nothing_and_is_always_the_same():
    made = customer_id(ID_KEY, "bakkerij-noord", PHONE)
    assert made == customer_id(ID_KEY, "bakkerij-noord", PHONE)
    assert len(made) == 25
    assert made[0] == "c"
    assert set(made[1:]) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_merchants_kinds_keys_and_erasures_make_other_ids():
    base = customer_id(ID_KEY, "a", PHONE)
    others = {
        customer_id(ID_KEY, "b", PHONE),
        customer_id(ID_KEY, "a", Identifier("membership", "+31612345678")),
        customer_id(b"x" * 32, "a", PHONE),
        customer_id(ID_KEY, "a", PHONE, erasures=1),
    }
    assert len(others | {base}) == 5


def test_parts_of_an_id_cannot_be_shifted_into_each_other():
    assert identifier_hash(ID_KEY, "a", "phone", "b") != identifier_hash(ID_KEY, "ab", "phone", "")


def test_a_phone_has_one_hash():
    assert phone_hash(ID_KEY, "m", PHONE.value) == identifier_hash(ID_KEY, "m", "phone", PHONE.value)


def test_an_identifier_does_not_show_itself():
    assert "612345678" not in repr(PHONE)
    assert "Jan" not in repr(Profile(first_name="Jan"))


@pytest.mark.parametrize("key", [b"", b"k", b"k" * 32, b"k" * 64, b"k" * 65])
@pytest.mark.parametrize("value", ["", "+31612345678", "é" * 100])
def test_an_id_is_the_published_hmac_over_each_part_behind_its_length(key: bytes, value: str):
    def of(*parts: str) -> str:
        framed = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        return base64.b32encode(hmac.digest(key, framed, "sha256")[:15]).decode().lower()

    assert identifier_hash(key, "m", "phone", value) == of("identifier", "m", "phone", value)
    assert message_hash(key, "m", value) == of("message", "m", value)
    assert customer_id(key, "m", Identifier("phone", value), 2) == "c" + of("customer", "m", "phone", value, "2")
