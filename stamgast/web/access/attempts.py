"""How often one may try from an address what is not theirs yet: to sign in, to take an invitation, to pair a till."""

from __future__ import annotations

from starlette.requests import Request

from stamgast.web.auth import take_or_refuse
from stamgast.web.connections import address_of
from stamgast.web.deps import deps_of


def take_attempt(request: Request) -> None:
    """Count one. Raises `Problem` 429."""
    client = address_of(request.client.host) if request.client else ""
    take_or_refuse(deps_of(request).sign_ins, client, "attempts from here")
