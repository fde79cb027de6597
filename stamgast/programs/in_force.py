"""The merchants' programmes in force, in memory: a view of `programs.v1` for processes that own no partition.

Each is compiled when it is asked for, and those that nobody asks for one after the other meanwhile: five hundred take
some twenty seconds, and a process that starts must not be away so long.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from aiokafka import ConsumerRecord

from stamgast.domain.program import Program
from stamgast.identity.veiling import Veils
from stamgast.log.tail import Position
from stamgast.logs import get_logger
from stamgast.programs.record import Chain, decode_bundle, load_record

log = get_logger(__name__)


_MOST_WAITING: Final = 64
"""Bundles of a merchant that wait to be compiled; with more of them the newest that can be used is found at once."""


class MerchantTable:
    """Followed by `stamgast.log.tail.Tail`."""

    def __init__(self, veils: Veils | None = None) -> None:
        self._veils = veils
        self._programs: dict[str, Program] = {}
        self._bundles: dict[str, bytes] = {}
        self._waiting: dict[str, list[bytes]] = {}
        """Merchant -> bundles that are newer than its programme, packed, the newest last."""
        self._turn = asyncio.Lock()
        self._compiling: asyncio.Task[list[Program]] | None = None
        self._chain = Chain()
        self.loaded = False

    async def get(self, merchant: str) -> Program | None:
        """The programme in force; None for a merchant who never published one."""
        if merchant in self._waiting:
            await self._compile(merchant)
        return self._programs.get(merchant)

    def at_hand(self, merchant: str) -> Program | None:
        """The same without waiting: None too while a newer one is to be compiled."""
        return None if merchant in self._waiting else self._programs.get(merchant)

    async def bundle(self, merchant: str) -> bytes | None:
        """The bundle of the programme in force, packed as it stands on `programs.v1`; None without one."""
        await self.get(merchant)
        return self._bundles.get(merchant)

    async def all(self) -> list[Program]:
        """Every programme in force."""
        for merchant in list(self._waiting):
            await self._compile(merchant)
        return list(self._programs.values())

    async def _compile(self, merchant: str) -> None:
        """Bring the newest bundle into force that can be used."""
        async with self._turn:
            while waiting := self._waiting.get(merchant):
                packed = waiting[-1]
                program = await asyncio.to_thread(_usable, packed)
                place = waiting.index(packed)
                if program is not None:
                    self._programs[merchant] = program.behind(self._veils.of(merchant)) if self._veils else program
                    self._bundles[merchant] = packed
                    del waiting[: place + 1]
                else:
                    del waiting[place]
            self._waiting.pop(merchant, None)

    async def positions(self) -> dict[Position, int]:
        """From the beginning, always."""
        return {}

    async def apply(self, records: Sequence[ConsumerRecord], reached: Mapping[Position, int]) -> None:  # noqa: ARG002
        """Take in bundles."""
        for record in records:
            try:
                bundle = decode_bundle(record.value or b"")
            except ValueError as error:  # whoever wrote it, the version before it stays in force
                log.warning("unreadable bundle", offset=record.offset, reason=str(error))
                continue
            if not self._chain.counts(record.offset, bundle):
                continue
            waiting = self._waiting.setdefault(bundle.merchant, [])
            waiting.append(record.value or b"")
            if len(waiting) > _MOST_WAITING:
                await self._compile(bundle.merchant)

    async def open(self) -> None:
        """Answer from now on."""
        self.loaded = True
        self._compiling = asyncio.create_task(self.all())

    def close(self) -> None:
        """Answer no more."""
        self.loaded = False
        if self._compiling is not None:
            self._compiling.cancel()

    async def intact(self) -> bool:
        """Memory forgets nothing."""
        return True


def _usable(packed: bytes) -> Program | None:
    """The programme of a bundle; None for one that cannot be used: the one before it stays."""
    bundle = decode_bundle(packed)
    try:
        loaded = load_record(bundle)
    except Exception:  # whatever it is, it may hold up this merchant and nobody else
        log.exception("a bundle cannot be read", merchant=bundle.merchant, bundle=bundle.hash[:12])
        return None
    if not loaded.ok:
        log.error("a bundle cannot be used; the one before it stays", merchant=bundle.merchant, bundle=bundle.hash[:12])
    return loaded.program if loaded.ok else None
