"""For two minutes a till can undo what it did: Redis remembers which till that was, who stood there, and when.

It is remembered for as long as the request's answer is, so that a repeat of the request begins no new two minutes. A
Redis that was lost forgets it early: then a person with more rights undoes it, as after two minutes.
"""

from __future__ import annotations

from typing import Final

from stamgast.domain.units import SECOND
from stamgast.state.keys import undoable
from stamgast.web.owners_answer import REMEMBERED_S, id_of
from stamgast.web.pages.till.standing import Stand
from stamgast.web.problem import Problem

UNDO_S: Final = 120
_BETWEEN: Final = " "


async def may_undo(at: Stand, key: str) -> int:
    """Let this till undo what it did under a key; for how many seconds from now, 0: not any more."""
    device, now = at.device, at.deps.clock.now()
    said = _BETWEEN.join((device.id, device.operator_id, str(now)))
    known = await at.deps.redis.remember(undoable(at.merchant, id_of(key)), said, REMEMBERED_S)
    since = int((known or said.encode()).decode().rpartition(_BETWEEN)[2])
    return max(0, UNDO_S - (now - since) // SECOND)


async def who_did(at: Stand, key: str) -> str:
    """Who stood there (`operator_id`). Raises `Problem` 409 for what is over, or was done at another till."""
    known = await at.deps.redis.get(undoable(at.merchant, id_of(key)))
    till, operator, since = known.decode().split(_BETWEEN) if known else ("", "", "0")
    if till != at.device.id or at.deps.clock.now() - int(since) > UNDO_S * SECOND:
        raise Problem(409, "undo-over", "This was longer than two minutes ago, or at another till.")
    return operator
