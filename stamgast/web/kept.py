"""All that is kept of one customer, read from the log while somebody waits for it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from stamgast.domain.program import Program
from stamgast.lists.writing_out import read_kept
from stamgast.lookup import People
from stamgast.web.deps import Deps

WITHIN_S: Final = 12.0
"""A request may take a little more. A log that takes longer is for `stamgast export`."""


async def kept_of(deps: Deps, program: Program, customer: str) -> dict[str, Any]:
    """Return what `stamgast export --customer` writes.

    Raises:
        TimeoutError: the log is too long to be read while somebody waits.
        NotLoadedError, NotFilledError, StateError: as for every page.
    """
    people = People(deps.identities, deps.appender, deps.topics, deps.filling, deps.redis)
    async with asyncio.timeout(WITHIN_S):
        return await read_kept(deps.kafka, people, program, customer, deps.clock.now())
