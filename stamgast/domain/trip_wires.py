"""What pauses a rule by itself after its launch: too many opt-outs, failures, messages, or too much money."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stamgast.domain.counters import Counter, counter
from stamgast.domain.currencies import format_money
from stamgast.domain.units import DAY, Day, Millis, Minor

_THOUSANDTHS: Final = 1_000


class Watched(StrEnum):
    """What is counted of a rule that was launched lately."""

    SENT = "sent"
    OPTED_OUT = "opted_out"
    FAILED = "failed"
    COST = "cost"
    """In thousandths of a minor unit."""
    DAY = "day"
    """Messages by business day."""


@dataclass(frozen=True, slots=True)
class Tripped:
    """What tripped: `found` was more than allowed, `of` what it was compared with; money is minor units."""

    wire: Watched
    found: int
    of: int
    why: str
    """The same in words, for whoever operates the shop."""


@dataclass(frozen=True, slots=True)
class TripWires:
    """`opt_outs` and `failures` are percent of the messages, and tell nothing before `at_least` of them went.

    `volume` is how many times the expected number a day there may be; `spend` of 0 means no limit.
    """

    watch_for: Millis = 3 * DAY
    at_least: int = 50
    opt_outs: int = 3
    failures: int = 25
    volume: int = 3
    spend: Minor = 0

    def tripped(self, counts: Mapping[str, int], today: Day, expected: float, currency: str) -> Tripped | None:
        """Return why the rule has to be paused; None if it need not. `expected` is messages a day; 0: nobody said."""
        sent = counts.get(Watched.SENT, 0)
        if sent >= self.at_least:
            for what, most, words in (
                (Watched.OPTED_OUT, self.opt_outs, "customers said STOP after its message"),
                (Watched.FAILED, self.failures, "of its messages failed"),
            ):
                found = counts.get(what, 0)
                if found * 100 > most * sent:
                    return Tripped(what, found, sent, f"{found} {words}, of {sent} that went: more than {most}%")
        on_this_day = counts.get(counter(Watched.DAY, str(today)), 0)
        if expected and on_this_day > self.volume * expected:
            why = f"{on_this_day} messages went today, more than {self.volume} times the {expected:g} expected"
            return Tripped(Watched.DAY, on_this_day, int(self.volume * expected), why)
        spent = counts.get(Watched.COST, 0) // _THOUSANDTHS
        if self.spend and spent > self.spend:
            limit = format_money(self.spend, currency)
            why = f"its messages cost {format_money(spent, currency)} by now, more than {limit}"
            return Tripped(Watched.COST, spent, self.spend, why)
        return None


def watched_counter(rule: str, launched_at: Millis, what: str) -> str:
    """Name what is counted of one launch."""
    return counter(Counter.LAUNCH, rule, str(launched_at), what)
