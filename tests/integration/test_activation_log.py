"""What the last owner did not get written to the log of activations is written first, a piece at a time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from stamgast.domain.activation import Note
from stamgast.domain.told import Line, encode_line
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import ACTIVATIONS, FACTS, Topics
from stamgast.state.keys import PartitionKeys
from stamgast.state.nodes import Redis
from stamgast.state.outbox import Outbox, decode_note, encode_note
from stamgast.state.partitions import Lease
from streams.customers import activation_log
from streams.customers.activation_log import ActivationLog, ClaimLostError
from tests.conftest import eventually
from tests.fakes.emitters import MemoryEmitters
from tests.fakes.ownership import OwnedByTest


def note(number: int) -> bytes:
    return encode_note(Note(kind="decided", activation=f"a{number:02}", merchant="m", customer="c", at=number))


class Owner:
    """A partition whose log of activations is a list."""

    def __init__(self, lease: Lease) -> None:
        self.lease, self.outbox = lease, Outbox(lease)
        self.emitters = MemoryEmitters()
        owned = OwnedByTest[None](lease, emitters=self.emitters)
        self.log = ActivationLog(owned, self.outbox, Topics(1), "nowhere", self._on_claims)

    @property
    def appends(self) -> list[list[str]]:
        return [
            [decode_note(each.value or b"").activation for each in some]
            for some in self.emitters.batches
            if some[0].topic == ACTIVATIONS
        ]

    @property
    def written(self) -> list[str]:
        return [name for some in self.appends for name in some]

    async def leave(self, numbers: range) -> None:
        """A step whose notes were not written."""
        fields = [word for number in numbers for word in ("n", note(number))]
        await self.lease.call("XADD", self.lease.keys.notes, f"{numbers.start + 1}-0", *fields)

    async def ends(self, pairs: list[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return dict.fromkeys(pairs, 0)

    async def read(self, *_place: Any) -> AsyncIterator[list[Any]]:
        nothing: list[list[Any]] = []
        for each in nothing:
            yield each

    async def _on_claims(self, _claims: Any) -> None:
        pass


@pytest.fixture
async def owner(redis_server: RedisServer) -> AsyncIterator[Owner]:
    redis = Redis(redis_server.url)
    made = Owner(await Lease.take(redis, PartitionKeys(f"c-{uuid.uuid4().hex[:8]}"), {"cluster": "k", "topic": "t"}))
    yield made
    made.log.close()
    redis.close()


async def test_notes_that_were_left_are_written_before_new_ones_and_in_pieces(owner: Owner) -> None:
    for start in range(0, 30, 3):
        await owner.leave(range(start, start + 3))
    await owner.log.open(owner)  # type: ignore[arg-type]
    owner.log.note([(b"m:c", note(30))], [], [], 8)
    assert not owner.log.idle
    await eventually(lambda: owner.log.idle)
    assert owner.written == [f"a{number:02}" for number in range(31)]
    assert max(map(len, owner.appends)) == 6
    assert await owner.outbox.last_note() == ""


async def test_facts_that_were_left_are_written_to_their_own_log_in_the_order_of_the_steps(owner: Owner) -> None:
    lines = [encode_line(Line(kind="stage", became="active", merchant="m", customer="c", at=at)) for at in range(7)]
    for at, line in enumerate(lines[:6]):
        await owner.lease.call("XADD", owner.lease.keys.notes, f"{at + 1}-0", "n", note(at), "f", line)
    await owner.log.open(owner)  # type: ignore[arg-type]
    owner.log.note([], [(b"m:c", lines[6])], [], 8)
    assert not owner.log.idle
    await eventually(lambda: owner.log.idle)
    assert owner.emitters.values(FACTS) == lines
    assert {each.key for each in owner.emitters.log} == {b"m:c"}
    assert owner.written == [f"a{number:02}" for number in range(6)]


async def test_whoever_waits_for_a_claim_of_a_partition_that_is_given_up_is_told_that_it_is_lost(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They hold turns of a sender: one that waited for ever would keep it from all other partitions of the process."""
    appending = asyncio.Event()

    async def never(*_: Any) -> list[int]:
        appending.set()
        await asyncio.get_running_loop().create_future()
        return []

    monkeypatch.setattr("streams.customers.activation_log.append", never)
    await owner.log.open(owner)  # type: ignore[arg-type]
    under_way = asyncio.create_task(owner.log.claim(decode_note(note(1))))
    await appending.wait()
    behind = asyncio.create_task(owner.log.close_attempt(decode_note(note(2))))
    await asyncio.sleep(0)
    owner.log.close()
    later = asyncio.create_task(owner.log.claim(decode_note(note(3))))
    for each in (under_way, behind, later):
        with pytest.raises(ClaimLostError):
            await asyncio.wait_for(each, 60)


async def test_notes_of_small_steps_are_written_together_and_a_claim_takes_them_along_at_once(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activation_log, "_GATHER_S", 3_600.0)
    await owner.log.open(owner)  # type: ignore[arg-type]
    for number in range(3):
        owner.log.note([(b"m:c", note(number))], [], [], number + 1)
    claim = Note(kind="claimed", activation="a09", merchant="m", customer="c", at=9, attempt="t" * 32)
    assert await owner.log.claim(claim)
    assert owner.appends == [["a00", "a01", "a02", "a09"]]


async def test_small_steps_are_written_soon_though_nothing_else_comes_and_large_ones_at_once(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await owner.log.open(owner)  # type: ignore[arg-type]
    owner.log.note([(b"m:c", note(0))], [], [], 1)
    await eventually(lambda: owner.log.idle)
    monkeypatch.setattr(activation_log, "_GATHER_S", 3_600.0)
    owner.log.note([(b"m:c", note(number)) for number in range(1, 101)], [], [], 2)
    await eventually(lambda: owner.log.idle)
    assert list(map(len, owner.appends)) == [1, 100]
