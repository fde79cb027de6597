"""What stands on `users.v1`: the newest record of each key counts. Names are sealed, secrets are hashes.

What is final has a key of its own (`ended:<id>`, `out:<user>`), and what changes at each use another one
(`seen:<id>`): so no process that notes a use can bring back what another one has ended, in whatever order they write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.json import Decoder, Encoder

from stamgast.domain.units import DAY, HOUR, Millis
from stamgast.users.rights import Role

SESSION_IDLE: Final = 12 * HOUR
"""A session that nobody used for so long is over: a working day."""
SESSION_LONGEST: Final = 14 * DAY
"""And so old a session is over, however much it is used."""
DEVICE_IDLE: Final = 365 * DAY
"""A till that was not used for so long is paired no more; each use renews it."""
INVITED_FOR: Final = 7 * DAY
"""How long an invitation is good, unless it says otherwise."""
MOST_PASSKEYS: Final = 10
"""Of one user."""


class Kind(StrEnum):
    """What a record is: the first word of its key."""

    USER = "user"
    INVITATION = "invitation"
    PASSKEY = "passkey"
    SESSION = "session"
    DEVICE = "device"
    OPERATOR = "operator"
    """What a cashier at a till called themselves."""
    SEEN = "seen"
    """When a session, a till or a passkey was used last: not at each use, but every few minutes."""
    ENDED = "ended"
    """What is over for good: an invitation that was used, a session, a till, a passkey, a user."""
    OUT = "out"
    """Of a user: all sessions that began until then are over."""


class User(Struct, frozen=True, omit_defaults=True):
    """Somebody who may sign in, at these merchants."""

    id: str
    sealed_name: str
    roles: Mapping[str, Role]
    """Merchant -> what they are there."""
    made_at: Millis

    @property
    def merchants(self) -> list[str]:
        """Where they may look, in order."""
        return sorted(self.roles)


class Invitation(Struct, frozen=True, omit_defaults=True):
    """A link by which a user gets a passkey, once, until `ends_at`."""

    id: str
    user: str
    digest: str
    made_at: Millis
    ends_at: Millis


class Passkey(Struct, frozen=True, omit_defaults=True):
    """A key of a user's: `credential` as the authenticator calls it and `public_key` (COSE), both base64url."""

    id: str
    user: str
    credential: str
    public_key: str
    made_at: Millis
    sealed_name: str = ""
    invitation: str = ""
    """By which it was made; empty where they were signed in."""


class Session(Struct, frozen=True, omit_defaults=True):
    """Somebody signed in with one browser. `browser` is as coarse as "Firefox, Windows"."""

    id: str
    user: str
    digest: str
    made_at: Millis
    passkey: str = ""
    browser: str = ""


class PairedDevice(Struct, frozen=True, omit_defaults=True):
    """A tablet or phone that stands at a till."""

    id: str
    merchant: str
    store: str
    digest: str
    made_at: Millis
    sealed_name: str
    by: str
    """The user who paired it."""


class Operator(Struct, frozen=True, omit_defaults=True):
    """What a cashier called themselves at a till. `id` follows from that and the merchant (`Roster.operator_id`)."""

    id: str
    merchant: str
    sealed_name: str
    made_at: Millis


class Seen(Struct, frozen=True, omit_defaults=True):
    """When something was used last. `count` is what a passkey's authenticator counts."""

    at: Millis
    count: int = 0


class Ended(Struct, frozen=True, omit_defaults=True):
    """When it ended, and by whom: a user's id, or empty for a command."""

    at: Millis
    by: str = ""


Stored = User | Invitation | Passkey | Session | PairedDevice | Operator | Seen | Ended
Written = tuple[bytes, bytes | None]
"""Key and value of a record; None takes it away."""


class Name(NamedTuple):
    """What a record's key says."""

    kind: Kind
    id: str

    @property
    def key(self) -> bytes:
        """As it stands on the topic."""
        return f"{self.kind.value}:{self.id}".encode()


_TYPES: Final[Mapping[Kind, Any]] = {
    Kind.USER: User,
    Kind.INVITATION: Invitation,
    Kind.PASSKEY: Passkey,
    Kind.SESSION: Session,
    Kind.DEVICE: PairedDevice,
    Kind.OPERATOR: Operator,
    Kind.SEEN: Seen,
    Kind.ENDED: Ended,
    Kind.OUT: Ended,
}
_KINDS: Final = {kind.value: kind for kind in Kind}
_DECODE: Final = {kind: Decoder(of).decode for kind, of in _TYPES.items()}
_encode = Encoder().encode


def passkey_id(credential: bytes) -> str:
    """What a passkey is called here: authenticators' own names may have a thousand bytes."""
    return hashlib.sha256(credential).hexdigest()[:32]


def read_key(key: bytes | None) -> Name | None:
    """What a record is about; None for nothing of ours."""
    kind, _, record_id = (key or b"").decode(errors="replace").partition(":")
    return Name(_KINDS[kind], record_id) if kind in _KINDS and record_id else None


def decode(kind: Kind, value: bytes) -> Stored:
    """Read a record. Raises `UNREADABLE`."""
    found: Stored = _DECODE[kind](value)
    return found


def written(kind: Kind, record_id: str, record: Stored) -> Written:
    """A record as it is appended."""
    return Name(kind, record_id).key, _encode(record)


def stored(record: User | Invitation | Passkey | Session | PairedDevice | Operator) -> Written:
    """The same for what has an id of its own."""
    kinds = {of: kind for kind, of in _TYPES.items()}
    return written(kinds[type(record)], record.id, record)


def ended(record_id: str, at: Millis, by: str = "") -> Written:
    """What ends something for good."""
    return written(Kind.ENDED, record_id, Ended(at, by))


def seen(record_id: str, at: Millis, count: int = 0) -> Written:
    """What notes that something was used."""
    return written(Kind.SEEN, record_id, Seen(at, count))


def all_out(user: str, at: Millis, by: str = "") -> Written:
    """What ends every session of a user that began until then."""
    return written(Kind.OUT, user, Ended(at, by))
