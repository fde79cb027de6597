"""What is in doubt by the log, and what no longer is, for the look-ups that stand in Redis.

Whoever begins a doubt writes it to Redis before the log hears of it. A Redis that forgot it learns of it here again,
when the log is read anew: else nobody would ever look it up. What has been settled meanwhile leaves with its outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from stamgast.clock.shop_time import RealClock
from stamgast.domain.activation import Submission
from stamgast.domain.units import DAY, Millis
from stamgast.state.doubts import Doubt, encode_doubt
from stamgast.state.keys import PartitionKeys
from stamgast.state.outbox import decode_submission
from stamgast.state.partitions import Lease, Writes
from streams.customers.batch import Result

_KEPT: Final = DAY
"""Of what was in doubt longer ago every look-up was made that is worth its while."""

_Since = tuple[str, Millis]
"""The attempt, and when it was told to be in doubt."""


async def write_doubts(
    results: Sequence[Result], lease: Lease, writes: Writes, now: Millis, first_look: Millis
) -> bool:
    """Put doubts of the log that Redis does not know into a step's writes, and take settled ones away.

    `now`: by the clock of the shop; `first_look`: milliseconds from a doubt to its first look-up. Says whether there
    is something new to look up. Raises StateError.
    """
    told: dict[str, _Since] = {}
    gone: set[str] = set()
    """Whatever Redis knows of these goes with this step: it was of an earlier attempt."""
    for result in results:
        for change in result.changes:
            for activation, since in change.doubts.items():
                if since is None:
                    told.pop(activation, None)
                    gone.add(activation)
                    _take_away(activation, lease.keys.doubts(*result.name), lease.keys, writes)
                elif since[1] >= now - _KEPT:
                    told[activation] = since
    if not told:
        return False
    changes = (change for result in results for change in result.changes)
    submitted = {each.activation: each for change in changes for each in change.submissions}
    missing = await _missing(list(told), lease, submitted, gone)
    for submission in missing:
        attempt, at = told[submission.activation]
        _put(Doubt(submission, attempt, submission.decided_at), max(0, at + first_look - now), lease.keys, writes)
    return bool(missing)


async def _missing(
    activations: Sequence[str], lease: Lease, submitted: Mapping[str, Submission], gone: Collection[str]
) -> list[Submission]:
    """Those that Redis does not know to be in doubt once these are gone, as they were submitted."""
    keys = lease.keys
    known, values = await lease.read([], ("HMGET", keys.doubt, *activations), ("HMGET", keys.outbox, *activations))
    found = []
    for activation, doubt, value in zip(activations, known, values, strict=True):
        submission = submitted.get(activation) or (decode_submission(value) if value is not None else None)
        if (doubt is None or activation in gone) and submission is not None:
            found.append(submission)
    return found


def _put(doubt: Doubt, wait: Millis, keys: PartitionKeys, writes: Writes) -> None:
    of = doubt.submission
    writes.do("HSET", keys.doubt, of.activation, encode_doubt(doubt))
    writes.do("ZADD", keys.looks, RealClock().now() + wait, of.activation)  # Redis's own clock says when
    writes.do("SADD", keys.doubts(of.merchant, of.customer), of.activation)


def _take_away(activation: str, doubts_of_customer: str, keys: PartitionKeys, writes: Writes) -> None:
    writes.do("HDEL", keys.doubt, activation)
    writes.do("ZREM", keys.looks, activation)
    writes.do("SREM", doubts_of_customer, activation)
