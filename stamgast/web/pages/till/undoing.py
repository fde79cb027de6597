"""For two minutes a till can undo what it did: Redis remembers that it was this one, and forgets it in time.

A Redis that was lost forgets it early: then a person with more rights undoes it, which is what happens after two
minutes as well.
"""

from __future__ import annotations

from typing import Final

from stamgast.state.keys import undoable
from stamgast.web.owners_answer import id_of
from stamgast.web.pages.till.standing import Stand
from stamgast.web.problem import Problem

UNDO_S: Final = 120
_BETWEEN: Final = " "


async def may_undo(at: Stand, key: str) -> None:
    """Let this till undo what it does under a key; a repeat of the request gives no more time."""
    device = at.device
    await at.deps.redis.remember(
        undoable(at.merchant, id_of(key)), f"{device.id}{_BETWEEN}{device.operator_id}", UNDO_S
    )


async def who_did(at: Stand, key: str) -> str:
    """Who stood there (`operator_id`). Raises `Problem` 409 for what is over, or was done at another till."""
    known = await at.deps.redis.get(undoable(at.merchant, id_of(key)))
    till, _, operator = (known or b"").decode().partition(_BETWEEN)
    if till != at.device.id:
        raise Problem(409, "undo-over", "This was longer than two minutes ago, or at another till.")
    return operator
