"""What a customer's newest score says of what they will buy: how fast their time runs from now on.

Scores are told apart by bands, those of the net promoter score. Where a band has
a pace of 1.2, whoever is in it is expected to do in ten weeks what the purchase model, which knows when they bought and
not what they said, expects of them in twelve. So every chance and mean is that of the model for another time, and
nothing about leaving is said but what follows from it. Which paces there are is found by a fit
(`stamgast.clv.ensemble.feedback_choice`), and comes with the parameters.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from stamgast.domain.conversation import Conversation
from stamgast.domain.satisfaction import PASSIVE, PROMOTER
from stamgast.domain.units import Day

SLOWEST, FASTEST = 0.4, 2.5
"""What a pace may be."""
MOST_SAID: Final = 12
"""Scores of a customer of which a state knows the day."""

Said = Sequence[tuple[Day, int]]
"""The days on which a customer gave scores, and these, oldest first."""


class Band(StrEnum):
    """Scores from 0 to 10 that are taken alike; the values stand in parameter sets."""

    LOW = "0-6"
    MIDDLE = "7-8"
    HIGH = "9-10"
    NONE = "none"


BANDS: Final = (Band.LOW, Band.MIDDLE, Band.HIGH)
"""Those that have a pace of their own; whoever never gave a score goes at the model's."""


def band_of(score: int | None) -> Band:
    """Return the band of a score; None: they never gave one."""
    if score is None:
        return Band.NONE
    if score < PASSIVE:
        return Band.LOW
    return Band.MIDDLE if score < PROMOTER else Band.HIGH


def newest_band(talk: Conversation | None) -> Band:
    """Return the band of the newest score that a state knows, whatever was asked."""
    if talk is None or not talk.scores:
        return Band.NONE
    return band_of(max(talk.scores.values(), key=lambda given: given[1])[0])


def band_by(said: Said, day: Day) -> Band | None:
    """Return the band of the newest score given up to and including a day; None: a state no longer knows it."""
    known = [score for when, score in said if when <= day]
    if known:
        return band_of(known[-1])
    return Band.NONE if len(said) < MOST_SAID else None


def pace_of(talk: Conversation | None, paces: Mapping[str, float]) -> float:
    """Return how fast the time to come of somebody runs, given the paces by band, if there are any."""
    return paces.get(newest_band(talk), 1.0) if paces else 1.0


def note_score(talk: Conversation, day: Day, score: int) -> None:
    """Remember on which day a score was given."""
    talk.said = [*talk.said, (day, score)][-MOST_SAID:]


def check_feedback(paces: Mapping[str, float]) -> None:
    """Check that customers can be told apart by them.

    Raises:
        ValueError: a band that there is none of or that is missing, or a pace that none can have. The text says which.
    """
    bands = [each.value for each in BANDS]
    if unknown := sorted(set(paces) - set(bands)):
        raise ValueError(f"feedback has {unknown[0]!r}; its bands are {', '.join(bands)}")
    if missing := [each for each in bands if each not in paces]:
        raise ValueError(f"feedback has no {missing[0]!r}; its bands are {', '.join(bands)}")
    for band, pace in paces.items():
        if not SLOWEST <= pace <= FASTEST:
            raise ValueError(f"feedback.{band} is {pace:g}; it must be from {SLOWEST:g} to {FASTEST:g}")
