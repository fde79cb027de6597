"""Personal data of customers, sealed under a data key each."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from stamgast.domain.units import Millis
from stamgast.identity.records import Profile, SealedProfile, WrappedKey, decode_profile, encode, entry_key
from stamgast.identity.sealing import DataKey, WrappingKeys
from stamgast.state.identity_log import IdentityLog


class Kept(NamedTuple):
    """What is kept of a person: None for what is not, or what was destroyed."""

    profile: Profile | None
    key: DataKey | None


class Profiles:
    """Reads and writes what we know of a person."""

    def __init__(self, log: IdentityLog, wrapping_keys: WrappingKeys) -> None:
        self._log = log
        self._wrapping = wrapping_keys

    async def get(self, merchant: str, customer: str) -> Profile | None:
        """What we know of a customer; None for one we only know by purchases, or who was erased."""
        return (await self.many(merchant, [customer]))[0].profile

    async def many(self, merchant: str, customers: Sequence[str]) -> list[Kept]:
        """The same of many, with their data keys, in two questions."""
        sealed = await self._log.read("p", merchant, customers, SealedProfile)
        wrapped = await self._log.read("k", merchant, customers, WrappedKey)
        return [self._opened(merchant, *each) for each in zip(customers, sealed, wrapped, strict=True)]

    def _opened(self, merchant: str, customer: str, stored: SealedProfile | None, wrapped: WrappedKey | None) -> Kept:
        if wrapped is None:
            return Kept(None, None)
        key = self._unwrapped(merchant, customer, wrapped)
        if stored is None or stored.data_key != key.id:
            return Kept(None, key)
        return Kept(decode_profile(key.open(stored.sealed, f"{merchant}:{customer}")), key)

    async def merge(self, merchant: str, customer: str, given: Profile, at: Millis) -> tuple[Profile, bool]:
        """Keep what is new; what `given` leaves empty stays as it was. Says whether nobody knew this person before."""
        async with self._log.locked(merchant, [customer]):
            old = await self.get(merchant, customer)
            news = {name: value for name, value in msgspec.structs.asdict(given).items() if value}
            profile = msgspec.structs.replace(old or Profile(), **news)
            if profile == old:
                return profile, False
            data_key = await self._data_key(merchant, customer) or await self._new_key(merchant, customer, at)
            await self._write(merchant, customer, profile, data_key, at)
        return profile, old is None

    async def forget_phone(self, merchant: str, customer: str, phone: str, at: Millis) -> None:
        """Reach a customer by that phone no more: it is somebody else's."""
        async with self._log.locked(merchant, [customer]):
            old, data_key = await self.get(merchant, customer), await self._data_key(merchant, customer)
            if old is not None and data_key is not None and old.phone == phone:
                await self._write(merchant, customer, msgspec.structs.replace(old, phone=""), data_key, at)

    async def has_key(self, merchant: str, customer: str) -> bool:
        """Say whether there is a data key or a profile."""
        (key,) = await self._log.read("k", merchant, [customer], WrappedKey)
        (profile,) = await self._log.read("p", merchant, [customer], SealedProfile)
        return key is not None or profile is not None

    async def erase(self, merchant: str, customer: str) -> None:
        """Forget a person.

        The data key goes first: without it, what old copies of any log hold cannot be read.
        """
        async with self._log.locked(merchant, [customer]):
            (key,) = await self._log.read("k", merchant, [customer], WrappedKey)
            (profile,) = await self._log.read("p", merchant, [customer], SealedProfile)
            if key is not None:
                await self._log.write(self._log.topics.identity_keys, {entry_key(merchant, "k", customer): None})
            if profile is not None:
                await self._log.write(self._log.topics.identities, {entry_key(merchant, "p", customer): None})

    async def rewrap(self, merchant: str, customer: str, at: Millis) -> bool:
        """Wrap a customer's data key by the newest wrapping key; says whether that was needed."""
        if await self._wrapped_by_an_older(merchant, customer) is None:
            return False
        async with self._log.locked(merchant, [customer]):  # a key that is being destroyed must not come back
            key = await self._wrapped_by_an_older(merchant, customer)
            if key is None:
                return False
            data_key = self._unwrapped(merchant, customer, key)
            await self._write_key(merchant, customer, data_key, at)
        return True

    async def _wrapped_by_an_older(self, merchant: str, customer: str) -> WrappedKey | None:
        (key,) = await self._log.read("k", merchant, [customer], WrappedKey)
        return None if key is None or key.wrapped_by == self._wrapping.newest else key

    async def key_for(self, merchant: str, customer: str, at: Millis) -> DataKey:
        """The customer's data key, a new one if there is none yet."""
        known = await self._data_key(merchant, customer)
        if known is not None:
            return known
        async with self._log.locked(merchant, [customer]):
            return await self._data_key(merchant, customer) or await self._new_key(merchant, customer, at)

    async def key_of(self, merchant: str, customer: str) -> DataKey | None:
        """The customer's data key, if there is one."""
        return await self._data_key(merchant, customer)

    async def _write(self, merchant: str, customer: str, profile: Profile, data_key: DataKey, at: Millis) -> None:
        sealed = SealedProfile(data_key.id, data_key.seal(encode(profile), f"{merchant}:{customer}"), at)
        await self._log.write(self._log.topics.identities, {entry_key(merchant, "p", customer): encode(sealed)})

    async def _new_key(self, merchant: str, customer: str, at: Millis) -> DataKey:
        data_key = DataKey.new()
        await self._write_key(merchant, customer, data_key, at)
        return data_key

    async def _data_key(self, merchant: str, customer: str) -> DataKey | None:
        (key,) = await self._log.read("k", merchant, [customer], WrappedKey)
        return None if key is None else self._unwrapped(merchant, customer, key)

    def _unwrapped(self, merchant: str, customer: str, key: WrappedKey) -> DataKey:
        return self._wrapping.unwrap(key.id, key.wrapped_by, key.wrapped, f"{merchant}:{customer}")

    async def _write_key(self, merchant: str, customer: str, data_key: DataKey, at: Millis) -> None:
        wrapped_by, wrapped = self._wrapping.wrap(data_key, f"{merchant}:{customer}")
        entry = WrappedKey(data_key.id, wrapped_by, wrapped, at)
        await self._log.write(self._log.topics.identity_keys, {entry_key(merchant, "k", customer): encode(entry)})
