"""Takes another cluster, or a log that lost records, for ours: forgets what Redis made from the old one.

Kafka is the truth: what is forgotten here is computed again from the log, as after a Redis that was emptied. What
fits is left alone. Blocking, for the command line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from redis import Redis

from stamgast.state.identity_log import NAME as IDENTITIES
from stamgast.state.keys import PartitionKeys

_PIECE = 1_000


@dataclass(frozen=True)
class Log:
    """One partition's log as it is now."""

    cluster: str
    topic_id: str
    begin: int
    end: int


@dataclass(frozen=True)
class Misfit:
    """Something in Redis that was made from another log than the one that is there."""

    what: str
    why: str
    pattern: str
    """Its keys."""
    meta: str
    """The key that tells what it was made from; forgotten last, so that nobody takes a half-forgotten partition."""


def find_misfits(redis: Redis, logs: Mapping[PartitionKeys, Log], topic_ids: Mapping[str, str]) -> list[Misfit]:
    """Return every partition, and the view of identities, that does not fit the log it would go on from."""
    found = []
    for keys, log in logs.items():
        why = _why_partition(_meta(redis, keys.meta), log)
        if why:
            found.append(Misfit(f"partition {keys.tag}", why, f"{{{keys.tag}}}:*", keys.meta))
    view = f"{IDENTITIES}:meta"
    why = _why_view(_meta(redis, view), topic_ids)
    return [*found, Misfit("the view of identities", why, f"{IDENTITIES}:*", view)] if why else found


def forget(redis: Redis, misfit: Misfit) -> int:
    """Delete its keys and return how many there were; its owner then starts over from the log."""
    count = 0
    for keys in _pieces(redis, misfit):
        count += int(redis.unlink(*keys))
    return count + int(redis.unlink(misfit.meta))


def _pieces(redis: Redis, misfit: Misfit) -> Iterator[list[bytes]]:
    piece: list[bytes] = []
    for key in redis.scan_iter(match=misfit.pattern, count=_PIECE):
        if key != misfit.meta.encode():
            piece.append(key)
        if len(piece) >= _PIECE:
            yield piece
            piece = []
    if piece:
        yield piece


def _meta(redis: Redis, key: str) -> dict[str, str]:
    stored: Any = redis.hgetall(key)
    return {name.decode(): value.decode() for name, value in stored.items()}


def _why_partition(meta: Mapping[str, str], log: Log) -> str:
    if not meta:
        return ""
    if meta.get("cluster", log.cluster) != log.cluster:
        return f"its state was made from cluster {meta['cluster']}, and this is {log.cluster}"
    if meta.get("topic", log.topic_id) != log.topic_id:
        return "its topic was deleted and created again"
    following = int(meta.get("wm", "-1")) + 1
    if following > log.end:
        return f"its state has applied offset {following - 1}, and the log ends at {log.end}"
    if 0 < following < log.begin:
        return f"the log begins at {log.begin}, and its state has applied only up to {following - 1}"
    return ""


def _why_view(meta: Mapping[str, str], topic_ids: Mapping[str, str]) -> str:
    foreign = [topic for topic, known in topic_ids.items() if meta.get(f"id:{topic}", known) != known]
    return f"it was read from another {', '.join(foreign)}" if foreign else ""
