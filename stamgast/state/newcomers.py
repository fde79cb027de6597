"""Many people of whom nothing is known become customers at once: a list that a shop brings along.

What one enrolment writes one after the other (key, profile, names) is written for all of them together, names last:
whoever finds a name finds the profile behind it. Who is known already, in hand elsewhere, or was left half-way by a
process that was killed is none of these, and is enrolled alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from stamgast.domain.units import Millis
from stamgast.identity.ids import Identifier, customer_id, identifier_hash
from stamgast.identity.records import (
    Alias,
    Profile,
    SealedProfile,
    Suppression,
    WrappedKey,
    encode,
    entry_key,
)
from stamgast.identity.sealing import DataKey, WrappingKeys
from stamgast.state.identity_log import IdentityLog

MOST: Final = 250
"""People who are written at once: their locks are held for a moment only."""


class Newcomer(NamedTuple):
    """Somebody who may be new: by what they are named, and what is to be known of them."""

    identifiers: Sequence[Identifier]
    profile: Profile


class Joined(NamedTuple):
    """Somebody who was new, with their data key; `stopped`: their phone says since then that it wants no messages."""

    customer: str
    key: DataKey
    stopped: Millis | None


class _Made(NamedTuple):
    customer: str
    key: DataKey
    newcomer: Newcomer
    hashes: Sequence[str]
    known: Mapping[str, Alias | None]


class Newcomers:
    """See the module."""

    def __init__(self, log: IdentityLog, wrapping_keys: WrappingKeys, id_key: bytes) -> None:
        self._log = log
        self._wrapping = wrapping_keys
        self._id_key = id_key

    async def enrol(self, merchant: str, people: Sequence[Newcomer], at: Millis) -> list[Joined | None]:
        """Make customers of those who are new, at most `MOST`; None for each who is not. No two share an identifier.

        Raises:
            NotLoadedError, NotAppendedError, StateError: not now; who was written half-way is enrolled alone then.
        """
        hashes = [[self._hash(merchant, each) for each in one.identifiers] for one in people]
        async with self._log.locked_among(merchant, [name for names in hashes for name in names]) as held:
            free = [all(name in held for name in names) for names in hashes]
            made = await self._made(merchant, people, hashes, free)
            found = [each for each in made if each is not None]
            if found:
                await self._write(merchant, found, at)
        stopped = await self._stopped(merchant, found)
        return [None if each is None else Joined(each.customer, each.key, stopped.get(each.customer)) for each in made]

    async def _made(
        self, merchant: str, people: Sequence[Newcomer], hashes: Sequence[Sequence[str]], free: Sequence[bool]
    ) -> list[_Made | None]:
        names = [name for some in hashes for name in some]
        known = dict(zip(names, await self._log.read("a", merchant, names, Alias), strict=True))
        made: list[_Made | None] = []
        for one, some, is_free in zip(people, hashes, free, strict=True):
            if not is_free or any(alias is not None and alias.customer for alias in map(known.__getitem__, some)):
                made.append(None)
                continue
            first = known[some[0]]
            customer = customer_id(self._id_key, merchant, one.identifiers[0], first.erasures if first else 0)
            made.append(_Made(customer, DataKey.new(), one, some, known))
        customers = [each.customer for each in made if each is not None]
        keys, profiles = await asyncio.gather(
            self._log.read("k", merchant, customers, WrappedKey),
            self._log.read("p", merchant, customers, SealedProfile),
        )
        half_known = {
            name for name, *had in zip(customers, keys, profiles, strict=True) if any(each is not None for each in had)
        }
        return [None if each is None or each.customer in half_known else each for each in made]

    async def _write(self, merchant: str, made: Sequence[_Made], at: Millis) -> None:
        keys: dict[bytes, bytes | None] = {}
        profiles: dict[bytes, bytes | None] = {}
        aliases: dict[bytes, bytes | None] = {}
        for customer, key, newcomer, hashes, known in made:
            owner = f"{merchant}:{customer}"
            wrapped_by, wrapped = self._wrapping.wrap(key, owner)
            keys[entry_key(merchant, "k", customer)] = encode(WrappedKey(key.id, wrapped_by, wrapped, at))
            sealed = SealedProfile(key.id, key.seal(encode(newcomer.profile), owner), at)
            profiles[entry_key(merchant, "p", customer)] = encode(sealed)
            for each, name in zip(newcomer.identifiers, hashes, strict=True):
                before = known[name]
                alias = Alias(each.kind, customer, at, before.erasures if before else 0)
                aliases[entry_key(merchant, "a", name)] = encode(alias)
        # At once: without its key a profile says nothing, and whoever finds half of both is enrolled alone.
        topics, write = self._log.topics, self._log.write
        halves = (write(topics.identity_keys, keys), write(topics.identities, profiles))
        for outcome in await asyncio.gather(*halves, return_exceptions=True):  # none goes on beyond its lock
            if isinstance(outcome, BaseException):
                raise outcome
        await write(topics.identities, aliases)

    async def _stopped(self, merchant: str, made: Sequence[_Made]) -> dict[str, Millis]:
        """Since when phones among these want no messages, whoever has them."""
        phones = {
            name: each.customer
            for each in made
            for identifier, name in zip(each.newcomer.identifiers, each.hashes, strict=True)
            if identifier.kind == "phone"
        }
        said = await self._log.read("s", merchant, list(phones), Suppression) if phones else []
        return {
            customer: entry.at
            for customer, entry in zip(phones.values(), said, strict=True)
            if entry is not None and entry.stopped
        }

    def _hash(self, merchant: str, identifier: Identifier) -> str:
        return identifier_hash(self._id_key, merchant, identifier.kind, identifier.value)
