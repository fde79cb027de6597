"""Two customers turn out to be one person: what the one bought becomes the other's, transaction by transaction.

Each transaction is told on `purchases.v1` to be the other's, and its owner says so to both (`stamgast.domain.claims`):
figures, days and stamps come out as if it had always been so, and a refund that comes later lands right. Nothing is
told twice by doing it twice, so whoever was cut short asks again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from stamgast.domain.claims import Asked, encode_claim
from stamgast.domain.conversation import Conversation
from stamgast.domain.customer import Customer
from stamgast.domain.errors import UNREADABLE
from stamgast.domain.event import Event
from stamgast.domain.events import (
    ConsentChanged,
    Enrolled,
    Erased,
    OptedOut,
    PurchaseChanged,
    decode_event,
    encode_event,
    key_of,
)
from stamgast.domain.purchases import MEMORY
from stamgast.domain.questions import SEVERAL
from stamgast.domain.till_events import RedemptionTakenBack, VoucherRedeemed
from stamgast.domain.units import Millis
from stamgast.domain.vocabulary import VoucherState
from stamgast.log.address import KafkaAddress
from stamgast.log.partitioning import partition_for
from stamgast.log.reading import LogReader
from stamgast.log.topics import Topics
from stamgast.state.identities import IdentityStore
from stamgast.state.joined_identities import NobodyThereError

_AT_ONCE: Final = 500
_GONE: Final = "customer {} was forgotten, or was merged into another: nobody can become them"
_LOOK_S: Final = 0.2
WAIT_S: Final = 20.0
"""For workers to apply it, before it is said that it stands in the log."""

Append = Callable[[str, Sequence[tuple[bytes, bytes]]], Awaitable[object]]
StateOf = Callable[[str, str], Awaitable[Customer | None]]


class NotMergeableError(ValueError):
    """These two cannot be made one; the text says why, and what can be done."""


class NobodyError(NotMergeableError):
    """The merchant knows no customer of that id."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a customer's stream says of them."""

    since: dict[str, Millis] = field(default_factory=dict)
    """Transaction that is theirs -> when it was recorded first."""
    redeemed: int = 0
    """Vouchers that tills asked to redeem, without those that were taken back."""
    erased: bool = False
    """They were forgotten."""
    merged_into: str = ""

    def too_old(self, at: Millis) -> int:
        """How many nobody remembers as transactions any more: they stay where they are."""
        return sum(at - since > MEMORY for since in self.since.values())


@dataclass(frozen=True, slots=True)
class Plan:
    """What a merger comes to, before it is done."""

    former: str
    into: str
    purchases: int
    stay_behind: int
    """Purchases from before the memory of transactions."""
    redeemed: int
    open_vouchers: int
    names: int
    consents_lost: tuple[str, ...]
    """What `former` agreed to and `into` did not: it has to be asked again."""
    opts_out: bool
    """`former` wants no messages, and so `into` gets none either."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was done; `applied`: by the workers, too."""

    plan: Plan
    brought: int
    names: int
    applied: bool


@dataclass(frozen=True, slots=True)
class Merger:
    """What a merger is done with."""

    identities: IdentityStore
    append: Append
    state_of: StateOf
    topics: Topics
    bootstrap: KafkaAddress | str

    async def plan(self, merchant: str, former: str, into: str, at: Millis) -> Plan:
        """Say what it comes to. Raises `NotMergeableError`."""
        if former == into:
            raise NotMergeableError(f"both are customer {former}: they are one already")
        mine, theirs = await self.state_of(merchant, former), await self.state_of(merchant, into)
        names = await self.identities.known_as(merchant, former)
        if not await self.identities.known_as(merchant, into):
            if theirs is None:
                raise NobodyError(f"{merchant} knows no customer {into}")
            raise NotMergeableError(_GONE.format(into))
        if mine is None and not names:
            raise NobodyError(f"{merchant} knows no customer {former}")
        past, state = await self.past_of(merchant, former), mine or Customer()
        if past.erased and past.merged_into != into:
            why = f"was merged into {past.merged_into}" if past.merged_into else "was forgotten: nobody may be them"
            raise NotMergeableError(f"customer {former} {why}")
        agreed = frozenset(theirs.consents if theirs else ())
        return Plan(
            former=former,
            into=into,
            purchases=len(past.since),
            stay_behind=past.too_old(at),
            redeemed=past.redeemed,
            open_vouchers=sum(each.state == VoucherState.OPEN for each in state.vouchers),
            names=len(names),
            consents_lost=tuple(sorted(state.consents.keys() - agreed)),
            opts_out=bool(state.stopped_at),
        )

    async def do(self, merchant: str, plan: Plan, at: Millis, *, wait_s: float = WAIT_S) -> Done:
        """Do it. Raises `NotMergeableError`, and what `append` and the store raise; asked again it goes on.

        The STOP first and the purchases last: whatever it is cut short by, nobody is written to who wants no messages,
        and no new purchase comes to somebody who is left.
        """
        former, into = plan.former, plan.into
        await self._tell(merchant, into, await self._about(merchant, plan, at))
        try:
            names = await self.identities.join(merchant, former, into, at)
        except NobodyThereError:
            raise NotMergeableError(_GONE.format(into)) from None
        state = await self.state_of(merchant, former)
        if state is not None and not state.erased_at:
            await self._tell(merchant, former, [Erased(merchant=merchant, customer=former, at=at, into=into)])
        await self.identities.erase(merchant, former, [], at)
        brought = await self._bring(merchant, plan, await self.past_of(merchant, former), at)
        await self._until_they_have_left(merchant, former, plan.stay_behind, wait_s)
        left = await self.past_of(merchant, former)  # with what was on its way when the names moved
        more = await self._bring(merchant, plan, left, at)
        return Done(plan, max(brought, more), names, applied=len(left.since) <= left.too_old(at))

    async def past_of(self, merchant: str, customer: str) -> Past:
        """Read what the stream says of a customer."""
        wanted, past = key_of(merchant, customer), _Noted()
        async with LogReader(self.bootstrap) as reader:
            partition = partition_for(wanted, self.topics.partitions)
            async for records in reader.read_all_of(self.topics.customer_events, partition, wanted):
                for record in records:
                    past.note(record.value)
        return Past(past.since, len(past.redeemed), past.erased, past.merged_into)

    async def _about(self, merchant: str, plan: Plan, at: Millis) -> list[Event]:
        """What `into` is told of the other: the stricter word about messages, and who they are if nobody knew."""
        mine = await self.state_of(merchant, plan.former)
        theirs = await self.state_of(merchant, plan.into) or Customer()
        if mine is None:
            return []
        who: dict[str, Any] = {"merchant": merchant, "customer": plan.into, "at": at}
        told: list[Event] = []
        if mine.stopped_at and not theirs.stopped_at:
            name = hashlib.sha256(f"merged\x1f{plan.former}\x1f{mine.stopped_at}".encode()).hexdigest()[:32]
            told.append(OptedOut(**who, id=name))
        if mine.joined_at and not theirs.joined_at:
            told.append(
                Enrolled(
                    **who,
                    language=mine.language or None,
                    acquisition_source=mine.source or None,
                    birthday=mine.birthday or None,
                    since=mine.joined_at,
                )
            )
        told += self._said_of_themselves(who, mine, theirs)
        told += [
            ConsentChanged(**who, purpose="", channel="", granted=False, topic=topic)
            for topic in sorted(mine.left.keys() - theirs.left.keys())
        ]
        if mine.referral is not None and mine.referral.by and not (theirs.referral and theirs.referral.by):
            who |= {"invited_by": mine.referral.by, "invited_through": tuple(mine.referral.through)}
            told.append(Enrolled(**who, since=mine.joined_at or at))
        return told

    def _said_of_themselves(self, who: dict[str, Any], mine: Customer, theirs: Customer) -> list[Event]:
        """What the one told in answers and the other did not, and what neither is to be asked again."""
        talk = mine.conversation or Conversation()
        said = {tag for tags, _ in talk.filled.values() for tag in tags.split(SEVERAL) if tag}
        tags = tuple(sorted(said - set(theirs.tags)))
        birthday = mine.birthday if not theirs.birthday else ""
        since = theirs.joined_at or mine.joined_at
        if not since or not (tags or talk.asked or birthday):
            return []
        return [Enrolled(**who, birthday=birthday or None, tags=tags, asked=talk.asked, since=since)]

    async def _tell(self, merchant: str, customer: str, events: Sequence[Event]) -> None:
        if events:
            key = key_of(merchant, customer)
            await self.append(self.topics.customer_events, [(key, encode_event(each)) for each in events])

    async def _bring(self, merchant: str, plan: Plan, past: Past, at: Millis) -> int:
        names = [name for name, since in past.since.items() if at - since <= MEMORY]
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            await self.append(self.topics.purchases, [_record(merchant, plan, name, at) for name in some])
        return len(names)

    async def _until_they_have_left(self, merchant: str, customer: str, stay: int, wait_s: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        while loop.time() < deadline:
            state = await self.state_of(merchant, customer)
            if state is None or state.purchases <= stay:
                return
            await asyncio.sleep(_LOOK_S)


def _record(merchant: str, plan: Plan, transaction: str, at: Millis) -> tuple[bytes, bytes]:
    name = hashlib.sha256(f"{plan.former}\x1f{plan.into}\x1f{transaction}".encode()).hexdigest()[:32]
    asked = Asked(transaction, name, name, plan.into, verdict="bring", former=plan.former)
    return encode_claim(merchant, asked, at)


class _Noted:
    """What was read of a stream so far."""

    def __init__(self) -> None:
        self.since: dict[str, Millis] = {}
        self.redeemed: set[str] = set()
        self.erased = False
        self.merged_into = ""

    def note(self, value: bytes | None) -> None:
        """Take in a record."""
        try:
            event = decode_event(value or b"")
        except UNREADABLE:  # not of our making
            return
        if isinstance(event, PurchaseChanged):
            if event.after is None:
                self.since.pop(event.transaction, None)
            else:
                self.since.setdefault(event.transaction, event.at)
        elif isinstance(event, VoucherRedeemed):
            self.redeemed.add(event.code)
        elif isinstance(event, RedemptionTakenBack):
            self.redeemed.discard(event.code)
        elif isinstance(event, Erased):
            self.erased, self.merged_into = True, event.into or self.merged_into
