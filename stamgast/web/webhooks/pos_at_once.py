"""A till's webhook of one plain sale, taken without ASGI (`stamgast.web.short_way`).

It takes what `post_delivery` would take as well, and answers the same: a test sends both whatever there is. What is
forged, odd or rare (a ping, a notice to be read again, a payment, several objects in one) it does not touch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Scope

from stamgast.domain.program import MERCHANT
from stamgast.pos.plain_sale import PlainSale
from stamgast.pos.reading import Item, Received
from stamgast.pos.roles import Role
from stamgast.pos.webhook import Notice, items_of
from stamgast.purchases.accept import Accepted
from stamgast.web.auth import is_fit
from stamgast.web.deps import Deps
from stamgast.web.webhooks.pos import SMALL, Delivery, is_known, webhook_of
from stamgast.web.whole_requests import Coming


def delivery_at_once(deps: Deps, scope: Scope, path: Mapping[str, str], body: bytes) -> Coming | None:
    """Take what a delivery says; None, or whatever it raises: the long way looks at it."""
    delivery = _addressed(deps, scope, path, body)
    if delivery is None or not is_fit(deps) or delivery.ping() is not None:
        return None
    notice = delivery.read()
    item = _sale_in(delivery, notice)
    return None if item is None else _Taking(delivery, notice, item).begin()


def _addressed(deps: Deps, scope: Scope, path: Mapping[str, str], body: bytes) -> Delivery | None:
    tills, merchant = deps.tills, path["merchant"]
    if tills is None or len(body) >= SMALL or not deps.merchants.loaded or not MERCHANT.fullmatch(merchant):
        return None
    name, _, token = path.get("connection", "").partition(".")
    connection, program = tills.connections.find(merchant, path["system"], name), deps.merchants.at_hand(merchant)
    if connection is None or program is None or connection.role is Role.PAYMENT or tills.payments.concern(merchant):
        return None
    adapter, webhook = tills.adapter(connection), webhook_of(scope, body, deps)
    if "content-encoding" in webhook.headers or not is_known(token, tills, adapter, connection):
        return None
    return Delivery(deps, tills, adapter, connection, program, webhook, deps.clock.now())


def _sale_in(delivery: Delivery, notice: Notice) -> Received | None:
    """The one plain sale that it tells of; None where there is more to it, or less."""
    if len(notice.found) != 1 or notice.found[0].content is None or notice.found[0].partial:
        return None
    items = items_of(delivery.adapter, notice.found, delivery.context)
    item: Item | None = items[0] if len(items) == 1 else None
    return item if isinstance(item, Received) and isinstance(item.purchase, PlainSale) else None


class _Taking:
    """A delivery on its way: whether it came before is asked first, then it is taken in beside others."""

    __slots__ = ("_delivery", "_done", "_item", "_key", "_notice")

    def __init__(self, delivery: Delivery, notice: Notice, item: Received) -> None:
        self._delivery = delivery
        self._notice = notice
        self._item = item
        self._key = delivery.remembered_as(notice)
        self._done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        """What becomes of it; None: it came before."""

    def begin(self) -> Coming:
        """Go on its way."""
        if self._key:
            self._delivery.deps.known_deliveries.ask(self._key, self._heard)
        else:
            self._take()
        return Coming(self._done, self._answer)

    def _heard(self, known: bool | Exception) -> None:
        if self._done.done():  # its time was up
            return
        if isinstance(known, Exception):
            self._done.set_exception(known)
        elif known:
            self._done.set_result(None)
        else:
            self._take()

    def _take(self) -> None:
        delivery, deps = self._delivery, self._delivery.deps
        deps.gathering.begin([self._item], delivery.program, delivery.at, deps.tills_door.take_together, self._done)

    def _answer(self, accepted: Accepted | None) -> Response | Awaitable[Response]:
        delivery = self._delivery
        if accepted is None:
            delivery.count("repeated")
        elif not accepted.taken:  # the long way takes it without whoever cannot be named, or lays it aside
            return self._again()
        else:
            delivery.note(accepted.taken, accepted.doubts)
            delivery.count("taken")
            delivery.remember(self._key)
        return delivery.answer(self._notice.body)

    async def _again(self) -> Response:
        await self._delivery.come(self._notice)
        return self._delivery.answer(self._notice.body)
