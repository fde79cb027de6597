"""The two sides that are told: Apple's devices are woken one by one, Google's objects are written anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from stamgast.domain.units import DAY, Millis
from stamgast.identity.records import Passes
from stamgast.logs import get_logger
from stamgast.state.passes import WalletPasses
from stamgast.wallet.answers import Answer, Came
from stamgast.wallet.apple.push import Waker
from stamgast.wallet.findings import Wallet
from stamgast.wallet.google.account import GoogleAccount
from stamgast.wallet.google.client import GoogleClient
from stamgast.wallet.google.loyalty import class_json, object_json
from streams.wallet.cards import CardsShown
from streams.wallet.changes import Who

log = get_logger(__name__)

_UNSAVED: Final[Millis] = DAY
"""Who began to save a card and has not for so long did not want it."""


class Target(NamedTuple):
    """One thing to tell."""

    who: Who
    name: str
    """Of a device its push token, of an object its serial number: never to be logged."""

    def __repr__(self) -> str:
        return f"Target({self.who.merchant})"


class Side(Protocol):
    """One of the wallets."""

    wallet: Wallet

    def targets(self, who: Who, passes: Passes) -> list[Target]:
        """What is to be told that a customer's card changed."""
        ...

    async def send(self, target: Target) -> Answer:
        """Tell it."""
        ...

    async def gone(self, target: Target) -> None:
        """Forget what is not there any more."""
        ...

    async def close(self) -> None:
        """End connections."""
        ...


class AppleSide:
    """Wakes devices by APNs."""

    wallet = Wallet.APPLE

    def __init__(self, waker: Waker, passes: WalletPasses, now: Callable[[], Millis]) -> None:
        self._waker = waker
        self._passes = passes
        self._now = now

    def targets(self, who: Who, passes: Passes) -> list[Target]:
        """Each device once, whatever it has of this customer."""
        return [Target(who, token) for token in dict.fromkeys(each.push_token for each in passes.apple)]

    async def send(self, target: Target) -> Answer:
        """Wake a device."""
        return await self._waker.wake(target.name)

    async def gone(self, target: Target) -> None:
        """A device that has no pass of ours any more, or is another by now."""
        await self._passes.drop(*target.who, target.name, self._now())

    async def close(self) -> None:
        """End the connection."""
        await self._waker.close()


class GoogleSide:
    """Writes loyalty objects, and the class of each shop before."""

    wallet = Wallet.GOOGLE

    def __init__(
        self,
        client: GoogleClient,
        account: GoogleAccount,
        cards: CardsShown,
        passes: WalletPasses,
        now: Callable[[], Millis],
    ) -> None:
        self._client = client
        self._account = account
        self._cards = cards
        self._passes = passes
        self._now = now
        self._classes: dict[str, dict[str, Any]] = {}
        self._one_at_a_time = asyncio.Lock()

    def targets(self, who: Who, passes: Passes) -> list[Target]:
        """Each object that was put into a wallet, or begun to be."""
        return [Target(who, each.serial) for each in passes.google]

    async def send(self, target: Target) -> Answer:
        """Bring an object up to date with what its card shows now."""
        ready = await self._with_its_shop(target.who.merchant)
        if ready.came is not Came.TAKEN:
            return ready
        content = await self._cards.of_serial(target.who.merchant, target.name)
        if content is None:
            return Answer(Came.REFUSED, "its merchant has no programme")
        page = "" if content.void else await self._cards.page(target.who, self._account.public_url)
        card = object_json(self._account, target.who.merchant, target.name, content, page)
        return await self._client.update(card)

    async def gone(self, target: Target) -> None:
        """One that was not put into a wallet: within a day it may still be."""
        await self._passes.unsave(*target.who, target.name, self._now() - _UNSAVED, self._now())

    async def _with_its_shop(self, merchant: str) -> Answer:
        """See that Google has the shop as it looks now."""
        async with self._one_at_a_time:
            program = await self._cards.program(merchant)
            shop = None if program is None else class_json(self._account, program)
            if shop is None or self._classes.get(merchant) == shop:
                return Answer(Came.TAKEN)
            answer = await self._client.keep_class(shop)
            if answer.came is Came.REFUSED:  # its cards may be taken all the same
                log.error("Google Wallet does not take a shop", merchant=merchant, why=answer.why)
            elif answer.came is not Came.TAKEN:
                return answer
            self._classes[merchant] = shop
            return Answer(Came.TAKEN)

    async def close(self) -> None:
        """End the connections."""
        await self._client.close()
