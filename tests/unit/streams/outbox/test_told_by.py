"""What is done about a fault does not depend on how the carrier tells it: by its answer, by a callback, or asked."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from channels.model import Found, Lookup, StatusEvent
from channels.twilio.callback_url import read_callback_key
from channels.twilio.classify import classify_exchange
from channels.twilio.client import Exchange
from channels.twilio.errors import look_up
from channels.twilio.status import rank_of
from stamgast.domain.activation import Submission
from stamgast.domain.events import ActivationOutcome, decode_event
from stamgast.log.topics import Topics
from stamgast.state.doubts import Doubt
from stamgast.web.webhooks.twilio import outcome_told
from streams.metrics import Metrics
from streams.outbox.breaker import Answer
from streams.outbox.context import Outgoing
from streams.outbox.in_doubt import Settling
from streams.outbox.turns import answer_of
from tests.builders import bought, consent, hello_rule
from tests.fakes.clock import StillClock
from tests.fakes.emitters import MemoryEmitters
from tests.message_scenes import MORNING, customer_of

THEIR_PHONE = "hash"
REFUSED, CREATED, CALLBACK, LOOK_UP = "the answer refuses it", "the answer took it", "a callback", "a look-up"


def outgoing() -> Outgoing:
    nothing: Any = None
    emitters: Any = MemoryEmitters()
    return Outgoing(
        topics=Topics(1), bundles=nothing, people=nothing, channels={}, clock=StillClock(MORNING + 1_000),
        emitters=emitters, public_url="https://shop.example", metrics=Metrics(),
    )  # fmt: skip


async def told(way: str, code: str, of: Submission) -> ActivationOutcome | Answer:
    """The event that comes of it; or what the sender learns of a message that certainly was not taken."""
    around, entry = outgoing(), look_up(code)
    ready: Any = (SimpleNamespace(priced_parts=2, message=SimpleNamespace(country="BE")), THEIR_PHONE)
    match way:
        case "a callback":
            key = read_callback_key(around.callback_url(of, "x1", ready).partition("?")[2])
            status = StatusEvent(
                key,
                "SM1",
                "undelivered",
                rank_of("undelivered"),
                fault=entry.fault,
                treatment=entry.treatment,
                code=code,
            )
            return outcome_told(status, entry.treatment, MORNING + 1_000)
        case "a look-up":
            found = Found(Lookup.FOUND, "SM1", "undelivered", code, entry.fault, entry.treatment)

            async def nothing(*_: Any) -> None: ...

            async def find(*_: Any) -> tuple[Found, Any]:
                return found, ready

            asking: Any = SimpleNamespace(
                _find=find, _around=around, _owned=SimpleNamespace(number=0), _doubts=SimpleNamespace(settled=nothing)
            )
            await Settling.look_up(asking, Doubt(of, "x1", MORNING))
        case _:
            body = (
                {"code": int(code)} if way == REFUSED else {"sid": "SM1", "status": "undelivered", "error_code": code}
            )
            answer = classify_exchange(Exchange(400 if way == REFUSED else 201, {}, json.dumps(body)))
            if answer_of(answer) is Answer.STOPPED:
                return Answer.STOPPED
            await around.append_answer(0, of, "x1", ready, answer)
    [value] = around.emitters.values()  # type: ignore[attr-defined]
    event = decode_event(value)
    assert isinstance(event, ActivationOutcome)
    if event.status == "undelivered":
        assert (event.parts, event.country) == (2, "BE"), "whoever tells it says what it costs"
    return event


@pytest.mark.parametrize("way", [REFUSED, CREATED, CALLBACK, LOOK_UP])
@pytest.mark.parametrize(
    ("code", "dead_phone", "goes_by", "put_off", "sender_stops"),
    [
        ("30005", THEIR_PHONE, [], False, False),
        ("63024", "", ["sms"], False, False),
        ("92007", "", ["sms"], False, False),
        ("30003", "", [], True, False),
        ("63040", "", ["sms"], False, False),
        ("63007", "", ["sms"], False, True),
        ("21408", "", ["sms"], False, False),
        ("63016", "", [], False, False),
    ],
    ids=["bad number", "not on WhatsApp", "words", "later", "template", "sender", "country", "window"],
)
async def test_each_treatment_acts_however_the_fault_is_told(
    way: str, code: str, dead_phone: str, goes_by: list[str], put_off: bool, sender_stops: bool
):
    owner = customer_of(hello_rule(by=("whatsapp", "sms")), channel="whatsapp")
    owner.apply(consent(channel="sms"))
    (first,) = owner.apply(bought("t1", MORNING)).submissions
    event = await told(way, code, first)
    if isinstance(event, Answer):
        assert sender_stops, "nothing was taken: the message waits, and its sender stops"
        return
    change = owner.apply(event)
    assert owner.state().dead_phone == dead_phone
    assert [each.channel for each in change.submissions] == goes_by
    assert any(each.state == "held" for each in owner.state().activations) is put_off
    assert [(each.channel, each.refused) for each in change.reports] == ([("whatsapp", code)] if sender_stops else [])
