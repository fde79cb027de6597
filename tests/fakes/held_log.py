"""What pages read of Kafka, held back until a test lets it be read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from stamgast.audit.reading import Lines
from stamgast.identity.proofs import Proof
from stamgast.identity.records import Profile
from stamgast.log.topics import Topics
from stamgast.people.consents import Told
from stamgast.people.timeline import Happening, Kind, Piece
from tests.fakes.house import NOON

WHO = f"c{'a' * 24}"
AGREED = Told(NOON, NOON, "marketing", "whatsapp", granted=True, proof=Proof("2026-01", "counter"))
BOUGHT = Happening(NOON, Kind.BOUGHT, "dok-noord", amount=350, currency="EUR")


class HeldLog:
    """What is read of Kafka, and no earlier than a test lets it be read."""

    def __init__(self) -> None:
        self.open, self.asked, self.left = asyncio.Event(), 0, 0
        self.fails: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def let_go(self) -> None:
        """Let it be read, from another thread."""
        if self._loop is None:
            raise RuntimeError("nobody has asked yet")
        self._loop.call_soon_threadsafe(self.open.set)

    async def _answer(self, found: Any) -> Any:
        self.asked, self._loop = self.asked + 1, asyncio.get_running_loop()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.left += 1
            raise
        if self.fails:
            raise self.fails
        return found

    async def timeline(self, *_where: Any, **_how: Any) -> Piece:
        piece: Piece = await self._answer(Piece([BOUGHT], NOON - 1))
        return piece

    async def consents(self, *_where: Any, **_how: Any) -> list[Any]:
        told: list[Any] = await self._answer([AGREED])
        return told

    async def notes(self, *_where: Any, **_how: Any) -> Lines:
        lines: Lines = await self._answer(Lines([], None))
        return lines

    async def versions(self, *_where: Any, **_how: Any) -> AsyncIterator[Any]:
        for each in await self._answer([]):
            yield each

    def stand_for_kafka(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every page that reads Kafka read this."""
        here = "stamgast.web.pages"
        monkeypatch.setattr(f"{here}.marketer.customer_log.read_timeline", self.timeline)
        monkeypatch.setattr(f"{here}.marketer.customers.read_consents", self.consents)
        monkeypatch.setattr(f"{here}.account.audit.read_notes", self.notes)
        monkeypatch.setattr(f"{here}.marketer.rule_history.versions", self.versions)


def furnish(deps: Any) -> None:
    """Let a web process know one customer, and where the log would be."""

    async def profile(_merchant: str, customer: str) -> Profile | None:
        return Profile(phone="+31612345678", first_name="Noor", name="de Wit") if customer == WHO else None

    async def key_of(_merchant: str, _customer: str) -> None:
        return None

    deps.kafka, deps.topics = "", Topics(4)
    deps.identities = SimpleNamespace(profile=profile, key_of=key_of)
