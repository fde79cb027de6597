"""A web process's app without Kafka and Redis: its tables are real, and what is appended stays in a list."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import httpx
from starlette.applications import Starlette

from stamgast.api_keys.model import Scope, make_key
from stamgast.api_keys.table import ApiKeyTable
from stamgast.audit.book import Audit, AuditSeal
from stamgast.audit.record import Noted, decode
from stamgast.domain.units import Millis
from stamgast.identity.sealing import WrappingKeys
from stamgast.users.names import NameSeal
from stamgast.users.record import PairedDevice, User
from stamgast.users.rights import Role
from stamgast.users.roster import NewPasskey, Roster
from stamgast.users.table import UserTable
from stamgast.users.tokens import Token
from stamgast.wallet.wallets import NO_WALLETS
from stamgast.web.access.cookies import Cookie
from stamgast.web.access.forms import page_token
from stamgast.web.limits import Limits, TokenBuckets
from stamgast.web.metrics import WebMetrics

MERCHANT, OTHER = "bakkerij-noord", "kaas-zuid"
ORIGIN = "https://loyalty.example.com"
KEYS = WrappingKeys({"first": b"k" * 32})
NOON: Millis = 1_790_000_000_000


class House:
    """What the app works with, at a time that a test says."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.now = NOON
        self.appended: list[tuple[str, bytes, bytes | None]] = []
        self.keys, table = ApiKeyTable(), UserTable()
        self.roster = Roster(table, self._append, "users.v1", NameSeal(KEYS), b"o" * 32)
        self.audit = Audit(self._append, "audit.v1", AuditSeal(KEYS), lambda: self.now)
        limits, monotonic = limits or Limits(), lambda: self.now / 1_000
        self.deps: Any = SimpleNamespace(
            metrics=WebMetrics(),
            limits=limits,
            public_url=ORIGIN,
            clock=SimpleNamespace(now=lambda: self.now),
            roster=self.roster,
            audit=self.audit,
            api_keys=self.keys,
            touch=lambda record_id, at: self.touched.append((record_id, at)),
            by_key=TokenBuckets(limits.per_key, limits.per_key_burst, monotonic=monotonic),
            by_visitor=TokenBuckets(limits.per_visitor, limits.per_visitor_burst, monotonic=monotonic),
            sign_ins=TokenBuckets(limits.sign_ins, limits.sign_ins_burst, monotonic=monotonic),
            refusals=TokenBuckets(limits.refusals, limits.refusals_burst, monotonic=monotonic),
            merchants=SimpleNamespace(loaded=False),
            wallets=NO_WALLETS,
        )
        self.touched: list[tuple[str, Millis]] = []

    async def _append(self, topic: str, records: Sequence[tuple[bytes, bytes | None]]) -> None:
        self.appended += [(topic, key, value) for key, value in records]

    async def open(self) -> House:
        await self.roster.table.open()
        await self.keys.open()
        return self

    @property
    def notes(self) -> list[Noted]:
        return [decode(value or b"") for topic, _, value in self.appended if topic == "audit.v1"]

    async def user(self, role: Role = Role.OWNER, *merchants: str, name: str = "Noor") -> User:
        """Somebody who took their invitation."""
        invited = await self.roster.invite(name, dict.fromkeys(merchants or (MERCHANT,), role), self.now)
        raw = invited.user.id.encode()
        made = NewPasskey(raw, f"credential-{invited.user.id}", "key", 0)
        await self.roster.add_passkey(invited.user, made, "phone", self.now, invited.invitation.id)
        return invited.user

    async def session(self, user: User) -> Token:
        passkey = self.roster.table.passkeys(user.id)[0]
        return await self.roster.open_session(user, passkey, 0, "Firefox, Windows", self.now)

    async def till(self, merchant: str = MERCHANT) -> tuple[PairedDevice, Token]:
        return await self.roster.pair(merchant, "dok-noord", "Counter", "", self.now)

    async def key(self, *scopes: Scope, merchant: str = MERCHANT) -> str:
        made = make_key(merchant, scopes, [], self.now, b"p" * 32)
        self.keys._keys[made.record.id] = made.record
        return made.text

    def client(self, app: Starlette) -> httpx.AsyncClient:
        """What our own fault would raise is an answer of 500: whoever got so far was let in."""
        app.state.deps = self.deps
        return httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=ORIGIN)


def cookie(token: Token, which: Cookie = Cookie.SESSION) -> dict[str, str]:
    return {"Cookie": f"__Host-{which.value}={token.text}", **JSON}


def sent(token: Token, merchant: str = MERCHANT, which: Cookie = Cookie.SESSION) -> dict[str, str]:
    """The headers of what a page's script sends."""
    said = {"Origin": ORIGIN, "X-CSRF-Token": page_token(token.secret, merchant), "Accept": "application/json"}
    return cookie(token, which) | said


JSON = {"Accept": "application/json"}
PAGE = {"Accept": "text/html,application/xhtml+xml"}
