"""Whom a record that others produced names: from membership number, provider's id or a sealed identifier to an id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, NamedTuple

from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.identity.joining import LastHeard
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.references import SealedReference, Usable, identifiers_of_sale, opened
from stamgast.identity.sealing import SealError
from stamgast.pos.misnamed import UNKNOWN_CUSTOMER, Misnamed, asked_about, misnamed_phone
from stamgast.purchases.accept import People
from streams.intake.canonical import Read, UnreadableError

_MOST_KNOWN: Final = 50_000


class Named(NamedTuple):
    """Whom a record names; None for nobody."""

    customer: str | None
    misnamed: tuple[Misnamed, ...] = ()


NOBODY: Final = Named(None)


class Naming:
    """Resolves what a record says of its customer, as the HTTP intake does. Nothing here is logged."""

    def __init__(
        self, people: People, program_of: Callable[[str], Awaitable[Program | None]], last_heard: LastHeard
    ) -> None:
        self._people = people
        self._program_of = program_of
        self._last_heard = last_heard
        self._known: set[tuple[str, str]] = set()

    async def program_of(self, merchant: str) -> Program | None:
        """The programme that the record's store and date are judged by; None for a merchant without any."""
        return await self._program_of(merchant)

    async def program_in_force(self, merchant: str) -> Program:
        """The same. Raises `UnreadableError` for a merchant without any: nobody knows then what its purchases mean."""
        program = await self._program_of(merchant)
        if program is None:
            raise UnreadableError(
                f"no programme of {merchant} is in force: `stamgast publish` it, then replay this dead letter"
            )
        return program

    async def customer_of(self, read: Read, program: Program, now: Millis) -> Named:
        """Whom the record names, and what is wrong with how it does.

        Raises:
            UnreadableError: a sealed identifier does not open, or nothing that it holds is an identifier.
        """
        named = read.purchase.data.customer
        if named is None:
            return NOBODY
        if named.customer_id is not None:
            is_known = await self._is_known(read.merchant, named.customer_id)
            return Named(named.customer_id) if is_known else Named(None, (UNKNOWN_CUSTOMER,))
        usable = self._usable(read, program, named)
        unusable = misnamed_phone(usable, "sealed")
        if not usable.identifiers:
            return Named(None, unusable)
        ((customer, question),) = await self._people.resolve_many(
            read.merchant, [usable.identifiers], now, self._last_heard
        )
        return Named(customer, unusable + asked_about(question, usable.identifiers, sealed=named.sealed is not None))

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

    def _usable(self, read: Read, program: Program, named: SealedReference) -> Usable:
        try:
            whose = opened(named, partial(self._people.unseal, read.merchant))
        except SealError as error:
            raise UnreadableError(f"its sealed identifier {error}") from None
        try:
            return identifiers_of_sale(whose, program.region_of(read.purchase.data.store.retail_store_id))
        except BadPhoneError as error:
            raise UnreadableError(f"its sealed phone {error}") from None
