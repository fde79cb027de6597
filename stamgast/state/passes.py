"""In which wallets somebody's card is: which pass a serial number stands for, and which devices are told of changes.

A pass's serial number is made as the token of a card is (`stamgast.identity.card_tokens`), for another purpose: it
says whose pass it is, of which edition of their card, and opens no page. Its authentication token follows from it.
What a device calls itself and where it is woken are sealed with the customer's data key, so they go when the person
is forgotten. Under a hash of the device stands which passes it has: it asks that without saying who it is.
"""

import hmac
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from stamgast.domain.units import Millis
from stamgast.identity.card_tokens import CardTokens
from stamgast.identity.records import (
    Device,
    Passes,
    PassOnDevice,
    Saved,
    SealedPasses,
    decode_passes,
    encode,
    entry_key,
)
from stamgast.identity.sealing import DataKey, SealError, derive_key
from stamgast.state.cards import Cards
from stamgast.state.identity_log import IdentityLog, passes_on
from stamgast.state.profiles import Profiles

MOST_DEVICES: Final = 20
"""Of one customer; with one more, the one that came first is told no more. It still shows its pass, and may ask."""
MOST_LISTED: Final = 50
"""Passes of one device that it is told of."""
_NOTHING: Final = Passes()


class Held(NamedTuple):
    """Whose pass a serial number stands for. `void`: their card was revoked since, or they are forgotten."""

    merchant: str
    customer: str
    serial: str
    void: bool


class WalletPasses:
    """See the module. Raises `NotLoadedError` while the view of identities is not read."""

    def __init__(self, log: IdentityLog, profiles: Profiles, cards: Cards, id_key: bytes) -> None:
        self._log = log
        self._profiles = profiles
        self._cards = cards
        self._serials = CardTokens(id_key, "pass serials")
        self._key = derive_key(id_key, "pass authentication")
        self._device_key = derive_key(id_key, "pass devices")

    async def serial(self, merchant: str, customer: str) -> str:
        """The serial number of the pass that shows a customer's card now."""
        return self._serials.of(merchant, customer, await self._cards.edition(merchant, customer))

    def authentication(self, serial: str) -> str:
        """What a device shows to be given the pass."""
        return hmac.digest(self._key, serial.encode(), "sha256")[:20].hex()

    async def held(self, serial: str, merchants: Iterable[str]) -> Held | None:
        """Whose pass it is; None: no serial number of ours."""
        opened = self._serials.open(serial, merchants)
        if opened is None:
            return None
        holder = await self._cards.holder(opened)
        merchant, customer = holder or (opened.merchant, opened.customer)
        return Held(merchant, customer, serial, void=holder is None)

    async def register(self, held: Held, library: str, push_token: str, at: Millis) -> bool:
        """Tell a device of changes from now on; says whether it was not told before."""
        merchant, customer = held.merchant, held.customer
        await self._profiles.key_for(merchant, customer, at)
        async with self._log.locked(merchant, [customer]):
            known, key = await self._opened(merchant, customer)
            same = [each for each in known.apple if (each.library, each.serial) == (library, held.serial)]
            if same and same[0].push_token == push_token:
                await self._note_on_device(held, library, at)
                return False
            others = [each for each in known.apple if each not in same]
            gone = others[: max(0, len(others) - MOST_DEVICES + 1)]
            kept = (*others[len(gone) :], Device(library, push_token, held.serial, at))
            await self._write(merchant, customer, replace(known, apple=kept), key, at)
            await self._leave(merchant, gone)
            await self._note_on_device(held, library, at)
        return not same

    async def unregister(self, held: Held, library: str, at: Millis) -> bool:
        """Tell it no more; says whether it was told."""
        async with self._log.locked(held.merchant, [held.customer]):
            known, key = await self._opened(held.merchant, held.customer)
            gone = [each for each in known.apple if (each.library, each.serial) == (library, held.serial)]
            if gone:
                kept = tuple(each for each in known.apple if each not in gone)
                await self._write(held.merchant, held.customer, replace(known, apple=kept), key, at)
            await self._leave(held.merchant, [Device(library, "", held.serial, at)])
        return bool(gone)

    async def drop(self, merchant: str, customer: str, push_token: str, at: Millis) -> None:
        """Wake a device no more whose push token is good for nothing any more."""
        async with self._log.locked(merchant, [customer]):
            known, key = await self._opened(merchant, customer)
            gone = [each for each in known.apple if each.push_token == push_token]
            if gone:
                kept = tuple(each for each in known.apple if each not in gone)
                await self._write(merchant, customer, replace(known, apple=kept), key, at)
                await self._leave(merchant, gone)

    async def save(self, held: Held, at: Millis) -> None:
        """Keep a pass in Google Wallet up to date from now on."""
        merchant, customer = held.merchant, held.customer
        await self._profiles.key_for(merchant, customer, at)
        async with self._log.locked(merchant, [customer]):
            known, key = await self._opened(merchant, customer)
            if any(each.serial == held.serial for each in known.google):
                return
            kept = (*known.google, Saved(held.serial, at))[-MOST_DEVICES:]
            await self._write(merchant, customer, replace(known, google=kept), key, at)

    async def listed(self, library: str) -> list[str]:
        """Serial numbers of the passes that a device has."""
        entries = await self._log.view.read_list(passes_on(self._hash(library)))
        values = await self._log.view.read(entries)
        found = [name for name, value in zip(entries, values, strict=True) if value is not None]
        return sorted(name.rpartition(".")[2] for name in found)[:MOST_LISTED]

    async def of(self, merchant: str, customer: str) -> Passes:
        """In which wallets a customer's card is."""
        return (await self._opened(merchant, customer))[0]

    async def who_has(self, merchant: str, customers: Sequence[str]) -> list[str]:
        """Those of these customers whose card is in some wallet."""
        found = await self._log.read("w", merchant, customers, SealedPasses)
        return [name for name, each in zip(customers, found, strict=True) if each is not None]

    async def move(self, merchant: str, former: str, into: str, at: Millis) -> None:
        """Let what somebody has in wallets be whom they have become."""
        theirs, _ = await self._opened(merchant, former)
        if theirs == _NOTHING:
            return
        await self._profiles.key_for(merchant, into, at)
        async with self._log.locked(merchant, [former, into]):
            theirs, _ = await self._opened(merchant, former)
            known, key = await self._opened(merchant, into)
            both = sorted({*known.apple, *theirs.apple}, key=lambda each: (each.at, each.library, each.serial))
            saved = sorted({*known.google, *theirs.google}, key=lambda each: (each.at, each.serial))
            gone, kept = both[:-MOST_DEVICES], both[-MOST_DEVICES:]
            passes = Passes(tuple(kept), tuple(saved[-MOST_DEVICES:]))
            await self._write(merchant, into, passes, key, at)
            await self._leave(merchant, gone)
            await self._log.write(self._log.topics.identities, {entry_key(merchant, "w", former): None})

    async def forget(self, merchant: str, customer: str) -> None:
        """Forget all of it: before their data key goes, without which it cannot be read."""
        (stored,) = await self._log.read("w", merchant, [customer], SealedPasses)
        if stored is None:
            return
        async with self._log.locked(merchant, [customer]):
            known, _ = await self._opened(merchant, customer)
            await self._leave(merchant, known.apple)
            await self._log.write(self._log.topics.identities, {entry_key(merchant, "w", customer): None})

    async def _opened(self, merchant: str, customer: str) -> tuple[Passes, DataKey | None]:
        (stored,) = await self._log.read("w", merchant, [customer], SealedPasses)
        key = await self._profiles.key_of(merchant, customer)
        if stored is None or key is None or stored.data_key != key.id:
            return _NOTHING, key
        return decode_passes(key.open(stored.sealed, _owner(merchant, customer))), key

    async def _write(self, merchant: str, customer: str, passes: Passes, key: DataKey | None, at: Millis) -> None:
        if key is None:
            raise SealError("they were forgotten meanwhile")
        sealed = SealedPasses(key.id, key.seal(encode(passes), _owner(merchant, customer)), at)
        value = None if passes == _NOTHING else encode(sealed)
        await self._log.write(self._log.topics.identities, {entry_key(merchant, "w", customer): value})

    async def _note_on_device(self, held: Held, library: str, at: Millis) -> None:
        name = self._name(library, held.serial)
        (known,) = await self._log.read("d", held.merchant, [name], PassOnDevice)
        if known is None:
            record = {entry_key(held.merchant, "d", name): encode(PassOnDevice(at))}
            await self._log.write(self._log.topics.identities, record)

    async def _leave(self, merchant: str, devices: Iterable[Device]) -> None:
        names = [self._name(each.library, each.serial) for each in devices]
        known = zip(names, await self._log.read("d", merchant, names, PassOnDevice), strict=True)
        gone = {entry_key(merchant, "d", name): None for name, each in known if each is not None}
        await self._log.write(self._log.topics.identities, dict(gone))

    def _name(self, library: str, serial: str) -> str:
        return f"{self._hash(library)}.{serial}"

    def _hash(self, library: str) -> str:
        return hmac.digest(self._device_key, library.encode(), "sha256")[:16].hex()


def _owner(merchant: str, customer: str) -> str:
    return f"{merchant}:{customer}:passes"
