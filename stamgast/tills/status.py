"""How a merchant's connections are, a row for each of their stores: what `stamgast pos status` and the pages show."""

from typing import Any

from stamgast.clock.shop_time import format_time
from stamgast.domain.program import Program
from stamgast.domain.units import Millis
from stamgast.pos.connections import Connection
from stamgast.pos.roles import Role
from stamgast.tills.feeds import FeedBook, Place, zone_of
from stamgast.tills.payments import Payments
from stamgast.tills.record import CursorRecord, Name, SubscriptionRecord
from stamgast.tills.table import ConnectionTable
from stamgast.tills.unmapped import in_a_document


async def rows_of(
    connection: Connection,
    program: Program,
    table: ConnectionTable,
    book: FeedBook,
    *,
    payments: Payments,
    now: Millis,
) -> list[dict[str, Any]]:
    """A row for each store that the connection tells of. Raises `StateError`."""
    name = Name(connection.merchant, connection.name)
    known = table.cursor(name) or CursorRecord("", 0)
    waiting = await _waiting(connection, payments, now)
    unmapped = [in_a_document(each, program) for each in await book.unmapped.of(connection, program, now)]
    rows = []
    for store in dict.fromkeys(connection.stores.values()) or program.stores:
        stats = await book.stats(Place(connection.merchant, store))
        zone, since = zone_of(program, store), known.failing_since
        health = stats.health(now, zone, closed=program.closed, failing_since=since)
        rows.append(
            {
                "connection": connection.name,
                "system": connection.system,
                "merchant": connection.merchant,
                "store": store,
                "last_event": _told(stats.last),
                "health": health.value,
                "cursor": known.cursor or None,
                "polled_at": _told(known.at),
                "trouble": known.trouble or None,
                "webhooks": _webhooks(table.subscription(name)),
                "payments_without_sale": waiting,
                "unmapped": unmapped,
            }
        )
    return rows


async def _waiting(connection: Connection, payments: Payments, now: Millis) -> int | None:
    """How many payments of it wait for their sale; None for a connection that tells sales."""
    if connection.role is not Role.PAYMENT:
        return None
    waiting = await payments.waiting(connection.merchant, now)
    return sum(each.connection == connection.name for each in waiting)


def _webhooks(known: SubscriptionRecord) -> dict[str, str | None]:
    """When the system's webhooks were seen last, when they were made, and what is the matter with them."""
    return {"seen_at": _told(known.seen_at), "made_at": _told(known.made_at), "trouble": known.trouble or None}


def _told(at: Millis) -> str | None:
    return format_time(at) if at else None
