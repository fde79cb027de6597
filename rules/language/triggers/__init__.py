"""What can stand after `when:`. Each trigger fires when something *becomes* true, never because it *is* true."""

from typing import ClassVar

from rules.engine import CompiledTrigger
from rules.language.registry import Registry, Word
from stamgast.domain.vocabulary import FactName, OncePer


class Trigger(Word[CompiledTrigger]):
    """A word after `when:`. `facts` are all that it may listen to.

    `earned`: what rules with it give was paid for, unless they say `offered: true`; otherwise it is an offer, unless
    they say `earned: true`.
    """

    facts: ClassVar[tuple[FactName, ...]]
    earned: ClassVar[bool] = False


TRIGGERS: Registry[Trigger] = Registry("trigger")

PERIODS = (OncePer.DAY, OncePer.WEEK, OncePer.MONTH, OncePer.YEAR, OncePer.CUSTOMER)
"""What any trigger may be limited to, once per."""

# The words register themselves when their modules are read.
from rules.language.triggers import (  # noqa: E402
    cards,
    customers,
    dates,
    events,
    goods,
    joining,
    purchases,
    replies,
    rewards,
    schedules,
    segments,
    silence,
    spend,
    tiers,
)

__all__ = [
    "PERIODS",
    "TRIGGERS",
    "Trigger",
    "cards",
    "customers",
    "dates",
    "events",
    "goods",
    "joining",
    "purchases",
    "replies",
    "rewards",
    "schedules",
    "segments",
    "silence",
    "spend",
    "tiers",
]
