"""A phone unused for long beside another identifier joins nobody with who had it, by whichever door they come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.events import key_of
from stamgast.domain.units import DAY
from stamgast.identity.ids import Identifier
from stamgast.identity.records import Profile
from stamgast.identity.sealed import Identifiers, seal
from stamgast.people.last_heard import last_heard_over
from stamgast.state.keys import customers
from streams.intake.identity import Naming
from tests.builders import T0, program
from tests.foreign_records import produced, read
from tests.integration.web.conftest import MERCHANT, Web
from tests.integration.web.shop import problem, sale

PHONE, NUMBER = {"phone": "0612345678"}, {"membership_number": "M-2"}
BOTH = PHONE | NUMBER

Buy = Callable[[str, dict[str, str]], Awaitable[tuple[str, list[str]]]]


async def had_it_once(web: Web, redis: Any, days_ago: int) -> str:
    """A customer with that phone since long ago, who was last heard of so many days ago."""
    now, e164 = web.parts.clock.now(), "+31612345678"
    given = Profile(phone=e164, name="Noor")
    noor = await web.parts.identities.enrol(MERCHANT, [Identifier("phone", e164)], given, now - 800 * DAY)
    slot = customers(web.parts.appender.partition_of(web.topics.customer_events, key_of(MERCHANT, noor.customer)))
    state = Customer(joined_at=now - 800 * DAY, last_day=(now - days_ago * DAY) // DAY)
    await redis.set(slot.customer(MERCHANT, noor.customer), encode_customer(state))
    return noor.customer


async def over_http(web: Web, transaction: str, customer: dict[str, str]) -> tuple[str, list[str]]:
    answer = (await web.post("/purchases", sale(transaction, customer=customer))).json()
    [told] = answer["purchases"]
    return told["customer"], [each["pointer"] for each in answer.get("warnings", ())]


async def on_the_topic(web: Web, transaction: str, customer: dict[str, str]) -> tuple[str, list[str]]:
    """As the worker's intake resolves what a shop's own producer wrote."""

    async def shop(merchant: str) -> Any:
        return program()

    identities = web.parts.identities
    inside = Identifiers(customer.get("phone", ""), customer.get("membership_number", ""))
    sealed = {"sealed": seal(identities.public_key(MERCHANT), MERCHANT, inside)}
    naming = Naming(identities, shop, last_heard_over(web.parts.filling, web.topics.partitions))
    data = sale(transaction, customer=sealed) | {"end_date_time": "2026-10-01T07:42:10Z"}
    found = read(produced(data, key=f"{MERCHANT}:{transaction}".encode()))
    named = await naming.customer_of(found, program(), max(T0, web.parts.clock.now()))
    return str(named.customer), [f"/customer/{each.kind}" for each in named.misnamed]


@pytest.mark.parametrize("buy", [over_http, on_the_topic])
async def test_a_purchase_with_a_phone_unused_for_long_and_a_new_number_joins_nobody_and_says_so(web, empty_redis, buy):
    noor = await had_it_once(web, empty_redis, days_ago=400)
    bram, warned = await buy(web, "t1", BOTH)
    assert bram != noor
    assert warned in (["/customer/phone"], ["/customer/unused_phone"])
    assert await buy(web, "t2", NUMBER) == (bram, []), "the number is Bram's from then on"
    assert await buy(web, "t3", BOTH) == (bram, warned), "and tells again"
    assert await buy(web, "t4", PHONE) == (noor, []), "alone, the phone names who had it"


@pytest.mark.parametrize("buy", [over_http, on_the_topic])
async def test_a_phone_that_was_used_within_a_year_joins_as_ever(web, empty_redis, buy):
    noor = await had_it_once(web, empty_redis, days_ago=300)
    assert await buy(web, "t1", BOTH) == (noor, [])
    assert await buy(web, "t2", NUMBER) == (noor, [])


@pytest.mark.parametrize("buy", [over_http, on_the_topic])
async def test_identifiers_of_two_customers_credit_the_first_and_say_so(web, empty_redis, buy):
    noor = await had_it_once(web, empty_redis, days_ago=300)
    bram, _ = await buy(web, "t1", NUMBER)
    found, warned = await buy(web, "t2", BOTH)
    assert (found, len(warned)) == (noor, 1)
    assert bram != noor


async def test_within_one_request_the_number_stays_with_whom_the_first_purchase_made(web, empty_redis):
    noor = await had_it_once(web, empty_redis, days_ago=400)
    answer = (await web.post("/purchases", [sale("t1", customer=BOTH), sale("t2", customer=NUMBER)])).json()
    first, second = (each["customer"] for each in answer["purchases"])
    assert first == second != noor
    [warning] = answer["warnings"]
    assert (warning["pointer"], warning["purchases"]) == ("/0/customer/phone", 1)
    assert "phone_changed_hands" in warning["allowed"]
    assert f'stamgast_unused_phones_total{{merchant="{MERCHANT}"}} 1.0' in (await web.health.get("/metrics")).text


async def test_looking_somebody_up_answers_as_a_purchase_would(web, empty_redis):
    noor = await had_it_once(web, empty_redis, days_ago=400)
    nobody = problem(await web.post("/customers/lookup", BOTH), 404)
    assert "has not been here for a year" in nobody["detail"]
    assert (await web.post("/customers/lookup", PHONE)).json()["customer"] == noor
    await web.post("/customers", NUMBER | {"name": "Bram"})
    found = (await web.post("/customers/lookup", BOTH)).json()
    assert found["customer"] != noor
    assert [each["pointer"] for each in found["warnings"]] == ["/phone"]


@pytest.mark.parametrize("changed_hands", [True, False])
async def test_an_enrolment_says_afterwards_whose_the_phone_is(web, empty_redis, changed_hands):
    noor = await had_it_once(web, empty_redis, days_ago=400)
    bram, _ = await over_http(web, "t1", BOTH)
    problem(await web.post("/customers", BOTH), 409)
    said = await web.post("/customers", BOTH | {"phone_changed_hands": changed_hands})
    whose = bram if changed_hands else noor
    assert (said.status_code, said.json()["customer"]) in ((200, whose), (201, whose)), said.text
    assert [(await over_http(web, f"t{n}", each))[0] for n, each in enumerate((BOTH, NUMBER, PHONE))] == [whose] * 3


async def test_a_number_of_somebody_who_is_enrolled_is_never_moved_to_the_phones_owner(web, empty_redis):
    await had_it_once(web, empty_redis, days_ago=400)
    await web.post("/customers", NUMBER | {"name": "Bram"})
    problem(await web.post("/customers", BOTH | {"phone_changed_hands": False}), 409)
