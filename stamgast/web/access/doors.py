"""Each route says who may come in by it; one that says nothing fails the tests (`tests/unit/web/test_doors.py`)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from stamgast.api_keys.model import Scope
from stamgast.users.rights import Right

E = TypeVar("E")
_SAID = "stamgast_open_to"


class Way(StrEnum):
    """Who comes in neither by a key nor by a right."""

    PUBLIC = "public"
    """Everybody: it shows nothing of anybody."""
    SIGNED = "signed"
    """A carrier or a system of tills, by its signature or on a path that cannot be guessed."""
    LINK = "link"
    """Whoever has the link, which nobody can guess: 128 random bits, or fewer for minutes and with few attempts."""
    PAIRED = "paired"
    """A paired till (`stamgast.web.access.tills.paired`)."""


class KeyWith(NamedTuple):
    """An API key with this scope (`stamgast.web.auth.enter`)."""

    scope: Scope


OpenTo = Way | KeyWith | Right
"""A right: who is signed in and has it (`stamgast.web.access.visitors.signed_in`)."""


def open_to(whom: OpenTo) -> Callable[[E], E]:
    """Say of a handler, or of a mounted app, who may come in. Whether it keeps to that, the tests try."""

    def said(endpoint: E) -> E:
        setattr(endpoint, _SAID, whom)
        return endpoint

    return said


def said_of(endpoint: Any) -> OpenTo | None:
    """What a handler says; None: it says nothing."""
    found: OpenTo | None = getattr(endpoint, _SAID, None)
    return found
