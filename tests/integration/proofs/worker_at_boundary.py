"""The product's worker, run as a process that strikes itself down at a chosen boundary. Nothing of this is product code.

PROOF_FAULTS lists [boundary, kill|stop, n], to strike one after the other once the file PROOF_ARMED is there. At the
n-th passing a mark is written and the process sends itself SIGKILL or SIGSTOP. A boundary is passed right *after* what it is named for.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import streams.customers.activation_log
import streams.customers.draw_errands
import streams.customers.parking
import streams.customers.timers
import streams.customers.walks
import streams.runtime.emission
import streams.runtime.step
from channels.twilio.channel import TwilioChannel
from channels.twilio.client import SingleShotHttpClient
from stamgast.domain.activation import Submission
from stamgast.log.producers import Emitter
from stamgast.logs import configure_logs
from stamgast.settings import Settings
from stamgast.state.outbox import Outbox
from stamgast.state.partitions import Lease
from streams.customers.activation_log import ActivationLog
from streams.customers.draw_errands import DrawErrands
from streams.customers.job import CustomersJob
from streams.customers.parking import TakingUp
from streams.intake.job import IntakeJob
from streams.outbox.context import Outgoing
from streams.runtime.emission import Emission
from streams.runtime.step import Steps
from streams.worker import run
from tests.integration.proofs import half_writing, poison

_service: contextvars.ContextVar[str] = contextvars.ContextVar("service", default="")
_emitting: contextvars.ContextVar[bool] = contextvars.ContextVar("emitting", default=False)


class Boundaries:
    """Counts passings of the boundary whose turn it is, and strikes."""

    def __init__(self, plan: list[tuple[str, str, int]], armed: Path, marks: Path) -> None:
        self._plan = plan
        self._armed = armed
        self._marks = marks
        self._passed = 0
        self._struck = 0

    def next_is(self, boundary: str) -> bool:
        return bool(self._plan) and self._plan[0][0] == boundary and self._armed.exists()

    def passed(self, boundary: str) -> None:
        if not self.next_is(boundary):
            return
        self._passed += 1
        if self._passed < self._plan[0][2]:
            return
        _, action, _ = self._plan.pop(0)
        self._passed, self._struck = 0, self._struck + 1
        (self._marks / str(self._struck)).write_text(boundary)
        os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)


def strike_after(
    boundaries: Boundaries, owner: Any, name: str, boundary: Callable[[tuple[Any, ...], Any], str]
) -> None:
    """Wrap a coroutine function: once it has returned, `boundary` says what was passed."""
    original = getattr(owner, name)

    async def wrapped(*args: Any, **more: Any) -> Any:
        result = await original(*args, **more)
        where = boundary(args, result)
        if where:
            boundaries.passed(where)
        return result

    setattr(owner, name, wrapped)


def within(
    owner: Any, name: str, variable: contextvars.ContextVar[Any], value: Callable[[tuple[Any, ...]], Any]
) -> None:
    """Let a variable have a value while a coroutine function runs."""
    original = getattr(owner, name)

    async def wrapped(*args: Any, **more: Any) -> Any:
        token = variable.set(value(args))
        try:
            return await original(*args, **more)
        finally:
            variable.reset(token)

    setattr(owner, name, wrapped)


def service_of(lease: Lease) -> str:
    return "intake" if lease.keys.tag.startswith("t") else "customers"


def is_of_a_draw(emissions: Iterable[Emission]) -> bool:
    return any(b'"type":"draw_' in each.value for each in emissions)


def install(boundaries: Boundaries) -> None:
    after = partial(strike_after, boundaries)
    after(Lease, "read", lambda args, _: f"{service_of(args[0])}.read")
    after(IntakeJob, "step", lambda *_: "intake.think")
    after(CustomersJob, "step", lambda *_: "customers.think")
    after(Emitter, "emit", lambda *_: f"{_service.get()}.half_emitted" if _emitting.get() else "")
    after(streams.runtime.step, "emit_all", lambda *_: f"{_service.get()}.emit")
    after(TakingUp, "next", lambda *_: "customers.head")
    after(Steps, "take_up", lambda args, _: f"{args[0]._job.name}.took_up")
    after(Lease, "commit", lambda args, _: f"{service_of(args[0])}.commit")
    after(streams.customers.activation_log, "append", lambda *_: "customers.noted")
    after(streams.customers.timers, "append", lambda *_: "customers.timer")
    after(streams.customers.walks.Walker, "tell", lambda *_: "customers.walked")
    after(DrawErrands, "_tell", lambda args, _: f"draws.{type(args[2][0]).__name__}")
    after(streams.runtime.step, "emit_all", lambda args, _: "draws.answered" if is_of_a_draw(args[1]) else "")
    after(Outbox, "claim", lambda _, answer: "customers.claim" if answer == "ok" else "")
    after(ActivationLog, "claim", lambda _, first: "customers.record" if first else "")
    after(Outbox, "begin", lambda _, answer: "customers.begin" if answer == "ok" else "")
    after(TwilioChannel, "send", lambda *_: "customers.post")
    after(Outgoing, "append_outcome", lambda *_: "customers.outcome")
    within(Steps, "apply", _service, lambda args: args[0]._job.name)
    within(streams.runtime.step, "emit_all", _emitting, lambda _: True)


def trace_begins(file: Path) -> None:
    """Write down when each look before a POST was taken, and what it said."""
    original = Outbox.begin
    out = file.open("a", buffering=1)

    async def begin(self: Outbox, submission: Submission, attempt: str, stop_key: str) -> Any:
        began = time.monotonic_ns()
        answer = await original(self, submission, attempt, stop_key)
        out.write(json.dumps([began, submission.activation, stop_key, answer]) + "\n")
        return answer

    Outbox.begin = begin  # type: ignore[method-assign]


def main() -> None:
    """Be a worker, as the environment says."""
    plan = json.loads(os.environ["PROOF_FAULTS"])
    settings = Settings(_env_file=None)
    configure_logs(settings.log_level, "console")
    if patience := os.environ.get("PROOF_READ_S"):
        defaults: Any = SingleShotHttpClient.__init__.__kwdefaults__
        defaults["read_seconds"] = float(patience)
    trace_begins(Path(os.environ["PROOF_TRACE"]))
    if "PROOF_PIECE" in os.environ:
        streams.customers.parking.PIECE = int(os.environ["PROOF_PIECE"])  # type: ignore[misc]
    if "PROOF_WALK" in os.environ:
        streams.customers.walks._AT_ONCE = int(os.environ["PROOF_WALK"])  # type: ignore[misc]
    if "PROOF_POISON" in os.environ:
        poison.install()
    if "PROOF_HALVES" in os.environ:
        half_writing.install(Path(os.environ["PROOF_HALVES"]))
    install(Boundaries(plan, Path(os.environ["PROOF_ARMED"]), Path(os.environ["PROOF_MARKS"])))
    sys.exit(asyncio.run(run(settings)))
