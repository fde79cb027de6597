"""A message that takes too long to make fails alone, while the loop goes on; a machine that stands still blames nobody."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from channels.model import Carrier, Fault, Message, Prepared, Refusal
from stamgast.domain.activation import Submission
from stamgast.domain.alerts import STAFF_ROOM, Alert, AlertKind
from stamgast.domain.events import RulePaused, StaffAlerted, decode_event
from stamgast.domain.templates import Template
from stamgast.log.topics import Topics
from streams.metrics import Metrics
from streams.outbox.context import Outgoing
from streams.outbox.rendering import Rendering
from tests.builders import MERCHANT, program
from tests.fakes.clock import StillClock
from tests.fakes.emitters import MemoryEmitters
from tests.message_scenes import MORNING

LITTLE_S = 0.02
MADE: Any = Prepared(SimpleNamespace())  # type: ignore[arg-type]
MESSAGE: Any = SimpleNamespace(template="hello", locale="nl")


class Carrying:
    """Takes as long as it is told: of the processor, or of the clock on the wall."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.go_on = threading.Event()
        self.busy = self.idle = False

    def prepare(self, _message: Message, _now: int) -> Prepared | Refusal:
        while self.busy and not self.go_on.is_set():
            sum(range(1_000))
        if self.idle:
            self.go_on.wait(10)
        self.ended.set()
        return MADE


@pytest.fixture
def rendering() -> Any:
    made = Rendering(LITTLE_S, look_every_s=0.005)
    yield made
    made.close()


async def test_a_message_that_takes_too_long_fails_while_the_loop_goes_on_and_the_next_is_made(rendering: Any) -> None:
    slow, beats = Carrying(), 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0)

    beating = asyncio.create_task(beat())
    slow.busy = True
    failed = await rendering.prepare(_carrier(slow), MESSAGE, MORNING)
    beating.cancel()
    assert isinstance(failed, Refusal)
    assert failed.fault is Fault.COSTLY
    assert failed.reason == "template hello (nl): takes more than 0.02 s to fill in"
    assert beats > 5, "the loop went on"
    assert not slow.ended.is_set()
    assert await rendering.prepare(_carrier(Carrying()), MESSAGE, MORNING) is MADE
    slow.go_on.set()


async def test_time_in_which_the_machine_did_something_else_does_not_count(rendering: Any) -> None:
    standing_still = Carrying()
    standing_still.idle = True
    asyncio.get_running_loop().call_later(5 * LITTLE_S, standing_still.go_on.set)
    assert await rendering.prepare(_carrier(standing_still), MESSAGE, MORNING) is MADE


@pytest.mark.parametrize(("mended", "staff"), [(False, False), (True, True), (False, True)])
async def test_the_rule_of_a_costly_message_rests_unless_its_template_was_mended_meanwhile(
    mended: bool, staff: bool
) -> None:
    bundles = Programmes(mended, staff)
    emitters: Any = MemoryEmitters()
    nothing: Any = None
    around = Outgoing(
        topics=Topics(1), bundles=bundles, people=nothing, channels={}, clock=StillClock(MORNING),  # type: ignore[arg-type]
        emitters=emitters, public_url="https://shop.example", metrics=Metrics(),
    )  # fmt: skip
    submission = Submission("a1", MERCHANT, "c", "greet", "hello", "utility", "sms", "nl", 0, 1, {}, 0, bundle="old")
    await around.pause_rule(0, submission, "template hello (nl): takes more than 1 s to fill in")
    told = [decode_event(value) for value in emitters.values()]
    expected = RulePaused(
        merchant=MERCHANT, customer="", at=MORNING, number=7, rule="greet",
        reason="template hello (nl): takes more than 1 s to fill in",
    )  # fmt: skip
    heard = StaffAlerted(
        merchant=MERCHANT, customer=STAFF_ROOM, at=MORNING, kind="rule_paused", what="greet", how="costly", mark="7",
        since=MORNING,
    )  # fmt: skip
    assert told == ([] if mended else [expected, heard] if staff else [expected])


class Programmes:
    """Two bundles of a merchant; the newer one has another text or the same."""

    def __init__(self, mended: bool, staff: bool) -> None:
        self._alerts = {AlertKind.RULE_PAUSED: Alert(("eva",))} if staff else {}
        self.newest = {MERCHANT: (7, "new")}
        self._texts = {"old": "long", "new": "short" if mended else "long"}

    async def get(self, _merchant: str, content: str) -> Any:
        templates = {"hello": Template("hello", sms={"nl": self._texts[content]})}
        return SimpleNamespace(program=program(templates=templates, alerts=self._alerts))


def _carrier(carrying: Carrying) -> Carrier:
    made: Any = carrying
    return made
