"""Where a feed may send to: https to a public address, or this very machine; nothing behind our walls."""

from collections.abc import Sequence

import pytest

from stamgast.feeds.address import AddressError, find_address, read_address


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://crm.example/loyalty?shop=1", "crm.example"),
        ("https://crm.example:8443", "crm.example:8443"),
        ("http://127.0.0.1:3000/x", "127.0.0.1:3000"),
        ("http://[::1]:3000/x", "[::1]:3000"),
        ("http://localhost/x", "localhost"),
        ("https://8.8.8.8/x", "8.8.8.8"),
    ],
)
def test_what_may_be_called(url: str, authority: str) -> None:
    assert read_address(url).authority == authority


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://crm.example/x", "is not allowed"),
        ("ftp://crm.example/x", "is not allowed"),
        ("crm.example", "is no address"),
        ("https:///x", "is no address"),
        ("https://crm.example:99999/", "is no address"),
        ("https://crm.example/a b", "is no address"),
        ("https://crm.example/" + "a" * 2_000, "is no address"),
        ("https://jo:secret@crm.example/", "name or password"),
        ("https://crm.example/#x", "#"),
        ("https://10.0.0.1/x", "no public address"),
        ("https://192.168.1.1/x", "no public address"),
        ("https://169.254.169.254/latest/meta-data", "no public address"),
        ("https://[fd00::1]/x", "no public address"),
        ("https://[fe80::1]/x", "no public address"),
        ("https://[::ffff:10.0.0.1]/x", "no public address"),
        ("https://[64:ff9b::a00:1]/x", "no public address"),
        ("https://[2002:a00:1::]/x", "no public address"),
        ("https://0.0.0.0/x", "no public address"),
        ("https://224.0.0.1/x", "no public address"),
        ("http://0.0.0.0/x", "is not allowed"),
    ],
)
def test_what_may_not(url: str, told: str) -> None:
    with pytest.raises(AddressError, match=told):
        read_address(url)


def resolved(*found: str):
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return found

    return resolve


@pytest.mark.parametrize("inside", ["10.1.2.3", "127.0.0.1", "::1", "169.254.169.254", "::ffff:192.168.0.1", "0.0.0.0"])
async def test_a_name_that_leads_inside_is_not_called(inside: str) -> None:
    with pytest.raises(AddressError, match="no public address"):
        await find_address(read_address("https://crm.example/"), resolved("8.8.8.8", inside))


async def test_what_was_looked_at_is_what_is_called() -> None:
    target = read_address("https://crm.example:8443/x?y=1")
    assert target.url(await find_address(target, resolved("2001:4860:4860::8888"))) == (
        "https://[2001:4860:4860::8888]:8443/x?y=1"
    )


async def test_localhost_that_is_elsewhere_is_not_called() -> None:
    with pytest.raises(AddressError, match="is not this machine"):
        await find_address(read_address("http://localhost/x"), resolved("8.8.8.8"))


async def test_a_name_without_an_address_is_trouble_and_no_fault() -> None:
    with pytest.raises(OSError, match="has no address"):
        await find_address(read_address("https://crm.example/"), resolved())
