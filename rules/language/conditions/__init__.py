"""What can stand after `if:`. Conditions are read after the event has been applied."""

from rules.engine import Condition
from rules.language.registry import Registry, Word


class ConditionWord(Word[Condition]):
    """A word after `if:`."""


CONDITIONS: Registry[ConditionWord] = Registry("condition")

# The words register themselves when their modules are read.
from rules.language.conditions import (  # noqa: E402
    baskets,
    contacts,
    draws,
    events,
    feedback,
    feeds,
    figures,
    goods,
    holdings,
    moments,
    past,
    profiles,
    prospects,
    referrals,
    samples,
    segments,
)

__all__ = [
    "CONDITIONS",
    "ConditionWord",
    "baskets",
    "contacts",
    "draws",
    "events",
    "feedback",
    "feeds",
    "figures",
    "goods",
    "holdings",
    "moments",
    "past",
    "profiles",
    "prospects",
    "referrals",
    "samples",
    "segments",
]
