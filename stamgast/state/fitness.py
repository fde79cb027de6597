"""Is this Redis fit to hold the state? Its masters are asked every two seconds, by every worker and web process.

Fit is one that never throws keys away by itself (`maxmemory-policy noeviction`) and takes writes. Only a write tells
that: a small one, which goes again by itself. Whoever stands on Redis asks here, and says here what is wrong.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Final

from stamgast.lifecycle.cancellation import heed_cancellation
from stamgast.logs import get_logger
from stamgast.state.condition import TAKES_NO_WRITES, Condition
from stamgast.state.errors import NoWritesError, RefusedError, StateError
from stamgast.state.nodes import Redis
from stamgast.state.session import Session, told_by
from stamgast.state.slots import Address

log = get_logger(__name__)

_EVERY_S: Final = 2.0
_KEPT_S: Final = 60
"""The small write goes again after so long."""
_LASTS_S: Final = 5.0
"""A write that was refused on the way says that much longer what the next look would say."""
_SAY_EVERY_S: Final = 60.0
_TAGS: Final = 5_000


class Fitness:
    """See the module. `process` names its own small key; `watched`: who else tells of refused writes."""

    def __init__(self, redis: Redis, process: str, *, watched: Sequence[Redis] = ()) -> None:
        self._redis = redis
        self._process = process
        self._watched = watched
        self._conditions: dict[Address, Condition] = {}
        self._distrust: list[str] = []
        self._refusals: list[str] = []
        """What the conditions say: every request asks."""
        self._keys: dict[Address, str] = {}
        self._answered = False
        self._said: dict[str, tuple[str, float]] = {}
        """What is wrong -> how that was said last, and when (monotonic)."""

    # -- what others ask, from any thread

    @property
    def nodes(self) -> list[Condition]:
        """What each master said last."""
        return list(self._conditions.values())

    @property
    def trusted(self) -> bool:
        """Say whether it was looked at and none of its masters may throw keys away."""
        return bool(self._conditions) and not self._distrust

    @property
    def distrust(self) -> list[str]:
        """Why it cannot be trusted with state, and what to set: a sentence for each master."""
        return self._distrust

    @property
    def refusals(self) -> list[str]:
        """Why it takes no writes: a sentence for each master."""
        if self._refusals:
            return self._refusals
        last = [text for at, text in (each.refused for each in self._watched) if time.monotonic() - at < _LASTS_S]
        return [TAKES_NO_WRITES.format("Redis", text) for text in last[:1]]

    @property
    def missing(self) -> list[str]:
        """All of that, and whether it answers at all: why nobody is ready."""
        silent = [] if self._answered else ["Redis: cannot be asked"]
        return [*silent, *self.distrust, *self.refusals]

    @property
    def notes(self) -> list[str]:
        """What a person should know although the work goes on."""
        return [note for each in self._conditions.values() for note in each.notes]

    # -- looking

    async def run(self) -> None:
        """Look for ever; whatever goes wrong is what there is to tell."""
        while True:
            await self.look()
            heed_cancellation()
            await asyncio.sleep(_EVERY_S * random.uniform(0.8, 1.2))

    async def look(self) -> None:
        """Ask every master that can be reached; of one that cannot, the last answer stands."""
        try:
            masters = await self._redis.reachable_masters()
        except StateError:
            self._answered = False
            return
        known = self._conditions
        found = await asyncio.gather(*(self._ask(address, session) for address, session in masters.items()))
        self._answered = any(each is not None for each in found)
        asked = {address: now or known.get(address) for address, now in zip(masters, found, strict=True)}
        self._conditions = {address: each.after(known.get(address)) for address, each in asked.items() if each}
        self._distrust = [each.distrust for each in self.nodes if each.distrust]
        self._refusals = [each.refusal for each in self.nodes if each.refusal]
        self._tell()

    async def _ask(self, address: Address, session: Session | None) -> Condition | None:
        """None if it does not answer."""
        if session is None:
            return None
        try:
            calls = [session.call("INFO", "memory"), session.call("INFO", "stats")]
        except StateError:  # it ended since we were given it
            return None
        probe = self._probe(address, session)  # last: it may end the session
        memory, stats, refusal = await asyncio.gather(*calls, probe, return_exceptions=True)
        if not isinstance(memory, bytes) or not isinstance(stats, bytes) or not isinstance(refusal, str):
            return None
        policy = told_by(memory, "maxmemory_policy") or await _configured(session)
        return Condition.read(f"{address[0]}:{address[1]}", memory, stats, policy=policy, refusal=refusal)

    async def _probe(self, address: Address, session: Session) -> str:
        """Write something small; return why it was not taken, or nothing. Raises StateError if that is not known."""
        key = self._key_at(address)
        try:
            if key:
                await session.call("SET", key, 1, "EX", _KEPT_S)
        except NoWritesError as refused:
            return str(refused)
        except RefusedError as error:
            code = str(error).partition(" ")[0]
            if code == "READONLY":
                return str(error)
            if code != "NOPERM":  # then this key is not for us, which says nothing of others
                raise
        return ""

    def _key_at(self, address: Address) -> str:
        """A key of ours that this master holds; none for one that holds next to nothing."""
        known = self._keys.get(address, "")
        if not known or not self._redis.serves(address, known):
            names = (f"{{probe{tag}}}:{self._process}" for tag in range(_TAGS))
            known = self._keys[address] = next((name for name in names if self._redis.serves(address, name)), "")
        return known

    # -- telling

    def _tell(self) -> None:
        nodes = self.nodes
        self._say("this Redis may throw keys away; nothing is done with it", [each.distrust for each in nodes])
        self._say("Redis takes no writes", [each.refusal for each in nodes])
        self._say("Redis is nearly full", [each.fullness for each in nodes])
        self._say("Redis threw keys away", [each.loss for each in nodes], grows=True)

    def _say(self, text: str, sentences: Sequence[str], *, grows: bool = False) -> None:
        """Log what is wrong when it begins and when it is over; what comes and goes, or `grows`, once a minute."""
        now, what = time.monotonic(), " ".join(filter(None, sentences))
        said, at = self._said.get(text, ("", float("-inf")))
        if not what and said:
            self._said[text] = ("", at)
            log.info("no longer so", what=text)
        elif what and now - at > _SAY_EVERY_S and (not said or (grows and what != said)):
            self._said[text] = (what, now)
            log.error(text, why=what)


async def _configured(session: Session) -> str:
    """The policy by CONFIG, which is forbidden in places; then it is not known."""
    try:
        _, value = await session.call("CONFIG", "GET", "maxmemory-policy")
    except (StateError, ValueError):
        return ""
    return str(value.decode())
