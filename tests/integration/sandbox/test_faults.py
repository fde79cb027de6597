"""What is switched wrong on purpose: each fault proves no more than it does, and falls as it was asked to."""

import asyncio

import pytest

from channels.model import Fault, Outcome
from channels.twilio.channel import TwilioChannel
from channels.twilio.signatures import SignatureVerifier
from channels.twilio.status import rank_of
from stamgast.domain.vocabulary import Treatment
from stamgast.lifecycle.listening import listen
from stamgast.sandbox.options import DEFAULT_AUTH_TOKEN
from tests.conftest import eventually
from tests.integration.sandbox.shop import CREDENTIALS, callback, ends_as, rows, send, switch


@pytest.mark.parametrize(
    ("fault", "outcome", "accepted"),
    [
        ("ok", Outcome.ACCEPTED, True),
        ("429", Outcome.NOT_SENT_RETRY, False),
        ("error_500_before", Outcome.IN_DOUBT, False),
        ("lost_before", Outcome.IN_DOUBT, False),
        ("slow_before", Outcome.IN_DOUBT, False),
        ("error_500_after", Outcome.IN_DOUBT, True),
        ("lost_after", Outcome.IN_DOUBT, True),
        ("no_sid", Outcome.IN_DOUBT, True),
        ("slow", Outcome.IN_DOUBT, True),
    ],
)
async def test_each_fault_is_one_post_and_proves_no_more_than_it_does(
    channel, hasty_channel, shop, control, fault, outcome, accepted
):
    if fault.startswith("slow"):
        channel = hasty_channel
    await switch(control, next=[fault], slow_ms=1500)
    result = await send(channel, shop)
    assert result.outcome is outcome
    posts = await rows(control, "posts")
    assert [(post["fault"], post["accepted"]) for post in posts] == [(fault, accepted)]
    assert posts[0]["status_callback"] == callback(shop)
    messages = await rows(control, "messages")
    assert len(messages) == accepted
    if fault == "429":
        assert (result.fault, result.treatment, result.retry_after) == (Fault.THROTTLED, Treatment.RETRY_NOW, 1000)


async def test_a_connection_that_is_never_made_is_certainly_not_sent(shop):
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    verifier = SignatureVerifier(shop.url, [DEFAULT_AUTH_TOKEN])
    for base_url in (f"http://127.0.0.1:{port}",):
        channel = TwilioChannel(CREDENTIALS, verifier, base_url)
        result = await send(channel, shop)
        assert (result.outcome, result.fault) == (Outcome.NOT_SENT_RETRY, Fault.TRANSIENT)
        await channel.aclose()


async def test_many_at_once_are_each_posted_once(channel, shop, control):
    await switch(control, seed=1, **{"429": 0.1, "lost_after": 0.1, "lost_before": 0.1, "error_500_after": 0.1})
    attempts = [str(number) for number in range(200)]
    results = await asyncio.gather(*(send(channel, shop, attempt=attempt) for attempt in attempts))
    posts = await rows(control, "posts")
    assert sorted(post["status_callback"] for post in posts) == sorted(callback(shop, attempt) for attempt in attempts)
    accepted = {post["sid"] for post in posts if post["accepted"]}
    assert {result.provider_id for result in results if result.outcome is Outcome.ACCEPTED} <= accepted
    throttled = {post["status_callback"] for post in posts if post["fault"] == "429"}
    again = {a for a, result in zip(attempts, results, strict=True) if result.outcome is Outcome.NOT_SENT_RETRY}
    assert {callback(shop, attempt) for attempt in again} == throttled
    assert len(await rows(control, "messages")) == len(accepted)


async def test_callbacks_can_be_lost_doubled_and_reordered_and_the_status_still_ends_right(channel, shop, control):
    await switch(control, callbacks={"next": ["lose", "ok"]})
    await send(channel, shop, attempt="lost")
    await ends_as(control, "delivered")
    await eventually(lambda: len(shop.requests) == 1)
    assert channel.parse_status(shop.requests[0]).status == "delivered"
    shop.requests.clear()

    await switch(control, callbacks={"next": ["duplicate", "duplicate"]})
    await send(channel, shop, attempt="doubled")
    await eventually(lambda: len(shop.requests) == 4)
    shop.requests.clear()

    await switch(control, callbacks={"next": ["reorder", "ok"]})
    await send(channel, shop, attempt="reordered")
    await eventually(lambda: len(shop.requests) == 2)
    statuses = [channel.parse_status(request).status for request in shop.requests]
    assert statuses == ["delivered", "sent"]
    assert max(statuses, key=rank_of) == "delivered"
    log = await rows(control, "callbacks")
    assert [row["fault"] for row in log].count("lose") == 1


async def test_chances_with_a_seed_fall_the_same_way_twice(channel, shop, control):
    runs = []
    for _ in range(2):
        await control.delete("/sandbox/messages")
        await switch(control, reset=True, seed=7, **{"429": 0.3, "error_500_after": 0.2})
        for attempt in range(40):
            await send(channel, shop, attempt=str(attempt))
        runs.append([post["fault"] for post in await rows(control, "posts")])
    assert runs[0] == runs[1]
    assert {"ok", "429", "error_500_after"} == set(runs[0])


async def test_counts_switch_themselves_off(channel, shop, control):
    await switch(control, **{"429": 2})
    outcomes = [(await send(channel, shop, attempt=str(n))).outcome for n in range(3)]
    assert outcomes == [Outcome.NOT_SENT_RETRY, Outcome.NOT_SENT_RETRY, Outcome.ACCEPTED]
    assert "429" not in await rows(control, "faults")


@pytest.mark.parametrize(
    "wrong",
    [
        {"lost": 1},
        {"429": -1},
        {"429": 1.5},
        {"429": "often"},
        {"next": ["explode"]},
        {"hold": "yes"},
        {"callbacks": {"eat": 1}},
        {"429": 0.7, "lost_after": 0.7},
    ],
)
async def test_a_switch_that_does_not_exist_is_refused_and_changes_nothing(control, wrong):
    before = await switch(control, slow_ms=5)
    answer = await control.post("/sandbox/faults", json=wrong)
    assert answer.status_code == 422, answer.text
    assert await rows(control, "faults") == before


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("ok", Outcome.REJECTED),
        ("429", Outcome.NOT_SENT_RETRY),
        ("error_500_before", Outcome.IN_DOUBT),
        ("error_500_after", Outcome.IN_DOUBT),
        ("lost_before", Outcome.IN_DOUBT),
        ("lost_after", Outcome.IN_DOUBT),
        ("slow_before", Outcome.IN_DOUBT),
        ("slow", Outcome.IN_DOUBT),
    ],
)
async def test_a_probe_meets_the_same_fault_as_a_message_and_never_becomes_one(hasty_channel, control, fault, outcome):
    await switch(control, next=[fault], slow_ms=1500)
    result = await hasty_channel.probe()
    assert result.outcome is outcome
    assert await rows(control, "messages") == []
    assert [post["status_callback"] for post in await rows(control, "posts")] == [None]
