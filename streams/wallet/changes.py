"""Whose card may have changed: read from what owners tell, and from what is known of people, by a group of its own.

A position is committed when everything before it was told, so nothing is lost by whoever ends in between, and some is
told once more. What is read says only whom to look at: what a card shows is read of the owner's state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, Self

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.told import Told
from stamgast.domain.units import Millis
from stamgast.identity.records import split_key
from stamgast.log.address import aiokafka_at
from stamgast.log.stopping import stop_client
from stamgast.log.topics import Topics
from stamgast.logs import get_logger
from stamgast.wallet.findings import Wallet

log = get_logger(__name__)

_POLL_MS: Final = 500
_MOST: Final = 2_000
"""Records at once."""
_KINDS: Final = frozenset({Told.STAMPS.value, Told.VOUCHER.value, Told.BY_HAND.value})
"""Lines about what a card shows."""
_LETTERS: Final = frozenset({"c", "p", "w"})
"""Of people's records: the edition of a card, a profile (its language), and what is in which wallet."""
_NEVER_LEFT_MS: Final = 24 * 3_600_000
"""While the other side is down nothing is read: that is no reason to leave the group."""


class Who(NamedTuple):
    """A customer of a merchant."""

    merchant: str
    customer: str


class Change(NamedTuple):
    """Why to look: what stands in the state from `at` on; or, `anyway`, what does not stand there."""

    at: Millis = 0
    anyway: bool = False


class Batch(NamedTuple):
    """Whom to look at, each once, and up to where that was read."""

    changed: dict[Who, Change]
    reached: dict[TopicPartition, int]


class _Said(msgspec.Struct, gc=False):
    kind: str
    at: Millis = 0


_decode = msgspec.json.Decoder(_Said).decode


class Changes:
    """See the module. Raises KafkaError."""

    def __init__(
        self, bootstrap: str, topics: Topics, group: str, wallet: Wallet, *, session_timeout_ms: int, gather_s: float
    ) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._group = f"{group}-wallet-{wallet}"
        self._session_timeout_ms = session_timeout_ms
        self._gather_s = gather_s
        self._consumer: Any = None
        self._pinned: set[TopicPartition] = set()

    async def __aenter__(self) -> Self:
        """Join the group."""
        self._pinned.clear()
        self._consumer = AIOKafkaConsumer(
            **aiokafka_at(self._bootstrap),
            client_id="stamgast-wallet",
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            isolation_level="read_committed",
            session_timeout_ms=self._session_timeout_ms,
            heartbeat_interval_ms=min(1_000, self._session_timeout_ms // 3),
            max_poll_interval_ms=_NEVER_LEFT_MS,
        )
        self._consumer.subscribe([self._topics.facts, self._topics.identities])
        try:
            await self._consumer.start()
        except BaseException:  # cancelled or refused: leave no half-started client behind
            await stop_client(self._consumer)
            raise
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Leave it."""
        await stop_client(self._consumer)

    async def next(self) -> Batch:
        """What has changed: soon, and together what comes within a moment."""
        records = await self._poll(_POLL_MS)
        if records:
            await asyncio.sleep(self._gather_s)
            records += await self._poll(0)
        return batch_of(records, self._topics.identities)

    async def commit(self, reached: Mapping[TopicPartition, int]) -> None:
        """Everything before was told. What is another's by now, that one tells once more."""
        mine = {pair: offset for pair, offset in reached.items() if pair in self._consumer.assignment()}
        if mine:
            await self._consumer.commit(mine)

    async def _poll(self, timeout_ms: int) -> list[Any]:
        await self._pin()
        found = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=_MOST)
        return [record for records in found.values() for record in records]

    async def _pin(self) -> None:
        """Remember where we begin where nobody has been: what comes from now on is told, whoever ends."""
        assigned = set(self._consumer.assignment())
        for pair in assigned - self._pinned:
            if await self._consumer.committed(pair) is None:
                await self._consumer.commit({pair: await self._consumer.position(pair)})
        self._pinned = assigned


def batch_of(records: Iterable[Any], identities: str) -> Batch:
    """Whom records say to look at, each once."""
    changed: dict[Who, Change] = {}
    reached: dict[TopicPartition, int] = {}
    for record in records:
        pair = TopicPartition(record.topic, record.partition)
        reached[pair] = max(reached.get(pair, 0), record.offset + 1)
        found = _of_person(record.key) if record.topic == identities else _of_line(record)
        if found is not None:
            who, change = found
            before = changed.get(who, Change())
            changed[who] = Change(max(before.at, change.at), before.anyway or change.anyway)
    return Batch(changed, reached)


def _of_person(key: bytes | None) -> tuple[Who, Change] | None:
    try:
        merchant, letter, name = split_key(key or b"")
    except ValueError:
        return None
    return (Who(merchant, name), Change(anyway=True)) if letter in _LETTERS else None


def _of_line(record: Any) -> tuple[Who, Change] | None:
    try:
        said = _decode(record.value or b"")
        merchant, _, customer = (record.key or b"").decode().partition(":")
    except UNREADABLE:
        return None
    return (Who(merchant, customer), Change(at=said.at)) if said.kind in _KINDS and customer else None
