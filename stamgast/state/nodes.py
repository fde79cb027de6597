"""Where Redis is: one server, or the nodes of a Redis Cluster, with a session each.

Which of both it is, the server says itself. A partition's keys share a slot and so a node; whoever owns it works over
that node's session. A slot that moved, or a node that is gone, ends what was taken there, and the next taking finds the
slot's new node. Nothing is followed or tried again on behalf of an owner (invariant 3). Those who own nothing, such as
web, may: `attempt` follows a key and waits a moment for what passes.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from stamgast.state.errors import (
    MovedError,
    NotNowError,
    NoWritesError,
    RefusedError,
    SessionEndedError,
    StateError,
)
from stamgast.state.scripts import Script
from stamgast.state.session import Session, Word, connect
from stamgast.state.slots import Address, Place, SlotMap, places_of

_PATIENCE_S: Final = 10.0
_PAUSES_S: Final = (0.0, 0.02, 0.1, 0.3, 0.6, 1.0)

T = TypeVar("T")


class Redis:
    """See the module. Sessions are opened when they are first asked for, and again when they have ended."""

    def __init__(self, urls: str, *, patience_s: float = _PATIENCE_S) -> None:
        self._places = places_of(urls)
        self._patience_s = patience_s
        self._sessions: dict[Address, Session] = {}
        self._slots: SlotMap | None = None
        self._connecting: defaultdict[Address, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._looking = asyncio.Lock()
        self._looks = 0
        self.opened = 0
        self.refused: tuple[float, str] = (float("-inf"), "")
        """When (monotonic) it last took no write for a reason that lasts, and what it said."""

    @property
    def is_apart(self) -> bool:
        """Say whether keys lie on several nodes, so that one command cannot ask after all of them."""
        return self._slots is not None

    async def session(self, key: str | bytes = "") -> Session:
        """Return the session in force with the node of a key (of none: with any), opening one if need be.

        Raises SessionEndedError if it cannot be reached, RefusedError if it does not let us in.
        """
        known = self._known(key)
        if known is not None:
            return known
        async with self._looking:
            known = self._known(key)
            if known is not None:
                return known
            entry = await self._look_around()
            if self._slots is None or not key:
                return entry
            address = self._slots.node_of(key)
        if address is None:
            raise SessionEndedError("no node of the Redis Cluster serves this slot")
        return await self._session_at(address)

    async def masters(self) -> list[Session]:
        """Return a session with every node that holds keys now."""
        return [await self._session_at(address) for address in await self._masters()]

    async def reachable_masters(self) -> dict[Address, Session | None]:
        """Return the nodes that hold keys now, with a session where one can be had.

        Raises StateError if none of them can be asked.
        """
        found: dict[Address, Session | None] = {}
        for address in await self._masters():
            try:
                found[address] = await self._session_at(address)
            except StateError:
                found[address] = None
        return found

    def serves(self, address: Address, key: str) -> bool:
        """Say whether a node holds this key, as far as we have been told."""
        return self._slots is None or self._slots.node_of(key) == address

    def in_force(self, key: str | bytes) -> Session | None:
        """The open session with the node of a key, as far as we have been told; None where there is none yet."""
        return self._known(key)

    def close(self) -> None:
        """Close all sessions."""
        for session in self._sessions.values():
            session.close()

    # -- for those who own nothing

    async def attempt(self, key: str | bytes, work: Callable[[Session], Awaitable[T]]) -> T:
        """Do something over the session of a key's node, again and elsewhere if that does not answer now."""
        for pause in _PAUSES_S[1:]:
            try:
                return await work(await self.session(key))
            except (SessionEndedError, NotNowError):
                await asyncio.sleep(pause)
        return await work(await self.session(key))

    async def call(self, *words: Word) -> Any:
        """Run one command, whose second word is its key, wherever that is."""
        return await self.heard(self.begin(*words), *words)

    def begin(self, *words: Word) -> asyncio.Future[Any] | None:
        """Send one command at once, over the session in force with its key's node; None where there is none.

        Many that are begun one after the other, and heard then, need no task each.
        """
        session = self._known(_key_in(words))
        return None if session is None else session.call(*words)

    async def heard(self, answer: asyncio.Future[Any] | None, *words: Word) -> Any:
        """The answer to a command that was begun; where that failed for a reason that passes it is tried again."""
        if answer is not None:
            try:
                return await answer
            except (SessionEndedError, NotNowError):
                pass

        async def ask(session: Session) -> Any:
            try:
                return await session.call(*words)
            except MovedError as moved:
                return await self.follow(session, moved, *words)

        return await self.attempt(_key_in(words), ask)

    def tell(self, *words: Word) -> None:
        """Send one command, whose second word is its key, for whose answer nobody waits: where it fails it is lost."""
        session = self._known(_key_in(words))
        if session is not None:
            session.tell(*words)

    async def run(self, script: Script, key: str, args: Sequence[Word]) -> Any:
        """Run a script on one key, wherever that is."""

        async def ask(session: Session) -> Any:
            try:
                return await session.run(script, [key], args)
            except MovedError as moved:
                return await self.follow(session, moved, "EVAL", script.text, 1, key, *args)

        return await self.attempt(key, ask)

    def begin_script(self, script: Script, key: str, args: Sequence[Word]) -> asyncio.Future[Any] | None:
        """As `begin`, for a script that this node has seen; whoever hears that it has not, `run`s it."""
        session = self._known(key)
        return None if session is None else session.call(b"EVALSHA", script.sha, 1, key, *args)

    async def follow(self, session: Session, moved: MovedError, *words: Word) -> Any:
        """Run a command at the node that a slot is on its way to, if that is why it was refused."""
        if not moved.asking:
            raise moved  # the map is right by now: another attempt goes there
        target = await self._session_at((moved.host or session.address[0], moved.port))
        _, answer = await asyncio.gather(target.call("ASKING"), target.call(*words))
        return answer

    # -- within

    def _known(self, key: str | bytes) -> Session | None:
        if not key:
            return next((session for session in self._sessions.values() if session.alive), None)
        address = _address(self._places[0]) if self._slots is None else self._slots.node_of(key)
        session = self._sessions.get(address) if address is not None else None
        return session if session is not None and session.alive else None

    async def _masters(self) -> list[Address]:
        async with self._looking:
            await self._look_around()
        return [_address(self._places[0])] if self._slots is None else list(self._slots)

    async def _look_around(self) -> Session:
        """Ask any node which of them serves which slot; return its session."""
        failure: Exception = SessionEndedError("no address of Redis is known")
        for address in self._candidates():
            try:
                session = await self._session_at(address)
                told = await session.call("CLUSTER", "SLOTS") if session.in_cluster else None
                self._slots = None if told is None else SlotMap(told, session.address)
            except (SessionEndedError, RefusedError) as error:
                failure = error
                continue
            if not session.in_cluster and len(self._places) > 1:
                raise RefusedError("several addresses are for a Redis Cluster, and this is not one")
            return session
        raise failure

    def _candidates(self) -> list[Address]:
        """Open sessions first, each in its turn: a node that was cut off tells old news."""
        self._looks += 1
        alive = [address for address, session in self._sessions.items() if session.alive]
        turn = self._looks % len(alive) if alive else 0
        given = [_address(place) for place in self._places]
        return list(dict.fromkeys([*alive[turn:], *alive[:turn], *given, *(self._slots or ())]))

    async def _session_at(self, address: Address) -> Session:
        async with self._connecting[address]:
            session = self._sessions.get(address)
            if session is None or not session.alive:
                place = next((each for each in self._places if _address(each) == address), None)
                place = place or {**self._places[0], "host": address[0], "port": address[1]}
                session = self._sessions[address] = await connect(place, self._patience_s, self._learn)
                self.opened += 1
        return session

    def _learn(self, session: Session, told: RefusedError) -> None:
        if isinstance(told, NoWritesError):
            self.refused = (time.monotonic(), str(told))
        elif isinstance(told, MovedError) and self._slots is not None and not told.asking:
            self._slots.moved(told.slot, (told.host or session.address[0], told.port))


def heed(answer: asyncio.Future[Any]) -> None:
    """Look at the error of what nobody waits for, or asyncio would complain that nobody did."""
    if not answer.cancelled():
        answer.exception()


def _key_in(words: Sequence[Word]) -> str | bytes:
    key = words[1] if len(words) > 1 else ""
    return key if isinstance(key, bytes) else str(key)


def _address(place: Place) -> Address:
    """Where to connect; a path stands for a host."""
    return (place["path"], 0) if "path" in place else (place.get("host", "127.0.0.1"), place.get("port", 6379))
