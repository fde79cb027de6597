"""For which address browsers make passkeys, and what is said of others."""

import pytest

from stamgast.users.site import NoSiteError, site_of


@pytest.mark.parametrize(
    ("url", "name", "origin"),
    [
        ("https://loyalty.example.com", "loyalty.example.com", "https://loyalty.example.com"),
        ("https://Loyalty.example.com:8443/x", "loyalty.example.com", "https://loyalty.example.com:8443"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://localhost", "localhost", "http://localhost"),
        ("http://[::1]:9", "localhost", "http://localhost:9"),
    ],
)
def test_the_site_follows_from_the_public_address(url: str, name: str, origin: str):
    site = site_of(url)
    assert (site.name, site.origin) == (name, origin)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://shop.example", "over https alone"),
        ("http://10.0.0.7:80", "for names"),
        ("https://192.168.1.4", "for names"),
    ],
)
def test_for_others_it_is_said_what_to_set(url: str, said: str):
    with pytest.raises(NoSiteError, match=said):
        site_of(url)
