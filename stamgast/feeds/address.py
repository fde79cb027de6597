"""Where a feed may send to: https to a public address, or this very machine. Nothing else behind our walls is reached.

Names are looked up by us and the answer is what is called, so that a name which changes what it means between the
check and the call changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from stamgast.lifecycle.who_looks import is_loopback

_LONGEST: Final = 2_000
_HTTPS: Final = 443
_HTTP: Final = 80
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b:1::/48")

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port -> addresses. Raises OSError."""


class AddressError(ValueError):
    """Nothing may be sent there; the text says why, and what is allowed."""


class Target(NamedTuple):
    """An address taken apart."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query."""

    @property
    def authority(self) -> str:
        """What the `Host` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (_HTTPS if self.scheme == "https" else _HTTP) else f"{host}:{self.port}"

    def url(self, ip: str) -> str:
        """The same, to be called at one of its addresses."""
        host = f"[{ip}]" if ":" in ip else ip
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def read_address(url: str) -> Target:
    """Take an address apart. Raises `AddressError`: it is none, or can be seen to lead where nothing may be sent."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressError(f"{url!r} is no address: write such as https://crm.example/loyalty") from None
    if not host or len(url) > _LONGEST or not url.isascii() or any(sign <= " " or sign == "\\" for sign in url):
        raise AddressError(f"{url[:80]!r} is no address: write such as https://crm.example/loyalty")
    if parts.username is not None or parts.password is not None:
        raise AddressError("an address with a name or password in it would stand in logs: the signature says who sends")
    if parts.fragment:
        raise AddressError("an address with # in it cannot be called: leave that part away")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise AddressError(f"{parts.scheme}://{host} is not allowed: https, or http to this very machine (127.0.0.1)")
    found = _ip_of(host)
    if found is not None and not is_loopback(host):
        _check_public(found)
    default = _HTTPS if parts.scheme == "https" else _HTTP
    return Target(parts.scheme, host, port or default, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


async def find_address(target: Target, resolve: Resolve | None = None) -> str:
    """The IP address to call. Raises `AddressError` where one leads behind our walls, `OSError` where there is none."""
    if _ip_of(target.host) is not None:
        return target.host
    found = await (resolve or _resolve)(target.host, target.port)
    if not found:
        raise OSError(f"{target.host} has no address")
    for each in found:
        ip = ipaddress.ip_address(each.partition("%")[0])
        if is_loopback(target.host):
            if not ip.is_loopback:
                raise AddressError(f"{target.host} is not this machine, but {ip}")
        else:
            _check_public(ip, target.host)
    return found[0]


def _check_public(ip: Ip, host: str = "") -> None:
    inner = _inner(ip)
    if not inner.is_global or inner.is_multicast:
        name = f"{host} is {ip}, and that" if host else str(ip)
        raise AddressError(f"{name} is no public address: put what is inside behind one, or a proxy on 127.0.0.1")


def _inner(ip: Ip) -> Ip:
    """What an address of the newer kind leads to, where it wraps one of the older kind."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _TRANSLATED or ip.teredo is not None:
        return ipaddress.IPv4Address(0)
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _ip_of(host: str) -> Ip | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


async def _resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]
