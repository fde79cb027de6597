"""Does forgetting one person take longer where more others are known?

The store of identities over a real Redis; what it appends is acknowledged at once by nobody, so that only its own and
Redis's time is measured. The others were known before, as a view that was read long ago.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Sequence
from typing import Final

import redis

from benchmarks.carrying import WRAPPING_KEYS
from benchmarks.figures import Figure, middle, table, tell
from benchmarks.scene import Scene
from stamgast.identity.ids import Identifier
from stamgast.identity.records import Alias, Profile, encode
from stamgast.identity.sealing import WrappingKeys
from stamgast.state.client import RedisClient
from stamgast.state.identities import IdentityStore
from stamgast.state.identity_log import NAME, IdentityTopics
from stamgast.state.keys import shard_of, view_shards

_MERCHANT = "bakker"
_BATCH = 10_000
_TIMES = 20
_GROWTH: Final = 1.5
"""It does not grow; the rest is what a busy machine does to a few milliseconds."""


def run(scene: Scene) -> None:
    """Forget people among few and among many."""
    rows, figures, middles = [], [], []
    for others in (10, 1_000, 100_000) if not scene.quick else (10, 1_000):
        with redis.Redis.from_url(scene.redis.url) as client:
            client.flushall()
            _fill(client, others)
        taken = asyncio.run(_measure(scene))
        rows.append((f"{others} others", middle(taken), max(taken)))
        figures.append(Figure(f"forgetting_among_{others}", max(taken), "ms"))
        middles.append(middle(taken))
    table("Forgetting a person", ("among", "ms", "ms, at most"), rows)
    tell([*figures, Figure("erase_growth", middles[-1] / middles[0], "times that among 10").at_most(_GROWTH)])


async def _measure(scene: Scene) -> list[float]:
    """Milliseconds that each of some people took."""
    offsets = itertools.count(1)

    async def append(_topic: str, records: Sequence[tuple[bytes, bytes | None]]) -> list[int]:
        return [next(offsets) for _ in records]

    client = RedisClient(scene.redis.url)
    topics = IdentityTopics("identities.v1", "identity-keys.v1", "suppressions.v1")
    keys = WrappingKeys.parse(WRAPPING_KEYS)
    store = IdentityStore(client, append, topics, id_key=secrets.token_bytes(32), wrapping_keys=keys)
    await store.positions()
    await store.open()
    taken = []
    for number in range(_TIMES):
        theirs = [Identifier("phone", f"+3161234{number:04d}"), Identifier("membership", f"M-{number}")]
        customer = (await store.enrol(_MERCHANT, theirs, Profile(phone=theirs[0].value), 1)).customer
        began = time.perf_counter()
        hashes = await store.known_as(_MERCHANT, customer)
        gone = await store.erase(_MERCHANT, customer, hashes, 2)
        taken.append((time.perf_counter() - began) * 1000)
        if gone != len(theirs) or await store.known_as(_MERCHANT, customer):
            raise RuntimeError(f"{gone} of {len(theirs)} identifiers were forgotten")
    await client.aclose()
    return taken


def _fill(client: redis.Redis, others: int) -> None:
    shards = view_shards(NAME)
    for start in range(0, others, _BATCH):
        with client.pipeline(transaction=False) as pipe:
            for number in range(start, min(start + _BATCH, others)):
                name = f"a:{_MERCHANT}:{number:064x}"
                pipe.set(shard_of(shards, name).entry(name), b"0 " + encode(Alias("phone", f"other{number}", 1)))
            pipe.execute()
