"""A connection's webhooks at its system: where they call, whether they are there, and making them (again).

Systems end a subscription without a word: Shopify after eight failures, WooCommerce after five, Square and Loyverse
when an address stays silent. So who polls looks every hour, and makes again what was there once. What was never there
is nobody's wish: the shop may live by the poll.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stamgast.domain.units import Millis
from stamgast.logs import get_logger
from stamgast.pos.adapter import Adapter, Api, ApiError
from stamgast.pos.connections import PATH, WEBHOOK, Connection, PosSeal
from stamgast.pos.problems import RefusedError
from stamgast.pos.webhook import guarded
from stamgast.tills.record import Name, SubscriptionRecord, encode_subscription, subscription_key
from stamgast.tills.renewal import Append, Renewals
from stamgast.tills.table import ConnectionTable

log = get_logger(__name__)

_LONGEST: Final = 300


def address_of(public_url: str, connection: Connection, adapter: Adapter, seal: PosSeal) -> str:
    """Where a connection's webhooks call. Raises `SecretError`."""
    token = f".{seal.open(connection, PATH)[0]}" if PATH in connection.sealed else ""
    where = f"/v1/merchants/{connection.merchant}/pos/{adapter.name}/{connection.name}{token}"
    return public_url.rstrip("/") + where


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Looks after them, and writes down what it found on `connections.v1`."""

    table: ConnectionTable
    seal: PosSeal
    renewals: Renewals
    append: Append
    topic: str
    public_url: str

    async def look(
        self, connection: Connection, adapter: Adapter, api: Api, at: Millis, *, make: bool = False
    ) -> SubscriptionRecord:
        """What is there; what was there once is made again, and with `make` anything that is missing.

        Trouble with the API stands in what is returned.

        Raises:
            NotAppendedError: it could not be written down.
        """
        name = Name(connection.merchant, connection.name)
        known = self.table.subscription(name)
        try:
            made = await self._look(connection, adapter, api, make=make or bool(known.seen_at))
        except (ApiError, RefusedError) as error:
            log.warning("webhooks could not be looked at", merchant=name.merchant, connection=name.connection)
            since = known.failing_since or at
            failing = SubscriptionRecord(known.seen_at, known.made_at, str(error)[:_LONGEST], since)
            return await self._note(name, failing)
        if made is None:
            return await self._note(name, SubscriptionRecord(0, known.made_at, "no webhook calls this address"))
        if made:
            log.warning("webhooks were made", merchant=name.merchant, connection=name.connection, topics=made)
        return await self._note(name, SubscriptionRecord(at, at if made else known.made_at))

    async def _look(self, connection: Connection, adapter: Adapter, api: Api, *, make: bool) -> list[str] | None:
        """The topics that were made; None: some are missing, and none was to be made."""
        address = address_of(self.public_url, connection, adapter, self.seal)
        with guarded(adapter):
            missing = await adapter.missing(address, api)
        if missing and not make:
            return None
        signs_by = self.seal.open(connection, WEBHOOK)[0] if WEBHOOK in connection.sealed else ""
        for each in missing:
            with guarded(adapter):
                secret = await adapter.subscribe(each, address, api, signs_by)
            if secret and secret != signs_by:
                await self.renewals.keep(connection, {WEBHOOK: secret})
                signs_by = secret
        return [each.topic for each in missing]

    async def _note(self, name: Name, record: SubscriptionRecord) -> SubscriptionRecord:
        if record != self.table.subscription(name):
            key, value = subscription_key(name), encode_subscription(record)
            await self.append(self.topic, [(key, value)])
            self.table.note(key, value)
        return record
