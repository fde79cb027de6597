"""A backtest that a page asks for: in a process of its own, bounded in time and memory, and told as it goes on.

What is known of it stands in Redis, so that every web process can show it; one that is lost is asked for again.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import resource
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from stamgast.backtest.csv_past import PastError
from stamgast.backtest.findings import document_of
from stamgast.backtest.plan import LogData, Plan
from stamgast.backtest.shares import run
from stamgast.bootstrap import id_key_of, topics_of
from stamgast.domain.units import Day, Millis
from stamgast.identity.sealing import derive_voucher_key
from stamgast.logs import get_logger
from stamgast.programs.record import BundleRecord
from stamgast.settings import Settings
from stamgast.state.client import RedisClient

log = get_logger(__name__)


class Stands(StrEnum):
    """How a backtest stands."""

    RUNNING = "running"
    DONE = "done"
    TOO_LONG = "timed_out"
    TOO_LARGE = "too_large"
    FAILED = "failed"


class Bounds(NamedTuple):
    """What one may take: seconds, and bytes of memory."""

    seconds: float = 180.0
    memory: int = 1_500_000_000


class Asked(NamedTuple):
    """What is played: a rule of a bundle as if live, from the first day to the last."""

    record: BundleRecord
    rule: str
    first: Day
    last: Day
    edited: bool = False
    """Its text is not in force."""


class Run(msgspec.Struct, frozen=True):
    """One backtest. `found` is what `rules backtest --json` says, once it is done; `done` and `of` count customers."""

    rule: str
    first: Day
    last: Day
    started_at: Millis
    stands: Stands
    edited: bool = False
    done: int = 0
    of: int = 0
    found: dict[str, Any] | None = None
    why: str = ""
    """In English, where it failed."""


class BusyError(RuntimeError):
    """This process plays another one; they are played one after another."""


_KEPT_S: Final = 86_400
_RUNNING_S: Final = 15
"""A process that dies takes its backtest along; nobody is told for longer that it goes on."""
_TELL_EVERY_S: Final = 0.5
_WATCH_EVERY_S: Final = 0.1
_NICE: Final = 10


class Backtests:
    """What this process plays, and what all of them know."""

    def __init__(self, redis: RedisClient, settings: Settings, bounds: Bounds | None = None) -> None:
        self._redis = redis
        self._settings = settings
        self._bounds = bounds or Bounds()
        self._playing: asyncio.Task[None] | None = None

    async def known(self, merchant: str, rule: str) -> Run | None:
        """Return the newest backtest of a rule, if one is remembered. Raises StateError."""
        packed = await self._redis.get(_key(merchant, rule))
        return None if packed is None else msgspec.json.decode(packed, type=Run)

    async def begin(self, asked: Asked, now: Millis) -> Run:
        """Begin one, or return the one of this rule that is going on.

        Raises:
            BusyError: this process plays another one.
            StateError: Redis does not answer.
        """
        merchant = asked.record.merchant
        known = await self.known(merchant, asked.rule)
        if known is not None and known.stands is Stands.RUNNING:
            return known
        if self._playing is not None and not self._playing.done():
            raise BusyError
        begun = Run(asked.rule, asked.first, asked.last, now, Stands.RUNNING, edited=asked.edited)
        await self._tell(merchant, begun)
        self._playing = asyncio.create_task(self._play(asked, begun))
        return begun

    async def close(self) -> None:
        """End what is going on."""
        if self._playing is not None:
            self._playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._playing

    async def _play(self, asked: Asked, begun: Run) -> None:
        merchant = asked.record.merchant
        ended = msgspec.structs.replace(begun, stands=Stands.FAILED, why="it was ended from outside")
        child, pipe = await asyncio.to_thread(_start, self._plan(asked), self._bounds)
        try:
            ended = await self._follow(merchant, begun, pipe)
        except Exception as error:
            log.exception("a backtest of a page failed", merchant=merchant, rule=asked.rule)
            ended = msgspec.structs.replace(begun, stands=Stands.FAILED, why=type(error).__name__)
        finally:
            child.kill()
            await asyncio.to_thread(child.join)
            pipe.close()
            with contextlib.suppress(Exception):  # who asked sees that nothing goes on
                await self._tell(merchant, ended)

    async def _follow(self, merchant: str, begun: Run, pipe: Connection) -> Run:
        """Tell how far it is until it ends."""
        ends, now = time.monotonic() + self._bounds.seconds, begun
        while time.monotonic() < ends:
            said = await asyncio.to_thread(_next, pipe)
            if isinstance(said, _Ended):
                return msgspec.structs.replace(now, stands=said.stands, why=said.why)
            if isinstance(said, dict):
                return msgspec.structs.replace(now, stands=Stands.DONE, found=said)
            if said is not None:
                now = msgspec.structs.replace(now, done=said[0], of=said[1])
            await self._tell(merchant, now)
        return msgspec.structs.replace(now, stands=Stands.TOO_LONG)

    def _plan(self, asked: Asked) -> Plan:
        id_key = id_key_of(self._settings)
        data = LogData(self._settings, topics_of(self._settings), id_key)
        return Plan(
            asked.record, data, asked.first, asked.last, named=(asked.rule,), voucher_key=derive_voucher_key(id_key)
        )  # fmt: skip

    async def _tell(self, merchant: str, told: Run) -> None:
        lasts = _RUNNING_S if told.stands is Stands.RUNNING else _KEPT_S
        await self._redis.call("SET", _key(merchant, told.rule), msgspec.json.encode(told), "EX", lasts)


class _Ended(NamedTuple):
    """How a child ended that has nothing to show."""

    stands: Stands
    why: str = ""


def _key(merchant: str, rule: str) -> str:
    return f"web:backtest:{merchant}:{rule}"


def _start(plan: Plan, bounds: Bounds) -> tuple[Any, Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(theirs, plan, bounds), daemon=True)
    child.start()
    theirs.close()
    return child, ours


def _next(pipe: Connection) -> Any:
    """What the child says next; None while it says nothing. Of several words on how far it is, the newest."""
    if not pipe.poll(_TELL_EVERY_S):
        return None
    try:
        said = pipe.recv()
        while isinstance(said, tuple) and not isinstance(said, _Ended) and pipe.poll(0):
            said = pipe.recv()
    except EOFError:  # killed, as by a machine without memory
        return _Ended(Stands.TOO_LARGE)
    return said


def _work(pipe: Connection, plan: Plan, bounds: Bounds) -> None:
    """Play it: what the child does. It has no more than it may, and goes behind everything that somebody waits for."""
    os.nice(_NICE)
    threading.Thread(target=_end_beyond, args=(bounds.memory,), daemon=True).start()
    seconds = int(bounds.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        pipe.send(document_of(plan, run(plan, 1, _told_to(pipe))))
    except BrokenPipeError:
        return
    except MemoryError:
        pipe.send(_Ended(Stands.TOO_LARGE))
    except PastError as error:
        pipe.send(_Ended(Stands.FAILED, "; ".join(error.problems)))
    except Exception as error:  # noqa: BLE001 - the page says it
        pipe.send(_Ended(Stands.FAILED, f"{type(error).__name__}: {error}"))


def _end_beyond(memory: int) -> None:
    """End this process at once when it has more than it may.

    A limit of the system's would be a `MemoryError` anywhere, and libraries take that for a connection that broke.
    """
    held = Path("/proc/self/statm")
    while held.exists():  # where there is none, time alone is bounded
        if int(held.read_text().split()[1]) * resource.getpagesize() > memory:
            os._exit(1)
        time.sleep(_WATCH_EVERY_S)


def _told_to(pipe: Connection) -> Callable[[int, int], None]:
    return lambda done, all_: pipe.send((done, all_))
