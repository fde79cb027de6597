"""Events about a shop's own codes, applied in the order of the log: brought in, dealt out, given.

The codes of a pool are a list beside the states of the first partition, which grows in the commit of the step that
read them. A code leaves its shelf when the event that gives it is read, before anybody thinks about the customer, so
that it makes no difference how the log is cut into batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Self

from stamgast.domain.code_events import CodeGiven, CodesBrought, CodesDealt, CodesWished
from stamgast.domain.shop_codes import Name, Pool, Share, Shelf, deal, given_from, stocked, with_more
from stamgast.state.meta_fields import Word
from stamgast.state.partition_meta import POOLS, SHELVES

OfCodes = CodesBrought | CodesWished | CodesDealt
"""Events that are the partition's own."""
POOL: Final = 0
"""The partition of customers that pools stand with."""


@dataclass(slots=True)
class CodePools:
    """A partition's shelves; in the first one, the pools."""

    pools: dict[Name, Pool] = field(default_factory=dict)
    shelves: dict[Name, Shelf] = field(default_factory=dict)

    def copy(self) -> Self:
        """What a step changes until it is committed."""
        return replace(self, pools=dict(self.pools), shelves=dict(self.shelves))

    @classmethod
    def of(cls, meta: Mapping[str, str]) -> Self:
        """Read a partition's meta."""
        return cls(POOLS.of(meta), SHELVES.of(meta))

    def changes_since(self, before: Self) -> dict[str, Word]:
        """Fields of meta that a step has to write."""
        pools = {name: pool for name, pool in self.pools.items() if before.pools.get(name) != pool}
        shelves = {name: shelf for name, shelf in self.shelves.items() if before.shelves.get(name) != shelf}
        return POOLS.written(pools) | SHELVES.written(shelves)

    def bring(self, event: CodesBrought) -> bool:
        """Put codes into a pool, of which this is the partition; say whether they came in."""
        name = (event.merchant, event.reward)
        before = self.pools.get(name, Pool())
        self.pools[name] = with_more(before, event.first, len(event.codes))
        return self.pools[name] is not before

    def deal(self, event: CodesWished) -> Share | None:
        """Which codes of a pool, of which this is the partition, whoever asks gets; None: it is nobody."""
        if event.by >= event.of:
            return None
        name = (event.merchant, event.reward)
        self.pools[name], share = deal(self.pools.get(name, Pool()), event.by, event.of, event.number, event.need)
        return share

    def stock(self, event: CodesDealt) -> None:
        """Put what was dealt onto the shelf."""
        name = (event.merchant, event.reward)
        self.shelves[name] = stocked(self.shelves.get(name, Shelf()), event.number, event.codes, event.left)

    def gives(self, event: CodeGiven) -> bool:
        """Whether it stands: that there is no code, or the next one of the shelf, which it leaves."""
        if not event.code:
            return True
        name = (event.merchant, event.reward)
        shelf = given_from(self.shelves.get(name, Shelf()), event.code)
        if shelf is None:
            return False
        self.shelves[name] = shelf
        return True
