"""Where the inbox is read: tables in memory for what came, states of those who wrote, marks and counters of draws."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from stamgast.domain.conversation import Conversation
from stamgast.domain.customer import decode_customer
from stamgast.domain.draw_figures import draws_of
from stamgast.domain.events import key_of
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.domain.urns import DrawMark
from stamgast.filling import Filling, NotFilledError
from stamgast.identity.sealing import DataKey
from stamgast.log.replies import Reply, replies_in
from stamgast.log.topics import REPLIES_KEPT
from stamgast.marketer.inbox import InboxPage, draws_seen, feedback_of, message_of
from stamgast.media.inbox_tables import FileTable, Kept, ReplyTable
from stamgast.media.looking import look_at
from stamgast.media.record import Record
from stamgast.media.store import ObjectStore
from stamgast.state.counters import totals_of_merchant
from stamgast.state.draw_marks import NO_DRAW
from stamgast.state.identities import IdentityStore
from stamgast.state.keys import PartitionKeys, customers
from stamgast.state.nodes import Redis
from stamgast.state.partition_meta import DRAWS

_SHOWN: Final = 50
_COUNTED: Final = 200
"""Of so many messages, the newest, it is asked what their customers gave as scores."""


@dataclass(frozen=True, slots=True)
class InboxReading:
    """See the module. `slot_of` finds the keys of a customer's partition by the key of their records."""

    redis: Redis
    partitions: int
    filling: Filling
    people: IdentityStore
    replies: ReplyTable
    files: FileTable
    pictures: ObjectStore

    @property
    def loaded(self) -> bool:
        """Whether all that came has been read."""
        return self.replies.loaded and self.files.loaded

    async def page(
        self,
        program: Program,
        now: Millis,
        slot_of: Callable[[bytes], PartitionKeys],
        *,
        start: int = 0,
        with_photos: bool = False,
    ) -> InboxPage:
        """Make the page, from so many messages on. Raises StateError."""
        merchant = program.merchant
        kept = [each for each in self.replies.of(merchant) if now - each.at <= REPLIES_KEPT]
        opened, further = await self._opened(merchant, kept, now, start, with_photos=with_photos)
        writers = {each.customer for each in kept[:_COUNTED]}
        talks, totals = await asyncio.gather(
            self._talks(merchant, writers | {whose for whose, _ in opened}, slot_of),
            totals_of_merchant(self.redis, self.partitions, merchant),
        )
        marks = await self._marks(merchant, draws_of(totals, program.draws))
        return InboxPage(
            merchant=merchant,
            messages=[
                message_of(
                    whose, reply, [(name, self.files.find(name)) for name in reply.words.files], talks.get(whose)
                )
                for whose, reply in opened
            ],
            start=start,
            further=further,
            with_photos=with_photos,
            feedback=feedback_of([talk for whose, talk in talks.items() if whose in writers], now),
            counted=len(kept[:_COUNTED]),
            draws=draws_seen(program, totals, marks, now),
        )

    def record(self, merchant: str, media: str) -> Record | None:
        """What is known of a file that came to this merchant."""
        said = self.files.find(media)
        return said if said is not None and said.merchant == merchant else None

    async def picture(self, said: Record) -> bytes:
        """The JPEG. Raises NotSeenError and StoreError."""
        return await look_at(self.pictures, said, await self.people.key_of(said.merchant, said.customer))

    async def _opened(
        self, merchant: str, kept: Sequence[Kept], now: Millis, start: int, *, with_photos: bool
    ) -> tuple[list[tuple[str, Reply]], int | None]:
        """Messages that can be opened, from `start` on, and where the next page begins: None at the end.

        Of who was forgotten there is no key, and so nothing.
        """
        keys: dict[str, DataKey | None] = {}
        found: list[tuple[str, Reply]] = []
        for place, each in enumerate(kept[start:], start):
            if len(found) == _SHOWN:
                return found, place
            if each.customer not in keys:
                keys[each.customer] = await self.people.key_of(merchant, each.customer)
            replies = replies_in([each.value], (merchant, each.customer), keys[each.customer], now)
            found += [(each.customer, reply) for reply in replies if reply.words.files or not with_photos]
        return found, None

    async def _talks(
        self, merchant: str, names: Collection[str], slot_of: Callable[[bytes], PartitionKeys]
    ) -> dict[str, Conversation]:
        """What the states of these remember of the talk with them; of those that are being filled nothing."""
        whole = await asyncio.gather(*(self._talk(merchant, name, slot_of) for name in names))
        return {name: talk for name, talk in zip(names, whole, strict=True) if talk is not None}

    async def _talk(self, merchant: str, name: str, slot_of: Callable[[bytes], PartitionKeys]) -> Conversation | None:
        keys = slot_of(key_of(merchant, name))
        try:
            value = await self.filling.value(keys, keys.customer(merchant, name))
        except NotFilledError:
            return None
        return None if value is None else decode_customer(value).conversation

    async def _marks(self, merchant: str, draws: Iterable[str]) -> dict[str, DrawMark]:
        """How far draws are, as the first partition knows it: it hears of what was drawn like all others."""
        names = list(draws)
        meta = customers(0).meta
        words = await asyncio.gather(*(self.redis.call("HGET", meta, DRAWS.name((merchant, name))) for name in names))
        marks = zip(names, map(DRAWS.read, words), strict=True)
        return {name: mark for name, mark in marks if mark != NO_DRAW}
