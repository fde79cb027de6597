"""Who sees what a process says of itself."""

import pytest

from stamgast.lifecycle.who_looks import is_loopback, may_look

TOKEN = "a-token-of-many-characters"


def test_loopback_is_known_by_address_and_name_alone():
    assert is_loopback("localhost")
    assert is_loopback("::1")
    assert not is_loopback("localhost.evil.example")
    assert not is_loopback("127.0.0.1.evil.example")
    assert not is_loopback("0.0.0.0")


@pytest.mark.parametrize("sent", ["", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}", "Bearer ", "Bearer \u00e9"])
def test_only_the_token_itself_shows_everything(sent: str):
    assert not may_look(sent, TOKEN)
    assert may_look(f"bearer {TOKEN}", TOKEN)
    assert may_look(sent, "")
