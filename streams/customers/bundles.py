"""Merchants' bundles as `programs.v1` holds them: which is the newest, and each one compiled when it is first needed.

A view that `stamgast.log.tail` follows. Compiling happens off the loop. A rebuild asks for every bundle that was ever
in force, so all of them can be had; memory holds the newest of each merchant, those that were asked for lately, and of
the others where they stand.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from stamgast.domain.program import Program
from stamgast.identity.veiling import Veils
from stamgast.log.tail import Position
from stamgast.logs import get_logger
from stamgast.programs.record import Chain, Glance, decode_bundle, glance_at, load_record
from stamgast.service import Bundle

log = get_logger(__name__)

MOST_COMPILED: Final = 512
"""Kept compiled besides the newest of each merchant: some 40 kB each."""
MOST_PACKED_BYTES: Final = 32_000_000
"""Kept as they stand in the log besides the newest of each merchant: ten thousand of the usual size."""

Key = tuple[str, str]
"""Merchant and hash."""


class Published(Protocol):
    """The log of bundles, from which one is read by its number."""

    async def end(self) -> int:
        """Return the number that the next bundle will get."""
        ...

    async def read(self, number: int) -> list[tuple[int, bytes]]:
        """Return a bundle, first, and perhaps some of those behind it."""
        ...


class UnusableBundleError(Exception):
    """The bundle has errors (it should never have been published); the one before it stays in force."""


class UnknownBundleError(UnusableBundleError):
    """No such bundle was published: whatever names it is not ours."""


class Bundles:
    """Newest bundle per merchant, and any bundle by its hash.

    `published` is asked for older ones, and where `programs.v1` ends, so that nobody waits for a bundle that was never
    published. Without it there are those that memory holds.
    """

    def __init__(self, published: Published | None = None, veils: Veils | None = None) -> None:
        self._veils = veils
        self._published = published
        self.newest: dict[str, tuple[int, str]] = {}
        """merchant -> (number, hash)."""
        self._chain = Chain()
        self._glances: dict[str, Glance] = {}
        self._tripped: dict[str, list[str]] = {}
        self._newest_packed: dict[str, bytes] = {}
        self._packed: dict[int, bytes] = {}
        self._packed_bytes = 0
        self._history: dict[str, list[int]] = {}
        self._numbers: dict[Key, int] = {}
        self._at: dict[int, Key] = {}
        self._compiled: dict[Key, asyncio.Task[Bundle]] = {}
        self._unusable: dict[Key, str] = {}
        self.published = 0
        """How many bundles were; what looks at the newest of all merchants need not look before there is another."""
        self._reached = 0
        self._moved = asyncio.Condition()
        self._loaded = asyncio.Event()

    @property
    def refused(self) -> dict[str, str]:
        """Merchant -> why its newest bundle cannot be used, as far as anybody has asked for it. For any thread."""
        newest = [(merchant, content) for merchant, (_, content) in list(self.newest.items())]
        return {key[0]: self._unusable[key] for key in newest if key in self._unusable}

    @property
    def tripped(self) -> list[str]:
        """Rules of the newest bundles that a trip wire paused, each with why. For any thread."""
        return [f"{merchant}: {line}" for merchant, lines in list(self._tripped.items()) for line in lines]

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
        if number >= self._reached and self._published is not None and number < await self._published.end():
            async with self._moved:
                await self._moved.wait_for(lambda: self._reached > number)
        if key not in self._numbers or (number >= 0 and self._at.get(number) != key):
            raise UnknownBundleError(f"bundle {content[:12]} of {merchant} is not number {number} of the programmes")
        task = self._compiled.pop(key, None) or asyncio.create_task(self._compile(key))
        self._compiled[key] = task  # behind the others: it was asked for last
        self._forget_some()
        return await asyncio.shield(task)

    def is_compiled(self, merchant: str, content: str) -> bool:
        """Say whether it can be had at once."""
        task = self._compiled.get((merchant, content))
        return task is not None and task.done()

    def glance(self, merchant: str, content: str) -> Glance:
        """What can be said of a bundle without compiling it: little, unless it is the merchant's newest."""
        return self._glances[merchant] if self.newest.get(merchant, (-1, ""))[1] == content else Glance()

    async def packed(self, merchant: str, content: str) -> bytes:
        """A bundle as it stands in the log. Raises KeyError for one that was not published."""
        number = self._numbers[merchant, content]
        if self.newest[merchant] == (number, content):
            return self._newest_packed[merchant]
        if number not in self._packed and self._published is not None:
            for at, value in reversed(await self._published.read(number)):
                self._keep(at, value)
        return self._packed[number]

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
        for number in reversed(self._history[merchant]):
            with contextlib.suppress(UnusableBundleError):
                return (await self.get(merchant, self._at[number][1])).program
        return None

    async def _compile(self, key: tuple[str, str]) -> Bundle:
        merchant, content = key
        try:
            record = decode_bundle(await self.packed(merchant, content))
        except BaseException:  # the log did not answer, which says nothing about the bundle
            self._compiled.pop(key, None)
            raise
        try:
            loaded = await asyncio.to_thread(load_record, record)
        except Exception as error:  # whatever it is, it may hold up this merchant and nobody else
            log.exception("a bundle cannot be read", merchant=merchant, bundle=content[:12])
            why = f"{type(error).__name__} on our side"
        else:
            if loaded.ok:
                program = loaded.program.behind(self._veils.of(merchant)) if self._veils else loaded.program
                return Bundle(self._numbers[key], content, program, loaded.rules)
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
            if not self._chain.counts(record.offset, bundle):
                log.info(
                    "a bundle was made from one that was overtaken", merchant=bundle.merchant, number=record.offset
                )
            elif record.offset not in self._at:  # else the log is being read again
                self._take_in(record.offset, (bundle.merchant, bundle.hash), record.value)
                self._glances[bundle.merchant] = glance_at(bundle)
                tripped = {rule: launch.tripped for rule, launch in bundle.launched.items() if launch.tripped}
                self._tripped[bundle.merchant] = [f"{rule} was paused: {why}" for rule, why in tripped.items()]
        async with self._moved:
            self._reached = max([self._reached, *reached.values()])
            self._moved.notify_all()

    def _take_in(self, number: int, key: Key, value: bytes) -> None:
        merchant, content = key
        self.published += 1
        before = self.newest.get(merchant)
        if before is not None and before[1] != content:
            self._unusable.pop((merchant, before[1]), None)
            self._compiled.pop((merchant, before[1]), None)
        self._history.setdefault(merchant, []).append(number)
        self._at[number] = key
        self._numbers[key] = number
        self.newest[merchant] = (number, content)
        self._newest_packed[merchant] = value
        self._keep(number, value)

    def _keep(self, number: int, value: bytes) -> None:
        self._packed_bytes += len(value) - len(self._packed.pop(number, b""))
        self._packed[number] = value
        while self._packed_bytes > MOST_PACKED_BYTES and len(self._packed) > 1:
            oldest = next(iter(self._packed))
            self._packed_bytes -= len(self._packed.pop(oldest))

    def _forget_some(self) -> None:
        """What was compiled and is asked for no more goes, but the newest of each merchant stay."""
        too_many = len(self._compiled) - len(self.newest) - MOST_COMPILED
        if too_many > 0:
            old = [key for key, task in self._compiled.items() if task.done() and self.newest[key[0]][1] != key[1]]
            for key in old[:too_many]:
                del self._compiled[key]

    async def open(self) -> None:
        """Everything has been read."""
        self._loaded.set()

    def close(self) -> None:
        """Nothing is forgotten when the connection breaks; what was read stays right."""

    async def intact(self) -> bool:
        """It is in this process's memory."""
        return True
