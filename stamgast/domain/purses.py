"""Who may spend how much: what a partition was leased of a budget, and what the chest of it has left.

Both follow from the log alone. The chest stands with the first partition of customers, whose log has the requests for
a lease in one order; a purse stands with every partition, whose log has the leases and what was spent of them. Nothing
is believed that comes twice, or that its purse cannot pay: so whatever is said by owners that died, were paused or
began anew, all partitions together never spend more than the budget.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from stamgast.domain.budgets import WHOLE, Mills, parts_of
from stamgast.domain.contact_policy import stable_percent
from stamgast.domain.units import Millis

Name = tuple[str, str]
"""Merchant, and a budget's name (`stamgast.domain.budgets.name_of`)."""

CHEST: Final = 0
"""The partition of customers that the chests stand with."""
CHUNKS: Final = 4
"""Each partition gets a quarter of its equal share of what is left: chunks become smaller as the budget ends."""
SHRINKS_BELOW: Final = 500
"""From half of the money on, a budget that shrinks reaches fewer and fewer."""
KEPT: Final = 2
"""Times of one budget that are remembered: this one, and the one before it."""


class Ask(Struct, frozen=True, omit_defaults=True):
    """An activation waits for money: as it stands beside a partition's states until it is answered."""

    merchant: str
    customer: str
    activation: str
    to: list[str]
    """The budgets that are to pay it, each with the time it is for."""
    amount: Mills
    at: Millis
    place: int = 0
    """Among those of the same event."""


encode_ask = msgspec.json.Encoder().encode
decode_ask = msgspec.json.Decoder(Ask).decode


class Purse(Struct, frozen=True, array_like=True):
    """What a partition may spend of a budget in one time. `number` counts its leases."""

    period: str
    number: int = 0
    leased: Mills = 0
    spent: Mills = 0
    left: int = WHOLE
    """Thousandths of the budget that the chest had left behind the newest lease."""
    dry: bool = False
    """The chest had nothing for it the last time."""

    @property
    def room(self) -> Mills:
        """What is still to be spent of its leases."""
        return self.leased - self.spent


class Share(Struct, frozen=True, array_like=True):
    """What the chest knows of one partition."""

    number: int = 0
    newest: Mills = 0
    """Its newest lease."""
    back: Mills = 0
    """What came back of what it spent: unused vouchers, messages that did not go."""
    as_of: int = -1
    """How far its log was applied when that was told."""


class Chest(Struct, frozen=True, array_like=True):
    """What of a budget was leased in one time, and to whom."""

    period: str
    leased: Mills = 0
    shares: dict[int, Share] = {}

    @property
    def out(self) -> Mills:
        """What is leased and did not come back."""
        return self.leased - sum(share.back for share in self.shares.values())


class Wish(Struct, frozen=True):
    """A partition asks the chest for a lease; `need` is the least that is of use to it."""

    period: str
    by: int
    of: int
    """How many partitions there are."""
    number: int
    need: Mills
    back: Mills
    as_of: int


class Lease(Struct, frozen=True):
    """What the chest answers. `amount` of 0: it has not as much as that."""

    number: int
    amount: Mills
    left: int


Purses = Mapping[Name, tuple[Purse, ...]]
Chests = Mapping[Name, tuple[Chest, ...]]


def purse_of(purses: Purses, name: Name, period: str) -> Purse:
    """A partition's purse; an empty one where nothing is known."""
    return next((each for each in purses.get(name, ()) if each.period == period), Purse(period))


def _kept(known: Sequence[Purse], purse: Purse) -> tuple[Purse, ...]:
    others = [each for each in known if each.period != purse.period]
    return tuple(sorted([*others, purse], key=lambda each: each.period)[-KEPT:])


def with_lease(known: tuple[Purse, ...], period: str, lease: Lease) -> tuple[Purse, ...]:
    """The purses of one budget once a lease was applied; one that came before changes nothing."""
    purse = next((each for each in known if each.period == period), Purse(period))
    if lease.number <= purse.number:
        return known
    now = replace(
        purse, number=lease.number, leased=purse.leased + lease.amount, left=lease.left, dry=lease.amount == 0
    )
    return _kept(known, now)


def spend(purses: dict[Name, tuple[Purse, ...]], merchant: str, charged: Sequence[str], amount: Mills) -> bool:
    """Take an amount out of the purses of all these budgets, or of none if one of them has not as much."""
    taken: list[tuple[Name, Purse]] = []
    for each in charged:
        budget, period = parts_of(each)
        purse = purse_of(purses, (merchant, budget), period)
        if purse.room < amount:
            return False
        taken.append(((merchant, budget), replace(purse, spent=purse.spent + amount)))
    for name, purse in taken:
        purses[name] = _kept(purses.get(name, ()), purse)
    return True


def granted(known: tuple[Chest, ...], whole: Mills, wish: Wish) -> tuple[tuple[Chest, ...], Lease | None]:
    """What the chests of one budget are after a wish, and what is answered. None: nothing, it is of a past time.

    A wish that was answered gets the same answer again: that may have been lost.
    """
    if len(known) == KEPT and wish.period < known[0].period:
        return known, None
    chest = next((each for each in known if each.period == wish.period), Chest(wish.period))
    share = chest.shares.get(wish.by, Share())
    if wish.as_of > share.as_of:
        share = replace(share, back=wish.back, as_of=wish.as_of)
        chest = replace(chest, shares={**chest.shares, wish.by: share})
    amount = share.newest
    if wish.number > share.number:
        amount = _chunk(whole - chest.out, wish)
        share = replace(share, number=wish.number, newest=amount)
        chest = replace(chest, leased=chest.leased + amount, shares={**chest.shares, wish.by: share})
    others = [each for each in known if each.period != chest.period]
    chests = tuple(sorted([*others, chest], key=lambda each: each.period)[-KEPT:])
    left = max(0, whole - chest.out) * WHOLE // whole if whole else 0
    return chests, Lease(share.number, amount, left)


def has_refused(chest: Chest) -> bool:
    """Whether some partition was told last that there is nothing for it: what costs money is held back there."""
    return any(share.number and not share.newest for share in chest.shares.values())


def _chunk(left: Mills, wish: Wish) -> Mills:
    if left < wish.need:
        return 0
    return min(left, max(wish.need, left // (CHUNKS * max(wish.of, 1))))


def share_of(left: int) -> int:
    """How many of a hundred a shrinking budget still reaches, when so many thousandths of it are left."""
    return min(100, max(0, left) * 100 // SHRINKS_BELOW)


def is_reached(name: str, merchant: str, customer: str, left: int) -> bool:
    """Whether a customer is among those that a shrinking budget still reaches: the same ones all along."""
    return stable_percent("budget", merchant, name, customer) < share_of(left)
