"""Changes who may sign in and which tills are paired, for `stamgast users` and pages; over when Kafka has it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from stamgast.domain.units import Millis
from stamgast.users.names import NameSeal
from stamgast.users.record import (
    INVITED_FOR,
    Invitation,
    Kind,
    Name,
    Operator,
    PairedDevice,
    Passkey,
    Session,
    User,
    Written,
    all_out,
    ended,
    passkey_id,
    seen,
    stored,
)
from stamgast.users.rights import Right, Role, may
from stamgast.users.table import UserTable
from stamgast.users.tokens import Token, id_of, new_id, new_token

Append = Callable[[str, Sequence[Written]], Awaitable[object]]


class LastOwnerError(ValueError):
    """Nobody would be left who may let others in."""


class Invited(NamedTuple):
    """Who was invited, and the token at the end of their link."""

    user: User
    invitation: Invitation
    token: Token


class NewPasskey(NamedTuple):
    """What an authenticator made; both base64url but for `raw`."""

    raw: bytes
    credential: str
    public_key: str
    used: int
    """How often, as it counts itself."""


class Roster:
    """Over a table that is loaded. What is written is in the table at once; others read it within a second."""

    def __init__(self, table: UserTable, append: Append, topic: str, seal: NameSeal, operators: bytes = b"") -> None:
        """`operators` is `derive_operator_key`, where tills are served."""
        self._operators = operators
        self.table = table
        self.seal = seal
        self._append = append
        self._topic = topic

    async def write(self, records: Sequence[Written]) -> None:
        """Append records and take them in. Raises `NotAppendedError`."""
        await self._append(self._topic, records)
        for key, value in records:
            self.table.note(key, value)
        self.table.wake()

    def name_of(self, user: User) -> str:
        """What a user is called."""
        return self.seal.open(user.id, user.sealed_name)

    async def invite(self, name: str, roles: Mapping[str, Role], at: Millis, for_: Millis = INVITED_FOR) -> Invited:
        """Make a user, and a link for them that is good for so long, once."""
        user_id = new_id()
        user = User(user_id, self.seal.seal(user_id, name), dict(roles), at)
        invited = _invited(user, at, for_)
        await self.write([stored(user), stored(invited.invitation)])
        return invited

    async def invite_again(self, user: User, at: Millis, for_: Millis = INVITED_FOR) -> Invited:
        """Make another link for somebody who lost theirs, or their passkeys. The one before is good no more."""
        old = [ended(each.id, at) for each in self.table.invitations(user.id, at)]
        invited = _invited(user, at, for_)
        await self.write([*old, stored(invited.invitation)])
        return invited

    async def set_role(self, user: User, merchant: str, role: Role, at: Millis) -> User:
        """Let a user be something else at a merchant. Their sessions go on with the new rights.

        Raises:
            LastOwnerError: nobody else may let others in there.
        """
        if not may(role, Right.MANAGE_USERS):
            self.check_not_last(user, [merchant], at)
        changed = User(user.id, user.sealed_name, {**user.roles, merchant: role}, user.made_at)
        await self.write([stored(changed)])
        return changed

    async def revoke(self, user: User, at: Millis, by: str = "") -> None:
        """Let somebody in no more, for good: sessions, passkeys and links of theirs end with it."""
        links = [ended(each.id, at, by) for each in self.table.invitations(user.id, at)]
        await self.write([ended(user.id, at, by), *links])

    async def leave(self, user: User, merchant: str, at: Millis, by: str = "") -> None:
        """Let somebody into one merchant no more; if it was their only one, for good."""
        if user.merchants == [merchant]:
            await self.revoke(user, at, by)
            return
        roles = {each: role for each, role in user.roles.items() if each != merchant}
        await self.write([stored(User(user.id, user.sealed_name, roles, user.made_at))])

    def check_not_last(self, user: User, merchants: Sequence[str], at: Millis) -> None:
        """Raise `LastOwnerError` if somebody is the only one at a merchant who may let others in, and can sign in."""
        for merchant in merchants:
            role = user.roles.get(merchant)
            if role is None or not may(role, Right.MANAGE_USERS):
                continue
            others = (each for each in self.table.users(merchant) if each.id != user.id)
            if not any(may(each.roles[merchant], Right.MANAGE_USERS) for each in others if self._comes_in(each, at)):
                raise LastOwnerError(f"nobody else manages the users of {merchant}: make somebody an owner first")

    def _comes_in(self, user: User, at: Millis) -> bool:
        return bool(self.table.passkeys(user.id) or self.table.invitations(user.id, at))

    async def end_sessions(self, user: User, at: Millis, by: str = "", *, but: Session | None = None) -> int:
        """Sign somebody out everywhere, or everywhere but here; returns from how many browsers."""
        going = [each for each in self.table.sessions(user.id, at) if but is None or each.id != but.id]
        records = [ended(each.id, at, by) for each in going]
        if but is None:
            records.append(all_out(user.id, at, by))  # one that begins just now elsewhere ends as well
        if records:
            await self.write(records)
        return len(going)

    async def end(self, record_id: str, at: Millis, by: str = "") -> None:
        """End one session, passkey, invitation or till for good."""
        await self.write([ended(record_id, at, by)])

    async def add_passkey(self, user: User, made: NewPasskey, name: str, at: Millis, invitation: str = "") -> Passkey:
        """Keep a passkey of a user's; the invitation that it came by is used up with it."""
        own_id = passkey_id(made.raw)
        sealed = self.seal.seal(own_id, name)
        passkey = Passkey(own_id, user.id, made.credential, made.public_key, at, sealed, invitation)
        used = [ended(invitation, at, user.id)] if invitation else []
        await self.write([stored(passkey), seen(own_id, at, made.used), *used])
        return passkey

    async def open_session(self, user: User, passkey: Passkey, count: int, browser: str, at: Millis) -> Token:
        """Sign somebody in; what their browser keeps. Sessions of theirs that are over are taken away."""
        token = new_token()
        session = Session(token.id, user.id, token.digest, at, passkey.id, browser)
        spent: list[Written] = [
            (Name(kind, each).key, None)
            for each in self.table.spent(user.id, at)
            for kind in (Kind.SESSION, Kind.SEEN, Kind.ENDED)
        ]
        await self.write([stored(session), seen(passkey.id, at, count), *spent])
        return token

    async def pair(self, merchant: str, store: str, name: str, by: str, at: Millis) -> tuple[PairedDevice, Token]:
        """Pair a till; what its browser keeps."""
        token = new_token()
        sealed = self.seal.seal(token.id, name)
        device = PairedDevice(token.id, merchant, store, token.digest, at, sealed, by)
        await self.write([stored(device)])
        return device, token

    def operator_id(self, merchant: str, name: str) -> str:
        """What stands in events for what somebody at a till called themselves; the same at each till of a merchant."""
        return id_of(self._operators, merchant, name.casefold()) if name else ""

    async def name_operator(self, merchant: str, name: str, at: Millis) -> None:
        """Remember what somebody at a till called themselves, if nobody did before."""
        operator_id = self.operator_id(merchant, name)
        if operator_id and self.table.operator(operator_id) is None:
            sealed = self.seal.seal(operator_id, name)
            await self.write([stored(Operator(operator_id, merchant, sealed, at))])

    def operator_name(self, operator_id: str) -> str:
        """What an operator called themselves, for lists of what was done; the id where that is not known."""
        found = self.table.operator(operator_id)
        return (self.seal.open(operator_id, found.sealed_name) if found else "") or operator_id

    async def touch(self, record_id: str, at: Millis) -> None:
        """Note that a session or a till is used."""
        await self.write([seen(record_id, at)])


def _invited(user: User, at: Millis, for_: Millis) -> Invited:
    token = new_token()
    return Invited(user, Invitation(token.id, user.id, token.digest, at, at + for_), token)
