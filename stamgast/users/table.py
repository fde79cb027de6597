"""Everybody who may sign in, and every till that is paired, in memory: a view of `users.v1`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

from stamgast.domain.errors import UNREADABLE
from stamgast.domain.units import Millis
from stamgast.log.tables import Table
from stamgast.state.views import NotLoadedError
from stamgast.users.record import (
    DEVICE_IDLE,
    SESSION_IDLE,
    SESSION_LONGEST,
    Ended,
    Invitation,
    Kind,
    Operator,
    PairedDevice,
    Passkey,
    Seen,
    Session,
    Stored,
    User,
    decode,
    passkey_id,
    read_key,
)
from stamgast.users.tokens import Token, proves

S = TypeVar("S", bound=Stored)


class UserTable(Table):
    """Followed by `stamgast.log.tail.Tail`. What has ended is not found any more."""

    def __init__(self) -> None:
        super().__init__()
        self._records: dict[Kind, dict[str, Stored]] = {kind: {} for kind in Kind}
        self._news = asyncio.Event()

    def forget(self) -> None:
        """Begin anew."""
        for records in self._records.values():
            records.clear()

    def note(self, key: bytes | None, value: bytes | None) -> None:
        """Take in one; what is nothing of ours, or is taken away, leaves nothing behind."""
        named = read_key(key)
        if named is None:
            return
        records = self._records[named.kind]
        records.pop(named.id, None)
        with suppress(*UNREADABLE):
            records[named.id] = decode(named.kind, value or b"")

    async def apply(self, records: Sequence[Any], reached: Mapping[tuple[str, int], int]) -> None:
        """Take in records, and wake who waits for one of them."""
        await super().apply(records, reached)
        if records:
            self.wake()

    def wake(self) -> None:
        """Let those look again who wait for a record (`until_known`)."""
        self._news.set()
        self._news = asyncio.Event()

    def knows(self, record_id: str) -> bool:
        """Whether there is, or was, a session or a till of this id."""
        return any(record_id in self._records[kind] for kind in (Kind.SESSION, Kind.DEVICE, Kind.ENDED))

    async def until_known(self, record_id: str, seconds: float) -> None:
        """Wait for a session or a till that another process made a moment ago; no longer than so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.knows(record_id):
                    await self._news.wait()

    def users(self, merchant: str = "") -> list[User]:
        """Those who may sign in, or a merchant's, oldest first. Raises `NotLoadedError`."""
        found = [each for each in self._all(Kind.USER, User) if not merchant or merchant in each.roles]
        return sorted(found, key=lambda each: (each.made_at, each.id))

    def user(self, user_id: str) -> User | None:
        """One who may sign in. Raises `NotLoadedError`."""
        return self._one(Kind.USER, user_id, User)

    def is_revoked(self, user_id: str) -> bool:
        """Whether somebody of that id was there, and may not come in any more."""
        return user_id in self._records[Kind.ENDED] and user_id in self._records[Kind.USER]

    def invitation(self, token: Token, at: Millis) -> Invitation | None:
        """The one that this token proves, if it is good at that moment. Raises `NotLoadedError`."""
        found = self._one(Kind.INVITATION, token.id, Invitation)
        if found is None or not proves(token, found.digest) or at >= found.ends_at:
            return None
        return found if self.user(found.user) is not None else None

    def invitations(self, user_id: str, at: Millis) -> list[Invitation]:
        """Those of a user that were not used yet."""
        return [each for each in self._all(Kind.INVITATION, Invitation) if each.user == user_id and at < each.ends_at]

    def passkey(self, credential: bytes) -> Passkey | None:
        """The one that an authenticator calls so. Raises `NotLoadedError`."""
        found = self._one(Kind.PASSKEY, passkey_id(credential), Passkey)
        return found if found is not None and self.user(found.user) is not None else None

    def passkeys(self, user_id: str) -> list[Passkey]:
        """Those of a user, oldest first."""
        found = [each for each in self._all(Kind.PASSKEY, Passkey) if each.user == user_id]
        return sorted(found, key=lambda each: (each.made_at, each.id))

    def count_of(self, passkey: Passkey) -> int:
        """How often its authenticator said that it was used; 0 where it does not count."""
        found = self._records[Kind.SEEN].get(passkey.id)
        return found.count if isinstance(found, Seen) else 0

    def session(self, token: Token, at: Millis) -> Session | None:
        """The one that this token proves, if it is good at that moment. Raises `NotLoadedError`."""
        found = self._one(Kind.SESSION, token.id, Session)
        if found is None or not proves(token, found.digest) or not self._lasts(found, at):
            return None
        return found

    def sessions(self, user_id: str, at: Millis) -> list[Session]:
        """Where a user is signed in, newest first."""
        mine = (each for each in self._all(Kind.SESSION, Session) if each.user == user_id)
        return sorted(
            (each for each in mine if self._lasts(each, at)), key=lambda each: (each.made_at, each.id), reverse=True
        )

    def spent(self, user_id: str, at: Millis) -> list[str]:
        """Sessions of a user that are over: their records can be taken away."""
        records = self._records[Kind.SESSION].values()
        mine = (each for each in records if isinstance(each, Session) and each.user == user_id)
        return [each.id for each in mine if at >= each.made_at + SESSION_LONGEST]

    def device(self, token: Token, at: Millis) -> PairedDevice | None:
        """The till that this token proves. Raises `NotLoadedError`."""
        found = self._one(Kind.DEVICE, token.id, PairedDevice)
        if found is None or not proves(token, found.digest):
            return None
        return found if at < self.seen_at(found) + DEVICE_IDLE else None

    def sealed_names(self) -> dict[str, str]:
        """What all are called that ever were: users, those who may not come in any more too, and tills."""
        kinds = (*self._records[Kind.USER].values(), *self._records[Kind.DEVICE].values())
        return {each.id: each.sealed_name for each in kinds if isinstance(each, User | PairedDevice)}

    def operator(self, operator_id: str) -> Operator | None:
        """Who called themselves something at a till. Raises `NotLoadedError`."""
        return self._one(Kind.OPERATOR, operator_id, Operator)

    def devices(self, merchant: str) -> list[PairedDevice]:
        """A merchant's tills that are paired, oldest first. Raises `NotLoadedError`."""
        found = [each for each in self._all(Kind.DEVICE, PairedDevice) if each.merchant == merchant]
        return sorted(found, key=lambda each: (each.made_at, each.id))

    def seen_at(self, record: Session | PairedDevice | Passkey) -> Millis:
        """When it was used last, within some minutes; when it was made where it was not used since."""
        found = self._records[Kind.SEEN].get(record.id)
        return max(found.at, record.made_at) if isinstance(found, Seen) else record.made_at

    def _lasts(self, session: Session, at: Millis) -> bool:
        out = self._records[Kind.OUT].get(session.user)
        if isinstance(out, Ended) and session.made_at <= out.at:
            return False
        if at >= session.made_at + SESSION_LONGEST or at >= self.seen_at(session) + SESSION_IDLE:
            return False
        return self.user(session.user) is not None

    def _all(self, kind: Kind, of: type[S]) -> list[S]:
        self._check_loaded()
        gone = self._records[Kind.ENDED]
        return [each for name, each in self._records[kind].items() if isinstance(each, of) and name not in gone]

    def _one(self, kind: Kind, record_id: str, of: type[S]) -> S | None:
        self._check_loaded()
        found = self._records[kind].get(record_id)
        return cast("S", found) if isinstance(found, of) and record_id not in self._records[Kind.ENDED] else None

    def _check_loaded(self) -> None:
        if not self.loaded:
            raise NotLoadedError("the users are still being read")
