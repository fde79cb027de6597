"""The site that passkeys belong to: it follows from `STAMGAST_PUBLIC_URL`, and a passkey opens no other one."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

LOCAL: Final = "localhost"


class NoSiteError(ValueError):
    """No passkey can be made for this address; the text says what to set."""


@dataclass(frozen=True, slots=True)
class Site:
    """`name` is the relying party's id; `origin` what a browser says it is at."""

    name: str
    origin: str

    @property
    def is_local(self) -> bool:
        """Whether it is this machine alone, where no certificate is needed."""
        return self.name == LOCAL

    def link(self, path: str) -> str:
        """An address on it."""
        return self.origin + path


def site_of(public_url: str) -> Site:
    """Raises `NoSiteError` for an address that browsers make no passkeys for."""
    parts = urlsplit(public_url)
    host = (parts.hostname or "").rstrip(".")
    port = f":{parts.port}" if parts.port else ""
    if host == LOCAL or is_loopback(host):
        return Site(LOCAL, f"{parts.scheme}://{LOCAL}{port}")
    if _is_address(host):
        raise NoSiteError(
            f"browsers make passkeys for names, and STAMGAST_PUBLIC_URL is {public_url}: give it a name, with https"
        )
    if parts.scheme != "https":
        raise NoSiteError(
            f"browsers make passkeys over https alone, and STAMGAST_PUBLIC_URL is {public_url}: set its https address"
        )
    return Site(host, f"https://{host}{port}")


def is_loopback(host: str) -> bool:
    """Say whether that is an address of this very machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
