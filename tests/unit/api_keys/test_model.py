import pytest

from stamgast.api_keys.model import TooManyKeysError, make_key, proves, split_key_text


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
