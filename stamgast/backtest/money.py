"""Which of those who asked a budget would have got its money, in the order of time over all customers.

Customers are played alone, so nobody knows while one is played what the others have spent. What all asked for is put
in order afterwards, and played once more with the answers; what is asked then may be something else, and is answered
out of what was left at that moment. It is played until everybody got the answer that the order gives.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct, field

from stamgast.domain.budgets import WHOLE, Budget, Mills, WhenSpent, parts_of
from stamgast.domain.purses import is_reached
from stamgast.domain.units import Millis

MOST_RUNS: Final = 4
"""So often everybody is played at most."""


class Move(Struct, frozen=True, gc=False):
    """Somebody asked for money, or something came back of what they had got for an activation (`mills` below zero)."""

    at: Millis
    customer: str
    place: int
    """Among those of the same customer."""
    activation: str
    """Empty: of what came back nobody knows what it was for."""
    mills: Mills
    to: tuple[str, ...]
    """The budgets, each with the time it is for."""
    asks: bool = False
    given: bool = False
    """What it was answered."""

    @property
    def key(self) -> str:
        """What it is asked by: what was not paid in one month may ask in the next."""
        return f"{self.activation}>{','.join(self.to)}"


class Answers(Struct, gc=False):
    """What is said to whoever asks in the next run."""

    given: dict[str, bool] = field(default_factory=dict)
    """Who asks (`Move.key`) -> whether they get the money."""
    left: dict[str, tuple[list[Millis], list[Mills]]] = field(default_factory=dict)
    """Budget and time -> what was left of it from which moment on, for whoever asks anew."""
    settled: bool = True
    """Everybody was answered so in the run that these follow from."""

    def pays(self, merchant: str, move: Move, charged: str, budget: Budget) -> bool:
        """Whether a budget, in one of its times, pays what somebody asks for now."""
        known = self.given.get(move.key)
        if known is not None:
            return known
        moments, left = self.left.get(charged, ((), ()))
        place = bisect_right(moments, move.at)
        now = left[place - 1] if place else budget.mills
        return is_paid(charged, budget, (merchant, move.customer), move.mills, now)


def is_paid(charged: str, budget: Budget, whom: tuple[str, str], mills: Mills, left: Mills) -> bool:
    """Whether a budget of which so much is left pays so much."""
    name, _ = parts_of(charged)
    shrinks = budget.when_spent is WhenSpent.SHRINK
    if shrinks and not is_reached(name, *whom, left * WHOLE // budget.mills):
        return False
    return left >= mills


def answers_of(merchant: str, moves: Iterable[Move], budgets: Mapping[str, Budget]) -> Answers:
    """Put in order what was asked in one run."""
    found, left, had = Answers(), dict[str, Mills](), dict[str, bool]()
    for move in sorted(moves, key=lambda each: (each.at, each.customer, each.place)):
        limits = [(each, budgets[parts_of(each)[0]]) for each in move.to if parts_of(each)[0] in budgets]
        holding = [(each, budget) for each, budget in limits if budget.holds]
        for each, budget in holding:
            left.setdefault(each, budget.mills)
        if move.asks:
            whom = merchant, move.customer
            given = all(is_paid(each, budget, whom, move.mills, left[each]) for each, budget in holding)
            found.given[move.key] = had[move.activation] = given
            found.settled &= given == move.given
        else:
            given = had.get(move.activation, True)
        if given:
            for each, _ in holding:
                left[each] -= move.mills
                moments, amounts = found.left.setdefault(each, ([], []))
                moments.append(move.at)
                amounts.append(left[each])
    return found
