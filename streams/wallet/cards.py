"""What a card shows, as its owner keeps it: read by whoever tells wallets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from stamgast.domain.customer import Customer, decode_customer
from stamgast.domain.events import key_of
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.filling import Filling
from stamgast.log.partitioning import partition_for
from stamgast.state.identities import IdentityStore
from stamgast.state.keys import customers
from stamgast.wallet.content import PassContent, content_of, void_content
from streams.wallet.changes import Who

_LOOK_S: Final = 0.1
_MOST_LOOKS: Final = 100
"""A line stands on its topic a moment before the state that it tells of is written: so long that is waited for."""


class CardsShown:
    """See the module. Raises StateError, NotLoadedError."""

    def __init__(
        self,
        identities: IdentityStore,
        filling: Filling,
        partitions: int,
        program_of: Callable[[str], Awaitable[Program | None]],
        now: Callable[[], Millis],
    ) -> None:
        self._identities = identities
        self._filling = filling
        self._partitions = partitions
        self._program_of = program_of
        self._now = now

    async def program(self, merchant: str) -> Program | None:
        """A merchant's programme."""
        return await self._program_of(merchant)

    async def shown(self, who: Who, since: Millis = 0) -> PassContent | None:
        """What the card shows, with all that was recorded until then; None without a programme."""
        program = await self._program_of(who.merchant)
        if program is None:
            return None
        state = await self._state(who)
        for _ in range(_MOST_LOOKS):
            if state.recorded_at >= since:
                break
            await asyncio.sleep(_LOOK_S)
            state = await self._state(who)
        language = await self._language(who) or state.language
        return content_of(who.customer, state, program, language, self._now())

    async def of_serial(self, merchant: str, serial: str) -> PassContent | None:
        """What a pass shows; None for one that is none of the merchant's."""
        program = await self._program_of(merchant)
        held = await self._identities.passes.held(serial, [merchant])
        if program is None or held is None:
            return None
        who = Who(merchant, held.customer)
        return void_content(program, await self._language(who)) if held.void else await self.shown(who)

    async def page(self, who: Who, public_url: str) -> str:
        """Where the card's page is."""
        return f"{public_url}/c/{await self._identities.cards.token(*who)}"

    async def _state(self, who: Who) -> Customer:
        keys = customers(partition_for(key_of(*who), self._partitions))
        value = await self._filling.value(keys, keys.customer(*who))
        return Customer() if value is None else decode_customer(value)

    async def _language(self, who: Who) -> str:
        profile = await self._identities.profile(*who)
        return profile.language if profile is not None else ""
