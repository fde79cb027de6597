"""Enrolment, what is shown, and that nobody's name or number stands anywhere in the clear."""

import asyncio
import logging
from functools import partial
from itertools import count
from typing import Any

import pytest
import structlog

from stamgast.domain.customer import Customer, encode_customer
from stamgast.domain.events import ConsentChanged, Enrolled, OptedOut, key_of
from stamgast.domain.units import DAY
from stamgast.identity.ids import Identifier
from stamgast.identity.proofs import Proof, open_proof
from stamgast.identity.records import Alias, encode, entry_key
from stamgast.identity.sealing import DataKey, WrappingKeys
from stamgast.state.keys import customers
from stamgast.state.partitions import Lease
from stamgast.state.views import NotLoadedError
from tests.conftest import eventually
from tests.integration.web.conftest import MERCHANT, Web, open_web
from tests.integration.web.shop import JAN, events, everything_in, problem, sale

SECRETS = ("612345678", "Jan", "Zandstra", "1988-10-21", "M-100", "flyer")
OF_AN_ENROLMENT = ("10-21", "2026-01", "counter")
"""Words that a log line or a metric may well have by chance."""


async def test_enrolment_gives_an_id_and_tells_the_customers_stream(web):
    response = await web.post("/customers", JAN)
    assert response.status_code == 201, response.text
    customer = response.json()["customer"]
    assert response.headers["location"] == f"/v1/merchants/{MERCHANT}/customers/{customer}"
    *consents, enrolled = await events(web)
    assert isinstance(enrolled, Enrolled)
    assert (enrolled.customer, enrolled.language) == (customer, "nl")
    veil = web.parts.identities.veil(MERCHANT)
    assert veil.birthday(enrolled.birthday) == "10-21"
    assert enrolled.acquisition_source == veil.source("flyer")
    assert (await web.parts.identities.profile(MERCHANT, customer)).source == "flyer"
    assert [(c.purpose, c.channel, c.granted, c.wording, c.origin) for c in consents] == [
        ("marketing", "whatsapp", True, "", ""),
        ("marketing", "sms", True, "", ""),
    ]
    key = await web.parts.identities.key_of(MERCHANT, customer)
    assert [open_proof(key, (MERCHANT, customer), c.proof) for c in consents] == [Proof("2026-01", "counter")] * 2


async def test_the_same_person_twice_is_the_same_customer(web):
    first = await web.post("/customers", JAN)
    by_phone = await web.post("/customers", {"phone": "+31612345678", "language": "fr"})
    by_number = await web.post("/customers", {"membership_number": "M-100"})
    bought = await web.post(
        "/purchases",
        {
            "transaction_id": "t1",
            "source_version": 1,
            "status": "completed",
            "end_date_time": "2026-10-01T07:42:10Z",
            "store": {"retail_store_id": "dok-noord"},
            "customer": {"membership_number": "M-100"},
            "price_currency": "EUR",
            "totals": {"gross_minor": 100},
        },
    )
    assert (by_phone.status_code, by_number.status_code) == (200, 200)
    customers = {answer.json()["customer"] for answer in (first, by_phone, by_number)}
    assert customers | {bought.json()["purchases"][0]["customer"]} == customers
    assert len(customers) == 1
    profile = await web.parts.identities.profile(MERCHANT, customers.pop())
    assert profile is not None
    assert (profile.phone, profile.first_name, profile.language) == ("+31612345678", "Jan", "fr")


async def test_a_queue_is_enrolled_together_and_each_is_one_customer_with_their_own_consents(web):
    people = [JAN | {"phone": f"06123450{number:02d}", "membership_number": f"M-{number}"} for number in range(8)]
    again = [{"phone": people[0]["phone"]}, {"membership_number": "M-1"}, people[2]]
    enrolments = len(await web.records(web.topics.identity_keys))
    told = [each.json() for each in await asyncio.gather(*(web.post("/customers", one) for one in [*people, *again]))]
    assert sum(each["new"] for each in told) == len({each["customer"] for each in told}) == len(people)
    assert [each["customer"] for each in told[8:]] == [each["customer"] for each in told[:3]]
    assert len(await web.records(web.topics.identity_keys)) == enrolments + len(people)
    consents = [each for each in await events(web) if isinstance(each, ConsentChanged)]
    for person, each in zip(people, told, strict=False):
        key = await web.parts.identities.key_of(MERCHANT, each["customer"])
        proofs = [one.proof for one in consents if one.customer == each["customer"]]
        assert {open_proof(key, (MERCHANT, each["customer"]), proof) for proof in proofs} == {
            Proof("2026-01", "counter")
        }
        kept = await web.parts.identities.profile(MERCHANT, each["customer"])
        assert kept.phone == f"+31{person['phone'][1:]}"


async def test_whoever_is_known_from_purchases_is_not_new(web):
    bought = await web.post("/purchases", sale(customer={"membership_number": "M-100"}))
    joined = await web.post("/customers", JAN)
    assert (joined.status_code, joined.json()["new"]) == (200, False)
    assert joined.json()["customer"] == bought.json()["purchases"][0]["customer"]


async def owned(web: Web, customer: str) -> None:
    """Everything of the customer's partition is applied, as its owner says; else answers are 503 before long."""
    partition = web.parts.appender.partition_of(web.topics.customer_events, key_of(MERCHANT, customer))
    lease = await Lease.take(web.parts.redis, customers(partition), {"cluster": "c", "topic": "t"})
    await lease.aim(0)


async def test_a_customer_is_found_by_what_the_till_scanned_and_nothing_is_written(web):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    await owned(web, customer)
    written = len(await events(web))
    for named in ({"phone": "0612345678"}, {"membership_number": "M-100"}, {"customer_id": customer}):
        found = await web.post("/customers/lookup", named)
        assert (found.status_code, found.json()) == (200, (await web.get(f"/customers/{customer}")).json())
    several = await web.post("/customers/lookup", {"phone": "0687654321", "membership_number": "M-100"})
    assert several.json()["customer"] == customer
    for unknown in ({"phone": "0687654321"}, {"membership_number": "M-7"}, {"customer_id": "c" + "a" * 24}):
        assert (await web.post("/customers/lookup", unknown)).status_code == 404
    wrongs = ({"scanned": ""}, "/scanned"), ({"scanned": 7}, "/scanned"), ({"scanned": "7", "phone": "12"}, "")
    for wrong, pointer in ({}, ""), ({"phone": "12"}, "/phone"), ({"sealed": "abc"}, "/sealed"), *wrongs:
        refused = await web.post("/customers/lookup", wrong)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, pointer)
    assert "customers/lookup" in (await web.get("/customers/0612345678")).json()["detail"]
    assert len(await events(web)) == written
    joined = await web.post("/customers", {"phone": "0687654321"})
    assert joined.json()["new"]  # looking for somebody has not made them known


async def test_a_till_needs_one_field_for_whatever_was_scanned_or_typed(web):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    await owned(web, customer)
    for text in ("06-12345678", " M-100 ", customer, customer.upper()):
        found = await web.post("/customers/lookup", {"scanned": text})
        assert (found.status_code, found.json().get("customer")) == (200, customer), (text, found.text)
        assert "warnings" not in found.json()
    assert (await web.post("/customers/lookup", {"scanned": "M-7"})).status_code == 404


async def test_what_was_typed_and_is_two_peoples_is_told_with_the_one_who_has_the_phone(web):
    jan = (await web.post("/customers", {"phone": "0612345678"})).json()["customer"]
    await web.post("/customers", {"membership_number": "0612345678"})
    await owned(web, jan)
    found = (await web.post("/customers/lookup", {"scanned": "0612345678"})).json()
    assert (found["customer"], len(found["warnings"])) == (jan, 1)
    assert (found["warnings"][0]["pointer"], "another" in found["warnings"][0]["detail"]) == ("/scanned", True)


async def test_the_same_person_at_the_same_moment_is_the_same_customer(web):
    answers = await asyncio.gather(*(web.post("/customers", JAN) for _ in range(8)))
    assert len({answer.json()["customer"] for answer in answers}) == 1
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    customer = answers[0].json()["customer"]
    assert (await web.parts.identities.profile(MERCHANT, customer)).name == JAN["name"]


async def test_identifiers_of_two_people_are_a_conflict(web):
    await web.post("/customers", {"phone": "0612345678"})
    await web.post("/customers", {"membership_number": "M-7"})
    answer = await web.post("/customers", {"phone": "0612345678", "membership_number": "M-7"})
    assert answer.status_code == 409
    assert "different customers" in answer.json()["detail"]


async def enrolled(web: Any, **named: Any) -> str:
    answer = await web.post("/customers", named)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["customer"])


async def test_a_phone_that_was_given_up_is_somebody_elses_and_brings_neither_name_nor_messages(web):
    noor = await enrolled(web, phone="0612345678", name="Noor", membership_number="M-1")
    bought = await web.post("/purchases", sale(customer={"phone": "0612345678"}))
    assert bought.json()["purchases"][0]["customer"] == noor
    assert await enrolled(web, phone="0687654321", membership_number="M-1") == noor
    bram = await enrolled(web, phone="0612345678", name="Bram")
    assert bram != noor
    identities = web.parts.identities
    assert [(await identities.profile(MERCHANT, who)).phone for who in (noor, bram)] == ["+31687654321", "+31612345678"]
    assert (await identities.profile(MERCHANT, noor)).name == "Noor"
    await web.message("+31612345678", "STOP")
    assert [event.customer for event in await events(web) if type(event) is OptedOut] == [bram]
    assert await enrolled(web, phone="0687654321", membership_number="M-1") == noor, "and again changes nothing"


async def test_a_phone_that_changed_hands_unsaid_is_taken_from_who_had_it_once_and_not_at_each_repeat(web):
    noor = await enrolled(web, phone="0612345678", name="Noor", membership_number="M-1")
    await enrolled(web, membership_number="M-2", name="Bram")
    body = {"phone": "0612345678", "membership_number": "M-2"}
    refused = await web.post("/customers", body)
    assert refused.status_code == 409
    assert "phone_changed_hands" in refused.json()["detail"]
    same_day = await web.post("/customers", body | {"phone_changed_hands": True})
    assert same_day.status_code == 409, "it was given to Noor a moment ago"
    old = Alias("phone", noor, web.parts.clock.now() - 2 * DAY)
    hashed = web.parts.identities.hash_phone(MERCHANT, "+31612345678")
    await web.parts.appender.append(web.topics.identities, [(entry_key(MERCHANT, "a", hashed), encode(old))])

    async def bram() -> str:
        answer = await web.post("/customers", body | {"phone_changed_hands": True})
        return str(answer.json().get("customer", ""))

    found = await eventually(bram, why="the view has read that it was long ago")
    assert found != noor
    assert [await bram() for _ in range(2)] == [found, found]
    assert (await web.parts.identities.profile(MERCHANT, noor)).phone == ""


async def test_a_phone_unused_for_long_asks_before_it_joins_two_people(web, empty_redis):
    noor = await enrolled(web, phone="0612345678", name="Noor")
    now = web.parts.clock.now()
    slot = web_slot(web, noor)

    async def last_seen(when: int) -> None:
        await empty_redis.set(slot.customer(MERCHANT, noor), encode_customer(Customer(joined_at=when)))

    body = {"phone": "0612345678", "name": "Bram", "membership_number": "M-2"}
    await last_seen(now - 366 * DAY)
    asked = problem(await web.post("/customers", body), 409)
    assert asked["type"].endswith("phone-unused-for-long")
    assert await enrolled(web, phone="0612345678", name="noor") == noor, "who says the same name is the same"
    assert await enrolled(web, **body, phone_changed_hands=False) == noor
    assert await enrolled(web, **body) == noor, "and the membership number tells from then on"
    await last_seen(now - 300 * DAY)
    assert await enrolled(web, phone="0612345678", name="Mees") == noor


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"phone": "020 123 45 67"}, "/phone"),
        ({"phone": None, "membership_number": None}, ""),
        ({"birthday": "21-10-1988"}, "/birthday"),
        ({"birthday": "1988-02-31"}, "/birthday"),
        ({"birthday": "2900-02-03"}, "/birthday"),
        ({"birthday": "1900-01-01"}, "/birthday"),
        ({"langauge": "nl"}, "/langauge"),
        ({"consents": [{"purpose": "marketing", "channel": "pigeon", "wording_version": "1"}]}, "/consents/0/channel"),
    ],
)
async def test_an_enrolment_that_is_wrong_is_refused_by_its_place(web, change, pointer):
    answer = await web.post("/customers", JAN | change)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert "123 45 67" not in answer.text


async def test_a_customer_is_shown_as_the_state_says(web, empty_redis):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    shown = (await web.get(f"/customers/{customer}")).json()
    assert (shown["purchases"], shown["stage"], shown["currency"]) == (0, "new", "EUR")
    state = Customer(purchases=2, spend=2480, profit=1500, visits=2, timers={"lapse": 1_790_000_000_000})
    slot = web_slot(web, customer)
    await empty_redis.set(slot.customer(MERCHANT, customer), encode_customer(state))
    shown = (await web.get(f"/customers/{customer}")).json()
    assert (shown["purchases"], shown["spend"], shown["clv"]["historic"]) == (2, 2480, 1500)
    assert shown["next_timer"] == "2026-09-21T14:13:20Z"
    assert shown["stamps"] == {"bread": 0}
    assert (await web.get(f"/customers/c{'a' * 24}")).status_code == 404
    assert (await web.get("/customers/jan")).status_code == 404


def web_slot(web: Any, customer: str) -> Any:
    return customers(web.parts.appender.partition_of(web.topics.customer_events, key_of(MERCHANT, customer)))


async def test_nothing_personal_stands_in_any_topic_key_or_log(web, empty_redis, all_logs):
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=structlog.stdlib.LoggerFactory()
    )
    enrolled = (await web.post("/customers", JAN)).json()["customer"]
    purchase = {
        "transaction_id": "t1",
        "source_version": 1,
        "status": "completed",
        "end_date_time": "2026-10-01T07:42:10Z",
        "store": {"retail_store_id": "dok-noord"},
        "customer": {"phone": "0612345678", "membership_number": "M-100"},
        "price_currency": "EUR",
        "totals": {"gross_minor": 100},
    }
    bought = await web.post("/purchases", purchase)
    await web.post("/purchases", purchase | {"customer": {"phone": "0612345678", "name": "Jan"}})  # refused
    await web.post("/purchases", purchase | {"status": "Jan Zandstra 0612345678"})  # refused
    await web.post("/customers", JAN | {"email": "Jan Zandstra"})  # refused
    await web.message("whatsapp:+31612345678", "Dag, met Jan Zandstra", "SM7")
    await web.message("+31612345678", "STOP", "SM8")
    await web.get(f"/customers/{enrolled}")
    assert bought.json()["purchases"][0]["customer"] == enrolled

    log = b""
    for name, _topic in web.topics:
        for key, value in await web.records(name):
            log += (key or b"") + b"\n" + (value or b"") + b"\n"
    held = await everything_in(empty_redis)
    said = "\n".join(record.getMessage() for record in all_logs if record.name.startswith(("stamgast", "uvicorn")))
    figures = (await web.health.get("/metrics")).text
    assert enrolled.encode() in log
    assert enrolled.encode() in held
    for secret in SECRETS + OF_AN_ENROLMENT:
        assert secret.encode() not in log, secret
        assert secret.encode() not in held, secret
    for secret in SECRETS:
        assert secret not in said, secret
        assert secret not in figures, secret


async def test_a_redis_that_was_emptied_is_filled_again_before_anything_is_answered(web, empty_redis):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    await empty_redis.flushall()
    answer = await web.post("/customers", {"membership_number": "M-100"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]

    async def again() -> bool:
        answer = await web.post("/customers", {"membership_number": "M-100"})
        return answer.status_code == 200 and answer.json()["customer"] == customer

    await eventually(again)
    profile = await web.parts.identities.profile(MERCHANT, customer)
    assert profile is not None
    assert profile.email == JAN["email"]


async def test_what_is_written_to_an_emptied_redis_does_not_hide_what_it_lost(web, empty_redis):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    topic = web.topics.identities
    theirs = next(key for key, _value in await web.records(topic) if b":a:" in key)  # the phone's, written first
    partition_of = partial(web.parts.appender.partition_of, topic)
    beside = next(key for n in count() if partition_of(key := b"nobody of ours %d" % n) == partition_of(theirs))

    async def found() -> bool:
        try:
            return await web.parts.identities.customer_of(MERCHANT, Identifier("phone", "+31612345678")) == customer
        except NotLoadedError:
            return False

    await eventually(found)
    for _ in range(3):
        await empty_redis.flushall()
        # Whoever follows the topic reads this next, behind everything that Redis has just lost.
        await web.parts.appender.append(topic, [(beside, b"{}")])
        await eventually(found)


async def test_a_redis_that_went_back_in_time_is_noticed(web, redis_server):
    if not redis_server.restartable:
        pytest.skip("this Redis cannot be stopped from here")
    await web.post("/customers", {"membership_number": "M-1"})
    before = await asyncio.to_thread(redis_server.copy_data)
    customer = (await web.post("/customers", JAN)).json()["customer"]
    await asyncio.to_thread(redis_server.go_back_to, before)

    async def again() -> bool:
        answer = await web.post("/customers", {"membership_number": "M-100"})
        assert answer.status_code in {200, 503}
        return answer.status_code == 200 and answer.json()["customer"] == customer

    await eventually(again, seconds=60)


async def test_another_process_finds_the_view_where_it_stands(web, web_settings):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    async with open_web(web_settings) as other:
        answer = await other.post("/customers", {"phone": "0612345678"})
        assert (answer.status_code, answer.json()["customer"]) == (200, customer)


async def test_wrapping_keys_rotate_and_profiles_stay_readable(web, web_settings):
    customer = (await web.post("/customers", JAN)).json()["customer"]
    old = web_settings.wrapping_keys.get_secret_value()
    new = "new:" + old.partition(":")[2].replace("A", "B", 1)
    rotated = web_settings.model_copy(update={"wrapping_keys": type(web_settings.id_key)(f"{new},{old}")})
    async with open_web(rotated) as other:
        identities = other.parts.identities
        assert (await identities.profile(MERCHANT, customer)).name == JAN["name"]
        assert await identities.rewrap(MERCHANT, customer, 1)
        assert not await identities.rewrap(MERCHANT, customer, 2)
        assert (await identities.profile(MERCHANT, customer)).name == JAN["name"]
    assert isinstance(WrappingKeys.parse(f"{new},{old}"), WrappingKeys)
    assert DataKey.new().id != DataKey.new().id


async def test_a_consent_may_be_withdrawn(web):
    consent = {"purpose": "marketing", "channel": "sms", "granted": False}
    await web.post("/customers", {"phone": "0612345678", "consents": [consent]})
    [told] = [event for event in await events(web) if isinstance(event, ConsentChanged)]
    assert told.granted is False


async def test_whoever_said_stop_stays_stopped_when_enrolled_again(web, empty_redis):
    await web.message("+31612345678", "STOP")
    customer = (await web.post("/customers", JAN)).json()["customer"]
    assert [event.customer for event in await events(web) if isinstance(event, OptedOut)] == [customer]
    phone_hash = web.parts.identities.hash_phone(MERCHANT, "+31612345678")
    assert await empty_redis.exists(web_slot(web, customer).stop(MERCHANT, phone_hash))
    assert logging.getLogger("stamgast").name
