"""Whom a record that others produced names: from membership number, provider's id or a sealed identifier to an id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, NamedTuple

from stamgast.domain.program import Program
from stamgast.domain.region import Region
from stamgast.domain.units import Millis
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.references import SealedReference, Usable, opened, usable_identifiers_of
from stamgast.identity.sealing import SealError
from stamgast.pos.warnings import UNKNOWN_CUSTOMER, Misnamed
from stamgast.purchases.accept import People
from streams.intake.canonical import Read, UnreadableError

NOWHERE: Final = Region("ZZ")
"""The country of a shop that nobody knows: only numbers with their country code can be read there."""


_MOST_KNOWN: Final = 50_000


class Named(NamedTuple):
    """Whom a record names; None for nobody."""

    customer: str | None
    misnamed: Misnamed | None = None


NOBODY: Final = Named(None)


class Naming:
    """Resolves what a record says of its customer, as the HTTP intake does. Nothing here is logged."""

    def __init__(self, people: People, program_of: Callable[[str], Awaitable[Program | None]]) -> None:
        self._people = people
        self._program_of = program_of
        self._known: set[tuple[str, str]] = set()

    async def program_of(self, merchant: str) -> Program | None:
        """The programme that the record's store and date are judged by; None for a merchant without any."""
        return await self._program_of(merchant)

    async def customer_of(self, read: Read, now: Millis) -> Named:
        """Whom the record names, and what is wrong with how it does.

        Raises:
            UnreadableError: a sealed identifier does not open, or nothing that it holds is an identifier.
        """
        named = read.purchase.data.customer
        if named is None:
            return NOBODY
        if named.customer_id is not None:
            is_known = await self._is_known(read.merchant, named.customer_id)
            return Named(named.customer_id) if is_known else Named(None, UNKNOWN_CUSTOMER)
        usable = await self._usable(read, named)
        if not usable.identifiers:
            return NOBODY
        (customer,) = await self._people.resolve_many(read.merchant, [usable.identifiers], now)
        return Named(customer, Misnamed("unusable_phone", "sealed", usable.bad_phone) if usable.bad_phone else None)

    async def _is_known(self, merchant: str, customer: str) -> bool:
        """Whether the id is somebody's; those that were are not asked after again soon."""
        who = (merchant, customer)
        if who not in self._known:
            if await self._people.unknown(merchant, [customer]):
                return False
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known.add(who)
        return True

    async def _usable(self, read: Read, named: SealedReference) -> Usable:
        try:
            whose = opened(named, partial(self._people.unseal, read.merchant))
        except SealError as error:
            raise UnreadableError(f"its sealed identifier {error}") from None
        program = await self._program_of(read.merchant) if whose.phone else None
        region = NOWHERE if program is None else program.region_of(read.purchase.data.store.retail_store_id)
        try:
            return usable_identifiers_of(whose, region)
        except BadPhoneError as error:
            hint = "" if program else f"; {read.merchant} has no programme that says in which country it was written"
            raise UnreadableError(f"its sealed phone {error}{hint}") from None
