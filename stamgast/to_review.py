"""Purchases that wait for a person: the list of a merchant's, and a person's word on one of them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final, NamedTuple

from rules.yaml.problems import nearest
from stamgast import bootstrap
from stamgast.broker import kafka_of
from stamgast.domain.events import PurchaseReviewed, ReviewVerdict, encode_event, key_of
from stamgast.domain.review import Waiting, decode_waiting
from stamgast.domain.units import Millis
from stamgast.filling import Filling
from stamgast.log.appender import Appender
from stamgast.log.topics import Topics
from stamgast.lookup import NotFoundError, newest_bundle
from stamgast.service.purchases import Heard, decode_heard
from stamgast.settings import Settings
from stamgast.state.client import RedisClient
from stamgast.state.keys import customers

WAIT_S: Final = 15.0
_LOOK_S: Final = 0.05
_AT_ONCE: Final = 500


class Listed(NamedTuple):
    """A purchase that waits, and whose it is."""

    customer: str
    transaction: str
    waiting: Waiting
    zone: str = ""
    """The shop's, by whose clock people read when it was."""


async def list_waiting(settings: Settings, merchant: str) -> list[Listed]:
    """What waits for a person, oldest first.

    Raises:
        NotFoundError: no such merchant has published.
        NotFilledError: Redis lost what it held, and does not hold it again yet.
    """
    topics = bootstrap.topics_of(settings)
    _, newest = await newest_bundle(settings, topics, merchant)
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        await Filling(redis, topics, settings.kafka_bootstrap).check()
        listed = await _listed(redis, topics, merchant)
    return [each._replace(zone=newest.program.time_zone) for each in listed]


async def pass_verdict(
    settings: Settings, merchant: str, transaction: str, verdict: ReviewVerdict, at: Millis
) -> Heard | None:
    """Say what a person has decided; None if no worker has heard of it in time (it stands in the log, and will count).

    Raises:
        NotFoundError: no such merchant has published, or it has no such purchase that waits.
        NotFilledError: Redis lost what it held, and does not hold it again yet.
    """
    topics = bootstrap.topics_of(settings)
    await newest_bundle(settings, topics, merchant)
    appender = Appender(kafka_of(settings), bootstrap.partition_counts(topics), client_id="stamgast-purchases")
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        try:
            await Filling(redis, topics, settings.kafka_bootstrap).check()
            listed = await _listed(redis, topics, merchant)
            found = _find(listed, merchant, transaction)
            event = PurchaseReviewed(
                merchant=merchant,
                customer=found.customer,
                at=at,
                id=uuid.uuid4().hex,
                transaction=transaction,
                verdict=verdict,
                seen=found.waiting.seen,
            )
            key = key_of(merchant, found.customer)
            partition = appender.partition_of(topics.customer_events, key)
            await appender.append(topics.customer_events, [(key, encode_event(event))])
            value = await heard(redis, customers(partition).answer(merchant, event.id or ""))
            return None if value is None else decode_heard(value)
        finally:
            await appender.close()


def _find(listed: list[Listed], merchant: str, transaction: str) -> Listed:
    for each in listed:
        if each.transaction == transaction:
            return each
    names = [each.transaction for each in listed]
    near = nearest(transaction, names)
    hint = f"did you mean {near!r}?" if near else f"`stamgast purchases review {merchant}` lists what does"
    raise NotFoundError(f"{merchant} has no purchase {transaction!r} that waits for review; {hint}")


async def _listed(redis: RedisClient, topics: Topics, merchant: str) -> list[Listed]:
    found: dict[tuple[str, str], Waiting] = {}
    for partition in range(topics.partitions):
        async for name, value in fields_of(redis, customers(partition).review):
            whose, customer, transaction = name.split(":", 2)
            if whose == merchant:
                found[customer, transaction] = decode_waiting(value)
    listed = [Listed(*name, waiting) for name, waiting in found.items()]
    return sorted(listed, key=lambda each: (each.waiting.since, each.transaction))


async def fields_of(redis: RedisClient, key: str) -> AsyncIterator[tuple[str, bytes]]:
    """The fields of a hash, some at a time."""
    cursor = b"0"
    while True:
        cursor, words = await redis.call("HSCAN", key, cursor, "COUNT", _AT_ONCE)
        pairs = iter(words)
        for name, value in zip(pairs, pairs, strict=True):
            yield name.decode(), value
        if cursor == b"0":
            return


async def heard(redis: RedisClient, key: str) -> bytes | None:
    """What an owner answers there; None if it does not in time."""
    deadline = asyncio.get_running_loop().time() + WAIT_S
    while asyncio.get_running_loop().time() < deadline:
        value = await redis.get(key)
        if value is not None:
            return value
        await asyncio.sleep(_LOOK_S)
    return None
