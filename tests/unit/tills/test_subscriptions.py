"""Webhooks at their system: made by its API, seen, made again when the system has ended them, and told when they cannot be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest

from stamgast.identity.sealing import WrappingKeys
from stamgast.pos.connections import Connection, PosSeal
from stamgast.pos.registry import Registry
from stamgast.tills.client import Apis, Patience
from stamgast.tills.record import Name, SubscriptionRecord, connection_key, encode_connection, record_of
from stamgast.tills.renewal import Renewals
from stamgast.tills.subscriptions import Subscriptions
from stamgast.tills.table import ConnectionTable
from tests.builders import MERCHANT, sure
from tests.fakes.pos_webhooks import SIGNS_BY, PosWebhooks

SECRETS = ("api", "webhook", "organization", "contact")
SEAL = PosSeal(WrappingKeys({"first": b"1" * 32}))
SYSTEMS = ("lightspeed_x", "loyverse", "mollie", "shopify", "square", "stripe", "woocommerce", "zettle")
SIGNING = ("mollie", "square", "stripe", "zettle")
"""They tell by what they sign when a webhook is made."""

ENDED: dict[str, Callable[[PosWebhooks], Any]] = {
    "lightspeed_x": lambda system: [each.update(active=False) for each in system.made.values()],
    "loyverse": lambda system: [each.update(status="DISABLED") for each in system.made.values()],
    "mollie": lambda system: system.made.clear(),
    "shopify": lambda system: system.made.pop("7"),
    "square": lambda system: [each.update(enabled=False) for each in system.made.values()],
    "stripe": lambda system: [each.update(status="disabled") for each in system.made.values()],
    "zettle": lambda system: system.made.clear(),
    "woocommerce": lambda system: system.made["1"].update(status="disabled"),
}


class Shop:
    """A connection to one of them, and who looks after its webhooks."""

    def __init__(self, system: str, api: PosWebhooks, apis: Apis) -> None:
        self.appended: list[bytes] = []
        self.table = ConnectionTable()
        self.table.loaded = True
        self.name = Name(MERCHANT, "front")
        sealed = {
            name: (SEAL.seal(MERCHANT, "front", name, "token" if name == "api" else f"{name}:given"),)
            for name in SECRETS
        }
        record = record_of(Connection(MERCHANT, "front", system, "A1", sealed=sealed, api_url=api.url), 1)
        self.table.note(connection_key(self.name), encode_connection(record))
        unused: Any = None
        renewals = Renewals(unused, lambda: self.table, self._append, "topic", SEAL)
        self.watch = Subscriptions(self.table, SEAL, renewals, self._append, "topic", "https://shop.example/")
        self.adapter, self.apis = Registry().get(system), apis

    @property
    def connection(self) -> Connection:
        return self.table.all(MERCHANT)[0]

    async def _append(self, _topic: str, records: Any) -> list[int]:
        self.appended += [key for key, _ in records]
        return [0] * len(records)

    async def look(self, at: int, *, make: bool = False) -> SubscriptionRecord:
        api = sure(self.apis.hooks_of(self.adapter, self.connection))
        return await self.watch.look(self.connection, self.adapter, api, at, make=make)


@pytest.fixture(params=SYSTEMS)
async def shop(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Shop, PosWebhooks]]:
    apis = Apis(SEAL, Patience(attempts=1))
    async with PosWebhooks(request.param).served() as api:
        yield Shop(request.param, api, apis), api
    await apis.aclose()


async def test_what_a_shop_never_had_is_made_when_it_asks_and_only_then(shop: tuple[Shop, PosWebhooks]):
    ours, api = shop
    assert (await ours.look(5)).trouble == "no webhook calls this address"
    assert api.made == {}, "a shop may live by the poll"
    assert await ours.look(6, make=True) == SubscriptionRecord(6, 6)
    addresses = [
        value
        for each in api.made.values()
        for name, value in each.items()
        if name in {"address", "url", "delivery_url", "notification_url", "destination"}
    ]
    assert set(addresses) == {f"https://shop.example/v1/merchants/{MERCHANT}/pos/{ours.connection.system}/front"}
    made = len(api.made)
    assert await ours.look(7) == SubscriptionRecord(7, 6)
    assert len(api.made) == made, "what is there is not made twice"


async def test_what_the_system_ended_is_made_again_by_itself(shop: tuple[Shop, PosWebhooks]):
    ours, api = shop
    await ours.look(5, make=True)
    made = len(api.made)
    ENDED[ours.connection.system](api)
    assert await ours.look(9) == SubscriptionRecord(9, 9)
    assert len(api.made) == made, "the one that was switched off is switched on"
    assert await ours.look(10) == SubscriptionRecord(10, 9)


async def test_a_credential_that_may_not_write_is_told_and_what_was_seen_stays_known(shop: tuple[Shop, PosWebhooks]):
    ours, api = shop
    await ours.look(5, make=True)
    ENDED[ours.connection.system](api)
    api.refuses = 403
    found = await ours.look(9)
    assert (found.seen_at, found.made_at) == (5, 5)
    assert "refuses the credential" in found.trouble
    assert (found.failing_since, (await ours.look(11)).failing_since) == (9, 9), "since the first look that failed"
    api.refuses = 0
    assert await ours.look(12) == SubscriptionRecord(12, 12)


async def test_what_a_system_signs_by_is_sealed_into_the_connection_until_the_shop_gives_another(
    shop: tuple[Shop, PosWebhooks],
):
    ours, _ = shop
    if ours.connection.system not in SIGNING:
        await ours.look(5, make=True)
        assert SEAL.open(ours.connection, "webhook") == ["webhook:given"], "the others sign by what the shop has"
        return
    await ours.look(5, make=True)
    assert SEAL.open(ours.connection, "webhook") == [SIGNS_BY, "webhook:given"]
    given = {**ours.table.filed(MERCHANT)[0].sealed, "webhook": (SEAL.seal(MERCHANT, "front", "webhook", "newer"),)}
    record = record_of(replace(ours.table.filed(MERCHANT)[0], sealed=given), 2)
    ours.table.note(connection_key(ours.name), encode_connection(record))
    assert SEAL.open(ours.connection, "webhook") == ["newer"]


@pytest.fixture
async def of() -> AsyncIterator[Callable[[str], Any]]:
    """A shop and its system, by the system's name."""
    async with AsyncExitStack() as stack:
        apis = Apis(SEAL, Patience(attempts=1))
        stack.push_async_callback(apis.aclose)

        async def make(system: str) -> tuple[Shop, PosWebhooks]:
            api = await stack.enter_async_context(PosWebhooks(system).served())
            return Shop(system, api, apis), api

        yield make


async def test_where_another_credential_makes_webhooks_that_one_is_sent(of: Callable[[str], Any]):
    ours, api = await of("mollie")
    await ours.look(5, make=True)
    assert set(api.credentials) == {"Bearer organization:given"}
    assert api.made["1"]["eventTypes"] == ["payment.paid", "refund.refunded", "refund.failed", "payment-link.paid"]


@pytest.mark.parametrize("system", ["mollie", "stripe"])
async def test_a_system_that_knows_repeats_by_a_key_gets_one(of: Callable[[str], Any], system: str):
    ours, api = await of(system)
    await ours.look(5, make=True)
    assert [len(key) >= 32 for key in api.once] == [True]


async def test_stripe_is_asked_for_all_events_that_are_read_in_a_form(of: Callable[[str], Any]):
    ours, api = await of("stripe")
    await ours.look(5, make=True)
    [made] = api.made.values()
    events = {value for name, value in made.items() if name.startswith("enabled_events[")}
    assert {"charge.succeeded", "charge.refunded", "refund.updated", "charge.dispute.created"} <= events


async def test_zettle_writes_to_whoever_the_shop_named_and_a_lost_answer_costs_no_key(of: Callable[[str], Any]):
    ours, api = await of("zettle")
    api.loses_answer = True
    assert await ours.look(5, make=True) == SubscriptionRecord(5, 5)
    [made] = api.made.values()
    assert made["contactEmail"] == "contact:given"
    assert SEAL.open(ours.connection, "webhook") == [SIGNS_BY, "webhook:given"]
