"""A rule over all customers: how often it fired, which condition turned it down, what withheld its messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from stamgast.domain.counters import BETWEEN, Counter, Tally, counter
from stamgast.domain.counting import how_often
from stamgast.people.why import REASONS

_UNSAID: Final = "a condition (counted before it was kept which)"


@dataclass(slots=True)
class RuleCounts:
    """What the read model counts of a rule, over the partitions that were added."""

    rule: str
    fired: int = 0
    not_met: dict[str, int] = field(default_factory=dict)
    """By the condition that turned it down."""
    withheld: dict[str, int] = field(default_factory=dict)
    """By reason."""
    others: dict[str, int] = field(default_factory=dict)
    """By `Tally`: in the shadow, outside the canary's sample, raised, too many."""

    @property
    def known(self) -> bool:
        """Whether anything of it was ever counted."""
        return bool(self.fired or self.not_met or self.withheld or self.others)

    def add(self, totals: Mapping[str, int]) -> None:
        """Add a merchant's counters."""
        begins = f"{counter(Counter.RULE, self.rule)}{BETWEEN}"
        for name, times in totals.items():
            if name.startswith(begins):
                self._count(*name[len(begins) :].partition(BETWEEN)[::2], times)

    def _count(self, what: str, which: str, times: int) -> None:
        if what == Tally.FIRED:
            self.fired += times
        elif what == Tally.NOT_MET:
            self.not_met[which or _UNSAID] = self.not_met.get(which or _UNSAID, 0) + times
        elif what == Tally.WITHHELD:
            self.withheld[which] = self.withheld.get(which, 0) + times
        elif what in (Tally.SHADOW, Tally.NOT_IN_CANARY, Tally.RAISED, Tally.TOO_MANY):
            self.others[what] = self.others.get(what, 0) + times

    def as_json(self) -> dict[str, Any]:
        """Its keys in `rules why --rule --json`."""
        return {
            "fired": self.fired,
            "not_met": dict(_most_first(self.not_met)),
            "withheld": dict(_most_first(self.withheld)),
            **{each: self.others.get(each, 0) for each in _IN_WORDS},
        }

    def lines(self) -> Iterator[str]:
        """Tell it to people."""
        yield f"  fired {how_often(self.fired)}"
        for tally, words in _IN_WORDS.items():
            if times := self.others.get(tally):
                yield f"  {words} {how_often(times)}"
        for condition, times in _most_first(self.not_met):
            yield f"  turned down {how_often(times)}, not met: {condition}"
        for reason, times in _most_first(self.withheld):
            yield f"  withheld {how_often(times)}: {REASONS.get(reason) or reason}"


_IN_WORDS: Final[Mapping[str, str]] = {
    Tally.SHADOW: "would have fired, as a shadow,",
    Tally.NOT_IN_CANARY: "did not fire for who is outside the canary's sample",
    Tally.TOO_MANY: "did not fire for too many others did at once",
    Tally.RAISED: "broke",
}


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(((name, times) for name, times in counts.items() if times), key=lambda each: (-each[1], each[0]))
