"""Somebody becomes a customer, or is known better: at the door, or by a list of members that a shop brings along.

Their consents are told first, for a welcome asks for them; a phone that said STOP stays stopped whoever enrols it.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from stamgast.domain.event import Event
from stamgast.domain.events import ConsentChanged, Enrolled, OptedOut, encode_event, key_of
from stamgast.domain.names import LONGEST_FIRST_NAME, tidy_name
from stamgast.domain.region import Region
from stamgast.domain.units import Millis
from stamgast.identity.ids import Identifier
from stamgast.identity.joining import LastHeard, is_unused
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.proofs import Proof, seal_proof
from stamgast.identity.records import Profile
from stamgast.identity.references import identifiers_of
from stamgast.identity.sealing import DataKey
from stamgast.log.partitioning import partition_for
from stamgast.log.topics import Topics
from stamgast.people.enrolment_request import Consent, EnrolmentRequest
from stamgast.people.referral import NOT_INVITED, Invitation
from stamgast.pos.doubt import Doubt
from stamgast.pos.problems import RefusedError
from stamgast.state.identities import IdentityStore
from stamgast.state.keys import customers

_BIRTHDAY: Final = re.compile(r"(\d{4}|-)-(\d{2}-\d{2})", re.ASCII)

Append = Callable[[str, Sequence[tuple[bytes, bytes]]], Awaitable[object]]


class PhoneUnusedForLongError(ValueError):
    """A phone may be somebody else's by now: a person has to say whose it is."""


class Marks(Protocol):
    """Where the marks of STOP stand."""

    async def set(self, key: str, value: Millis) -> Any:
        """Give a key a value."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of somebody's enrolment, beside what they are asked for.

    `since` is when they joined and `consents_since` when they said each of their consents, where that was before: then
    no rule is asked. 0: now.
    """

    phone_hash: str = ""
    doubts: Sequence[Doubt] = ()
    since: Millis = 0
    consents_since: Sequence[Millis] = ()
    invitation: Invitation = NOT_INVITED
    """What became of the friend's code by which they join."""


@dataclass(frozen=True, slots=True)
class Enrolling:
    """What an enrolment is written with."""

    identities: IdentityStore
    append: Append
    topics: Topics
    marks: Marks
    last_heard: LastHeard

    async def ask_whose_phone(
        self,
        merchant: str,
        identifiers: Sequence[Identifier],
        held: Mapping[Identifier, str],
        given: Profile,
        at: Millis,
    ) -> None:
        """Raise `PhoneUnusedForLongError` where a phone unused for long would make somebody who had it before.

        `held`: the customers whom these identifiers name (`IdentityStore.customers_of`).
        """
        phone, *others = sorted(identifiers, key=lambda each: each.kind != "phone")
        holder = held.get(phone)
        if holder is None or holder in [held.get(each) for each in others]:
            return
        known = await self.identities.profile(merchant, holder)
        renamed = bool(given.name and known and known.name and known.name.casefold() != given.name.casefold())
        if (others or renamed) and is_unused(await self.last_heard(merchant, holder), at):
            raise PhoneUnusedForLongError(
                "This phone names somebody who has not been here for a year; numbers are given to others after so long."
            )

    async def keep_stopped(self, merchant: str, customer: str, phone: str, at: Millis) -> None:
        """A phone that said STOP stays stopped, whoever enrols it; only its own START lifts that."""
        phone_hash = self.identities.hash_phone(merchant, phone)
        since = await self.identities.stopped_at(merchant, phone_hash)
        if since is None:
            return
        key = key_of(merchant, customer)
        event = OptedOut(merchant=merchant, customer=customer, at=at, id=_event_id("stopped", phone_hash, str(since)))
        await self.append(self.topics.customer_events, [(key, encode_event(event))])
        slot = customers(partition_for(key, self.topics.partitions))
        await self.marks.set(slot.stop(merchant, phone_hash), since)

    async def tell(
        self, who: tuple[str, str], given: EnrolmentRequest, at: Millis, told: Told, key: DataKey | None = None
    ) -> None:
        """Append the enrolment to the customer's stream in one piece, its consents first. `key`: theirs, if at hand."""
        if key is None and given.consents:
            key = await self.identities.key_of(*who)
        await self.append(self.topics.customer_events, self.records_of(who, given, at, told, key))

    def records_of(
        self, who: tuple[str, str], given: EnrolmentRequest, at: Millis, told: Told, key: DataKey | None
    ) -> list[tuple[bytes, bytes]]:
        """What is appended of it. `key` is the customer's: without one they were forgotten a moment ago."""
        merchant, customer = who
        veil = self.identities.veil(merchant)
        birthday = _BIRTHDAY.fullmatch(given.birthday or "")
        events = _consents(who, given.consents, at, told.consents_since, key)
        events.append(
            Enrolled(
                merchant=merchant,
                customer=customer,
                at=at,
                language=given.language,
                acquisition_source=veil.source(given.acquisition_source) if given.acquisition_source else None,
                birthday=veil.hide_birthday(birthday[2]) if birthday else None,
                phone=told.phone_hash,
                warned=tuple(doubt.noted for doubt in told.doubts),
                since=told.since,
                invited_by=told.invitation.by,
                invited_through=told.invitation.through,
                invitation_refused=told.invitation.refused,
            )
        )
        stream = key_of(merchant, customer)
        return [(stream, encode_event(event)) for event in events]


def _consents(
    who: tuple[str, str], consents: Sequence[Consent], at: Millis, since: Sequence[Millis], key: DataKey | None
) -> list[Event]:
    return [
        ConsentChanged(
            merchant=who[0],
            customer=who[1],
            at=at,
            purpose=consent.purpose,
            channel=consent.channel,
            granted=consent.granted,
            proof="" if key is None else seal_proof(key, who, Proof(consent.wording_version, consent.source)),
            since=since[number] if number < len(since) else 0,
        )
        for number, consent in enumerate(consents)
    ]


def profile_of(given: EnrolmentRequest, phone: str) -> Profile:
    """What is kept of what somebody says; the first name is that of the name where it is not given."""
    name = tidy_name(given.name or "")
    first_name = tidy_name(given.first_name or "") or name.partition(" ")[0].rstrip(".")[:LONGEST_FIRST_NAME]
    return Profile(
        phone=phone,
        first_name=first_name,
        name=name,
        email=given.email or "",
        language=given.language or "",
        birthday=given.birthday or "",
        source=given.acquisition_source or "",
    )


def identifiers_in(given: EnrolmentRequest, home: Region) -> list[Identifier]:
    """By what somebody is known. Raises `RefusedError` for a phone that is none, or where there is nothing."""
    elsewhere = given.region not in {None, home.country}
    try:
        found = identifiers_of(given, home._replace(country=given.region or "", neighbours=None) if elsewhere else home)
    except BadPhoneError as error:
        raise RefusedError([{"pointer": "/phone", "detail": f"phone {error}"}]) from None
    if not found:
        detail = "nobody is named: give phone, membership_number or provider_customer_id"
        raise RefusedError([{"pointer": "", "detail": detail}])
    return found


def phone_in(identifiers: Sequence[Identifier]) -> str:
    """The phone among them, in E.164; empty without one."""
    return next((each.value for each in identifiers if each.kind == "phone"), "")


def _event_id(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
