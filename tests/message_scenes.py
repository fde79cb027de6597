"""Customers that may be written to, and what becomes of their messages. Times are UTC; the shop's clock is two hours
ahead in October.
"""

from typing import Any

from rules.engine import CompiledRule
from stamgast.domain.activation import RANKS, UNSENT_RANK, Activation
from stamgast.domain.events import ActivationOutcome, TimerDue
from stamgast.domain.program import Messaging, Program, Window
from stamgast.domain.units import Millis
from stamgast.service import Change
from tests.builders import ANNA, MERCHANT, at, bundle, card, consent, program
from tests.fakes.in_memory import Owner

MORNING = at("2026-10-01 08:00")
NIGHT = at("2026-10-01 19:30")
DAYTIME = Messaging(windows={"marketing": Window(540, 1200)}, caps={})


def customer_of(*rules: CompiledRule, shop: Program | None = None, **more: Any) -> Owner:
    owner = Owner(bundle(shop or program(card(stamps=1)), *rules))
    owner.apply(consent(**more))
    return owner


def outcome(activation: str, when: Millis, status: str, reason: str = "", rank: int | None = None) -> ActivationOutcome:
    unsent = status in ("suppressed", "expired")
    rank = rank if rank is not None else UNSENT_RANK if unsent else RANKS[status]
    return ActivationOutcome(
        merchant=MERCHANT, customer=ANNA, at=when, activation=activation, status=status, rank=rank, reason=reason
    )


def fire_timers(owner: Owner, when: Millis) -> list[Change]:
    """What the owner's scan does at that moment."""
    changes = []
    while due := [d for d in owner.state().timers.values() if d <= when]:
        changes.append(owner.apply(TimerDue(merchant=MERCHANT, customer=ANNA, at=when, due=min(due))))
    return changes


def last(owner: Owner) -> Activation:
    return owner.state().activations[-1]


def sent(change: Change) -> list[str]:
    return [submission.template for submission in change.submissions]
