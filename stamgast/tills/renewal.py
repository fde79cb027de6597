"""Credentials that their provider replaces when they are used: the new one is kept, sealed, before it is gone by.

A refresh token of OAuth may be good once. So whoever exchanges one is alone with its connection (a lock in Redis),
looks first whether somebody else just did, and appends the new one to `connections.v1` before the access token is used.
That token is kept beside it, sealed: web, which may not write there, goes by it, and a restart exchanges nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from stamgast.log.appender import NotAppendedError
from stamgast.logs import get_logger
from stamgast.pos.adapter import ApiError
from stamgast.pos.connections import Connection, PosSeal, SecretError
from stamgast.state.client import RedisClient
from stamgast.state.errors import StateError
from stamgast.state.keys import renewal
from stamgast.tills.record import Name, RenewedRecord, encode_renewed, renewed_key
from stamgast.tills.table import ConnectionTable

log = get_logger(__name__)

_TOKEN: Final = "access"  # noqa: S105  its name
_LOCK_S: Final = 60.0
_SPARE_S: Final = 60.0
AHEAD_S: Final = 600.0
"""So long before it ends the worker that polls renews an access token."""

Append = Callable[[str, Sequence[tuple[bytes, bytes | None]]], Awaitable[list[int]]]


class Exchanged(NamedTuple):
    """What a provider gave for a secret."""

    token: str
    lasts_s: float
    secret: str
    """The secret to use next time; the same one where it was not replaced."""


Exchange = Callable[[str], Awaitable[Exchanged]]


class Renewals:
    """See the module. `table` says which table is in use now; without `append` nothing is renewed, only gone by."""

    def __init__(
        self, redis: RedisClient, table: Callable[[], ConnectionTable], append: Append | None, topic: str, seal: PosSeal
    ) -> None:
        self._redis = redis
        self._table = table
        self._append = append
        self._topic = topic
        self._seal = seal

    async def token(self, connection: Connection, name: str, exchange: Exchange, *, ahead_s: float = 0) -> str:
        """An access token that is good now, and for `ahead_s`. Raises `ApiError`: there is none, or it was not kept."""
        known = self._known(connection, ahead_s)
        if known:
            return known
        if self._append is None:
            raise ApiError("the access token has ended, and the worker that polls has not renewed it yet")
        whose = Name(connection.merchant, connection.name)
        try:
            async with self._redis.locked(renewal(*whose), wait_s=_LOCK_S, kept_s=_LOCK_S):
                newest = self._newest(connection)
                known = self._known(newest, ahead_s)
                return known or await self._exchange(newest, name, exchange)
        except (StateError, NotAppendedError) as error:
            raise ApiError(f"the new credential could not be kept: {type(error).__name__}") from error

    async def keep(self, connection: Connection, secrets: dict[str, str]) -> None:
        """Let these secrets go ahead of the connection's own. Raises `NotAppendedError`."""
        whose = Name(connection.merchant, connection.name)
        filed = {each.name: each for each in self._table().filed(whose.merchant)}.get(whose.connection, connection)
        before = self._table().renewed(whose)
        of, sealed = dict(before.of), dict(before.sealed)
        for name, secret in secrets.items():
            own = filed.sealed.get(name, ())
            of[name] = own[0] if own else ""
            sealed[name] = self._seal.seal(whose.merchant, whose.connection, name, secret)
        key, value = renewed_key(whose), encode_renewed(RenewedRecord(of, sealed))
        if self._append is None:
            raise NotAppendedError(f"this process writes nothing to {self._topic}")
        await self._append(self._topic, [(key, value)])
        self._table().note(key, value)

    async def _exchange(self, connection: Connection, name: str, exchange: Exchange) -> str:
        secret = self._open(connection, name)
        got = await exchange(secret)
        until = time.time() + max(got.lasts_s - _SPARE_S, 0)
        new = {} if got.secret == secret else {name: got.secret}
        await self.keep(connection, new | {_token_of(name): f"{int(until)}:{_mark(got.secret)}:{got.token}"})
        log.info("a credential was renewed", merchant=connection.merchant, connection=connection.name)
        return got.token

    def _known(self, connection: Connection, ahead_s: float) -> str:
        """The access token that is kept, while it is good; empty otherwise."""
        newest = self._newest(connection)
        for name in newest.sealed:
            if not name.endswith(f".{_TOKEN}"):
                continue
            until, mark, token = self._open(newest, name).split(":", 2)
            of = name.removesuffix(f".{_TOKEN}")
            if float(until) > time.time() + ahead_s and mark == _mark(self._open(newest, of)):
                return token
        return ""

    def _newest(self, connection: Connection) -> Connection:
        named = self._table().all(connection.merchant)
        return next((each for each in named if each.name == connection.name), connection)

    def _open(self, connection: Connection, name: str) -> str:
        try:
            return self._seal.open(connection, name)[0]
        except SecretError as error:
            raise ApiError(str(error)) from None


def _token_of(name: str) -> str:
    return f"{name}.{_TOKEN}"


def _mark(secret: str) -> str:
    """Which secret an access token is of: a shop that gives another account's gets no token of the one before."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
