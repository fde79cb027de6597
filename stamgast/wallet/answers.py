"""What became of telling a wallet's own servers that a card changed."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final, NamedTuple

_LONGEST_WAIT_S: Final = 3_600.0


class Came(StrEnum):
    """What the other side said."""

    TAKEN = "taken"
    LATER = "later"
    """Not now: nobody answers, or the other side is in trouble; nothing else would be taken either."""
    THROTTLED = "throttled"
    """Too often, of this one alone; others may be sent."""
    GONE = "gone"
    """There is no such device, or card, any more."""
    REFUSED = "refused"
    """This one is not taken, and never will be."""
    UNFIT = "unfit"
    """We are not let in: a certificate, a key or an account is wrong. Somebody has to mend that."""


class Answer(NamedTuple):
    """What became of it, why, and how long the other side asks to be left alone."""

    came: Came
    why: str = ""
    wait_s: float = 0.0


def wait_of(told: str, now_s: float) -> float:
    """Seconds of a `Retry-After`, at most an hour; 0 for what is none. `now_s`: the machine's time."""
    try:
        seconds = float(told)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(told).timestamp() - now_s
        except (ValueError, TypeError):
            return 0.0
    return min(max(seconds, 0.0), _LONGEST_WAIT_S) if math.isfinite(seconds) else 0.0
