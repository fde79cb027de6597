"""When one sender may submit: a breaker with its probes, and the pace that the carrier asks for.

Pure: moments are seconds of a monotonic clock, given as arguments; chance is given as well.

- Closed, up to `width` submissions go side by side. A failure halves that number, a success adds one. Within a row of
  failures no more begin than the row still wants to be full, so that what is under way when a carrier goes away is
  all that goes with it.
- A refusal of the sender itself opens it at once: whatever is sent meanwhile would be refused as well.
- Five failures in a row, or half of the last twenty answers, open it: one probe at a time, further and further apart.
- A refusal that is told of a message which was taken opens it as well. Then an answer to a probe proves nothing: its
  message is on trial, and nothing else begins, until somebody tells that it went, or nobody tells otherwise in time.
- One answer to a probe closes it; then it goes one by one, and one more side by side with each answer.
- Busy (429) is an answer and no failure: it fills no row and ends none, nothing begins before the time it names, and
  half as many go side by side from then on. A probe that is told so has found the carrier at home.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ROW: Final = 5
WINDOW: Final = 20
_JITTER: Final = 0.25


class Answer(StrEnum):
    """What became of a turn."""

    ANSWERED = "answered"
    """The carrier took the message, or refused this one message: it works."""
    BUSY = "busy"
    """The carrier works, and asks for another pace."""
    STOPPED = "stopped"
    """The carrier refuses the sender or the account: nothing of it can go until a person has mended that."""
    FAILED = "failed"
    """An error of the carrier's, a broken connection, a time-out, or none was made."""
    UNUSED = "unused"
    """Nothing was asked of the carrier."""


_AWAY: Final = frozenset({Answer.FAILED, Answer.STOPPED})


@dataclass(frozen=True, slots=True)
class Probing:
    """How long an open breaker waits before its first probe, and at most before a later one, in seconds."""

    first_s: float = 5.0
    longest_s: float = 300.0


class Breaker:
    """See the module. `jitter` gives a number from 0 to 1 that shortens a pause by up to a quarter."""

    def __init__(self, width: int, probing: Probing, jitter: Callable[[], float]) -> None:
        self.width = width
        self.is_open = False
        self.under_way = 0
        self.rests_until = 0.0
        """Nothing begins before."""
        self._probing = probing
        self._jitter = jitter
        self._side_by_side = width
        self._row = 0
        self.on_trial = False
        """A probe was taken, and what became of it is awaited until `rests_until`."""
        self._told_afterwards = False
        """That the sender is refused is told of messages that were taken."""
        self._probes = 0
        self._recent: deque[bool] = deque(maxlen=WINDOW)
        """Of the last answers, which were failures."""

    @property
    def most(self) -> int:
        """How many may be under way now."""
        if self.is_open:
            return 1
        return min(self._side_by_side, max(1, ROW - self._row)) if self._row else self._side_by_side

    def may_begin(self, now: float) -> bool:
        """Say whether one more may begin."""
        return now >= self.rests_until and self.under_way < self.most

    def begin(self) -> bool:
        """One more begins; say whether it is a probe."""
        self.under_way += 1
        return self.is_open

    def end(self, answer: Answer, now: float, *, probe: bool = False, rest_s: float = 0.0) -> None:
        """Learn what became of one that began; `rest_s` is the pause that a busy carrier asks for."""
        self.under_way -= 1
        if answer in _AWAY:
            self._failed(now, probe=probe, at_once=answer is Answer.STOPPED)
        elif answer is not Answer.UNUSED:
            if probe and self.is_open:
                if self._told_afterwards and answer is Answer.ANSWERED:
                    self.on_trial, self.rests_until = True, now + self._pause()
                    return
                self._close()
            if answer is Answer.BUSY:
                self._side_by_side = max(1, self._side_by_side // 2)
                self.rests_until = max(self.rests_until, now + rest_s)
            else:
                self._row = 0
                self._recent.append(False)
                self._side_by_side = min(self.width, self._side_by_side + 1)

    def stop(self, now: float) -> None:
        """Learn of a message that was taken that its sender is refused."""
        self._told_afterwards = True
        self._failed(now, probe=False, at_once=True)

    def tried(self, now: float, *, went: bool) -> None:
        """Learn what became of the message on trial."""
        self.on_trial = False
        if went:
            self._close()
        else:
            self._failed(now, probe=True, at_once=True)

    def look(self, now: float) -> None:
        """Nobody has told that the message on trial did not go: it counts as gone, with longer patience next time."""
        if self.on_trial and now >= self.rests_until:
            probes = self._probes + 1
            self._close()
            self._probes = probes

    def _failed(self, now: float, *, probe: bool, at_once: bool) -> None:
        self._row += 1
        self._recent.append(True)
        self._side_by_side = max(1, self._side_by_side // 2)
        if not self.is_open:
            if at_once or self._row >= ROW or sum(self._recent) >= WINDOW // 2:
                self.is_open = True
                self.rests_until = max(self.rests_until, now + self._pause())
        elif probe:  # what had begun before it opened says nothing new
            self._probes += 1
            self.rests_until = now + self._pause()

    def _close(self) -> None:
        self.is_open = self.on_trial = self._told_afterwards = False
        self.rests_until = 0.0
        self._probes = 0
        self._side_by_side, self._row = 1, 0
        self._recent.clear()

    def _pause(self) -> float:
        longest = min(self._probing.longest_s, self._probing.first_s * 2.0 ** min(self._probes, 30))
        return longest * (1 - _JITTER * self._jitter())
