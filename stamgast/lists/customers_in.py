"""Customers of a list come in: who is known is completed and never overwritten, and no rule is asked about any of it.

What somebody has told since counts more than an old list: a consent of which the customer's stream tells anything stays
as it is, and so does what a phone said by STOP or START.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec.structs import asdict, replace

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.events import ConsentChanged, Enrolled, decode_event
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.identity.ids import Identifier
from stamgast.identity.records import Profile
from stamgast.lists.members import Member, in_words
from stamgast.lists.receipts import Rejected
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.people.enrolment import (
    Enrolling,
    PhoneUnusedForLongError,
    Told,
    identifiers_in,
    phone_in,
    profile_of,
)
from stamgast.people.enrolment_request import doubts_about_enrolment
from stamgast.people.opt_out import Stops
from stamgast.pos.problems import RefusedError
from stamgast.state.identities import IdentityConflictError
from stamgast.state.newcomers import MOST, Newcomer
from stamgast.state.views import NotLoadedError

AT_ONCE: Final = 32
"""People who are written side by side."""
_STOP_WITHIN_S: Final = 10.0
_TRIES: Final = 20
_AGAIN_S: Final = 0.05
"""Somebody else has one of their identifiers in hand for a moment."""


class ToldBefore:
    """What customers' streams tell of consents and of joining: read once, when the first known customer comes."""

    def __init__(self, bootstrap: str, topics: Topics, merchant: str) -> None:
        self._bootstrap, self._topics = bootstrap, topics
        self._prefix = f"{merchant}:".encode()
        self._consents: dict[str, set[tuple[str, str]]] = {}
        self._joined: set[str] = set()
        self._lock = asyncio.Lock()
        self._read = False

    async def consents(self, customer: str) -> set[tuple[str, str]]:
        """Purposes and channels that they have ever spoken of."""
        await self._load()
        return self._consents.get(customer, set())

    async def joined(self, customer: str) -> bool:
        """Whether their stream says that they joined."""
        await self._load()
        return customer in self._joined

    async def _load(self) -> None:
        async with self._lock:
            if self._read:
                return
            async with LogReader(self._bootstrap) as reader:
                for partition in range(self._topics.partitions):
                    async for records in reader.read_all(self._topics.customer_events, partition):
                        for record in records:
                            self._note(record.key or b"", record.value or b"")
            self._read = True

    def _note(self, key: bytes, value: bytes) -> None:
        if not key.startswith(self._prefix) or not (b'"consent_changed"' in value or b'"enrolled"' in value):
            return
        try:
            event = decode_event(value)
        except UNREADABLE:  # none of ours
            return
        if isinstance(event, ConsentChanged) and not event.topic:
            self._consents.setdefault(event.customer, set()).add((event.purpose, event.channel))
        if isinstance(event, Enrolled):
            self._joined.add(event.customer)


class CustomersIn:
    """See the module."""

    def __init__(self, enrolling: Enrolling, stops: Stops, before: ToldBefore, program: Program) -> None:
        self._enrolling, self._stops, self._before = enrolling, stops, before
        self._program = program
        self.warnings: dict[str, int] = {}
        """What was taken although it looks odd -> how often."""

    async def take(self, members: Sequence[Member], at: Millis, *, again: bool) -> list[Rejected]:
        """Take some in; returns who was not. `again`: a process was killed at these, perhaps half-way.

        Raises NotLoadedError, NotAppendedError, StateError: not now; the same again later.
        """
        rest = members if again else await self._take_new(members, at)
        turns: dict[str, list[Member]] = {}
        for member in rest:  # rows of one person one after the other
            given = member.given
            name = given.phone or given.membership_number or given.provider_customer_id or ""
            turns.setdefault("".join(filter(str.isalnum, name))[-8:], []).append(member)
        room = asyncio.Semaphore(AT_ONCE)

        async def in_turn(ones: Sequence[Member]) -> list[Rejected]:
            async with room:
                return [found for each in ones if (found := await self._patiently(each, at, again=again))]

        return [each for found in await asyncio.gather(*map(in_turn, turns.values())) for each in found]

    async def _take_new(self, members: Sequence[Member], at: Millis) -> list[Member]:
        """Take in those of whom nothing is known, many at once; returns the others, in their order."""
        named = [(member, _names_in(member, self._program)) for member in members]
        often = Counter(each for _, identifiers in named for each in identifiers)
        alone = [
            (member, identifiers)
            for member, identifiers in named
            if identifiers and not member.opted_out and all(often[each] == 1 for each in identifiers)
        ]
        taken: set[int] = set()
        for start in range(0, len(alone), MOST):
            some = alone[start : start + MOST]
            taken |= await self._take_some(some, at)
        return [member for member in members if member.line not in taken]

    async def _take_some(self, some: Sequence[tuple[Member, Sequence[Identifier]]], at: Millis) -> set[int]:
        merchant, enrolling = self._program.merchant, self._enrolling
        profiles = [profile_of(member.given, phone_in(identifiers)) for member, identifiers in some]
        people = [Newcomer(each[1], profile) for each, profile in zip(some, profiles, strict=True)]
        records: list[tuple[bytes, bytes]] = []
        taken: set[int] = set()
        joined = await enrolling.identities.newcomers.enrol(merchant, people, at)
        for (member, identifiers), profile, found in zip(some, profiles, joined, strict=True):
            if found is None:
                continue
            taken.add(member.line)
            if found.stopped is not None:
                await enrolling.keep_stopped(merchant, found.customer, phone_in(identifiers), at)
            doubts = doubts_about_enrolment(member.given, self._program)
            for doubt in doubts:
                self._warn(doubt.detail)
            phone_hash = enrolling.identities.hash_phone(merchant, profile.phone) if profile.phone else ""
            since = [when or at for when in member.consents_since]
            told = Told(phone_hash, doubts, member.joined or at, since)
            records += enrolling.records_of((merchant, found.customer), member.given, at, told, found.key)
        if records:
            await enrolling.append(enrolling.topics.customer_events, records)
        return taken

    async def _patiently(self, member: Member, at: Millis, *, again: bool) -> Rejected | None:
        for tries in range(_TRIES):
            try:
                await self._take(member, at, again=again)
                return None
            except NotLoadedError:
                if tries == _TRIES - 1 or not self._enrolling.identities.loaded:
                    raise
            except RefusedError as error:
                return Rejected(member.line, in_words(error.problems))
            except IdentityConflictError as error:
                return Rejected(member.line, str(error))
            except PhoneUnusedForLongError as error:
                return Rejected(
                    member.line, f"{error} Enrol them at the door, where `phone_changed_hands` says whose it is"
                )
            await asyncio.sleep(_AGAIN_S)
        return None

    async def _take(self, member: Member, at: Millis, *, again: bool) -> None:
        merchant, identities = self._program.merchant, self._enrolling.identities
        identifiers = identifiers_in(member.given, self._program.home)
        phone = phone_in(identifiers)
        given = profile_of(member.given, phone)
        held = await identities.customers_of(merchant, identifiers)
        if phone:
            await self._enrolling.ask_whose_phone(merchant, identifiers, held, given, at)
        known = next(iter(held.values()), "")
        profile = await identities.profile(merchant, known) if known else None
        news = _news(given, profile)
        phone_of_theirs = Identifier("phone", phone)
        if profile is not None and profile.phone and not news.phone and phone_of_theirs not in held and phone:
            identifiers, phone = [each for each in identifiers if each != phone_of_theirs], ""
            self._warn("a customer who is known has another phone than the list says: theirs was kept")
        phone_hash = identities.hash_phone(merchant, phone) if phone else ""
        if member.opted_out and phone and await identities.suppression(merchant, phone_hash) is None:
            await self._stops.carry_out(
                merchant, phone_hash, message=f"list:{phone_hash}", stopped=True, channel="", within_s=_STOP_WITHIN_S
            )
        found = await identities.enrol(merchant, identifiers, news, at)
        if phone and (news.phone or again):
            await self._enrolling.keep_stopped(merchant, found.customer, phone, at)
        await self._tell(member, news, (found.customer, bool(known)), phone_hash, at, again=again)

    async def _tell(
        self, member: Member, news: Profile, who: tuple[str, bool], phone_hash: str, at: Millis, *, again: bool
    ) -> None:
        customer, was_known = who
        spoken = await self._before.consents(customer) if was_known else set()
        consents, since = [], []
        for consent, when in zip(member.given.consents, member.consents_since, strict=True):
            if (consent.purpose, consent.channel) not in spoken:
                consents.append(consent)
                since.append(when or at)
        joined = was_known and await self._before.joined(customer)
        is_news = any(asdict(news).values())
        if joined and not is_news and not consents and not again:
            return
        given = member.given.model_copy(
            update={
                "consents": consents,
                "language": news.language or (member.given.language if again else None) or None,
                "birthday": news.birthday or (member.given.birthday if again else None) or None,
                "acquisition_source": news.source or (member.given.acquisition_source if again else None) or None,
            }
        )
        doubts = doubts_about_enrolment(given, self._program)
        for doubt in doubts:
            self._warn(doubt.detail)
        told = Told(phone_hash if news.phone else "", doubts, member.joined or at, since)
        await self._enrolling.tell((self._program.merchant, customer), given, at, told)

    def _warn(self, detail: str) -> None:
        self.warnings[detail] = self.warnings.get(detail, 0) + 1


def _names_in(member: Member, program: Program) -> Sequence[Identifier]:
    """By what somebody is named; nothing where that cannot be read, which is told where they are taken alone."""
    try:
        return identifiers_in(member.given, program.home)
    except RefusedError:
        return ()


def _news(given: Profile, known: Profile | None) -> Profile:
    """What is not known yet; who is known keeps what is known."""
    if known is None:
        return given
    had = asdict(known)
    return replace(given, **{name: "" for name, value in had.items() if value})
