"""What the page shows, put together a few times a second while somebody looks: the bakery, the record shop, figures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from redis.asyncio import Redis

from stamgast.demo.carrier import Carrier
from stamgast.demo.counts import Counts, read_counts
from stamgast.demo.driver import Driver, Phase
from stamgast.demo.people import Person
from stamgast.demo.record_shop import RecordShop
from stamgast.demo.shop import ShopError
from stamgast.demo.till import PRODUCTS, Product, Receipt, Regular, Till
from stamgast.domain.program import Program
from stamgast.domain.units import Millis, Minor
from stamgast.domain.vocabulary import Stage
from stamgast.logs import get_logger
from stamgast.sandbox.live_page import News

log = get_logger(__name__)

_EVERY_S: Final = 0.25
_SHOWN_MESSAGES: Final = 3
_SEEN_FULL_S: Final = 1.8
"""So long the last stamp is seen before the next card begins."""
_OF_RECORDS: Final = 4


@dataclass(frozen=True, slots=True)
class Message:
    """What stands on a phone. `status` and `channel` as the carrier calls them."""

    sid: str
    body: str
    channel: str
    status: str
    mine: bool
    """The customer wrote it."""
    to: str = ""
    """What the customer is called; empty on their own phone."""


@dataclass(frozen=True, slots=True)
class Voucher:
    """Something to redeem."""

    code: str
    name: str
    until: str


@dataclass(frozen=True, slots=True)
class Sold:
    """The last receipt of somebody."""

    id: str
    product: str
    amount: Minor
    refunded: bool


@dataclass(frozen=True, slots=True)
class Customer:
    """A regular of the bakery, or somebody who bought a record."""

    name: str
    language: str = ""
    phone: str = ""
    stamps: int = 0
    completed: int = 0
    full: bool = False
    """The card has just become full."""
    visits: int = 0
    spend: Minor = 0
    stage: str = Stage.NEW
    card_url: str = ""
    vouchers: list[Voucher] = field(default_factory=list)
    receipt: Sold | None = None
    messages: list[Message] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shelved:
    """A product, and whether it earns a stamp."""

    id: str
    price: Minor
    stamps: bool


@dataclass(frozen=True, slots=True)
class Bakery:
    """The shop whose till can be pressed."""

    merchant: str
    name: str
    currency: str
    card_size: int
    products: list[Shelved]
    regulars: list[Customer]
    joins: str
    """Where somebody joins it; empty: nowhere."""


@dataclass(frozen=True, slots=True)
class Records:
    """The shop whose purchases are real."""

    merchant: str
    name: str
    currency: str
    card_size: int
    buyers: list[Customer]
    """Who bought last, newest first."""
    messages: list[Message]
    """What its customers got last, newest first."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The whole page."""

    phase: Phase
    held: bool
    """Shop time stands still because somebody asked for it."""
    now: Millis
    zone: str
    days_per_second: float
    sent: int
    taken_back: int
    counts: Counts
    bakery: Bakery
    records: Records
    phones_url: str


@dataclass(frozen=True, slots=True)
class Where:
    """Whom the board asks."""

    redis: Redis
    partitions: int
    web_url: str
    phones_url: str


class Board:
    """Keeps what is shown, and tells every open page when it is another."""

    def __init__(self, till: Till, records: RecordShop, driver: Driver, carrier: Carrier, where: Where) -> None:
        self.till = till
        self.driver = driver
        self.news = News()
        self.where = where
        self._records = records
        self._carrier = carrier
        self._shown: Shown | None = None
        self._version = 0
        self._full: dict[str, tuple[int, float]] = {}
        """Customer -> cards completed as shown last, and until when the last one is shown full."""

    @property
    def version(self) -> bytes:
        """Another one whenever something else is shown."""
        return str(self._version).encode()

    async def keep_up(self) -> None:
        """Look for ever, while a page is open: nobody waits for what nobody sees."""
        while True:
            try:
                if self.news.watched:
                    await self.take()
            except (ShopError, httpx.HTTPError, OSError) as error:
                log.warning("no snapshot", why=repr(error))
            await asyncio.sleep(_EVERY_S)

    async def shown(self) -> Shown:
        """What a page shows that is opened now. Raises `ShopError`, `httpx.HTTPError`, `OSError`."""
        if self._shown is None or not self.news.watched:
            return await self.take()
        return self._shown

    async def take(self) -> Shown:
        """Look, and tell the pages."""
        counts, bakery, records = await asyncio.gather(
            read_counts(self.where.redis, self.where.partitions), self._bakery(), self._record_shop()
        )
        time_ = self.till.time
        shown = Shown(
            phase=self.driver.phase,
            held=self.driver.is_held,
            now=time_.now(),
            zone=self.till.program.time_zone,
            days_per_second=round(time_.days_per_second(), 1),
            sent=self.till.account.sent,
            taken_back=self.till.account.taken_back,
            counts=counts,
            bakery=bakery,
            records=records,
            phones_url=self.where.phones_url,
        )
        if shown != self._shown:
            self._shown, self._version = shown, self._version + 1
            self.news.publish(self.version)
        return shown

    async def _bakery(self) -> Bakery:
        program = self.till.program
        code = next(iter(program.join), "")
        return Bakery(
            merchant=program.merchant,
            name=program.name,
            currency=program.currency,
            card_size=_size(program),
            products=[Shelved(each.id, each.price, _stamps(program, each)) for each in PRODUCTS.values()],
            regulars=await asyncio.gather(*(self._regular(who) for who in self.till.regulars)),
            joins=f"{self.where.web_url}/j/{code}" if code else "",
        )

    async def _record_shop(self) -> Records:
        program, latest = self._records.program, list(self._records.latest)[-_OF_RECORDS:][::-1]
        states, messages = await asyncio.gather(
            asyncio.gather(*(self._records.shop.customer(customer) for customer, _ in latest)),
            self._carrier.newest(next(iter(program.messaging.senders.values()), ""), _SHOWN_MESSAGES),
        )
        buyers = [_customer(program, who, state or {}) for (_, who), state in zip(latest, states, strict=True)]
        told = [_message(each, self._records.name_of(str(each["to"]))) for each in messages]
        return Records(program.merchant, program.name, program.currency, _size(program), buyers, told[::-1])

    async def _regular(self, who: Regular) -> Customer:
        state, thread = await asyncio.gather(
            self.till.shop.customer(who.customer), self._carrier.thread(who.person.phone)
        )
        found = _customer(self.till.program, who.person, state or {})
        seen, until = self._full.get(who.customer, (found.completed, 0.0))
        if found.completed > seen:
            until = time.monotonic() + _SEEN_FULL_S
        self._full[who.customer] = found.completed, until
        return _with(found, who.last, thread, is_full=time.monotonic() < until, size=_size(self.till.program))


def _size(program: Program) -> int:
    return next(iter(program.cards.values())).stamps_required if program.cards else 0


def _customer(program: Program, who: Person, state: Mapping[str, Any]) -> Customer:
    card = next(iter(program.cards), "")
    return Customer(
        name=who.first_name,
        language=who.language,
        phone=who.phone,
        stamps=state.get("stamps", {}).get(card, 0),
        completed=state.get("cards_completed", {}).get(card, 0),
        visits=state.get("visits", 0),
        spend=state.get("spend", 0),
        stage=state.get("stage", Stage.NEW),
        card_url=state.get("card_url", ""),
        vouchers=[_voucher(program, who, each) for each in state.get("vouchers", [])],
    )


def _with(found: Customer, last: Receipt | None, thread: list[dict[str, Any]], *, is_full: bool, size: int) -> Customer:
    receipt = Sold(last.id, last.product.id, last.product.price, last.is_refunded) if last is not None else None
    messages = [_message(each) for each in thread[-_SHOWN_MESSAGES:]]
    return Customer(
        found.name, found.language, found.phone, size if is_full else found.stamps, found.completed, is_full,
        found.visits, found.spend, found.stage, found.card_url, found.vouchers, receipt, messages,
    )  # fmt: skip


def _message(message: Mapping[str, Any], to: str = "") -> Message:
    return Message(
        sid=message["sid"],
        body=message["body"] or "",
        channel=message["channel"],
        status=message["status"],
        mine=message["direction"] == "inbound",
        to=to,
    )


def _voucher(program: Program, who: Person, voucher: Mapping[str, Any]) -> Voucher:
    reward = program.rewards.get(voucher["reward"])
    names = reward.names if reward is not None else {}
    name = names.get(who.language) or next(iter(names.values()), voucher["reward"])
    return Voucher(voucher["short_code"], name, voucher["valid_until"])


def _stamps(program: Program, product: Product) -> bool:
    """Say whether the product earns a stamp on the card that the page shows."""
    card = next(iter(program.cards.values()), None)
    if card is None or not (card.categories or card.products):
        return card is not None
    return product.category in card.categories or product.id in card.products
