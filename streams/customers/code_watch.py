"""How many codes of a shop's own are left, over all partitions: shown as metrics, told before and when there are none.

Each partition counts in its owner's commit what it gave; the owner of the first one, which the pools stand with, sums
it up. Staff hear of it once for each list that came in: when a tenth of what ever came in is left, and when nothing is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from stamgast.domain.alerts import STAFF_ROOM, AlertKind, Codes
from stamgast.domain.counters import BETWEEN, Counter, Tally, counter
from stamgast.domain.events import StaffAlerted
from stamgast.domain.shop_codes import Pool, level_of
from stamgast.programs.record import Glance
from stamgast.service import Bundle
from stamgast.state.keys import customers
from streams.customers.in_force import Standing
from streams.customers.merchant_watch import MerchantWatch


class CodeWatch(MerchantWatch):
    """Looks at every reward that has codes of the shop's own."""

    def _may_concern(self, seen: Glance) -> bool:
        return seen.may_have_codes

    async def _judge(self, bundles: Sequence[Bundle], standing: Standing) -> None:
        for bundle in bundles:
            for reward in sorted(bundle.codes):
                pool = standing.codes.pools.get((bundle.program.merchant, reward), Pool())
                if pool.brought:
                    await self._look_at(bundle, reward, pool)

    async def _look_at(self, bundle: Bundle, reward: str, pool: Pool) -> None:
        program, now = bundle.program, self._clock.now()
        field = f"{program.merchant}{BETWEEN}{counter(Counter.REWARD, reward, Tally.CODED)}"
        look = self._owned.lease.look_elsewhere
        asked = (look("HGET", customers(each).stats, field) for each in range(self._topics.partitions))
        left = pool.brought - sum(int(each or 0) for each in await asyncio.gather(*asked))
        self._metrics.codes_left.labels(program.merchant, reward).set(left)
        level = level_of(left, pool.brought)
        if level is not Codes.ENOUGH:
            news = StaffAlerted(
                merchant=program.merchant, customer=STAFF_ROOM, at=now, kind=AlertKind.CODES_LOW, what=reward,
                how=level, mark=str(pool.brought), since=now, found=left, of=pool.brought,
            )  # fmt: skip
            await self._news.tell(program, news)
