"""Draws for whoever asks: what the programmes say of them, what the logs do, and whether it holds."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from rules.yaml.problems import nearest
from stamgast import bootstrap
from stamgast.broker import kafka_of
from stamgast.clock.shop_time import format_time
from stamgast.domain.draw_events import PrizeDeclined
from stamgast.domain.draws import Draw
from stamgast.domain.events import encode_event, key_of
from stamgast.domain.rewards import Answer
from stamgast.domain.units import Millis
from stamgast.draws.checking import problems_of
from stamgast.draws.heard import Heard, hear
from stamgast.filling import Filling
from stamgast.log.appender import Appender
from stamgast.lookup import NotFoundError, newest_bundles
from stamgast.service import Bundle
from stamgast.settings import Settings
from stamgast.state.keys import customers
from stamgast.to_review import heard as heard_from_owner

_decode: Final = msgspec.json.Decoder(Answer).decode


@dataclass(frozen=True, slots=True)
class Seen:
    """One draw."""

    merchant: str
    name: str
    draw: Draw | None
    """None: no programme in force names it any more."""
    heard: Heard
    problems: tuple[str, ...]
    zone: str

    def state(self, now: Millis) -> str:
        """In a word."""
        if self.heard.newest is not None:
            return "drawn"
        if self.heard.called:
            return "being drawn"
        if self.draw is None:
            return "gone"
        if now < self.draw.opens:
            return "to come"
        return "open" if now < self.draw.closes else "closed"

    def document(self, now: Millis) -> dict[str, Any]:
        """All of it, as JSON has it."""
        newest, draw = self.heard.newest, self.draw
        winners = [] if newest is None else [
            {"place": place, "customer": each.customer, "entry": each.entry, "ticket": each.ticket,
             "reward": each.reward or None, "passed_on": each.passed}
            for place, each in enumerate(newest.winners, 1)
        ]  # fmt: skip
        instant = [
            {"customer": customer, "entry": entry, "reward": reward}
            for (customer, entry), reward in self.heard.hits.items()
            if reward
        ]
        return {
            "draw": self.name,
            "merchant": self.merchant,
            "state": self.state(now),
            "instant": bool(draw and draw.instant),
            "opens": None if draw is None else format_time(draw.opens),
            "closes": None if draw is None else format_time(draw.closes),
            "drawn_at": None if draw is None else format_time(draw.drawn_at),
            "entrants": len({customer for customer, _ in self.heard.entries}),
            "entries": len(self.heard.entries),
            "winners": [each for each in winners if each["reward"]] or instant,
            "reserves": [each for each in winners if not each["reward"]],
            "seed": None if newest is None else newest.seed,
            "commitment": next((commitment for commitment, _ in self.heard.opened.values()), None),
            "valid": None if newest is None and not self.problems else not self.problems,
            "problems": list(self.problems),
        }


async def look(settings: Settings, merchant: str = "") -> list[Seen]:
    """Every draw that a programme in force names, or that was drawn; by merchant and name.

    Raises:
        NotFoundError: no such merchant has published.
        KafkaError, LogTruncatedError: the logs cannot be read.
    """
    bundles = await newest_bundles(settings, merchant)
    topics = bootstrap.topics_of(settings)
    found = await hear(kafka_of(settings), topics, merchant)
    named = {(each, draw): bundle for each, bundle in bundles.items() for draw in bundle.program.draws}
    return [
        await asyncio.to_thread(_seen, name, bundles, found.get(name, Heard()), topics.partitions)
        for name in sorted(found.keys() | named.keys())
    ]


def _seen(name: tuple[str, str], bundles: Mapping[str, Bundle], heard: Heard, partitions: int) -> Seen:
    bundle = bundles.get(name[0])
    draw = None if bundle is None else bundle.program.draws.get(name[1])
    zone = "UTC" if bundle is None else bundle.program.time_zone
    return Seen(*name, draw, heard, tuple(problems_of(heard, draw, partitions)), zone)


def one_of(seen: list[Seen], name: str) -> Seen:
    """The one of that name. Raises NotFoundError."""
    mine = [each for each in seen if each.name == name]
    if len(mine) == 1:
        return mine[0]
    if mine:
        raise NotFoundError(f"say --merchant: {', '.join(each.merchant for each in mine)} have a draw {name!r}")
    near = nearest(name, [each.name for each in seen])
    hint = f"did you mean {near!r}?" if near else "`stamgast draws list` lists them"
    raise NotFoundError(f"there is no draw {name!r}; {hint}")


async def decline(settings: Settings, seen: Seen, customer: str, at: Millis) -> Answer | None:
    """Let the prize of a winner go on to the next reserve; None if no worker has heard of it in time (it will count).

    Raises:
        NotFoundError: they have won nothing.
        NotFilledError: Redis lost what it held, and does not hold it again yet.
    """
    newest = seen.heard.newest
    if newest is None or not any(each.customer == customer and each.reward for each in newest.winners):
        raise NotFoundError(f"customer {customer} is no winner of {seen.name}; `stamgast draws show` lists them")
    topics = bootstrap.topics_of(settings)
    appender = Appender(kafka_of(settings), bootstrap.partition_counts(topics), client_id="stamgast-draws")
    async with aclosing(bootstrap.open_redis(settings)) as redis:
        try:
            await Filling(redis, topics, settings.kafka_bootstrap).check()
            event = PrizeDeclined(merchant=seen.merchant, customer=customer, at=at, draw=seen.name, id=uuid.uuid4().hex)
            key = key_of(seen.merchant, customer)
            partition = appender.partition_of(topics.customer_events, key)
            await appender.append(topics.customer_events, [(key, encode_event(event))])
            value = await heard_from_owner(redis, customers(partition).answer(seen.merchant, event.id or ""))
            return None if value is None else _decode(value)
        finally:
            await appender.close()
