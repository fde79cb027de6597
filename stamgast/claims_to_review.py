"""Claims that wait for a person: the list of a merchant's, and a person's word on one of them."""

from __future__ import annotations

import uuid
from contextlib import aclosing
from typing import Literal, NamedTuple

from rules.yaml.problems import nearest
from stamgast import bootstrap
from stamgast.broker import kafka_of
from stamgast.domain.claims import Answer, Asked, WaitingClaim, decode_answer, decode_waiting_claim, encode_claim
from stamgast.domain.units import Millis
from stamgast.log.appender import Appender
from stamgast.log.topics import Topics
from stamgast.lookup import NotFoundError, newest_bundle
from stamgast.settings import Settings
from stamgast.state.client import RedisClient
from stamgast.state.keys import transactions
from stamgast.to_review import fields_of, heard

Word = Literal["confirm", "refuse"]


class ListedClaim(NamedTuple):
    """A claim that waits, and of which transaction it is."""

    transaction: str
    waiting: WaitingClaim
    zone: str = ""
    """The shop's, by whose clock people read when it was."""


async def list_claims(settings: Settings, merchant: str) -> list[ListedClaim]:
    """What waits for a person, oldest first. Raises `NotFoundError`: no such merchant has published."""
    topics = bootstrap.topics_of(settings)
    _, newest = await newest_bundle(settings, topics, merchant)
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        listed = await _listed(redis, topics, merchant)
    return [each._replace(zone=newest.program.time_zone) for each in listed]


async def say(settings: Settings, merchant: str, transaction: str, word: Word, at: Millis) -> Answer | None:
    """Say what a person has decided; None if no worker has heard of it in time (it stands in the log, and will count).

    Raises `NotFoundError`: no such merchant has published, or it has no such claim that waits.
    """
    topics = bootstrap.topics_of(settings)
    await newest_bundle(settings, topics, merchant)
    appender = Appender(kafka_of(settings), bootstrap.partition_counts(topics), client_id="stamgast-claims")
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        try:
            found = _find(await _listed(redis, topics, merchant), merchant, transaction)
            asked = Asked(transaction, uuid.uuid4().hex, found.waiting.claim, verdict=word)
            key, value = encode_claim(merchant, asked, at)
            partition = appender.partition_of(topics.purchases, key)
            await appender.append(topics.purchases, [(key, value)])
            value_of = await heard(redis, transactions(partition).answer(merchant, asked.id))
            return None if value_of is None else decode_answer(value_of)
        finally:
            await appender.close()


def _find(listed: list[ListedClaim], merchant: str, transaction: str) -> ListedClaim:
    for each in listed:
        if each.transaction == transaction:
            return each
    near = nearest(transaction, [each.transaction for each in listed])
    hint = f"did you mean {near!r}?" if near else f"`stamgast claims review {merchant}` lists what does"
    raise NotFoundError(f"{merchant} has no claim of {transaction!r} that waits for review; {hint}")


async def _listed(redis: RedisClient, topics: Topics, merchant: str) -> list[ListedClaim]:
    found: dict[str, WaitingClaim] = {}
    for partition in range(topics.partitions):
        async for name, value in fields_of(redis, transactions(partition).claims):
            whose, _, transaction = name.partition(":")
            if whose == merchant:
                found[transaction] = decode_waiting_claim(value)
    listed = [ListedClaim(*each) for each in found.items()]
    return sorted(listed, key=lambda each: (each.waiting.since, each.transaction))
