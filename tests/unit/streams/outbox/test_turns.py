"""Who waits for a sender's turn, in which order, and what operators are told of it."""

import asyncio
from typing import Any

from structlog.testing import capture_logs

from channels.model import Fault, Outcome, SendResult
from stamgast.domain.vocabulary import Treatment
from stamgast.service.change import Report
from streams.metrics import Metrics
from streams.outbox.breaker import Probing
from streams.outbox.turns import Senders
from tests.conftest import eventually
from tests.fakes.carrier import FakeCarrier
from tests.fakes.clock import StillClock

LANE = ("bakery", "sms")
TAKEN = SendResult(Outcome.ACCEPTED)
BROKEN = SendResult(Outcome.IN_DOUBT, fault=Fault.TRANSIENT)
REFUSED = SendResult(Outcome.REJECTED, code="21604")
STOPPED = SendResult(
    Outcome.NOT_SENT_RETRY,
    fault=Fault.CONFIG,
    treatment=Treatment.CONFIG,
    code="20003",
    reason="the credentials are wrong",
)
UNREACHED = SendResult(Outcome.NOT_SENT_RETRY, fault=Fault.TRANSIENT)


def senders(width: int = 2, first_s: float = 0.01, **more: Any) -> Senders:
    return Senders(
        StillClock(1_790_000_000_000), width=width, probing=Probing(first_s, 0.05), jitter=lambda: 0.0, **more
    )


async def break_it(all_of_them: Senders, answer: SendResult = BROKEN) -> None:
    for _ in range(5):
        (await all_of_them.turn(LANE)).answered(answer)


async def test_turns_are_given_in_the_order_in_which_they_were_asked_for_whoever_asks():
    made, served = senders(width=1), []
    first = await made.turn(LANE)

    async def partition(number: int) -> None:
        turn = await made.turn(LANE)
        served.append(number)
        turn.answered(TAKEN)

    waiting = [asyncio.create_task(partition(number)) for number in range(5)]
    await asyncio.sleep(0)
    assert served == []
    first.answered(TAKEN)
    await asyncio.gather(*waiting)
    assert served == [0, 1, 2, 3, 4]


async def test_that_a_sender_is_refused_is_told_once_for_as_long_as_it_is():
    told: list[tuple[tuple[str, str], str, int]] = []
    made = senders(refused=lambda *what: told.append(what))
    await break_it(made)
    assert told == [], "a carrier that is away is nobody's mistake"
    made = senders(refused=lambda *what: told.append(what))
    for _ in range(2):
        (await made.turn(LANE)).answered(STOPPED)
    assert told == [(LANE, "20003", 1_790_000_000_000)]
    (await made.turn(LANE)).answered(TAKEN)
    made.reported(LANE, Report("a", "sms", "63007"))
    assert [code for _, code, _ in told] == ["20003", "63007"]


async def test_another_sender_does_not_wait():
    made = senders(width=1)
    await made.turn(LANE)
    await asyncio.wait_for(made.turn(("butcher", "sms")), 20)
    await asyncio.wait_for(made.turn(("bakery", "whatsapp")), 20)


async def test_who_gives_up_waiting_or_is_served_too_late_takes_no_turn_away():
    made = senders(width=1)
    turn = await made.turn(LANE)
    gone, late, stays = (asyncio.create_task(made.turn(LANE)) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait({gone})
    turn.give_back()  # now `late` is served
    late.cancel()
    await asyncio.wait({late})
    await asyncio.wait_for(stays, 20)


async def test_a_turn_that_a_submission_holds_is_not_given_back_before_it_has_landed():
    made = senders(width=1)
    turn = await made.turn(LANE)
    turn.fly()
    turn.give_back()
    waiting = asyncio.create_task(made.turn(LANE))
    await asyncio.sleep(0)
    assert not waiting.done()
    turn.land()
    await asyncio.wait_for(waiting, 20)


async def test_while_the_carrier_is_away_no_message_is_risked_and_one_answer_ends_it():
    made, carrier = senders(), FakeCarrier(BROKEN, TimeoutError(), UNREACHED, REFUSED)
    await break_it(made)
    for _ in range(3):
        turn = await made.turn(LANE)
        assert not await turn.proves(carrier)
    turn = await made.turn(LANE)
    assert await turn.proves(carrier)
    assert made.troubles()
    turn.answered(TAKEN)
    assert made.troubles() == []
    assert await (await made.turn(LANE)).proves(FakeCarrier()), "nobody is asked once it is over"


async def test_connections_that_are_never_made_open_it_as_well():
    made = senders()
    await break_it(made, UNREACHED)
    assert len(made.troubles()) == 1


async def test_a_sender_that_the_carrier_refuses_stops_at_once_and_says_why():
    made = senders(width=1)
    with capture_logs() as logs:
        (await made.turn(LANE)).answered(STOPPED)
    assert [(each["log_level"], each["why"]) for each in logs] == [("error", "the credentials are wrong (20003)")]
    [trouble] = made.troubles()
    assert trouble.startswith(
        "bakery by sms: the carrier refuses this sender, the credentials are wrong (20003), since"
    )
    turn = await made.turn(LANE)
    assert not await turn.proves(FakeCarrier(STOPPED)), "no message is risked while the account is refused"
    turn = await made.turn(LANE)
    assert await turn.proves(FakeCarrier(REFUSED))
    turn.answered(TAKEN)
    assert made.troubles() == []


async def test_a_message_with_which_the_sender_is_refused_again_while_others_go_is_at_fault_itself():
    made = senders(width=1)
    turn = await made.turn(LANE)
    assert turn.judged("poison", STOPPED) is STOPPED
    turn.answered(STOPPED)
    turn = await made.turn(LANE)
    assert turn.judged("poison", STOPPED) is STOPPED, "nothing else has gone since"
    assert turn.judged("another", TAKEN) is TAKEN
    turn.answered(TAKEN)
    turn = await made.turn(LANE)
    judged = turn.judged("poison", STOPPED)
    assert (judged.outcome, judged.treatment) == (Outcome.REJECTED, Treatment.FALLBACK)
    turn.answered(judged)
    assert made.troubles() == []


async def test_a_sender_that_is_refused_by_a_callback_stops_and_goes_on_once_a_message_of_it_went():
    made = senders(width=4, first_s=0.02)
    made.reported(LANE, Report("never sent from here", "sms"))
    for activation in ("first", "second"):
        turn = await made.turn(LANE)
        turn.judged(activation, TAKEN)
        turn.answered(TAKEN)
    with capture_logs() as logs:
        made.reported(LANE, Report("first", "sms", "63007"))
        made.reported(LANE, Report("second", "sms", "63007"))
    assert [(each["log_level"], each["why"]) for each in logs] == [
        ("error", "found out once it had taken the message (63007)")
    ]
    assert "refuses this sender, found out once it had taken the message (63007), since" in made.troubles()[0]
    for number in range(3):
        turn = await made.turn(LANE)
        assert await turn.proves(FakeCarrier(REFUSED))
        turn.judged(f"probe {number}", TAKEN)
        turn.answered(TAKEN)
        assert made.troubles(), "that it was taken proves nothing"
        if number < 2:
            made.reported(LANE, Report(f"probe {number}", "sms", "63007"))
    made.reported(LANE, Report("first", "sms"))
    assert made.troubles(), "what was sent before says nothing"
    made.reported(LANE, Report("probe 2", "sms"))
    assert made.troubles() == []


async def test_a_sender_of_whose_probe_nothing_is_told_goes_on_by_itself():
    made = senders(width=1)
    made.reported(LANE, Report("another's", "sms", "30002"))
    turn = await made.turn(LANE)
    turn.judged("probe", TAKEN)
    turn.answered(TAKEN)
    await eventually(lambda: not made.troubles(), why="it counts as gone")


async def test_what_is_wrong_with_one_message_opens_nothing():
    made = senders()
    for _ in range(50):
        (await made.turn(LANE)).answered(REFUSED)
    assert made.troubles() == []


async def test_a_busy_carrier_makes_all_of_its_sender_wait_and_nobody_else():
    made = senders(width=2)
    turns = [await made.turn(LANE), await made.turn(LANE)]
    asked = asyncio.get_running_loop().time()
    for turn in turns:
        turn.answered(SendResult(Outcome.NOT_SENT_RETRY, fault=Fault.THROTTLED, retry_after=150))
    await asyncio.wait_for(made.turn(("butcher", "sms")), 0.1)
    await made.turn(LANE)
    assert asyncio.get_running_loop().time() - asked >= 0.15
    assert made.troubles() == []


async def test_opening_and_closing_are_told_with_since_when_and_how_many_wait():
    made, metrics = senders(first_s=0.05, counted=lambda lane: 1_234 if lane == LANE else 0), Metrics()
    with capture_logs() as logs:
        await break_it(made)
        waiting = asyncio.create_task(made.turn(LANE))
        await asyncio.sleep(0)
        assert made.troubles() == [
            "bakery by sms: the carrier has failed since 2026-09-21T14:13:20Z, 1,234 messages wait"
        ]
        made.measure(metrics)
        since = metrics.registry.get_sample_value(
            "stamgast_carrier_failing_since_seconds", {"merchant": "bakery", "channel": "sms"}
        )
        assert since == 1_790_000_000
        (await waiting).answered(TAKEN)
    await eventually(lambda: not made.troubles(), why="it is over")
    made.measure(metrics)
    assert not list(next(iter(metrics.carrier_failing.collect())).samples)
    assert [(each["event"].split(":")[0], each["merchant"]) for each in logs] == [
        ("the carrier fails", "bakery"),
        ("the carrier is back", "bakery"),
    ]
