"""Lets whoever presses a link of the trial's page into the pages behind it: as an owner, or as the bakery's till.

No route of `stamgast web` does that. The trial holds the keys of the logs that it started, so it writes down a user and
a till of its own as any process may that has them, and its own page, on loopback, puts the cookie into the browser:
cookies go by the host, whatever the port. With the trial's end all of it is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import httpx

from stamgast.bootstrap import topics_of, wrapping_keys_of
from stamgast.broker import kafka_of
from stamgast.domain.units import DAY, Millis
from stamgast.log.appender import Appender
from stamgast.settings import Settings
from stamgast.users.names import NameSeal
from stamgast.users.record import Session, User, stored
from stamgast.users.rights import Role
from stamgast.users.roster import Roster
from stamgast.users.table import UserTable
from stamgast.users.tokens import new_id, new_token
from stamgast.web.access.cookies import Cookie

OWNER: Final = "Robin"
TILL: Final = "Counter"
_LASTS: Final[Millis] = 400 * DAY
"""Days take seconds here: what begins at the end of the trial lasts as long as it."""
_OPENS: Final = {Cookie.SESSION: "/app/sessions", Cookie.TILL: "/till/device"}
"""A page that answers with 200 to who has the cookie still."""


class SignIn:
    """Makes a user and a till when they are asked for first."""

    def __init__(
        self, settings: Settings, web: httpx.AsyncClient, merchants: Sequence[str], now: Callable[[], Millis]
    ) -> None:
        self._web = web
        self._merchants = list(merchants)
        self._now = now
        topic = topics_of(settings).users
        self._appender = Appender(kafka_of(settings), {topic: 1}, client_id="stamgast-demo-users")
        self._roster = Roster(UserTable(), self._appender.append, topic, NameSeal(wrapping_keys_of(settings)))
        self._user = ""
        self._kept: dict[Cookie, str] = {}
        self._one = asyncio.Lock()

    async def aclose(self) -> None:
        """Close the connection to the log."""
        await self._appender.close()

    async def token(self, cookie: Cookie) -> str:
        """What the cookie holds; the same until it opens nothing any more.

        Raises:
            NotAppendedError: Kafka did not acknowledge.
            httpx.HTTPError: the web process does not answer.
        """
        async with self._one:
            if not await self._opens(cookie):
                self._kept[cookie] = await (self._session() if cookie is Cookie.SESSION else self._till())
            return self._kept[cookie]

    async def _opens(self, cookie: Cookie) -> bool:
        token = self._kept.get(cookie)
        if token is None:
            return False
        headers = {"Cookie": f"{cookie.value}={token}", "Accept": "text/html"}
        answer = await self._web.get(_OPENS[cookie], headers=headers)
        return answer.status_code == httpx.codes.OK

    async def _owner(self) -> str:
        if not self._user:
            own = new_id()
            roles = dict.fromkeys(self._merchants, Role.OWNER)
            await self._roster.write([stored(User(own, self._roster.seal.seal(own, OWNER), roles, self._now()))])
            self._user = own
        return self._user

    async def _session(self) -> str:
        token = new_token()
        session = Session(token.id, await self._owner(), token.digest, self._now() + _LASTS)
        await self._roster.write([stored(session)])
        return token.text

    async def _till(self) -> str:
        merchant = self._merchants[0]
        _, token = await self._roster.pair(merchant, "", TILL, await self._owner(), self._now() + _LASTS)
        return token.text
