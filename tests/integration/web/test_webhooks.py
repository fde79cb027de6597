"""What Twilio calls: signatures, statuses, STOP and START."""

import asyncio
from typing import Any

import pytest

from stamgast.domain.events import (
    ActivationOutcome,
    ConsentChanged,
    Enrolled,
    OptedIn,
    OptedOut,
    Replied,
    decode_event,
    key_of,
)
from stamgast.domain.units import DAY
from stamgast.identity.ids import Identifier
from stamgast.identity.proofs import Proof
from stamgast.identity.records import Suppression, decode_entry, encode, entry_key
from stamgast.log.replies import Reply, replies_in
from stamgast.people.consents import told_of
from stamgast.state.keys import customers
from stamgast.web import around
from stamgast.web.limits import Limits
from stamgast.web.timeout import Dues
from tests.conftest import eventually
from tests.fakes.people import lately
from tests.integration.web.conftest import MERCHANT, SHOP_NUMBER, TOKENS, open_web

CUSTOMER = "c" + "a" * 24
STATUS = f"/twilio/status?m={MERCHANT}&c={CUSTOMER}&x=act1&a=att1"


async def events(web: Any, kind: type) -> list[Any]:
    found = [decode_event(value) for _key, value in await web.records(web.topics.customer_events)]
    return [event for event in found if isinstance(event, kind)]


def status(word: str, **more: str) -> dict[str, str]:
    return {"MessageSid": "SM9", "MessageStatus": word, "AccountSid": "ACsandbox1", "To": "+31612345678"} | more


async def test_a_status_becomes_one_outcome_on_the_customers_stream(web):
    assert (await web.webhook(STATUS, status("delivered"))).status_code == 204
    [outcome] = await events(web, ActivationOutcome)
    assert (outcome.merchant, outcome.customer, outcome.activation) == (MERCHANT, CUSTOMER, "act1")
    assert (outcome.attempt, outcome.status, outcome.rank, outcome.provider_id) == ("att1", "delivered", 30, "SM9")
    [(key, _)] = await web.records(web.topics.customer_events)
    assert key == key_of(MERCHANT, CUSTOMER)


async def test_a_failure_says_what_may_be_done_about_it(web):
    await web.webhook(STATUS, status("failed", ErrorCode="63003"))
    [outcome] = await events(web, ActivationOutcome)
    assert (outcome.status, outcome.code, outcome.reason) == ("failed", "63003", "other_channel")


async def test_a_number_that_is_dead_is_told_with_what_stands_for_it_unless_it_has_been_replaced(web):
    customer = await enrol(web, "0612345678")
    dead = web.parts.identities.hash_phone(MERCHANT, "+31612345678")
    report = f"/twilio/status?m={MERCHANT}&c={customer}&x=act1&a=att1&p={dead}"
    await web.webhook(report, status("undelivered", ErrorCode="30005"))
    other = await enrol(web, "0687654321")
    late = f"/twilio/status?m={MERCHANT}&c={other}&x=act2&a=att2&p={dead}"
    await web.webhook(late, status("undelivered", ErrorCode="30005"))
    told = {each.activation: (each.treatment, each.address) for each in await events(web, ActivationOutcome)}
    assert told == {"act1": ("bad_number", dead), "act2": ("permanent", "")}
    assert (await events(web, Enrolled))[0].phone == dead


async def test_a_template_that_the_carrier_refuses_is_counted_for_a_person_to_mend(web):
    await web.webhook(STATUS, status("failed", ErrorCode="63041"))
    [outcome] = await events(web, ActivationOutcome)
    assert (outcome.treatment, outcome.reason) == ("config", "template")
    figures = (await web.health.get("/metrics")).text
    assert f'stamgast_web_config_faults_total{{code="63041",merchant="{MERCHANT}"}} 1.0' in figures


async def test_both_auth_tokens_are_good_while_one_replaces_the_other(web):
    for token in TOKENS:
        assert (await web.webhook(STATUS, status("sent"), token=token)).status_code == 204
    assert (await web.webhook(STATUS, status("sent"), token="a-third-one")).status_code == 403


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64 at all"])
async def test_what_is_not_signed_does_nothing(web, signature):
    assert (await web.webhook(STATUS, status("delivered"), signature=signature)).status_code == 403
    assert (await web.message("+31612345678", "STOP", signature=signature)).status_code == 403
    assert await web.records(web.topics.customer_events) == []
    assert await web.records(web.topics.suppressions) == []


async def test_a_status_that_names_nobody_is_refused(web):
    assert (await web.webhook(f"/twilio/status?m={MERCHANT}", status("sent"))).status_code == 400
    crooked = f"/twilio/status?m=a%3Ab&c={CUSTOMER}&x=a&a=b"
    assert (await web.webhook(crooked, status("sent"))).status_code == 400
    assert (await web.client.post(STATUS, json={})).status_code == 415


async def enrol(web: Any, phone: str) -> str:
    return str((await web.post("/customers", {"phone": phone})).json()["customer"])


def stop_key(web: Any, customer: str, phone: str) -> str:
    partition = web.parts.appender.partition_of(web.topics.customer_events, key_of(MERCHANT, customer))
    return customers(partition).stop(MERCHANT, web.parts.identities.hash_phone(MERCHANT, phone))


async def test_stop_is_in_the_log_and_in_the_slot_before_it_is_answered(web, empty_redis):
    customer = await enrol(web, "0612345678")
    answer = await web.message("whatsapp:+31612345678", "Stop!")
    assert answer.status_code == 200
    assert "<Message>Bakkerij Noord: je krijgt geen berichten meer" in answer.text
    [(key, value)] = await suppressions(web)
    phone_hash = web.parts.identities.hash_phone(MERCHANT, "+31612345678")
    assert key == f"{MERCHANT}:s:{phone_hash}".encode()
    assert decode_entry(value).stopped
    assert [event.customer for event in await events(web, OptedOut)] == [customer]
    assert await empty_redis.exists(stop_key(web, customer, "+31612345678"))


async def test_a_stop_that_takes_too_long_is_in_the_log_all_the_same(web_settings, published, empty_redis, monkeypatch):
    """Where thousands come at once the last waits too long, and the carrier does not post it again."""
    monkeypatch.setattr(around, "Dues", lambda _limit_s: Dues(0.0))
    async with open_web(web_settings) as web:
        assert (await web.message("+31612345678", "STOP")).status_code == 503
        [(_key, value)] = await eventually(lambda: suppressions(web))
        assert decode_entry(value).stopped


async def test_a_captured_start_with_its_fields_cut_otherwise_is_no_new_message(web, empty_redis):
    """The signature is over names and values without anything between: it is right for both."""
    customer = await enrol(web, "0612345678")
    await web.message("+31612345678", "START", "SM1")
    await web.message("+31612345678", "STOP", "SM2")
    form = {"MessageSid": "SM1NumMedia0", "From": "+31612345678", "To": SHOP_NUMBER, "Body": "START"}
    answer = await web.webhook("/twilio/inbound", form | {"AccountSid": "ACsandbox1"})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:stamgast:problem:malformed")
    assert await empty_redis.exists(stop_key(web, customer, "+31612345678"))


async def suppressions(web: Any) -> list[tuple[bytes, bytes]]:
    return [(key, value) for key, value in await web.records(web.topics.suppressions) if b":s:" in key]


async def test_a_captured_start_lifts_no_later_stop_however_late_it_is_sent_again(web, web_settings, empty_redis):
    customer = await enrol(web, "0612345678")
    mark = stop_key(web, customer, "+31612345678")
    for text, sid in (("START", "SM1"), ("STOP", "SM2"), ("START", "SM3"), ("STOP", "SM4")):
        assert (await web.message("+31612345678", text, sid)).status_code == 200
    assert await empty_redis.exists(mark)
    said = len(await suppressions(web))
    for sid in ("SM1", "SM3"):
        assert (await web.message("+31612345678", "START", sid)).status_code == 200
    assert len(await suppressions(web)) == said
    await empty_redis.flushall()  # and nothing of that was remembered in Redis alone
    async with open_web(web_settings) as other:
        await eventually(lambda: empty_redis.exists(mark))
        assert (await other.message("+31612345678", "START", "SM3")).status_code == 200
        assert await empty_redis.exists(mark)
        assert (await other.message("+31612345678", "START", "SM5")).status_code == 200
        assert not await empty_redis.exists(mark)
        assert (await other.message("+31612345678", "STOP", "SM4")).status_code == 200
        assert not await empty_redis.exists(mark), "nor does an old STOP take back a later START"


async def test_a_repeat_finishes_what_its_first_delivery_could_not(web, empty_redis):
    customer = await enrol(web, "0612345678")
    mark = stop_key(web, customer, "+31612345678")
    await web.message("+31612345678", "STOP", "SM1")
    await empty_redis.delete(mark)
    await web.message("+31612345678", "STOP", "SM1")
    assert await empty_redis.exists(mark)


async def test_a_captured_status_stops_nobody_who_came_back(web, empty_redis):
    customer = await enrol(web, "0612345678")
    stopped = status("failed", ErrorCode="21610")
    url = STATUS.replace(CUSTOMER, customer)
    assert (await web.webhook(url, stopped)).status_code == 204
    await web.message("+31612345678", "START", "SM2")
    assert (await web.webhook(url, stopped)).status_code == 204
    assert not decode_entry((await suppressions(web))[-1][1]).stopped
    assert not await empty_redis.exists(stop_key(web, customer, "+31612345678"))


async def test_start_lifts_it_and_gives_no_consent(web, empty_redis):
    customer = await enrol(web, "0612345678")
    await web.message("+31612345678", "STOP", "SM1")
    await web.message("+31612345678", "START", "SM2")
    assert [event.customer for event in await events(web, OptedIn)] == [customer]
    assert not await empty_redis.exists(stop_key(web, customer, "+31612345678"))
    assert not decode_entry((await suppressions(web))[-1][1]).stopped


async def test_stop_of_a_number_nobody_knows_is_remembered_too(web):
    assert (await web.message("+31687654321", "stop")).status_code == 200
    assert len(await suppressions(web)) == 1
    assert await events(web, OptedOut) == []


async def test_another_reply_is_told_without_its_text_which_is_kept_sealed(web):
    customer = await enrol(web, "0612345678")
    await web.message("whatsapp:+31612345678", "Is het brood al klaar, Piet?")
    [reply] = await events(web, Replied)
    assert (reply.customer, reply.channel, reply.keyword) == (customer, "whatsapp", None)
    for name, _topic in web.topics:
        assert all(b"Piet" not in (value or b"") for _key, value in await web.records(name))
    (kept,) = await replies(web, customer)
    assert (kept.channel, kept.words.text) == ("whatsapp", "Is het brood al klaar, Piet?")
    assert await replies(web, customer, later=30 * DAY + 1) == []


async def test_one_of_those_with_a_phone_may_answer_and_nobody_where_the_carrier_has(web):
    known = [await enrol(web, "0612345678"), await enrol(web, "0687654321")]
    await web.message("+31612345678", "Kaart!", "SM1")
    form = {"MessageSid": "SM2", "From": "+31612345678", "To": SHOP_NUMBER, "Body": "HELP", "AccountSid": "ACsandbox1"}
    await web.webhook("/twilio/inbound", form | {"OptOutType": "HELP", "NumMedia": "2"})
    told = [(each.customer, each.keyword, each.answers, each.media) for each in await events(web, Replied)]
    assert sorted(told, key=lambda each: each[1]) == [(known[0], "card", True, 0), (known[0], "help", False, 2)]


@pytest.mark.parametrize(
    "text",
    ["🙂" * 1_365, "a" * 4_096, "שלום KAART {{ 7*7 }} ; rm -rf /", "$(id)`id`${jndi:x}\r\nX: y", "\u202e\x00KAART"],
)
async def test_whatever_is_written_stands_nowhere_but_sealed(web, text, caplog):
    customer = await enrol(web, "0612345678")
    assert (await web.message("+31612345678", text)).status_code == 200
    [reply] = await events(web, Replied)
    assert reply.customer == customer
    (kept,) = await replies(web, customer)
    assert kept.words.text == text
    for name, _topic in web.topics:
        assert all(text.encode()[:12] not in (value or b"") for _key, value in await web.records(name))
    assert text[:12] not in caplog.text


async def replies(web: Any, customer: str, later: int = 0) -> list[Reply]:
    key = await web.parts.identities.key_of(MERCHANT, customer)
    now = web.parts.clock.now() + later
    theirs = [value for name, value in await web.records(web.topics.replies) if name == key_of(MERCHANT, customer)]
    return replies_in(theirs, (MERCHANT, customer), key, now)


async def test_a_reply_of_somebody_known_by_purchases_alone_is_kept_too_and_goes_with_them(web):
    phone = [Identifier("phone", "+31612345678")]
    customer = (await web.parts.identities.resolve(MERCHANT, phone, 1, lately)).customer
    await web.message("+31612345678", "Is het brood al klaar?", "SM1")
    await web.message("+31612345678", "Is het brood al klaar?", "SM1")  # the carrier repeats itself
    await web.message("+31612345678", "Hallo?", "SM2")
    assert [reply.words.text for reply in await replies(web, customer)] == ["Is het brood al klaar?", "Hallo?"]
    await web.parts.identities.erase(
        MERCHANT, customer, await web.parts.identities.known_as(MERCHANT, customer), web.parts.clock.now()
    )
    assert await replies(web, customer) == []
    assert (await web.parts.identities.resolve(MERCHANT, phone, 2, lately)).customer != customer


async def test_the_same_message_twice_carries_the_same_id(web):
    await enrol(web, "0612345678")
    await web.message("+31612345678", "hallo", "SM5")
    await web.message("+31612345678", "hallo", "SM5")
    assert len({event.id for event in await events(web, Replied)}) == 1


async def test_a_stop_while_the_view_is_being_read_waits_for_it(web_settings, published, empty_redis):
    async with open_web(web_settings, Limits(stop_finished_s=25)) as web:  # longer than any busy machine reads it
        customer = await enrol(web, "0612345678")
        web.parts.identities.close()  # it is read again
        assert (await web.message("+31612345678", "STOP")).status_code == 200
        assert {event.customer for event in await events(web, OptedOut)} == {customer}
        assert await empty_redis.exists(stop_key(web, customer, "+31612345678"))


async def test_a_stop_that_could_not_be_finished_is_finished_by_whoever_can(web, web_settings, empty_redis):
    customer = await enrol(web, "0612345678")
    mark = stop_key(web, customer, "+31612345678")
    # As a web process leaves it that ends just after Kafka has the STOP.
    entry = encode(Suppression(stopped=True, at=web.parts.clock.now()))
    key = entry_key(MERCHANT, "s", web.parts.identities.hash_phone(MERCHANT, "+31612345678"))
    await web.parts.appender.append(web.topics.suppressions, [(key, entry)])
    await eventually(lambda: empty_redis.exists(mark), why="the running process finishes it")
    assert [event.customer for event in await events(web, OptedOut)] == [customer]
    await empty_redis.delete(mark)
    async with open_web(web_settings):
        await eventually(lambda: empty_redis.exists(mark), why="so does one that starts later")
    # The same with the START after it.
    entry = encode(Suppression(stopped=False, at=web.parts.clock.now()))
    await web.parts.appender.append(web.topics.suppressions, [(key, entry)])

    async def lifted() -> bool:
        return not await empty_redis.exists(mark)

    await eventually(lifted)
    assert [event.customer for event in await events(web, OptedIn)] == [customer]


async def test_marks_that_redis_lost_are_set_again(web, empty_redis):
    customer = await enrol(web, "0612345678")
    await web.message("+31612345678", "STOP")
    await empty_redis.flushall()
    await eventually(lambda: empty_redis.exists(stop_key(web, customer, "+31612345678")))


async def test_a_stop_that_is_in_the_log_is_answered_and_finished_after(web_settings, published, empty_redis):
    async with open_web(web_settings, Limits(stop_finished_s=0)) as web:
        customer = await enrol(web, "0612345678")
        web.parts.identities.close()  # it is read again
        assert (await web.message("+31612345678", "STOP")).status_code == 200
        await eventually(lambda: empty_redis.exists(stop_key(web, customer, "+31612345678")))
        assert {event.customer for event in await events(web, OptedOut)} == {customer}


async def test_many_stops_at_once_are_all_in_the_log(web, empty_redis):
    people = [f"+3161{number:07d}" for number in range(60)]
    answers = await asyncio.gather(*(web.message(phone, "STOP", f"SM{phone[1:]}") for phone in people))
    assert {answer.status_code for answer in answers} == {200}
    assert len({key for key, _ in await suppressions(web) if b":s:" in key}) == 60


async def test_stop_and_start_at_the_same_moment_end_as_the_log_has_them(web, empty_redis):
    customer = await enrol(web, "0612345678")
    for number in range(6):
        words = [("STOP", f"SMa{number}"), ("START", f"SMb{number}")]
        answers = await asyncio.gather(*(web.message("+31612345678", *each) for each in words))
        assert [answer.status_code for answer in answers] == [200, 200]
        said = decode_entry((await suppressions(web))[-1][1])
        assert bool(await empty_redis.exists(stop_key(web, customer, "+31612345678"))) == said.stopped
        told = [type(event) for event in await of_customer(web) if isinstance(event, OptedOut | OptedIn)]
        assert told[-1] is (OptedOut if said.stopped else OptedIn)


async def of_customer(web: Any) -> list[Any]:
    return [decode_event(value) for _key, value in await web.records(web.topics.customer_events)]


@pytest.mark.slow
async def test_stop_is_not_acknowledged_without_kafka(kafka, web):
    if not kafka.restartable:
        pytest.skip("this broker cannot be stopped from here")
    await asyncio.to_thread(kafka.stop)
    try:
        assert (await web.message("+31612345678", "STOP")).status_code == 503
    finally:
        await asyncio.to_thread(kafka.start)

    async def acknowledged() -> bool:
        return (await web.message("+31612345678", "STOP")).status_code == 200

    await eventually(acknowledged, seconds=60)
    assert decode_entry((await suppressions(web))[-1][1]).stopped


async def topics_told(web: Any) -> list[tuple[str, str, bool]]:
    return [(each.customer, each.topic, each.granted) for each in await events(web, ConsentChanged) if each.topic]


async def test_a_topic_is_left_with_its_proof_and_come_back_to_once_per_message(web, empty_redis):
    customer = await enrol(web, "0612345678")
    assert "<Response/>" in (await web.message("+31612345678", "Stop aanbiedingen aub", "SM1")).text
    assert await suppressions(web) == []
    [left] = [each for each in await events(web, ConsentChanged) if each.topic]
    [told] = await events(web, Replied)
    assert (told.keyword, told.topics, told.answers) == ("leave", ("offers",), True)
    key = await web.parts.identities.key_of(MERCHANT, customer)
    assert told_of(left, key).proof == Proof("STOP offers", "sms:SM1")
    await web.message("whatsapp:+31612345678", "START PROMOS", "SM2")
    await web.message("+31612345678", "Stop aanbiedingen aub", "SM1")  # the carrier repeats itself
    assert await topics_told(web) == [(customer, "offers", False), (customer, "offers", True)]
    await web.message("+31612345678", "stop taart", "SM3")  # no topic of the shop's: in doubt it is all
    assert await empty_redis.exists(stop_key(web, customer, "+31612345678"))
    assert "Stuur eerst START" in (await web.message("+31612345678", "START aanbiedingen", "SM4")).text
    assert await empty_redis.exists(stop_key(web, customer, "+31612345678"))


async def test_whose_topics_these_are_cannot_be_known_now_so_all_is_stopped(web_settings, published, empty_redis):
    async with open_web(web_settings, Limits(stop_finished_s=25)) as web:
        customer = await enrol(web, "0612345678")
        web.parts.identities.close()  # it is read again
        assert (await web.message("+31612345678", "stop aanbiedingen")).status_code == 200
        assert {event.customer for event in await events(web, OptedOut)} == {customer}


async def test_a_stop_that_the_carrier_did_not_answer_is_confirmed_once_and_to_no_machine_for_ever(web, empty_redis):
    await web.post("/customers", {"phone": "0612345678", "language": "fr"})
    said = (await web.message("whatsapp:+31612345678", "afmelden", "SM1")).text
    assert "<Message>Bakkerij Noord : vous ne recevrez plus de messages" in said
    for number in range(2, 8):
        assert "<Response/>" in (await web.message("whatsapp:+31612345678", "STOP", f"SM{number}")).text
    form = {"MessageSid": "SM9", "From": "+31687654321", "To": SHOP_NUMBER, "Body": "STOP", "AccountSid": "ACsandbox1"}
    assert "<Response/>" in (await web.webhook("/twilio/inbound", form | {"OptOutType": "STOP"})).text
    stranger = [
        (await web.message("+31687654322", text, f"SMA{number}")).text
        for number, text in enumerate(["STOP", "START"] * 8)
    ]
    assert sum("<Message>" in each for each in stranger) == 5
