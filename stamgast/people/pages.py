"""Lists of one customer's, a page at a time, newest first: nothing is read of anybody else (ADR 156).

A cursor says after which entry the page begins, not how many were seen: what is added meanwhile moves nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from heapq import nlargest
from typing import Any, Final, NamedTuple, TypeVar

from stamgast.domain.apart import decode_apart
from stamgast.domain.calendar import date_of
from stamgast.domain.customer import Customer, Voucher
from stamgast.domain.ledger import decode_entry, is_of_transaction, spent_of
from stamgast.domain.program import Program
from stamgast.people.view import show_voucher
from stamgast.state.client import RedisClient
from stamgast.state.hashes import pieces_of

T = TypeVar("T")
Json = dict[str, Any]
StateOf = Callable[[], Awaitable[Customer]]

MOST: Final = 200
USUAL: Final = 50
_LONGEST_CURSOR: Final = 200


class BadCursorError(ValueError):
    """Nobody gave this cursor out."""


class Place(NamedTuple):
    """Where an entry stands in its list: its day or moment, and what tells it from others of the same."""

    when: int
    name: str


class Asked(NamedTuple):
    """So many entries after that place, or from the beginning."""

    limit: int = USUAL
    after: Place | None = None

    def first(self, entries: Iterable[tuple[Place, T]]) -> list[tuple[Place, T]]:
        """Those of the page, and one more if there is one."""
        after = self.after
        behind = entries if after is None else (each for each in entries if each[0] < after)
        return nlargest(self.limit + 1, behind, key=lambda each: each[0])


class Page(NamedTuple):
    """What was asked for, and the cursor of what follows; None at the end."""

    items: list[Json]
    next: str | None


def read_cursor(text: str) -> Place:
    """Raises `BadCursorError`."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        when, _, name = raw.decode("ascii").partition(":")
        place = Place(int(when), name)
    except (binascii.Error, ValueError):
        raise BadCursorError from None
    if len(text) > _LONGEST_CURSOR or not name or write_cursor(place) != text:
        raise BadCursorError
    return place


def write_cursor(place: Place) -> str:
    """The text of a place, for a URL."""
    return base64.urlsafe_b64encode(f"{place.when}:{place.name}".encode()).decode().rstrip("=")


async def purchases_page(redis: RedisClient, ledger: str, state_of: StateOf, asked: Asked) -> Page:
    """What the ledger keeps of each purchase. The state is read after it: it knows all cards that the ledger names."""
    found: list[tuple[Place, bytes]] = []
    async for piece in pieces_of(redis, ledger):
        entries = {_place(field, value): value for field, value in piece.items() if is_of_transaction(field)}
        found = asked.first((dict(found) | entries).items())
    cards = list((await state_of()).cards)
    return _page(found, asked, lambda place, value: _purchase(place, value, cards))


async def vouchers_page(redis: RedisClient, ledger: str, state_of: StateOf, program: Program, asked: Asked) -> Page:
    """Vouchers in whatever state: those at hand, and those that are kept apart."""
    state = await state_of()
    found = asked.first((_place_of(each), each) for each in state.vouchers)
    if state.apart is not None and state.apart.count:
        async for piece in pieces_of(redis, ledger):
            apart = (each for field, value in piece.items() if field[:1] == b"v" for each in decode_apart(value))
            found = asked.first((dict(found) | {_place_of(each): each for each in apart}).items())
    return _page(found, asked, lambda _, voucher: show_voucher(voucher, program))


def _page(found: list[tuple[Place, T]], asked: Asked, shown: Callable[[Place, T], Json]) -> Page:
    here = found[: asked.limit]
    more = len(found) > asked.limit
    return Page([shown(place, each) for place, each in here], write_cursor(here[-1][0]) if more else None)


def _place(field: bytes, value: bytes) -> Place:
    return Place(spent_of(value)[0], field.hex())


def _place_of(voucher: Voucher) -> Place:
    """Without the code: whoever knows it can redeem it."""
    return Place(voucher.issued_at, hashlib.blake2b(voucher.code.encode(), digest_size=8).hexdigest())


def _purchase(place: Place, value: bytes, cards: list[str]) -> Json:
    entry = decode_entry(value, cards)
    return {
        "purchase": place.name,
        "day": date_of(entry.day).isoformat(),
        "spend": entry.spend,
        "profit": entry.profit,
        "refunds": entry.refunds,
        "stamps": entry.stamps,
        "counts": entry.counts > 0 and not entry.held,
        "waits_for_review": bool(entry.held),
    }
