"""A till's webhook of one plain sale, taken without ASGI (`stamgast.web.short_way`).

It takes what `post_delivery` would take as well, and answers the same: a test sends both whatever there is. What is
forged, odd or rare (a ping, a notice to be read again, a payment, several objects in one) it does not touch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from functools import partial

from msgspec.structs import replace
from starlette.responses import Response
from starlette.types import Scope

from stamgast.domain.program import MERCHANT
from stamgast.pos.plain_sale import PlainSale
from stamgast.pos.reading import Item, Received
from stamgast.pos.roles import Role
from stamgast.pos.webhook import Notice, items_of
from stamgast.purchases.accept import Accepted
from stamgast.tills.intake import CAME_BEFORE
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
    sale = _sale_in(delivery, notice)
    if sale is None:
        return None
    done = deps.gathering.begin([sale], delivery.program, delivery.at, deps.once_door.take_together)
    return Coming(done, partial(_answer, delivery, notice, sale.delivery))


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
    if not isinstance(item, Received) or not isinstance(item.purchase, PlainSale):
        return None
    return replace(item, delivery=delivery.remembered_as(notice))


def _answer(delivery: Delivery, notice: Notice, name: str, accepted: Accepted) -> Response | Awaitable[Response]:
    if accepted is CAME_BEFORE:
        delivery.count("repeated")
    elif not accepted.taken:  # the long way takes it without whoever cannot be named, or lays it aside
        return _again(delivery, notice)
    else:
        delivery.note(accepted.taken, accepted.doubts)
        delivery.count("taken")
        delivery.remember(name)
    return delivery.answer(notice.body)


async def _again(delivery: Delivery, notice: Notice) -> Response:
    await delivery.come(notice)
    return delivery.answer(notice.body)
