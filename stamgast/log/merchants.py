"""The merchants' programmes in force, in memory: a view of `programs.v1` for processes that own no partition."""

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import ConsumerRecord

from stamgast.domain.program import Program
from stamgast.log.bundles import BundleRecord, decode_bundle, load_record
from stamgast.log.tail import Position
from stamgast.logs import get_logger

log = get_logger(__name__)


class MerchantTable:
    """Followed by `stamgast.log.tail.Tail`."""

    def __init__(self) -> None:
        self._programs: dict[str, Program] = {}
        self.loaded = False

    def get(self, merchant: str) -> Program | None:
        """The programme in force; None for a merchant who never published one."""
        return self._programs.get(merchant)

    def all(self) -> list[Program]:
        """Every programme in force."""
        return list(self._programs.values())

    async def positions(self) -> dict[Position, int]:
        """From the beginning, always."""
        return {}

    async def apply(self, records: Sequence[ConsumerRecord], reached: Mapping[Position, int]) -> None:  # noqa: ARG002
        """Compile the newest bundle of each merchant among these records that can be used."""
        found: dict[str, list[BundleRecord]] = {}
        for record in records:
            try:
                bundle = decode_bundle(record.value or b"")
            except ValueError as error:  # whoever wrote it, the version before it stays in force
                log.warning("unreadable bundle", offset=record.offset, reason=str(error))
            else:
                found.setdefault(bundle.merchant, []).append(bundle)
        for merchant, bundles in found.items():
            for bundle in reversed(bundles):
                loaded = await asyncio.to_thread(load_record, bundle)
                if loaded.ok:
                    self._programs[merchant] = loaded.program
                    break
                log.error(
                    "a bundle cannot be used; the one before it stays", merchant=merchant, bundle=bundle.hash[:12]
                )

    async def open(self) -> None:
        """Answer from now on."""
        self.loaded = True

    def close(self) -> None:
        """Answer no more."""
        self.loaded = False

    async def intact(self) -> bool:
        """Memory forgets nothing."""
        return True
