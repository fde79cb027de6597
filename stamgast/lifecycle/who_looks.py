"""Who may look at what a process says of itself: on loopback everybody, elsewhere whoever has the token."""

import hmac
import ipaddress
from typing import Final

SHORTEST_TOKEN: Final = 16


def is_loopback(host: str) -> bool:
    """Say whether this is `localhost` or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_look(authorization: str, token: str) -> bool:
    """Say whether a request with this `Authorization` may see everything; without a token to ask for, all may."""
    kind, _, given = authorization.partition(" ")
    return not token or (kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()))
