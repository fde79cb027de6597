"""Whom a record that others produced names: from membership number, provider's id or a sealed identifier to an id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.identity.ids import Identifier
from stamgast.identity.phones import BadPhoneError
from stamgast.identity.references import SealedReference, identifiers_of, opened
from stamgast.identity.sealing import SealError
from stamgast.purchases.accept import People
from streams.intake.canonical import Read, UnreadableError


class Naming:
    """Resolves what a record says of its customer, as the HTTP intake does. Nothing here is logged."""

    def __init__(self, people: People, program_of: Callable[[str], Awaitable[Program | None]]) -> None:
        self._people = people
        self._program_of = program_of

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

    async def customer_of(self, read: Read, program: Program, now: Millis) -> str | None:
        """Whom the record's identifiers name; None if there are none, or its customer id stands there already.

        Raises:
            UnreadableError: a sealed identifier does not open, or what is in it is no identifier.
        """
        named = read.purchase.data.customer
        if named is None or named.customer_id is not None:
            return None
        identifiers = self._identifiers(read, program, named)
        if not identifiers:
            return None
        (customer,) = await self._people.resolve_many(read.merchant, [identifiers], now)
        return customer

    def _identifiers(self, read: Read, program: Program, named: SealedReference) -> list[Identifier]:
        try:
            whose = opened(named, partial(self._people.unseal, read.merchant))
        except SealError as error:
            raise UnreadableError(f"its sealed identifier {error}") from None
        try:
            return identifiers_of(whose, program.region_of(read.purchase.data.store.retail_store_id))
        except BadPhoneError as error:
            raise UnreadableError(f"its sealed phone {error}") from None
