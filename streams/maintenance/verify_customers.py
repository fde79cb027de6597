"""Live state against the log: what Redis holds must be what the records alone lead to.

Each partition is folded up to its watermark and compared. While a worker runs, a customer may change between the fold
and the look; whoever differs is looked at again, the log is folded on to exactly the moment of that look, and only what
differs then is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Container, Iterable, Mapping

from stamgast.domain.alerts import STAFF_ROOM
from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.errors import UNREADABLE
from stamgast.identity.sealing import derive_voucher_key
from stamgast.identity.veiling import Veils
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.programs.history import BundleShelf
from stamgast.state.client import members_of, names_under
from stamgast.state.clock_marks import is_bounded_at
from stamgast.state.keys import IDLE, PartitionKeys, customers
from stamgast.state.looks import Look, look
from stamgast.state.nodes import Redis
from stamgast.state.session import Session
from streams.customers.parking import offset_of
from streams.maintenance.differences import Report, departing, plain, said, said_of_entries
from streams.maintenance.replay import PartitionReplay
from streams.maintenance.states_of_before import as_far_as_known
from streams.maintenance.verified import META_VERIFIED
from streams.maintenance.verify_beside import beside_differences
from streams.maintenance.verify_counters import counter_differences
from streams.maintenance.verify_roll import roll_differences
from streams.maintenance.verify_sending import attempt_differences, meta_differences


async def verify_customers(
    bootstrap: str, redis_url: str, topics: Topics, id_key: bytes, report: Report, *, partitions: Iterable[int]
) -> None:
    """Compare customers, ledgers, timers, counters, vouchers' owners, answers, waiting messages of some partitions."""
    shelf, voucher_key = BundleShelf(Veils(id_key)), derive_voucher_key(id_key)
    await shelf.load(bootstrap, topics.programs)
    redis = Redis(redis_url)
    try:
        async with LogReader(bootstrap) as reader:
            for partition in partitions:
                session = await redis.session(customers(partition).meta)
                replay = PartitionReplay(partition, voucher_key, shelf.find)
                await _Partition(reader, session, topics, partition, replay).compare(report)
    finally:
        redis.close()


class WentBackError(Exception):
    """The partition was emptied or filled anew while it was looked at."""


class _Partition:
    """One partition of customers, live and folded."""

    def __init__(
        self, reader: LogReader, session: Session, topics: Topics, number: int, replay: PartitionReplay
    ) -> None:
        self._reader = reader
        self._session = session
        self._topic = topics.customer_events
        self._activations = topics.activations
        self._number = number
        self._keys: PartitionKeys = customers(number)
        self._replay = replay

    async def compare(self, report: Report) -> None:
        name = f"customers {self._number}"
        try:
            async for what in self._differences():
                report.note(self._keys, name, what)
        except WentBackError as error:
            report.note(self._keys, name, f"{error}: verify again when it is done")
        report.customers += sum(customer != STAFF_ROOM for _, customer in self._replay.fold.states)
        report.waiting += self._replay.waiting
        ends = await self._reader.ends([(self._topic, self._number)])
        report.behind += max(0, max(ends.values()) - self._replay.watermark - 1)

    async def _differences(self) -> AsyncIterator[str]:
        replay, now = self._replay, await look(self._session, self._keys)
        if now.spoilt:
            yield f"its state cannot be trusted ({now.spoilt}); its next owner fills it anew"
            return
        await self._fold_on(now)
        live = {name async for name in names_under(self._session, self._keys.customer("", "")[:-1])}
        timed = {name async for name in members_of(self._session, "ZSCAN", self._keys.timers)}
        folded = {f"{merchant}:{customer}" for merchant, customer in replay.fold.states}
        names = sorted(live | timed | folded)
        async for what in departing(names, self._look, self._fold_on, self._compare):
            yield what
        async for what in counter_differences(self._session, self._keys, replay, self._fold_on):
            yield what
        for key, kind, expected_there in (
            (self._keys.review, "purchase to review", replay.fold.reviews),
            (self._keys.entries, "entry in a draw", replay.fold.entries),
            (self._keys.asks, "money that is asked for", replay.fold.asks),
            (self._keys.wants, "code that is wanted", replay.fold.wants),
        ):
            async for what in self._listed(key, kind, expected_there):
                yield what
        async for what in beside_differences(self._session, self._keys, replay.beside, self._fold_on):
            yield what
        async for what in self._of_the_partition():
            yield what
        async for what in attempt_differences(self._reader, self._activations, self._session, self._keys):
            yield what

    async def _listed(self, key: str, what: str, expected: Mapping[str, bytes]) -> AsyncIterator[str]:
        """What stands in a list beside the states."""
        seen = await look(self._session, self._keys, entries=key)
        await self._fold_on(seen)
        found = {name.decode(): value for name, value in seen.entries.items()}
        for name in sorted(found.keys() | expected.keys()):
            if found.get(name) != expected.get(name):
                yield f"{what} {name}: {_said_of_line(name, found, expected)}"

    async def _of_the_partition(self) -> AsyncIterator[str]:
        """Who stands on the rolls, what waits for bundles, and what stands of the log in the partition's meta."""
        keys, replay = self._keys, self._replay
        async for what in roll_differences(self._session, keys, replay, self._fold_on):
            yield what
        parked = {name async for name in names_under(self._session, keys.parked(""))}
        for merchant in sorted(parked | set(replay.merchants_that_wait)):
            seen = await look(self._session, keys, listed=keys.parked(merchant))
            await self._fold_on(seen)
            ends = [offset_of(value) for value in (seen.first, seen.last)]
            if (seen.length, *ends) != (should_be := replay.waiting_of(merchant)):
                is_now = (seen.length, *ends)
                yield f"what waits of {merchant}: is {said_of_list(is_now)}, should be {said_of_list(should_be)}"
        pooled = {name async for name in names_under(self._session, keys.pool("", "")[:-1])}
        for name in sorted(pooled | replay.pooled.keys()):
            seen = await look(self._session, keys, listed=keys.pool(*name.split(":", 1)))
            await self._fold_on(seen)
            there = (seen.length, *((each or b"").decode() for each in (seen.first, seen.last)))
            if there != (wanted := replay.pooled.get(name, (0, "", ""))):
                yield f"codes of {name}: {there[0]} stand there, should be {wanted[0]}, or others"
        seen = await look(self._session, keys, entries=keys.meta)
        await self._fold_on(seen)
        found = {name.decode(): value.decode(errors="replace") for name, value in seen.entries.items()}
        for what in meta_differences(replay.meta(), found, (each.prefix for each in META_VERIFIED)):
            yield what

    async def _look(self, name: str) -> Look:
        merchant, _, customer = name.rpartition(":")
        keys = self._keys
        value, entries = keys.customer(merchant, customer), keys.ledger(merchant, customer)
        return await look(self._session, keys, value=value, entries=entries, member=name)

    async def _fold_on(self, to: Look) -> None:
        """Fold what the partition had applied at the moment of a look, no more and no less."""
        replay = self._replay
        if to.watermark < replay.watermark or to.spoilt:
            raise WentBackError(f"it went back from {replay.watermark} to {to.watermark} meanwhile")
        replay.aside = to.aside
        reached = {merchant: backlog.reached for merchant, backlog in to.backlogs.items()}
        replay.taken_up(reached)
        async for records in self._reader.read(self._topic, self._number, replay.watermark + 1, to.watermark + 1):
            for record in records:
                held = is_bounded_at(to.clocks, record.offset)
                replay.apply(record.offset, record.value, record.timestamp if held else 0)
            await asyncio.sleep(0)
        replay.watermark = to.watermark  # what none of us signed stands there as well, and is not read
        replay.taken_up(reached)

    def _compare(self, name: str, seen: Look) -> list[str]:
        """Say how a customer departs from what the log says."""
        merchant, _, customer = name.rpartition(":")
        folded = self._replay.fold.states.get((merchant, customer))
        entries: Mapping[bytes, bytes] = self._replay.fold.ledgers.get((merchant, customer), {})
        state = None if folded is None else decode_customer(folded)
        words: list[str] = []
        live_entries: Mapping[bytes, bytes] = seen.entries
        if seen.value != folded:
            live, words = _read(seen.value)
            if live is not None and state is not None:
                live_entries, entries = as_far_as_known(live, live_entries, state, entries)
            words = words or said(plain(live), plain(state))
        words += said_of_entries(live_entries, entries)
        due = _earliest(state)
        score = None if seen.score == IDLE and state is not None else seen.score
        if score != due and (seen.value is not None or state is None):
            words.append(f"its timer is {score}, should be {due}")
        return words


def said_of_list(ends: tuple[int, ...]) -> str:
    """How many, and from where to where."""
    count, first, last = ends
    return f"{count:,} events ({first} to {last})" if count else "nothing"


def _read(value: bytes | None) -> tuple[Customer | None, list[str]]:
    """A live state, or why it cannot be read."""
    try:
        return None if value is None else decode_customer(value), []
    except UNREADABLE as error:
        return None, [f"cannot be read: {error}"]


def _said_of_line(name: str, is_now: Container[str], should_be: Container[str]) -> str:
    return "not in Redis" if name not in is_now else "not in the log" if name not in should_be else "it differs"


def _earliest(state: Customer | None) -> int | None:
    return min(state.timers.values()) if state is not None and state.timers else None
