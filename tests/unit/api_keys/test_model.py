import pytest

from stamgast.api_keys.model import (
    SCOPES,
    MixedScopesError,
    TooManyKeysError,
    key_text,
    make_key,
    producer_secret,
    proves,
    split_key_text,
)
from tests.builders import MERCHANT


def test_a_key_proves_itself_only_with_its_own_secret():
    new = make_key("m", ("intake",), [], 1)
    parts = split_key_text(new.text)
    assert parts is not None
    assert parts[0] == new.record.id
    assert proves(new.record, parts[1])
    assert not proves(new.record, parts[1] + "x")
    assert parts[1] not in new.record.digest
    assert new.text not in repr(new)


def test_two_keys_with_the_same_scopes_may_be_in_force_and_no_third():
    first = make_key("m", ("intake",), [], 1).record
    second = make_key("m", ("intake",), [first], 2).record
    with pytest.raises(TooManyKeysError, match=first.id):
        make_key("m", ("intake",), [first, second], 3)
    make_key("m", ("till",), [first, second], 3)


@pytest.mark.parametrize("text", ["", "sk_", "sk_a", "sk__b", "other_a_b"])
def test_what_is_no_key_is_none(text):
    assert split_key_text(text) is None


def test_admin_may_do_everything():
    key = make_key("m", ("admin",), [], 1).record
    assert key.allows("intake")
    assert key.allows("read")


def test_a_producers_secret_is_of_its_merchant_and_id_and_can_be_made_again():
    first, second = (make_key(MERCHANT, ("produce",), [], 1, b"p" * 32) for _ in range(2))
    assert first.text != second.text
    assert first.text == key_text(first.record.id, producer_secret(b"p" * 32, MERCHANT, first.record.id))
    assert len(first.text) == 63
    for producers, merchant in ((b"q" * 32, MERCHANT), (b"p" * 32, "elsewhere")):
        assert producer_secret(producers, merchant, first.record.id) not in first.text
    with pytest.raises(ValueError, match="ID_KEY"):
        make_key(MERCHANT, ("produce",), [], 1)


def test_a_producers_key_opens_nothing_else_and_replaces_one_of_its_kind():
    alone = make_key(MERCHANT, ("produce",), [], 1, b"p" * 32)
    assert not any(alone.record.allows(scope) for scope in SCOPES if scope != "produce")
    with pytest.raises(MixedScopesError, match="`produce` stands alone"):
        make_key(MERCHANT, ("intake", "produce"), [], 1, b"p" * 32)
    others = [make_key(MERCHANT, ("intake",), [], 1).record, alone.record]
    others.append(make_key(MERCHANT, ("produce",), others, 1, b"p" * 32).record)
    with pytest.raises(TooManyKeysError, match="two keys for produce in force"):
        make_key(MERCHANT, ("produce",), others, 1, b"p" * 32)
