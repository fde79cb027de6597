"""How the other side of a wallet is: while it takes nothing, one thing at a time is tried, ever more rarely."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from stamgast.clock.pauses import pause_after
from stamgast.domain.units import Millis
from stamgast.wallet.answers import Answer

_TOLD: Final = 3
"""Failures in a row."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds between two tries, and how often one that is throttled is tried."""

    first_s: float = 0.5
    most_s: float = 300.0
    throttled: int = 5
    throttled_s: float = 2.0
    gather_s: float = 0.5


class WalletHealth:
    """See the module. `wall` is the machine's clock in seconds."""

    def __init__(self, patience: Patience, wall: Callable[[], float] = time.time) -> None:
        self._patience = patience
        self._wall = wall
        self._failed_at = 0.0
        self.failures = 0
        """In a row; those that failed side by side are one."""
        self.failing_since: Millis = 0
        self.trouble = ""
        self._wait_s = 0.0

    @property
    def is_told(self) -> bool:
        """Whether people are to know."""
        return self.failures >= _TOLD

    @property
    def pause_s(self) -> float:
        """How long to leave it alone."""
        if not self.failures:
            return 0.0
        return max(
            self._wait_s, pause_after(self.failures, first_s=self._patience.first_s, most_s=self._patience.most_s)
        )

    def taken(self) -> None:
        """It took something."""
        self.failures, self.failing_since, self.trouble, self._wait_s = 0, 0, "", 0.0

    def failed(self, answer: Answer, began: float) -> None:
        """It did not, and would not take anything else; `began` by the monotonic clock."""
        if began >= self._failed_at:
            self.failures += 1
            self._failed_at = time.monotonic()
        self.failing_since = self.failing_since or int(self._wall() * 1_000)
        self.trouble, self._wait_s = answer.why, answer.wait_s
