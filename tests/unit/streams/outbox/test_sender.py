"""A process that stood still between beginning a submission and making it does not make it any more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from stamgast.domain.activation import Submission
from streams.outbox import sender
from streams.outbox.sender import PartitionSending

SUBMISSION = Submission("a1", "m", "c", "r", "t", "utility", "sms", "nl", 0, 1, {}, 0)


@pytest.mark.parametrize(("paused_s", "done"), [(0.1, ["posted"]), (30.0, ["closed", "put back"])])
async def test_what_was_begun_before_a_pause_waits_again(
    monkeypatch: pytest.MonkeyPatch, paused_s: float, done: list[str]
):
    did: list[str] = []
    machine = [1_000.0]

    async def begin(*_: Any) -> str:
        machine[0] += paused_s
        return "ok"

    def doing(what: str, answer: Any = None) -> Any:
        async def does(*_: Any) -> Any:
            did.append(what)
            return answer

        return does

    monkeypatch.setattr(sender, "time", SimpleNamespace(monotonic=lambda: machine[0]))
    around = SimpleNamespace(
        clock=SimpleNamespace(now=lambda: 0), note=lambda *_: None, callback_url=lambda *_: "",
        channels={"sms": SimpleNamespace(send=doing("posted"))},
    )  # fmt: skip
    sending: Any = SimpleNamespace(
        _around=around, _owned=SimpleNamespace(number=0), _answered=doing("answered", answer=False),
        _outbox=SimpleNamespace(begin=begin, put_back=doing("put back")),
        _activations=SimpleNamespace(close_attempt=doing("closed")),
    )  # fmt: skip
    prepared: Any = (None, "hash")
    turn: Any = SimpleNamespace(answered=lambda _: None, judged=lambda _, answer: answer)
    again = await PartitionSending._begin_and_post(sending, SUBMISSION, "x1", prepared, turn)
    assert again is (paused_s > 2)
    assert [each for each in did if each != "answered"] == done
