"""Redis's append-only files after an erasure: they hold what Redis was told until they are written anew."""

from typing import Final

from stamgast.domain.units import Millis
from stamgast.state.nodes import Redis
from stamgast.state.session import told_by

_LAST: Final = "erasures:last"
"""Key: when somebody was forgotten last."""
_REWRITTEN: Final = "erasures:rewritten"
"""Key: after which of these the files were written anew."""


async def note_erasure(redis: Redis, at: Millis) -> None:
    """Note that they hold what was to be forgotten."""
    await redis.call("SET", _LAST, at)


async def is_due(redis: Redis) -> bool:
    """Say whether somebody was forgotten since they were written anew."""
    last = await redis.call("GET", _LAST)
    return last is not None and last != await redis.call("GET", _REWRITTEN)


async def begin_rewriting(redis: Redis) -> bytes:
    """Have every node that has such a file write it anew; returns the erasure that it is for."""
    last: bytes = await redis.call("GET", _LAST) or b""
    for node in await redis.masters():
        told = await node.call("INFO", "persistence")
        if told_by(told, "aof_enabled") == "1" and told_by(told, "aof_rewrite_in_progress") != "1":
            await node.call("BGREWRITEAOF")
    return last


async def has_rewritten(redis: Redis, last: bytes) -> bool:
    """Say whether all of them have done so, and note it; False as well if one could not."""
    for node in await redis.masters():
        told = await node.call("INFO", "persistence")
        if "1" in (told_by(told, "aof_rewrite_in_progress"), told_by(told, "aof_rewrite_scheduled")):
            return False
        if told_by(told, "aof_last_bgrewrite_status") not in ("ok", ""):
            return False
    await redis.call("SET", _REWRITTEN, last)
    return True
