"""Who is who: resolves identifiers to customers, keeps profiles sealed, knows who said STOP.

Everything is written to Kafka first and acknowledged there; Redis holds a view of it (`stamgast.state.views`),
which whoever follows the topics keeps up (`stamgast.log.tail`).
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from stamgast.domain.channels import OptOut, spec_of
from stamgast.domain.units import DAY, Millis
from stamgast.identity import receipt_tokens, sealed
from stamgast.identity.ids import Identifier, customer_id, identifier_hash, message_hash, phone_hash
from stamgast.identity.joining import LastHeard, Resolved, Together, belonging_together, erasures_of, held_by
from stamgast.identity.records import Alias, Heard, Profile, Suppression, encode, entry_key
from stamgast.identity.sealed import Identifiers
from stamgast.identity.sealing import DataKey, WrappingKeys
from stamgast.identity.staff import unseal_phone
from stamgast.identity.veiling import MerchantVeil, Veils
from stamgast.state import joined_identities
from stamgast.state.cards import Cards
from stamgast.state.client import RedisClient
from stamgast.state.identity_log import Append, IdentityLog, IdentityTopics, view_key
from stamgast.state.newcomers import Newcomers
from stamgast.state.passes import WalletPasses
from stamgast.state.profiles import Profiles
from stamgast.state.views import LogRecord, NotLoadedError, Position
from stamgast.state.wishes import Wishes

__all__ = ["Append", "Enrolment", "IdentityConflictError", "IdentityStore", "IdentityTopics", "NotLoadedError"]


class IdentityConflictError(ValueError):
    """The identifiers belong to different customers already."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Whom an enrolment turned out to be. `is_new`: neither a profile nor a purchase named them before."""

    customer: str
    profile: Profile
    is_new: bool


class IdentityStore:
    """See the module. It answers `NotLoadedError` until its view has been read (`loaded`)."""

    def __init__(
        self,
        redis: RedisClient,
        append: Append,
        topics: IdentityTopics,
        *,
        id_key: bytes,
        wrapping_keys: WrappingKeys,
        topic_ids: Mapping[str, str] | None = None,
    ) -> None:
        self._id_key = id_key
        self._veils = Veils(id_key)
        self.receipt_tokens = receipt_tokens.ReceiptTokens(id_key)
        self._log = IdentityLog(redis, append, topics, topic_ids)
        self._view = self._log.view
        self._topics = topics
        self.profiles = Profiles(self._log, wrapping_keys)
        self.newcomers = Newcomers(self._log, wrapping_keys, id_key)
        self.wishes = Wishes(self._log, id_key, redis)
        self.cards = Cards(self._log, id_key)
        self.passes = WalletPasses(self._log, self.profiles, self.cards, id_key)

    # --- the view: what whoever follows the topics calls ---

    @property
    def loaded(self) -> bool:
        """Say whether the view is complete."""
        return self._view.loaded

    async def positions(self) -> dict[Position, int]:
        """Where to go on reading."""
        return await self._view.positions()

    async def apply(self, records: Sequence[LogRecord], reached: Mapping[Position, int]) -> None:
        """Take in records of the topics, read up to `reached`."""
        entries = []
        for record in records:
            with suppress(ValueError):  # a key that is none of ours: whoever wrote it, it must not stop the rest
                entries.append((view_key(record.key or b""), record.offset, record.value))
        await self._view.apply(entries, reached)

    async def open(self) -> None:
        """Answer from now on."""
        await self._view.open()

    def close(self) -> None:
        """Answer no more."""
        self._view.close()

    async def intact(self) -> bool:
        """Say whether Redis still holds what was read into it."""
        return not self._view.stale and await self._view.intact()

    # --- who is who ---

    def public_key(self, merchant: str) -> str:
        """What identifiers are sealed to that a shop writes to `purchases.v1` (`stamgast.identity.sealed`)."""
        return sealed.public_key(self._id_key, merchant)

    def unseal(self, merchant: str, text: str) -> Identifiers:
        """What was sealed to that key. Raises `SealError`."""
        return sealed.unseal(self._id_key, merchant, text)

    def veil(self, merchant: str) -> MerchantVeil:
        """What decisions need of a person is told behind this."""
        return self._veils.of(merchant)

    def hash_phone(self, merchant: str, phone: str) -> str:
        """What stands for a phone (E.164) on topics and in keys."""
        return phone_hash(self._id_key, merchant, phone)

    def phone_of_staff(self, merchant: str, sealed: str) -> str:
        """What stands sealed in a published file (`stamgast.identity.staff`). Raises `SealError`."""
        return unseal_phone(self._id_key, merchant, sealed)

    def opt_out_key(self, merchant: str, channel: str, address: str) -> str:
        """What an opt-out of a channel is remembered under, for whoever has that address there."""
        key = spec_of(channel).opt_out
        match key:
            case OptOut.PHONE_HASH:
                return self.hash_phone(merchant, address)
            case _:
                assert_never(key)

    async def resolve(
        self, merchant: str, identifiers: Sequence[Identifier], at: Millis, last_heard: LastHeard
    ) -> Resolved:
        """The customer whom these identifiers name; an unknown one is remembered under a new id."""
        return (await self.resolve_many(merchant, [identifiers], at, last_heard))[0]

    async def resolve_many(
        self, merchant: str, references: Sequence[Sequence[Identifier]], at: Millis, last_heard: LastHeard
    ) -> list[Resolved]:
        """The same for a batch, with one question to Redis.

        Of several identifiers the first known one counts, and the unknown ones become its customer's; but for a phone
        that was unused for long (`stamgast.identity.joining`). Raises what `last_heard` raises.
        """
        known = await self._aliases(merchant, list({each for identifiers in references for each in identifiers}))
        fresh: dict[Identifier, Alias] = {}
        found = []
        for identifiers in references:
            held = {held_by(known, each) for each in identifiers}
            if len(held) == 1 and (customer := held.pop()):  # as nearly always: there is nothing to be asked
                found.append(Resolved(customer))
                continue
            together = await self._together(merchant, identifiers, known, at, last_heard)
            customer = self._owner(merchant, together.identifiers, known)
            for each in together.identifiers:
                if not held_by(known, each):
                    known[each] = fresh[each] = Alias(each.kind, customer, at, erasures_of(known, each))
            found.append(Resolved(customer, together.question))
        await self._write_aliases(merchant, fresh)
        return found

    async def named_by(
        self, merchant: str, identifiers: Sequence[Identifier], at: Millis, last_heard: LastHeard
    ) -> Resolved:
        """Whom a purchase with these identifiers would be credited to, of those who are known; nothing is written."""
        known = await self._aliases(merchant, identifiers)
        together = await self._together(merchant, identifiers, known, at, last_heard)
        held = next((customer for each in together.identifiers if (customer := held_by(known, each))), "")
        return Resolved(held, together.question)

    async def unknown(self, merchant: str, customers: Collection[str]) -> frozenset[str]:
        """Return those of these ids that name nobody: never given out, or forgotten."""
        ids = list(customers)
        names = await asyncio.gather(*(self._log.aliases_of(merchant, each) for each in ids))
        return frozenset(each for each, found in zip(ids, names, strict=True) if not found)

    async def enrol(
        self,
        merchant: str,
        identifiers: Sequence[Identifier],
        given: Profile,
        at: Millis,
        *,
        changed_hands: bool | None = None,
    ) -> Enrolment:
        """Make these identifiers one customer and keep the profile; what `given` leaves empty stays as it was.

        Who gives another phone than before has given that one up: it is free for whoever has it now. `changed_hands`
        says that the phone was given up although its former owner has not told; False that its owner is this person,
        and so is who was known by purchases alone under what stands beside it.

        Raises:
            IdentityConflictError: they belong to different customers.
        """
        async with self._log.locked(merchant, [self._hash(merchant, each) for each in identifiers]):
            known = await self._aliases(merchant, identifiers)
            if changed_hands:
                await self._take_from_former_owner(merchant, identifiers, known, at)
            elif changed_hands is False:
                await self._bring_to_owner(merchant, identifiers, known, at)
            if len({alias.customer for alias in known.values() if alias.customer}) > 1:
                raise IdentityConflictError("these identifiers belong to different customers")
            customer = self._owner(merchant, identifiers, known)
            await self._give_up_phone(merchant, customer, given, at)
            profile, is_new = await self.profiles.merge(merchant, customer, given, at)
            fresh = {
                each: Alias(each.kind, customer, at, erasures_of(known, each))
                for each in identifiers
                if not held_by(known, each)
            }
            await self._write_aliases(merchant, fresh)  # last: whoever finds the alias finds the profile
        known_by_purchases = any(held_by(known, each) for each in identifiers)
        return Enrolment(customer, profile, is_new and not known_by_purchases)

    async def profile(self, merchant: str, customer: str) -> Profile | None:
        """What we know of a customer; None for one we only know by purchases, or who was erased."""
        return await self.profiles.get(merchant, customer)

    async def customer_of(self, merchant: str, identifier: Identifier) -> str | None:
        """The customer of an identifier, without remembering an unknown one."""
        return held_by(await self._aliases(merchant, [identifier]), identifier) or None

    async def customers_of(self, merchant: str, identifiers: Sequence[Identifier]) -> dict[Identifier, str]:
        """The same of many; who is unknown is left out."""
        known = await self._aliases(merchant, identifiers)
        held = {each: held_by(known, each) for each in identifiers}
        return {each: customer for each, customer in held.items() if customer}

    async def customers_of_phone(self, merchant: str, phone_hash: str) -> list[str]:
        """The customers with that phone."""
        (alias,) = await self._log.read("a", merchant, [phone_hash], Alias)
        return [alias.customer] if alias is not None and alias.customer else []

    # --- forgetting ---

    async def known_as(self, merchant: str, customer: str) -> list[str]:
        """Hashes of the identifiers that name a customer."""
        names = await self._log.aliases_of(merchant, customer)
        aliases = await self._log.read("a", merchant, names, Alias)
        return [name for name, alias in zip(names, aliases, strict=True) if alias and alias.customer == customer]

    async def erase(self, merchant: str, customer: str, hashes: Sequence[str], at: Millis) -> int:
        """Forget a person whom these identifiers name; they start a new customer when they come back.

        Returns how many identifiers they gave up: the last step, so that whoever was cut short finds them again.
        """
        async with self._log.locked(merchant, hashes):
            await self.passes.forget(merchant, customer)
            await self.profiles.erase(merchant, customer)
            await self.cards.forget(merchant, customer)
            aliases = dict(zip(hashes, await self._log.read("a", merchant, hashes, Alias), strict=True))
            records: dict[bytes, bytes | None] = {
                entry_key(merchant, "a", name): encode(alias.freed(at))
                for name, alias in aliases.items()
                if alias is not None and alias.customer == customer
            }
            await self.wishes.forget(merchant, hashes)
            await self._log.write(self._topics.identities, records)
            await self._log.note_erasure(at)
        return len(records)

    async def join(self, merchant: str, former: str, into: str, at: Millis) -> int:
        """Let what names `former` name `into`, who is the same person. Raises `NobodyThereError`."""
        moved = await joined_identities.join(self._log, self.profiles, merchant, (former, into), at)
        await self.cards.lead(merchant, former, into, at)
        await self.passes.move(merchant, former, into, at)
        return moved

    # --- keys ---

    def wrapped_customers(self) -> AsyncIterator[tuple[str, str]]:
        """Merchant and id of whoever has, or had, a data key; some twice. It looks through all of Redis."""
        return self._log.names("k")

    async def rewrap(self, merchant: str, customer: str, at: Millis) -> bool:
        """Wrap a customer's data key by the newest wrapping key; says whether that was needed. Raises `SealError`."""
        return await self.profiles.rewrap(merchant, customer, at)

    async def key_for(self, merchant: str, customer: str, at: Millis) -> DataKey:
        """The data key of a customer, made now if there is none; it goes when they are erased."""
        return await self.profiles.key_for(merchant, customer, at)

    async def key_of(self, merchant: str, customer: str) -> DataKey | None:
        """The data key of a customer; None for one who never had any, or was erased."""
        return await self.profiles.key_of(merchant, customer)

    async def has_key(self, merchant: str, customer: str) -> bool:
        """Say whether anything is kept sealed for a customer, even if it can no longer be opened."""
        return await self.profiles.has_key(merchant, customer)

    # --- STOP and START ---

    async def heard(self, merchant: str, message: str) -> bool:
        """Say whether what this message of the carrier said was remembered before: then it is sent again."""
        return await self.wishes.heard(merchant, message)

    async def record_stop(self, merchant: str, phone_hash: str, at: Millis, message: str) -> None:
        """Remember a STOP and the message that said it; returns once Kafka has both."""
        stop = {entry_key(merchant, "s", phone_hash): encode(Suppression(stopped=True, at=at))}
        await self._log.write(self._topics.suppressions, stop | self._note_of(merchant, message, at))

    async def record_start(self, merchant: str, phone_hash: str, at: Millis, message: str) -> None:
        """Remember the message of a START, and that it lifted the STOP; returns once Kafka has both."""
        start = {entry_key(merchant, "s", phone_hash): encode(Suppression(stopped=False, at=at))}
        await self._log.write(self._topics.suppressions, self._note_of(merchant, message, at) | start)

    async def stopped_at(self, merchant: str, phone_hash: str) -> Millis | None:
        """Since when that phone wants no messages; None if it never said so, or took it back."""
        entry = await self.suppression(merchant, phone_hash)
        return entry.at if entry is not None and entry.stopped else None

    async def suppression(self, merchant: str, phone_hash: str) -> Suppression | None:
        """What that phone said last, STOP or START."""
        (entry,) = await self._log.read("s", merchant, [phone_hash], Suppression)
        return entry

    def alone_with(self, merchant: str, phone_hash: str) -> AbstractAsyncContextManager[None]:
        """Let nobody else change anything about that phone meanwhile. Raises `NotLoadedError` if somebody does."""
        return self._log.locked(merchant, [phone_hash])

    # --- within ---

    async def _give_up_phone(self, merchant: str, customer: str, given: Profile, at: Millis) -> None:
        """Free the phone that another one takes the place of."""
        former = await self.profiles.get(merchant, customer)
        if former is None or not former.phone or not given.phone or former.phone == given.phone:
            return
        phone = Identifier("phone", former.phone)
        async with self._log.locked(merchant, [self._hash(merchant, phone)]):
            alias = (await self._aliases(merchant, [phone])).get(phone)
            if alias is not None and alias.customer == customer:
                await self._write_aliases(merchant, {phone: alias.freed(at)})

    async def _take_from_former_owner(
        self, merchant: str, identifiers: Sequence[Identifier], known: dict[Identifier, Alias], at: Millis
    ) -> None:
        """Let a phone name nobody in `known`, and its former owner be reached by it no more.

        One that was given to its owner lately stays: it is a request that is repeated. One whose owner is named by
        something else as well is theirs.
        """
        for each in [each for each in identifiers if each.kind == "phone" and held_by(known, each)]:
            alias = known[each]
            others = {held_by(known, other) for other in identifiers if other != each}
            if alias.customer not in others and at - alias.at >= DAY:
                await self.profiles.forget_phone(merchant, alias.customer, each.value, at)
                known[each] = alias.freed(at)

    async def _bring_to_owner(
        self, merchant: str, identifiers: Sequence[Identifier], known: dict[Identifier, Alias], at: Millis
    ) -> None:
        """Let what names somebody whom only purchases named name nobody in `known`: the phone's owner gets it.

        A purchase with a phone unused for long made that somebody, since nobody was there to be asked.
        """
        owner = next((held_by(known, each) for each in identifiers if each.kind == "phone"), "")
        for each in identifiers:
            other = held_by(known, each)
            if owner and other not in {"", owner} and await self.profiles.get(merchant, other) is None:
                known[each] = known[each].freed(at)

    async def _together(
        self,
        merchant: str,
        identifiers: Sequence[Identifier],
        known: Mapping[Identifier, Alias],
        at: Millis,
        last_heard: LastHeard,
    ) -> Together:
        return await belonging_together(identifiers, known, at, partial(last_heard, merchant))

    def _owner(self, merchant: str, identifiers: Sequence[Identifier], known: Mapping[Identifier, Alias]) -> str:
        held = next((customer for each in identifiers if (customer := held_by(known, each))), None)
        first = identifiers[0]
        return held or customer_id(self._id_key, merchant, first, erasures_of(known, first))

    async def _aliases(self, merchant: str, identifiers: Sequence[Identifier]) -> dict[Identifier, Alias]:
        hashes = [self._hash(merchant, each) for each in identifiers]
        found = await self._log.read("a", merchant, hashes, Alias)
        return {each: alias for each, alias in zip(identifiers, found, strict=True) if alias is not None}

    def _hash(self, merchant: str, identifier: Identifier) -> str:
        return identifier_hash(self._id_key, merchant, identifier.kind, identifier.value)

    async def _write_aliases(self, merchant: str, aliases: Mapping[Identifier, Alias]) -> None:
        records = {
            entry_key(merchant, "a", self._hash(merchant, each)): encode(alias) for each, alias in aliases.items()
        }
        await self._log.write(self._topics.identities, records)

    def _note_of(self, merchant: str, message: str, at: Millis) -> dict[bytes, bytes | None]:
        """What remembers the message. Of a batch that is cut short, a STOP is left and a START is not."""
        return {entry_key(merchant, "h", message_hash(self._id_key, merchant, message)): encode(Heard(at))}
