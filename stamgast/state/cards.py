"""Whose card a token opens: revoked ones open none, and those of who became another open the other's."""

from collections.abc import Iterable
from typing import Final

from stamgast.domain.errors import DomainError
from stamgast.domain.units import Millis
from stamgast.identity.card_tokens import LAST_EDITION, CardTokens, Opened
from stamgast.identity.records import CardEdition, encode, entry_key
from stamgast.state.identity_log import IdentityLog

_LONGEST_WAY: Final = 5
"""So often somebody may have become somebody else."""


class TooOftenRevokedError(DomainError):
    """A card has only so many editions."""


class Cards:
    """See the module. Raises `NotLoadedError` while the view of identities is not read."""

    def __init__(self, log: IdentityLog, id_key: bytes) -> None:
        self._log = log
        self._tokens = CardTokens(id_key)

    async def token(self, merchant: str, customer: str) -> str:
        """The token that opens a customer's card now."""
        return self._tokens.of(merchant, customer, await self.edition(merchant, customer))

    async def edition(self, merchant: str, customer: str) -> int:
        """Which edition of a customer's card is good now."""
        return (await self._edition(merchant, customer)).edition

    async def opened(self, token: str, merchants: Iterable[str]) -> tuple[str, str] | None:
        """Merchant and customer of a token; None: it is none, was revoked, or its person was forgotten."""
        found = self._tokens.open(token, merchants)
        return None if found is None else await self.holder(found)

    async def holder(self, opened: Opened) -> tuple[str, str] | None:
        """Merchant and customer of an edition of a card; None: it was revoked, or its person was forgotten."""
        merchant, customer, edition = opened
        known = await self._edition(merchant, customer)
        if known.edition != edition:
            return None
        for _ in range(_LONGEST_WAY):
            if not known.into:
                break
            customer = known.into
            known = await self._edition(merchant, customer)
        return (merchant, customer) if await self._log.aliases_of(merchant, customer) else None

    async def revoke(self, merchant: str, customer: str, at: Millis) -> str:
        """Let the tokens that were given out open nothing; returns the new one. Raises `TooOftenRevokedError`."""
        async with self._log.locked(merchant, [customer]):
            known = await self._edition(merchant, customer)
            if known.edition == LAST_EDITION:
                raise TooOftenRevokedError(f"this card was revoked {LAST_EDITION} times, and has no other link left")
            await self._write(merchant, customer, CardEdition(known.edition + 1, at, known.into))
        return await self.token(merchant, customer)

    async def lead(self, merchant: str, former: str, into: str, at: Millis) -> None:
        """Let the tokens of somebody open the card of whom they have become."""
        known = await self._edition(merchant, former)
        await self._write(merchant, former, CardEdition(known.edition, at, into))

    async def forget(self, merchant: str, customer: str) -> None:
        """Forget what was kept of a card."""
        (known,) = await self._log.read("c", merchant, [customer], CardEdition)
        if known is not None:
            await self._log.write(self._log.topics.identities, {entry_key(merchant, "c", customer): None})

    async def _edition(self, merchant: str, customer: str) -> CardEdition:
        (known,) = await self._log.read("c", merchant, [customer], CardEdition)
        return known or CardEdition(0, 0)

    async def _write(self, merchant: str, customer: str, edition: CardEdition) -> None:
        await self._log.write(self._log.topics.identities, {entry_key(merchant, "c", customer): encode(edition)})
