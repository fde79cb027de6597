"""What pages read of a merchant: counters and meta of every partition at once, and tables that this process follows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from stamgast.campaigns.status import look_in
from stamgast.domain.feed_health import Health
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.filling import Filling
from stamgast.log.letter_table import LetterTable
from stamgast.log.segment_table import SegmentTable
from stamgast.log.topics import Topics
from stamgast.marketer.attention import Attention, attention
from stamgast.marketer.campaigns import CampaignsPage, campaigns_page
from stamgast.marketer.overview import Seen
from stamgast.marketer.rule_files import rules_of
from stamgast.programs.launches import Launches
from stamgast.programs.record import decode_bundle
from stamgast.programs.told_rules import ToldRules, rules_told
from stamgast.service import Bundle
from stamgast.state.counters import rules_of_month, totals_of_merchant
from stamgast.state.keys import customers
from stamgast.state.nodes import Redis
from stamgast.state.partition_meta import PAUSED, POOLS, STORE_FEEDS

_KEPT: Final = 64


class Merchants(Protocol):
    """Which programme of which merchant is in force (`stamgast.programs.in_force`)."""

    async def get(self, merchant: str) -> Program | None:
        """A merchant's programme, if one was published."""
        ...

    async def bundle(self, merchant: str) -> bytes | None:
        """The bundle that it stands in, packed."""
        ...


class UnknownMerchantError(LookupError):
    """Nothing of this merchant is in force, as far as is known yet."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What is in force of a merchant."""

    program: Program
    packed: bytes
    told: ToldRules
    launches: Launches


@dataclass(frozen=True, slots=True)
class Reading:
    """Where it is read."""

    redis: Redis
    topics: Topics
    filling: Filling
    merchants: Merchants
    segments: SegmentTable
    letters: LetterTable

    async def in_force(self, merchant: str) -> InForce:
        """Return what is in force. Raises UnknownMerchantError."""
        program, packed = await self.merchants.get(merchant), await self.merchants.bundle(merchant)
        if program is None or packed is None:
            raise UnknownMerchantError(merchant)
        told, launches = await asyncio.to_thread(_opened, packed)
        return InForce(program, packed, told, launches)

    async def seen(self, merchant: str, now: Millis) -> Seen:
        """Return what the overview is made of.

        Raises:
            UnknownMerchantError: nothing of the merchant is in force.
            NotFilledError: Redis lost what it held, and does not hold it again yet.
            StateError: Redis does not answer.
        """
        found = await self.in_force(merchant)
        await self.filling.check()
        totals, broken, unwell, pools = await asyncio.gather(
            totals_of_merchant(self.redis, self.topics.partitions, merchant),
            self.broken(merchant),
            self.unwell(merchant),
            self.pools(found.program),
        )
        return Seen(
            program=found.program,
            totals=totals,
            now=now,
            rules=[each.rule for each in found.told.rules],
            full_cards=found.told.full_cards,
            unwell=unwell,
            broken=broken,
            launches=found.launches,
            letters=self.letters.of(merchant),
            segments=self.segments.of(merchant),
            valued_at=self.segments.valued_at(merchant),
            values=self.segments.values(merchant),
            pools=pools,
        )

    async def rules_of_month(self, merchant: str, month: str) -> Mapping[str, int]:
        """Return what was counted of the rules in a month (`2026-09`). Raises NotFilledError and StateError."""
        await self.filling.check()
        return await rules_of_month(self.redis, self.topics.partitions, merchant, month)

    async def stands_still(self, found: InForce) -> list[Attention]:
        """What of the merchant's stores, rules and records stands still; known also while Redis is filled.

        Raises StateError.
        """
        merchant = found.program.merchant
        broken, unwell = await asyncio.gather(self.broken(merchant), self.unwell(merchant))
        return attention(
            found.program, {}, unwell=unwell, broken=broken, launches=found.launches, letters=self.letters.of(merchant),
            segments=(), pools={},
        )  # fmt: skip

    async def campaigns(self, found: InForce, now: Millis) -> CampaignsPage:
        """Return how far campaigns and schedules are. Raises NotFilledError and StateError."""
        await self.filling.check()
        rules = await asyncio.to_thread(rules_of, found.packed)
        bundles = {found.program.merchant: Bundle(0, "", found.program, rules)}
        started, scheduled = await look_in(self.redis, self.topics, bundles, now)
        return campaigns_page(found.program, rules, started, scheduled)

    async def broken(self, merchant: str) -> frozenset[str]:
        """Return the rules that raised and rest, in any partition. Raises StateError."""
        metas = [customers(number).meta for number in range(self.topics.partitions)]
        words = await asyncio.gather(*(self.redis.call("HGET", meta, PAUSED.name(merchant)) for meta in metas))
        return frozenset().union(*map(PAUSED.read, words))

    async def pools(self, program: Program) -> Mapping[str, int]:
        """Return how many codes of the shop's own came in, by reward. Raises StateError."""
        rewards = [name for name, each in program.rewards.items() if each.imported_codes]
        if not rewards:
            return {}
        names = [POOLS.name((program.merchant, reward)) for reward in rewards]
        words = await self.redis.call("HMGET", customers(0).meta, *names)
        found = {reward: POOLS.read(word).brought for reward, word in zip(rewards, words, strict=True)}
        return {reward: brought for reward, brought in found.items() if brought}

    async def unwell(self, merchant: str) -> Mapping[str, Health]:
        """Return the stores whose feeds are quiet or stale, as was said last. Raises StateError."""
        return STORE_FEEDS.read(await self.redis.call("HGET", customers(0).meta, STORE_FEEDS.name(merchant)))


@lru_cache(maxsize=_KEPT)
def _opened(packed: bytes) -> tuple[ToldRules, Launches]:
    return rules_told(packed), decode_bundle(packed).launched
