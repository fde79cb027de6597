"""Draws: who takes part, which ticket each entry has, and how anybody can recheck who won.

A draw has a seed that follows from the house's key and the draw's name. Its hash is published before the first entry
counts, the seed itself when it is drawn. An entry's ticket is HMAC-SHA256(seed, `customer|entry`): nobody who takes
part can know it before, and everybody can work it out afterwards. The customers with the lowest tickets win, one prize
each; of an instant win the ticket itself says whether it hits.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from stamgast.domain.budgets import Budget, Of, Per, name_of
from stamgast.domain.units import Day, Millis

MOST_PLACES: Final = 300
"""Winners and reserves of one draw, all together: they stand in one record."""
MOST_ENTRIES: Final = 200
"""Entries of one customer in one draw: they stand in the customer's state."""
USUAL_ENTRIES: Final = 100
MILLION: Final = 1_000_000
TICKETS: Final = 1 << 256
"""So many tickets there are."""
WON: Final = "won"
LOST: Final = "lost"
DRAWN: Final = "drawn:"
"""How the occasion begins that a draw is, with its name."""
PASSED: Final = "passed"
"""The prize went on to a reserve: it was not claimed in time, or the winner would not have it."""


@dataclass(frozen=True, slots=True)
class Prize:
    """What is won: a reward of the programme, and how many there are of it.

    Of an instant win `chance` says how many of a million tickets hit it, and `per_day` how many are given on one day of
    the shop's at most.
    """

    reward: str
    stock: int
    chance: int = 0
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw, or an instant win: the one is drawn at a moment, of the other each entry is decided at once.

    Entries count from `opens` until `closes` (which is no longer in it), by the time at which they are recorded.
    """

    id: str
    opens: Millis
    closes: Millis
    drawn_at: Millis
    """Of an instant win: when its seed is published."""
    prizes: tuple[Prize, ...] = ()
    reserves: int = 0
    per_customer: int = USUAL_ENTRIES
    per_day: int | None = None
    per_purchase: int | None = None
    claim_within: Millis | None = None
    """How long a prize can be claimed; None: as long as the reward says."""
    instant: bool = False
    is_closed: bool = False
    """It is being drawn, or has been, in the partition at hand: nothing of it changes any more."""
    limits: tuple[int, ...] = field(init=False, repr=False, compare=False, default=())
    """Of an instant win, for each prize: the ticket from which on it is no longer hit."""

    def __post_init__(self) -> None:
        chance, limits = 0, list[int]()
        for prize in self.prizes if self.instant else ():
            chance += prize.chance
            limits.append(chance * TICKETS // MILLION)
        object.__setattr__(self, "limits", tuple(limits))

    @property
    def places(self) -> int:
        """How many customers are named when it is drawn."""
        return 0 if self.instant else sum(prize.stock for prize in self.prizes) + self.reserves

    def takes(self, at: Millis) -> bool:
        """Whether an entry that is recorded at a moment counts."""
        return self.opens <= at < self.closes and not self.is_closed

    def hit_by(self, ticket: str) -> Prize | None:
        """The prize of an instant win that a ticket hits."""
        number = int(ticket, 16)
        return next((prize for prize, end in zip(self.prizes, self.limits, strict=True) if number < end), None)


class Entry(Struct, array_like=True, gc=False):
    """An entry of a customer's. `cause` and `occasion` are those of its rule (`occasion` empty: the same)."""

    id: str
    rule: str
    cause: str
    day: Day
    occasion: str = ""
    receipt: str = ""
    """The purchase that brought it, where that is not the cause."""
    back: bool = False
    """Its reason went away, and may come again."""
    prize: str = ""
    """Of an instant win: the reward that it hit; until the stock has answered it is in `Entered.waiting` as well."""


class Entered(Struct, array_like=True, gc=False):
    """What a state knows of one draw. Once it is drawn the entries are forgotten, and `how` says what came of it."""

    entries: list[Entry] = []
    how: str = ""
    prize: str = ""
    """The reward that was won."""
    waiting: list[str] = []
    """Entries of an instant win that hit something, and whose prize the stock has not given out yet."""
    place: int = 0
    """Of a winner: which of the places, from 1."""

    @property
    def count(self) -> int:
        """How many entries stand."""
        return sum(not each.back for each in self.entries)


def draw_of_prize(draws: Mapping[str, Entered], reward: str, rule: str, cause: str) -> str:
    """The draw whose prize a voucher is, by what it was given for; empty if it is none."""
    if not rule and cause.startswith(DRAWN):
        return cause.removeprefix(DRAWN)
    for draw, entered in draws.items():
        if any(each.prize == reward and (each.rule, each.cause) == (rule, cause) for each in entered.entries):
            return draw
    return ""


class Best(Struct, frozen=True, array_like=True):
    """What stands beside a partition's states for each customer who takes part, until it is drawn."""

    ticket: str
    """The lowest of the customer's."""
    entry: str
    entries: int


class Winner(Struct, frozen=True, array_like=True):
    """A place of a draw: the customer with the lowest ticket has the first one."""

    customer: str
    entry: str
    ticket: str
    reward: str = ""
    """Empty: a reserve."""
    passed: bool = False
    """The prize went on to a reserve."""

    @property
    def rank(self) -> tuple[str, str]:
        """Lowest first; of two alike, which cannot be, the lower id."""
        return self.ticket, self.customer


class Ticketed(Struct, frozen=True, array_like=True):
    """What one partition says of its own: how many take part with how many entries, and its lowest tickets."""

    entrants: int
    entries: int
    lowest: tuple[Winner, ...]


def seed_of(key: bytes, merchant: str, draw: str) -> bytes:
    """A draw's seed: nobody can make it without the house's key, and every worker makes the same one."""
    return hmac.digest(key, f"\x00seed of a draw\x00{merchant}\x00{draw}".encode(), "sha256")


def commitment_of(seed: bytes) -> str:
    """What is published before the first entry counts: SHA-256 of the seed, in hex."""
    return hashlib.sha256(seed).hexdigest()


def ticket_of(seed: bytes, customer: str, entry: str) -> str:
    """An entry's ticket: 64 hex digits, so that they are in order as texts, too."""
    return hmac.digest(seed, f"{customer}|{entry}".encode(), "sha256").hex()


def entry_id(rule: str, occasion: str, number: int) -> str:
    """The same for the same thing that happened, in every run: it tells nothing of what that was."""
    return hashlib.blake2b(f"{rule}\x1f{occasion}\x1f{number}".encode(), digest_size=8).hexdigest()


def best_of(seed: bytes, customer: str, entries: Sequence[Entry]) -> Best | None:
    """The lowest ticket of those that stand; None if none does."""
    standing = [each for each in entries if not each.back]
    if not standing:
        return None
    ticket, entry = min((ticket_of(seed, customer, each.id), each.id) for each in standing)
    return Best(ticket, entry, len(standing))


def lowest(tickets: Iterable[Winner], places: int) -> tuple[Winner, ...]:
    """The lowest few of them, in their order."""
    return tuple(sorted(tickets, key=lambda each: each.rank)[:places])


def awarded(tickets: Iterable[Winner], prizes: Sequence[tuple[str, int]], reserves: int) -> tuple[Winner, ...]:
    """Who wins what: prizes in the order of the programme, then the reserves."""
    rewards = [reward for reward, stock in prizes for _ in range(stock)]
    named = lowest(tickets, len(rewards) + reserves)
    return tuple(
        Winner(each.customer, each.entry, each.ticket, rewards[place] if place < len(rewards) else "")
        for place, each in enumerate(named)
    )


def with_next(winners: Sequence[Winner], place: int) -> tuple[Winner, ...]:
    """The prize of a place (from 0) goes on to the first reserve that has none; without one it stays unclaimed."""
    given = winners[place]
    if not given.reward or given.passed:
        return tuple(winners)
    after = list(winners)
    after[place] = Winner(given.customer, given.entry, given.ticket, given.reward, passed=True)
    reserve = next((number for number, each in enumerate(winners) if not each.reward), None)
    if reserve is not None:
        each = winners[reserve]
        after[reserve] = Winner(each.customer, each.entry, each.ticket, given.reward)
    return tuple(after)


def stocks_of(draws: Mapping[str, Draw]) -> dict[str, Budget]:
    """The stock of instant prizes as budgets, of which each prize takes one unit: so partitions lease them."""
    found: dict[str, Budget] = {}
    for draw in draws.values():
        for prize in draw.prizes if draw.instant else ():
            for budget in _budgets_of(prize):
                found[name_of(budget, Of.PRIZE, f"{draw.id}/{prize.reward}")] = budget
    return found


def stocks_for(draw: Draw, reward: str) -> list[tuple[str, Budget]]:
    """What a prize is taken from."""
    prize = next((each for each in draw.prizes if each.reward == reward), None)
    if prize is None:
        return []
    return [(name_of(budget, Of.PRIZE, f"{draw.id}/{reward}"), budget) for budget in _budgets_of(prize)]


def _budgets_of(prize: Prize) -> list[Budget]:
    found = [Budget(prize.stock, Per.TOTAL)]
    return [*found, Budget(prize.per_day, Per.DAY)] if prize.per_day is not None else found


def is_stock(budget: str) -> bool:
    """Whether that is the stock of a prize, and no money."""
    return budget.startswith(f"{Of.PRIZE}:")
