"""What one worker does for all is done by the owner of the first partition of customers, or by whoever takes over."""

from __future__ import annotations

from typing import Final

_NOT_YET_S: Final = 1.0


def rest_after(every_s: float, *, looked: bool) -> float:
    """Seconds until the next look.

    Who could not look, since the partition is not theirs or not read yet, asks again soon: a worker that starts, or
    takes over, looks then, and not a whole spell after it asked too early.
    """
    return every_s if looked else min(_NOT_YET_S, every_s)
