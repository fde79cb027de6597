"""Merchants' bundles as `programs.v1` holds them: which is the newest, and each one compiled when it is first needed.

A view that `stamgast.log.tail` follows. Compiling happens off the loop. Bundles are kept packed, for ever, because a
rebuild asks for every one that was ever in force.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from stamgast.domain.program import Program
from stamgast.log.bundles import decode_bundle, load_record
from stamgast.log.tail import Position
from stamgast.logs import get_logger
from stamgast.service import Bundle

log = get_logger(__name__)


class UnusableBundleError(Exception):
    """The bundle has errors (it should never have been published); the one before it stays in force."""


class UnknownBundleError(UnusableBundleError):
    """No such bundle was published: whatever names it is not ours."""


class Bundles:
    """Newest bundle per merchant, and any bundle by its hash.

    `find_end` asks Kafka where `programs.v1` ends, so that nobody waits for a bundle that was never published.
    """

    def __init__(self, find_end: Callable[[], Awaitable[int]] | None = None) -> None:
        self._find_end = find_end
        self.newest: dict[str, tuple[int, str]] = {}
        """merchant -> (number, hash)."""
        self._packed: dict[tuple[str, str], bytes] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._at: dict[int, tuple[str, str]] = {}
        self._compiled: dict[tuple[str, str], asyncio.Task[Bundle]] = {}
        self._unusable: dict[tuple[str, str], str] = {}
        self._reached = 0
        self._moved = asyncio.Condition()
        self._loaded = asyncio.Event()

    @property
    def refused(self) -> dict[str, str]:
        """Merchant -> why its newest bundle cannot be used, as far as anybody has asked for it. For any thread."""
        newest = [(merchant, content) for merchant, (_, content) in list(self.newest.items())]
        return {key[0]: self._unusable[key] for key in newest if key in self._unusable}

    # -- what owners ask

    async def loaded(self) -> None:
        """Wait until everything that was published has been read."""
        await self._loaded.wait()

    async def get(self, merchant: str, content: str, number: int = -1) -> Bundle:
        """Return a bundle, waiting until it has been read; with a number, only if it was published under that.

        Raises:
            UnusableBundleError: it does not compile.
            UnknownBundleError: it was not published.
        """
        key = (merchant, content)
        if number >= self._reached and self._find_end is not None and number < await self._find_end():
            async with self._moved:
                await self._moved.wait_for(lambda: self._reached > number)
        if key not in self._packed or (number >= 0 and self._at.get(number) != key):
            raise UnknownBundleError(f"bundle {content[:12]} of {merchant} is not number {number} of the programmes")
        if key not in self._compiled:
            self._compiled[key] = asyncio.create_task(self._compile(key))
        return await asyncio.shield(self._compiled[key])

    def packed(self, merchant: str, content: str) -> bytes:
        """A bundle as it stands in the log. Raises KeyError for one that was not published."""
        return self._packed[merchant, content]

    def between(self, merchant: str, after: int, before: int) -> list[tuple[int, str]]:
        """Numbers and hashes of a merchant's bundles that were published between two numbers, in their order."""
        at = sorted(number for number, (whose, _) in self._at.items() if whose == merchant and after < number < before)
        return [(number, self._at[number][1]) for number in at]

    async def judge_newest(self, merchant: str) -> None:
        """Find out whether a merchant's newest bundle can be used; if not, `refused` tells."""
        with contextlib.suppress(UnusableBundleError):
            await self.get(merchant, self.newest[merchant][1])

    async def program_of(self, merchant: str) -> Program | None:
        """Return the newest programme of a merchant that can be used; None if there is none."""
        await self._loaded.wait()
        if merchant not in self.newest:
            return None
        try:
            return (await self.get(merchant, self.newest[merchant][1])).program
        except UnusableBundleError:
            pass
        for number in sorted(self._at, reverse=True):
            if self._at[number][0] == merchant:
                with contextlib.suppress(UnusableBundleError):
                    return (await self.get(merchant, self._at[number][1])).program
        return None

    async def _compile(self, key: tuple[str, str]) -> Bundle:
        merchant, content = key
        record = decode_bundle(self._packed[key])
        try:
            loaded = await asyncio.to_thread(load_record, record)
        except Exception as error:  # whatever it is, it may hold up this merchant and nobody else
            log.exception("a bundle cannot be read", merchant=merchant, bundle=content[:12])
            why = f"{type(error).__name__} on our side"
        else:
            if loaded.ok:
                return Bundle(self._numbers[key], content, loaded.program, loaded.rules)
            why = next(problem.message for problem in loaded.problems if problem.severity == "error")
        self._unusable[key] = why
        raise UnusableBundleError(f"bundle {content[:12]} of {merchant}: {why}")

    # -- the view

    async def positions(self) -> Mapping[Position, int]:
        """Begin at the beginning: what is here lives and dies with the process."""
        return {}

    async def apply(self, records: Sequence[Any], reached: Mapping[Position, int]) -> None:
        """Take in bundles; an unreadable record is passed over, for the bundle before it stays in force."""
        for record in records:
            try:
                bundle = decode_bundle(record.value or b"")
            except ValueError as error:
                log.error("a programme cannot be read", offset=record.offset, why=str(error))
                continue
            self._packed[bundle.merchant, bundle.hash] = record.value
            self._numbers[bundle.merchant, bundle.hash] = record.offset
            self._at[record.offset] = (bundle.merchant, bundle.hash)
            self.newest[bundle.merchant] = (record.offset, bundle.hash)
        async with self._moved:
            self._reached = max([self._reached, *reached.values()])
            self._moved.notify_all()

    async def open(self) -> None:
        """Everything has been read."""
        self._loaded.set()

    def close(self) -> None:
        """Nothing is forgotten when the connection breaks; what was read stays right."""

    async def intact(self) -> bool:
        """It is in this process's memory."""
        return True
