"""Find one customer's live state by whatever the shop knows them by; for commands."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from rules.yaml.problems import suggest
from stamgast import bootstrap
from stamgast.broker import kafka_of
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.events import key_of
from stamgast.domain.region import Region
from stamgast.filling import Filling
from stamgast.identity.references import perhaps_named_by
from stamgast.identity.veiling import Veils
from stamgast.log.appender import Appender
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics, check_topics
from stamgast.people.rule_counts import RuleCounts
from stamgast.programs.history import BundleShelf
from stamgast.service import Bundle, hearing
from stamgast.settings import Settings
from stamgast.state.client import RedisClient
from stamgast.state.counters import totals_of_merchant
from stamgast.state.identities import IdentityStore
from stamgast.state.keys import customers
from stamgast.state.partition_meta import IN_FORCE, PAUSED, STORE_FEEDS

CUSTOMER_ID = re.compile(r"c[a-z2-7]{24}")
VIEW_WITHIN_S = 30.0


class NotFoundError(LookupError):
    """There is no such merchant or customer; the text says which."""


@dataclass(frozen=True, slots=True)
class Found:
    """A customer as Redis holds them now, and the bundle in force for them."""

    customer_id: str
    state: Customer
    bundle: Bundle


@dataclass(frozen=True, slots=True)
class People:
    """Who is who, with its view loaded, and what changes it."""

    identities: IdentityStore
    appender: Appender
    topics: Topics
    filling: Filling
    redis: RedisClient

    async def state_of(self, merchant: str, customer: str) -> Customer | None:
        """What Redis holds of a customer now. Raises NotFilledError."""
        keys = customers(partition_for(key_of(merchant, customer), self.topics.partitions))
        value = await self.filling.value(keys, keys.customer(merchant, customer))
        return None if value is None else decode_customer(value)

    async def states_of(self, merchant: str, names: Sequence[str]) -> dict[str, Customer]:
        """What Redis holds now of many; of whom nothing has happened yet there is nothing. Raises NotFilledError."""
        by_partition: dict[int, list[str]] = {}
        for name in names:
            by_partition.setdefault(partition_for(key_of(merchant, name), self.topics.partitions), []).append(name)
        found: dict[str, Customer] = {}
        for number, some in by_partition.items():
            keys = customers(number)
            values = await self.filling.values(keys, [keys.customer(merchant, name) for name in some])
            found |= {name: decode_customer(value) for name, value in zip(some, values, strict=True) if value}
        return found


async def find_customer(settings: Settings, merchant: str, identifier: str) -> Found:
    """Look a customer up by id, phone or membership number.

    Raises:
        NotFoundError: no such merchant has published, or nothing is known of the customer.
        NotFilledError: Redis lost what it held of the customer's partition, and does not hold it again yet.
    """
    topics = bootstrap.topics_of(settings)
    shelf, newest = await newest_bundle(settings, topics, merchant)
    if CUSTOMER_ID.fullmatch(identifier):
        customer_id = identifier
    else:
        async with open_people(settings) as people:
            customer_id = await _resolve(people.identities, merchant, identifier, newest.program.home)
    keys = customers(partition_for(key_of(merchant, customer_id), topics.partitions))
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        filling = Filling(redis, topics, settings.kafka_bootstrap)
        value = await filling.value(keys, keys.customer(merchant, customer_id))
        names = [each.name(merchant) for each in (IN_FORCE, PAUSED, STORE_FEEDS)]
        in_force, paused, feeds = await redis.call("HMGET", keys.meta, *names)
    if value is None:
        raise NotFoundError(f"nothing has happened to customer {customer_id} of {merchant} yet")
    if in_force is not None:
        at, content = IN_FORCE.read(in_force)
        newest = shelf.find(merchant, content, at)
    if rules := PAUSED.read(paused):  # they raised: they show as paused
        newest = replace(newest, rules=newest.rules.pausing(rules))
    newest = hearing(newest, STORE_FEEDS.read(feeds))
    return Found(customer_id, decode_customer(value), newest)


async def count_rule(settings: Settings, merchant: str, rule: str) -> RuleCounts:
    """Sum over all partitions what the read model counts of a rule.

    Raises:
        NotFoundError: there is no such merchant, or no such rule was ever counted or is in force.
        NotFilledError: Redis lost what it held, and does not hold it again yet.
    """
    topics = bootstrap.topics_of(settings)
    _, newest = await newest_bundle(settings, topics, merchant)
    counts = RuleCounts(rule)
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        await Filling(redis, topics, settings.kafka_bootstrap).check()
        counts.add(await totals_of_merchant(redis, topics.partitions, merchant))
    if not counts.known and rule not in newest.rules.by_id:
        raise NotFoundError(f"{merchant} has no rule {rule!r}. {suggest(rule, newest.rules.by_id)}")
    return counts


class Named(NamedTuple):
    """A customer of a shop, and the shop's zone: by its clock people are told of them."""

    customer: str
    zone: str


async def name_customer(settings: Settings, people: People, merchant: str, identifier: str) -> Named:
    """A customer by id, phone or membership number; one who has no state (any more), too.

    Raises:
        NotFoundError: no such merchant has published, or nobody is known by this identifier.
    """
    _, newest = await newest_bundle(settings, people.topics, merchant)
    zone = newest.program.time_zone
    if CUSTOMER_ID.fullmatch(identifier):
        return Named(identifier, zone)
    return Named(await _resolve(people.identities, merchant, identifier, newest.program.home), zone)


@asynccontextmanager
async def open_people(settings: Settings) -> AsyncIterator[People]:
    """Who is who, as soon as the view of it is loaded.

    Raises:
        StateError: Redis is away; it is asked first, for the view would wait far longer for it.
        TimeoutError: it was not loaded in time.
    """
    topics = bootstrap.topics_of(settings)
    cluster = await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    appender = Appender(kafka_of(settings), bootstrap.partition_counts(topics), client_id="stamgast-lookup")
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        store = bootstrap.identity_store(settings, topics, cluster, redis, appender)
        try:
            await redis.ping()
            async with bootstrap.running_tails(bootstrap.identity_tail(settings, topics, store, quiet=True)):
                async with asyncio.timeout(VIEW_WITHIN_S):
                    while not store.loaded:  # noqa: ASYNC110  a command looks once; nobody sets an event for it
                        await asyncio.sleep(0.02)
                yield People(store, appender, topics, Filling(redis, topics, settings.kafka_bootstrap), redis)
        finally:
            await appender.close()


async def newest_bundle(settings: Settings, topics: Topics, merchant: str) -> tuple[BundleShelf, Bundle]:
    """Every bundle that was published, and the merchant's newest. Raises NotFoundError if it has none."""
    shelf = await every_bundle(settings, topics)
    return shelf, newest_of(shelf, merchant)


async def every_bundle(settings: Settings, topics: Topics) -> BundleShelf:
    """Every bundle that was published, of all merchants."""
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    shelf = BundleShelf(Veils(bootstrap.id_key_of(settings)))
    await shelf.load(kafka_of(settings), topics.programs)
    return shelf


def newest_of(shelf: BundleShelf, merchant: str) -> Bundle:
    """A merchant's newest bundle. Raises NotFoundError if it has none."""
    if merchant not in shelf.newest:
        known = ", ".join(sorted(shelf.newest)) or "none has published yet"
        raise NotFoundError(f"there is no merchant {merchant!r}; known: {known}")
    number, content = shelf.newest[merchant]
    return shelf.find(merchant, content, number)


async def newest_bundles(settings: Settings, merchant: str = "") -> dict[str, Bundle]:
    """Each merchant's newest bundle, or one merchant's. Raises NotFoundError."""
    topics = bootstrap.topics_of(settings)
    if merchant:
        return {merchant: (await newest_bundle(settings, topics, merchant))[1]}
    await asyncio.to_thread(check_topics, kafka_of(settings), topics)
    shelf = BundleShelf(Veils(bootstrap.id_key_of(settings)))
    await shelf.load(kafka_of(settings), topics.programs)
    if not shelf.newest:
        raise NotFoundError("no merchant has published yet")
    return {each: shelf.find(each, content, number) for each, (number, content) in shelf.newest.items()}


async def _resolve(identities: IdentityStore, merchant: str, identifier: str, region: Region) -> str:
    for each in perhaps_named_by(identifier, region):
        found = await identities.customer_of(merchant, each)
        if found is not None:
            return found
    raise NotFoundError(f"{merchant} knows no customer by this phone, membership number or id")
