"""Takes another cluster, or a log that lost records, for ours: forgets what Redis made from the old one.

Kafka is the truth: what is forgotten here is computed again from the log, as after a Redis that was emptied. What
fits is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from stamgast.state.client import RedisClient, keys_like
from stamgast.state.identity_log import NAME as IDENTITIES
from stamgast.state.keys import PartitionKeys, view_shards
from stamgast.state.partition_meta import CLUSTER, TOPIC, WATERMARK

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
    tags: tuple[str, ...]
    """Those of its keys, in braces. Under each stands a meta that tells what it was made from."""


async def find_misfits(url: str, logs: Mapping[PartitionKeys, Log], topic_ids: Mapping[str, str]) -> list[Misfit]:
    """Return every partition, and the view of identities, that does not fit the log it would go on from."""
    found = []
    async with aclosing(RedisClient(url)) as redis:
        for keys, log in logs.items():
            why = _why_partition(await redis.hash(keys.meta), log)
            if why:
                found.append(Misfit(f"partition {keys.tag}", why, (keys.tag,)))
        shards = view_shards(IDENTITIES)
        whys = {_why_view(await redis.hash(shard.meta), topic_ids) for shard in shards} - {""}
        if whys:
            found.append(Misfit("the view of identities", min(whys), tuple(shard.tag for shard in shards)))
    return found


async def forget(url: str, misfits: Iterable[Misfit]) -> int:
    """Delete their keys and return how many there were; their owners then start over from the log."""
    async with aclosing(RedisClient(url)) as redis:
        return sum([await _forget(redis, tag) for misfit in misfits for tag in misfit.tags])


async def _forget(redis: RedisClient, tag: str) -> int:
    """The meta goes last, so that nobody takes a half-forgotten partition; field by field (see `wiped.lua`)."""
    meta, count = f"{{{tag}}}:meta", 0
    session = await redis.session(meta)
    piece: list[str] = []
    async for key in keys_like(session, f"{{{tag}}}:*"):
        piece += [key] if key != meta else []
        if len(piece) >= _PIECE:
            count += await _unlink(redis, piece)
            piece = []
    count += await _unlink(redis, piece) if piece else 0
    fields = list(await redis.hash(meta))
    for first in range(0, len(fields), _PIECE):
        await redis.call("HDEL", meta, *fields[first : first + _PIECE])
    return count + bool(fields)


async def _unlink(redis: RedisClient, keys: Sequence[str]) -> int:
    return int(await redis.call("UNLINK", *keys))


def _why_partition(meta: Mapping[str, str], log: Log) -> str:
    if not meta:
        return ""
    cluster = CLUSTER.of(meta) or log.cluster
    if cluster != log.cluster:
        return f"its state was made from cluster {cluster}, and this is {log.cluster}"
    if (TOPIC.of(meta) or log.topic_id) != log.topic_id:
        return "its topic was deleted and created again"
    following = WATERMARK.of(meta) + 1
    if following > log.end:
        return f"its state has applied offset {following - 1}, and the log ends at {log.end}"
    if 0 < following < log.begin:
        return f"the log begins at {log.begin}, and its state has applied only up to {following - 1}"
    return ""


def _why_view(view: Mapping[str, str], topic_ids: Mapping[str, str]) -> str:
    foreign = [topic for topic, known in topic_ids.items() if view.get(f"id:{topic}", known) != known]
    return f"it was read from another {', '.join(foreign)}" if foreign else ""
