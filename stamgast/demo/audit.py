"""Was anything lost or doubled? What was handed in, against what the engine and the sandbox say in the end.

Nothing here asks the engine whether it did well: purchases are compared customer by customer with our own account,
messages by what the carrier's stand-in accepted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from channels.model import MalformedWebhookError
from channels.twilio.callback_url import read_callback_key
from stamgast.demo.account import Expected
from stamgast.domain.activation import TAKEN, Note
from stamgast.domain.customer import Customer

_MOST_DETAILS: Final = 20


@dataclass(slots=True)
class Verdict:
    """How many purchases and messages are missing, how many are there too often, and the first few of them."""

    lost: int = 0
    doubled: int = 0
    applied: int = 0
    """Receipts found in the customers' states, those taken back included."""
    details: list[str] = field(default_factory=list)

    def lose(self, count: int, detail: str) -> None:
        """Note something missing."""
        self.lost += count
        self._tell(f"lost: {detail}")

    def double(self, count: int, detail: str) -> None:
        """Note something that is there too often."""
        self.doubled += count
        self._tell(f"doubled: {detail}")

    def _tell(self, detail: str) -> None:
        if len(self.details) < _MOST_DETAILS:
            self.details.append(detail)


def check_purchases(verdict: Verdict, customer: str, expected: Expected, found: Customer) -> None:
    """Compare one customer's purchases and spend with what was handed in for them."""
    missing, short = expected.purchases - found.purchases, expected.spend - found.spend
    what = f"{customer} has {found.purchases} purchases of {found.spend}, not {expected.purchases} of {expected.spend}"
    if missing > 0 or (missing == 0 and short > 0):
        verdict.lose(max(1, missing), what)
    elif missing < 0 or short < 0:
        verdict.double(max(1, -missing), what)
    verdict.applied += found.purchases + expected.refunded


@dataclass(frozen=True, slots=True)
class Life:
    """What the log of activations says of one activation."""

    status: str
    was_submitted: bool
    has_outcome: bool


def lives_of(notes: Iterable[Note]) -> dict[str, Life]:
    """Fold notes, each activation's in their order, into how far each activation has come."""
    lives: dict[str, Life] = {}
    for note in notes:
        life = lives.get(note.activation, Life("", was_submitted=False, has_outcome=False))
        submitted = life.was_submitted or note.kind == "claimed" or note.status == "submitted"
        outcome = life.has_outcome or note.kind == "outcome"
        lives[note.activation] = Life(note.status or life.status, submitted, outcome)
    return lives


def check_messages(verdict: Verdict, lives: Mapping[str, Life], posts: Sequence[Mapping[str, Any]]) -> None:
    """Compare what was decided with what the sandbox accepted: each activation at most once, none without an end."""
    accepted = Counter(_activation_of(post) for post in posts if post["accepted"])
    for activation, count in accepted.items():
        if count > 1:
            verdict.double(count - 1, f"activation {activation} was accepted {count} times")
        if activation not in lives:
            verdict.double(count, f"a message was accepted for activation {activation!r}, which nobody decided")
    for activation, life in lives.items():
        if life.was_submitted and not life.has_outcome:
            verdict.lose(1, f"activation {activation} was submitted and has no outcome")
        elif life.status in TAKEN and activation not in accepted:
            verdict.lose(1, f"activation {activation} is said to be {life.status}; the sandbox never accepted it")


def _activation_of(post: Mapping[str, Any]) -> str:
    try:
        return read_callback_key(str(post["status_callback"] or "").partition("?")[2]).activation
    except MalformedWebhookError:
        return ""
