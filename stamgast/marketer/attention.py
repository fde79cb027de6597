"""What needs somebody's attention: what stands still, broke or fell, the most urgent first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from stamgast.domain.alerts import Codes
from stamgast.domain.counters import Counter, Tally, counter
from stamgast.domain.feed_health import Health
from stamgast.domain.program import Program
from stamgast.domain.shop_codes import level_of
from stamgast.domain.units import Millis
from stamgast.log.letter_table import Letter
from stamgast.log.segments import SegmentWorth
from stamgast.programs.launches import Launches

MOST: Final = 50
"""Are told of one kind."""


class Needs(StrEnum):
    """Why somebody should look; in the order in which they are told."""

    FEED_STALE = "feed_stale"
    """No purchase came in for longer than the programme allows: nobody is called absent."""
    STORE_STALE = "store_stale"
    STORE_QUIET = "store_quiet"
    """A store tells of less than is usual for it."""
    RULE_BROKE = "rule_broke"
    """It raised, and rests until another version is in force."""
    RULE_TRIPPED = "rule_tripped"
    """A trip wire paused it."""
    CODES_LOW = "codes_low"
    """Few of the shop's own codes are left for a reward, or none: offers with them are withheld then."""
    DEAD_LETTERS = "dead_letters"
    """Records that could not be digested wait to be mended and played again."""
    TO_REVIEW = "to_review"
    """Purchases wait for a person."""
    SEGMENT_FELL = "segment_fell"
    """A new customer of it is worth less than three times what winning one costs, and was worth more."""


class Attention(Struct, frozen=True, omit_defaults=True):
    """One of them: of what (a store, a rule, a segment), how many, since when, and what more there is to say."""

    needs: Needs
    what: str = ""
    count: int = 0
    since: Millis = 0
    why: str = ""
    """In the words of who found it, in English."""
    ratio: float | None = None
    was: float | None = None


def attention(
    program: Program,
    totals: Mapping[str, int],
    *,
    unwell: Mapping[str, Health],
    broken: Collection[str],
    launches: Launches,
    letters: Sequence[Letter],
    segments: Sequence[SegmentWorth],
    pools: Mapping[str, int],
) -> list[Attention]:
    """Find them. `broken` are rules that raised, `letters` those that nobody has played again, `pools` says by reward
    how many codes of the shop's own came in.
    """
    if not program.feed_healthy:
        feeds = [Attention(Needs.FEED_STALE)]
    else:
        feeds = [*_stores(unwell, Health.STALE, Needs.STORE_STALE), *_stores(unwell, Health.QUIET, Needs.STORE_QUIET)]
    waiting = totals.get(Counter.WAITING_FOR_REVIEW, 0)
    return [
        *feeds,
        *[Attention(Needs.RULE_BROKE, rule) for rule in sorted(broken)][:MOST],
        *[
            Attention(Needs.RULE_TRIPPED, rule, since=each.tripped_at, why=each.tripped)
            for rule, each in sorted(launches.items())
            if each.tripped
        ][:MOST],
        *_pools(pools, totals),
        *([Attention(Needs.DEAD_LETTERS, count=len(letters), since=letters[0].at)] if letters else ()),
        *([Attention(Needs.TO_REVIEW, count=waiting)] if waiting > 0 else ()),
        *[
            Attention(
                Needs.SEGMENT_FELL, each.segment, since=each.below_since or 0, ratio=each.ratio, was=each.fell_from
            )
            for each in segments
            if each.below and each.fell_from is not None
        ][:MOST],
    ]


def _pools(pools: Mapping[str, int], totals: Mapping[str, int]) -> Iterator[Attention]:
    for reward, brought in sorted(pools.items()):
        left = brought - totals.get(counter(Counter.REWARD, reward, Tally.CODED), 0)
        if level_of(left, brought) is not Codes.ENOUGH:
            yield Attention(Needs.CODES_LOW, reward, count=left)


def _stores(unwell: Mapping[str, Health], health: Health, needs: Needs) -> Iterator[Attention]:
    return (Attention(needs, store) for store, found in sorted(unwell.items()) if found is health)
