"""A till's request: its merchant's programme, and the device as the interface knows who asks.

What a page does here is done by the functions of `stamgast.web.api`, so a till and an API key get the same answers,
the same limits of wrong codes (by the device's id), and the same notes of who did what.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, TypeVar

from starlette.requests import Request

from stamgast.api_keys.model import Scope
from stamgast.domain.calendar import business_day, date_of
from stamgast.domain.program import Program
from stamgast.pos.problems import RefusedError
from stamgast.web.access.tills import Device, paired
from stamgast.web.auth import Entrance, check_fit
from stamgast.web.deps import Deps, deps_of
from stamgast.web.problem import Problem, as_problem, unavailable

T = TypeVar("T")

FORM_BYTES: Final = 8_000
_SCOPES: Final = frozenset({"till", "read", "intake"})
_KEY: Final = re.compile(r"[\x21-\x7e]{8,200}")
_SERVERS_OWN: Final = 500


@dataclass(frozen=True, slots=True)
class TillHolder:
    """A paired till, where an API key could stand (`stamgast.web.auth.Holder`)."""

    id: str

    def allows(self, scope: Scope) -> bool:
        """Say whether a till may do what this scope lets do."""
        return scope in _SCOPES


@dataclass(frozen=True, slots=True)
class Stand:
    """Who asks, and of which shop."""

    deps: Deps
    device: Device
    entrance: Entrance

    @property
    def merchant(self) -> str:
        """Whose till it is."""
        return self.device.merchant

    @property
    def program(self) -> Program:
        """What is in force there."""
        return self.entrance.program

    @property
    def today(self) -> str:
        """The store's business day: of which a sale is that is before the till, or was a moment ago."""
        store = self.program.stores.get(self.device.store)
        zone, begins = (self.program.time_zone, 0) if store is None else (store.time_zone, store.day_start)
        return date_of(business_day(self.deps.clock.now(), zone, begins)).isoformat()

    def said(self, name: str) -> str:
        """A field of the form, without spaces around it; empty where it is missing."""
        return str(self.device.form.get(name, "")).strip()

    @property
    def key(self) -> str:
        """The form's own Idempotency-Key. Raises `Problem` 400 where no page of ours has made one."""
        key = self.said("key")
        if not _KEY.fullmatch(key):
            raise Problem(400, "no-key", "The form has no key of its own. Open the till's page again.")
        return f"till:{self.device.id}:{key}"


def new_key() -> str:
    """What makes a form one request, however often it is sent."""
    return secrets.token_hex(12)


async def stand(request: Request) -> Stand:
    """Who asks. Raises as `paired`, and `Problem` 404, 503."""
    device = await paired(request, most=FORM_BYTES)
    deps = deps_of(request)
    if not deps.merchants.loaded:
        raise unavailable("Not ready: the programmes are still being read.")
    program = await deps.merchants.get(device.merchant)
    if program is None:
        raise Problem(404, "no-programme", f"Nothing of {device.merchant} is in force yet: publish it first.")
    return Stand(deps, device, Entrance(device.merchant, program, TillHolder(device.id), device.who))


async def stand_to_change(request: Request) -> Stand:
    """The same for what Redis has to remember. Raises `Problem` 503 too while it cannot be relied on."""
    found = await stand(request)
    check_fit(found.deps)
    return found


async def tried(work: Awaitable[T]) -> tuple[T | None, Problem | None]:
    """What came of it, or why it was refused. What is our own fault, or is mended by waiting, is raised on."""
    try:
        return await work, None
    except (Problem, RefusedError) as error:
        problem = as_problem(error)
        if problem is None or problem.status >= _SERVERS_OWN:
            raise
        return None, problem
