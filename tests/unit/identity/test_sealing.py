import base64

import pytest

from stamgast.identity.sealing import DataKey, SealError, WrappingKeys, decode_key


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
