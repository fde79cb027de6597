"""Fault switches: how the sandbox fails on purpose, by a queue, by count or by chance with a seed.

Names for a POST of a message: `429` (refused, not processed), `error_500_before`, `lost_before` and `slow_before`
(not accepted; an error, a broken connection, or an error after `slow_ms`), `error_500_after`, `lost_after` and
`no_sid` (accepted; an error, a broken connection, or an answer without the message's name), `slow` (accepted,
answered after `slow_ms`). What is refused is refused by the same means. For a callback: `lose`,
`duplicate`, `reorder` (it comes after the next one). `hold` keeps accepted messages from going on.
"""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

POST_FAULTS: Final = (
    "429",
    "error_500_before",
    "lost_before",
    "slow_before",
    "error_500_after",
    "lost_after",
    "no_sid",
    "slow",
)
CALLBACK_FAULTS: Final = ("lose", "duplicate", "reorder")
OK: Final = "ok"
ACCEPTED_FIRST: Final = frozenset({OK, "error_500_after", "lost_after", "no_sid", "slow"})
"""With these the message was accepted, whatever the answer says."""

_DEFAULT_SLOW_MS: Final = 20_000
_MOST_SLOW_MS: Final = 600_000
Rate = int | float | str
"""An integer: so many of the next ones. A fraction below 1.0 (or 1.0): by chance. `always`: every one."""


class Chooser:
    """Chooses a fault for each occasion: the queue first, then counts, then chance."""

    def __init__(self, kinds: Sequence[str], rng: random.Random) -> None:
        self._kinds = kinds
        self._rng = rng
        self.queue: deque[str] = deque()
        self.rates: dict[str, Rate] = {}

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Set the given rates and queue; a rate of 0 or null switches one off. Raises ValueError."""
        for name, rate in wanted.items():
            if name == "next":
                self.queue = deque(self._queue_of(rate))
            elif name not in self._kinds:
                raise ValueError(f"{name!r} is not known; known are next, {', '.join(self._kinds)}")
            elif not rate:
                self.rates.pop(name, None)
            else:
                self.rates[name] = _rate_of(name, rate)
        if sum(rate for rate in self.rates.values() if isinstance(rate, float)) > 1:
            raise ValueError("the chances add up to more than 1")

    def choose(self) -> str:
        """The fault for the next occasion, or `ok`."""
        if self.queue:
            return self.queue.popleft()
        for name, rate in self.rates.items():
            if rate == "always":
                return name
            if isinstance(rate, int):
                self.rates[name] = rate - 1
                if rate == 1:
                    del self.rates[name]
                return name
        return self._by_chance()

    def shown(self) -> dict[str, Any]:
        """What is switched on."""
        return {"next": list(self.queue), **self.rates}

    def _by_chance(self) -> str:
        chances = [(name, rate) for name, rate in self.rates.items() if isinstance(rate, float)]
        if not chances:
            return OK
        drawn = self._rng.random()
        for name, chance in chances:
            if drawn < chance:
                return name
            drawn -= chance
        return OK

    def _queue_of(self, wanted: Any) -> list[str]:
        known = {OK, *self._kinds}
        if not isinstance(wanted, list) or not all(isinstance(name, str) and name in known for name in wanted):
            raise ValueError(f"next must be a list of {', '.join(sorted(known))}")
        return wanted


def _rate_of(name: str, rate: Any) -> Rate:
    if rate == "always":
        return "always"
    if isinstance(rate, bool) or not isinstance(rate, int | float) or rate < 0:
        raise ValueError(f"{name} must be a count (2), a chance (0.03) or always")
    if isinstance(rate, float) and rate > 1:
        raise ValueError(f"{name}: a chance is at most 1.0")
    return rate


class FaultSwitches:
    """All switches of one sandbox, as `POST /sandbox/faults` sets and `GET` shows them."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Everything works again."""
        self._rng = random.Random(0)
        self._seed = 0
        self.posts = Chooser(POST_FAULTS, self._rng)
        self.callbacks = Chooser(CALLBACK_FAULTS, self._rng)
        self.slow_ms = _DEFAULT_SLOW_MS
        self.hold = False

    def change(self, wanted: Mapping[str, Any]) -> None:
        """Set what is given, keep the rest; `{"reset": true}` clears first. Raises ValueError, then nothing changed."""
        trial = FaultSwitches()
        if not wanted.get("reset"):
            trial._apply(self._as_input())
        trial._apply(wanted)
        if wanted.get("reset"):
            self.reset()
        self._apply(wanted)

    def _apply(self, wanted: Mapping[str, Any]) -> None:
        wanted = {name: value for name, value in wanted.items() if name != "reset"}
        posts = {name: wanted.pop(name) for name in list(wanted) if name in POST_FAULTS or name == "next"}
        for name, value in wanted.items():
            match name:
                case "slow_ms" if _whole(value, _MOST_SLOW_MS):
                    self.slow_ms = value
                case "hold" if isinstance(value, bool):
                    self.hold = value
                case "seed" if _whole(value, 2**63):
                    self._seed = value
                    self._rng.seed(value)
                case "callbacks" if isinstance(value, dict):
                    self.callbacks.change(value)
                case "slow_ms" | "hold" | "seed" | "callbacks":
                    raise ValueError(f"{name} cannot be {value!r}")
                case _:
                    known = ", ".join(("next", *POST_FAULTS, "slow_ms", "hold", "seed", "callbacks", "reset"))
                    raise ValueError(f"{name!r} is not known; known are {known}")
        self.posts.change(posts)

    def _as_input(self) -> dict[str, Any]:
        shown = self.shown()
        del shown["seed"]
        return shown

    def shown(self) -> dict[str, Any]:
        """What is switched on."""
        return {
            **self.posts.shown(),
            "slow_ms": self.slow_ms,
            "hold": self.hold,
            "seed": self._seed,
            "callbacks": self.callbacks.shown(),
        }


def _whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
