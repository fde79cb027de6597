"""What a walk asks of every customer, and what it says of those whom it concerns."""

from __future__ import annotations

from dataclasses import dataclass, field

from rules.engine import Audience, CompiledRule, View
from stamgast.domain.customer import decode_customer
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import CalledOff, Scheduled
from stamgast.domain.facts import Fact
from stamgast.domain.units import Millis
from stamgast.service import Bundle
from stamgast.service.schedules import fact_of, is_in, may_hold, waits_of, was_told


@dataclass(frozen=True, slots=True)
class Question:
    """Whether an occasion of a rule may be for somebody; without an `audience`, for anybody who is walked."""

    bundle: Bundle
    rule: CompiledRule
    occasion: Millis
    audience: Audience | None = None
    fact: Fact = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fact", fact_of(self.rule.id, self.occasion))

    def ask(self, customer: str, value: bytes, now: Millis) -> tuple[bool, Scheduled | None]:
        """Whether it may be, and what is to be said unless it was said before."""
        try:
            state = decode_customer(value)
        except UNREADABLE:  # the steps tell of it
            return False, None
        if was_told(state, self.rule.id, self.occasion):
            return True, None
        view = View(state, self.bundle.program, now, self.fact, customer)
        if not (is_in(view, self.audience) and may_hold(view, self.rule)):
            return False, None
        merchant = self.bundle.program.merchant
        return True, Scheduled(
            merchant=merchant, customer=customer, at=now, rule=self.rule.id, occasion=self.occasion
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class CallingOff:
    """Whether something waits for somebody that came of a campaign which was stopped."""

    merchant: str
    rule: str
    occasion: Millis

    def ask(self, customer: str, value: bytes, now: Millis) -> tuple[bool, CalledOff | None]:
        """Whether it does, and what ends it."""
        try:
            state = decode_customer(value)
        except UNREADABLE:  # nothing can be sent for a state that nobody can read
            return False, None
        if not waits_of(state, self.rule, self.occasion):
            return False, None
        return True, CalledOff(
            merchant=self.merchant, customer=customer, at=now, rule=self.rule, occasion=self.occasion
        )  # fmt: skip
