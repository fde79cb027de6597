"""A friend's code at the door: whose it is, and whether it brings anything.

The last word has the owner of whoever joins (`stamgast.service.referrals`), who alone knows whether they are new; the
door knows what the log must not: names and addresses. Whatever it finds is told in the answer, for staff to read, and
the enrolment itself is taken.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.events import key_of
from stamgast.domain.program import Program
from stamgast.domain.referrals import MOST_BETWEEN, Refused, partition_of, read_code
from stamgast.identity.records import Profile
from stamgast.log.partitioning import partition_for
from stamgast.pos.doubt import Doubt
from stamgast.state.keys import PartitionKeys, customers

REASONS: Final[Mapping[str, str]] = {
    Refused.NOBODYS: "nobody has this code",
    Refused.OWN: "it is this customer's own code: the phone or the card is theirs",
    Refused.HOUSEHOLD: "who invited has the same e-mail address: one household brings itself nothing",
    Refused.CIRCLE: "this customer brought who invited, or who brought those: nobody is brought in a circle",
    Refused.NOT_NEW: "this customer is not new: they bought before, or joined too long ago",
    Refused.INVITED_ALREADY: "somebody else's code was given before, and that one counts",
    Refused.TOO_MANY: "who invited has brought as many friends this month as count",
    Refused.NO_PROGRAMME: "this shop has no reward for bringing friends",
}
"""Why an invitation brings nothing -> what it means, for staff."""
ALLOWED: Final = "the code of another customer, ten letters and digits such as 05K7P-M4XQ9"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a code came to. `refused` is one of `Refused`, or empty."""

    by: str = ""
    through: tuple[str, ...] = ()
    refused: str = ""

    def doubt(self, pointer: str, code: str) -> Doubt | None:
        """What the answer says of one that brings nothing."""
        if not self.refused:
            return None
        return Doubt("refused_code", pointer, code, f"this code brings nothing: {REASONS[self.refused]}", ALLOWED)


NOT_INVITED: Final = Invitation()
"""Of who names no code."""


class Values(Protocol):
    """What partitions hold (`stamgast.filling`)."""

    async def value(self, slot: PartitionKeys, key: str) -> bytes | None:
        """Return what stands under a key. Raises NotFilledError."""
        ...


ProfileOf = Callable[[str, str], Awaitable[Profile | None]]


@dataclass(frozen=True, slots=True)
class Inviting:
    """Looks codes up."""

    values: Values
    profile: ProfileOf
    partitions: int

    async def by_code(self, program: Program, code: str, customer: str, given: Profile) -> Invitation:
        """What a code is for `customer`, who says of themselves what is `given`. Raises NotFilledError."""
        if program.referral is None:
            return Invitation(refused=Refused.NO_PROGRAMME)
        merchant = program.merchant
        by = await self.whose(merchant, code)
        if not by:
            return Invitation(refused=Refused.NOBODYS)
        if by == customer:
            return Invitation(by, refused=Refused.OWN)
        through = await self._through(merchant, by)
        if customer in through:
            return Invitation(by, through, Refused.CIRCLE)
        theirs = await self.profile(merchant, by)
        if given.email and theirs is not None and theirs.email.casefold() == given.email.casefold():
            return Invitation(by, through, Refused.HOUSEHOLD)
        mine = await self._state(merchant, customer)
        if mine is not None and (mine.purchases or mine.first_day):
            same = mine.referral is not None and mine.referral.by == by
            return Invitation(by, through, "" if same else Refused.NOT_NEW)
        return Invitation(by, through)

    async def whose(self, merchant: str, code: str) -> str:
        """The customer who invites by a code, as somebody typed it; empty for nobody's."""
        written = read_code(code)
        if not written or partition_of(written) >= self.partitions:
            return ""
        slot = customers(partition_of(written))
        found = await self.values.value(slot, slot.referral(merchant, written))
        return "" if found is None else found.decode()

    async def _through(self, merchant: str, by: str) -> tuple[str, ...]:
        """Who invited whoever invited, and so on."""
        found: list[str] = []
        at = by
        while len(found) < MOST_BETWEEN:
            state = await self._state(merchant, at)
            at = "" if state is None or state.referral is None else state.referral.by
            if not at or at in found:
                break
            found.append(at)
        return tuple(found)

    async def _state(self, merchant: str, customer: str) -> Customer | None:
        key = key_of(merchant, customer)
        slot = customers(partition_for(key, self.partitions))
        value = await self.values.value(slot, slot.customer(merchant, customer))
        return None if value is None else decode_customer(value)
