from stamgast.identity.ids import Identifier, customer_id, identifier_hash, phone_hash
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
