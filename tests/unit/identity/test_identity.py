import base64

import pytest

from stamgast.identity.ids import Identifier, customer_id, identifier_hash, phone_hash
from stamgast.identity.phones import BadPhoneError, normalise_phone
from stamgast.identity.records import Profile
from stamgast.identity.sealing import DataKey, SealError, WrappingKeys, decode_key

ID_KEY = b"k" * 32
FULL_WIDTH = "".join(chr(0xFF10 + int(digit)) for digit in "0612345678")
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


@pytest.mark.parametrize(
    "text",
    ["0612345678", "06-12345678", "06 12 34 56 78", "+31 (0)6 12345678", "0031612345678", FULL_WIDTH, "+31612345678"],
)
def test_every_spelling_of_a_number_is_the_same_number(text):
    assert normalise_phone(text, "NL") == "+31612345678"


def test_a_number_that_is_a_landline_here_and_a_mobile_next_door_is_the_mobile():
    assert normalise_phone("0475123456", "NL") == "+32475123456"
    assert normalise_phone("0612345678", "BE") == "+31612345678"
    assert normalise_phone("0475123456", "BE") == "+32475123456"


@pytest.mark.parametrize(
    "text",
    [
        "061234567",
        "0201234567",
        "+31201234567",
        "097012345678",
        "telefoon",
        "",
        "112",
        "06123456789012345",
        "0612345678 ext. 5",
    ],
)
def test_what_no_message_can_reach_is_refused(text):
    with pytest.raises(BadPhoneError) as caught:
        normalise_phone(text, "NL")
    assert not text or text not in str(caught.value)


def keys(**named: bytes) -> WrappingKeys:
    return WrappingKeys({name: raw * 32 for name, raw in named.items()})


def test_what_is_sealed_for_a_customer_opens_only_for_that_customer():
    key = DataKey.new()
    sealed = key.seal(b"secret", "m:c1")
    assert key.open(sealed, "m:c1") == b"secret"
    with pytest.raises(SealError):
        key.open(sealed, "m:c2")
    with pytest.raises(SealError):
        DataKey.new().open(sealed, "m:c1")


def test_the_newest_wrapping_key_wraps_and_all_of_them_unwrap():
    key = DataKey.new()
    before = keys(a=b"a")
    after = keys(b=b"b", a=b"a")
    by, wrapped = before.wrap(key, "m:c1")
    assert after.unwrap(key.id, by, wrapped, "m:c1").secret == key.secret
    assert after.wrap(key, "m:c1")[0] == "b"
    with pytest.raises(SealError, match="not among"):
        keys(b=b"b").unwrap(key.id, by, wrapped, "m:c1")


def test_altered_bytes_are_refused():
    wrapping = keys(a=b"a")
    sealed = wrapping.seal(b"dead letter", "topic-0-1")
    assert wrapping.open(sealed, "topic-0-1") == b"dead letter"
    for wrong in (sealed[:-2] + "AA", "a.", "nothing", f"b.{sealed[2:]}"):
        with pytest.raises(SealError):
            wrapping.open(wrong, "topic-0-1")


@pytest.mark.parametrize("text", ["", "a", "a:x", ":AAAA", "a:AAAA"])
def test_wrapping_keys_that_are_none_are_refused_by_name(text):
    with pytest.raises(ValueError, match="WRAPPING_KEYS"):
        WrappingKeys.parse(text)


def test_wrapping_keys_are_read_newest_first():
    encoded = base64.b64encode(b"k" * 32).decode()
    assert WrappingKeys.parse(f"new:{encoded}, old:{encoded}").newest == "new"
    assert decode_key(encoded, "ID_KEY") == b"k" * 32
