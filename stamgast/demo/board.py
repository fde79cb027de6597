"""What the page shows, put together a few times a second: figures, the regulars' cards, their phones, shop time."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any, Final

import httpx
import msgspec
from redis.asyncio import Redis

from stamgast.clock.shop_time import format_time
from stamgast.demo.carrier import Carrier
from stamgast.demo.counts import read_counts
from stamgast.demo.driver import Driver
from stamgast.demo.shop import ShopError
from stamgast.demo.till import PRODUCTS, Product, Receipt, Regular, Till
from stamgast.domain.calendar import local_time
from stamgast.domain.program import Program
from stamgast.domain.vocabulary import Stage
from stamgast.logs import get_logger
from stamgast.sandbox.live_page import News

log = get_logger(__name__)

_EVERY_S: Final = 0.25
_SHOWN_MESSAGES: Final = 4


class Board:
    """Keeps the newest snapshot and tells every open page of it."""

    def __init__(
        self, till: Till, driver: Driver, carrier: Carrier, *, redis: Redis, partitions: int, phones_url: str
    ) -> None:
        self.till = till
        self.news = News()
        self._driver = driver
        self._time = till.time
        self._carrier = carrier
        self._redis = redis
        self._partitions = partitions
        self._phones_url = phones_url
        self._snapshot = b"{}"

    @property
    def snapshot(self) -> bytes:
        """The newest snapshot, as JSON."""
        return self._snapshot

    async def keep_up(self) -> None:
        """Take snapshots for ever."""
        while True:
            try:
                await self._take()
            except (ShopError, httpx.HTTPError, OSError) as error:
                log.warning("no snapshot", why=repr(error))
            await asyncio.sleep(_EVERY_S)

    async def _take(self) -> None:
        counts = await read_counts(self._redis, self._partitions)
        regulars = await asyncio.gather(*(self._show(who) for who in self.till.regulars))
        program, now = self.till.program, self._time.now()
        snapshot = msgspec.json.encode(
            {
                "phase": self._driver.phase,
                "time": format_time(now),
                "minute": local_time(now, program.time_zone).minute,
                "zone": program.time_zone,
                "days_per_second": round(self._time.days_per_second(), 1),
                "sent": self.till.account.sent,
                "taken_back": self.till.account.taken_back,
                "counts": asdict(counts),
                "bakery": program.name,
                "card_size": next(iter(program.cards.values())).stamps_required if program.cards else 0,
                "products": [asdict(product) | {"stamps": _stamps(program, product)} for product in PRODUCTS.values()],
                "currency": program.currency,
                "regulars": regulars,
                "phones_url": self._phones_url,
            }
        )
        if snapshot != self._snapshot:
            self._snapshot = snapshot
            self.news.publish(snapshot)

    async def _show(self, who: Regular) -> dict[str, Any]:
        state, thread = await asyncio.gather(
            self.till.shop.customer(who.customer), self._carrier.thread(who.person.phone)
        )
        program, state = self.till.program, state or {}
        card = next(iter(program.cards), "")
        return {
            "name": who.person.first_name,
            "language": who.person.language,
            "phone": who.person.phone,
            "stamps": state.get("stamps", {}).get(card, 0),
            "completed": state.get("cards_completed", {}).get(card, 0),
            "visits": state.get("visits", 0),
            "spend": state.get("spend", 0),
            "stage": state.get("stage", Stage.NEW),
            "vouchers": [_voucher(program, who, voucher) for voucher in state.get("vouchers", [])],
            "receipt": _receipt(who.last),
            "messages": [
                {name: message[name] for name in ("sid", "channel", "body", "status", "created", "direction")}
                for message in thread[-_SHOWN_MESSAGES:]
            ],
        }


def _receipt(receipt: Receipt | None) -> dict[str, Any] | None:
    if receipt is None:
        return None
    product = receipt.product
    return {"id": receipt.id, "product": product.name, "amount": product.price, "refunded": receipt.is_refunded}


def _voucher(program: Program, who: Regular, voucher: dict[str, Any]) -> dict[str, Any]:
    reward = program.rewards.get(voucher["reward"])
    names = reward.names if reward is not None else {}
    name = names.get(who.person.language) or next(iter(names.values()), voucher["reward"])
    return {"code": voucher["short_code"], "name": name, "until": voucher["valid_until"]}


def _stamps(program: Program, product: Product) -> bool:
    """Say whether the product earns a stamp on the card that the page shows."""
    card = next(iter(program.cards.values()), None)
    if card is None or not (card.categories or card.products):
        return card is not None
    return product.category in card.categories or product.id in card.products
