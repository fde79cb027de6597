"""Ctrl-C and SIGTERM: the first asks, the second ends at once, and so does time; children never stay."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stamgast.lifecycle.cancellation import end_all
from tests.conftest import eventually
from tests.processes import alive, children_of

PATIENCE_S = 60
FORCED = {signal.SIGINT: 128 + signal.SIGINT, signal.SIGTERM: 128 + signal.SIGTERM}
SIGNALS = pytest.mark.parametrize("number", list(FORCED))

STUBBORN = """
with Ending(grace_s=GRACE) as ending, ending.asking(lambda: print("asked", flush=True)):
    ChildProcess("sleeper", ["sleep", "600"], log=Path(LOG))
    print("up", flush=True)
    threading.Event().wait()
"""
INTERRUPTED = """
child = None
try:
    with Ending():
        child = ChildProcess("sleeper", ["sleep", "600"], log=Path(LOG))
        print("up", flush=True)
        threading.Event().wait()
except KeyboardInterrupt:
    print("unwound", child.wait(), flush=True)
"""
A_LOOP = """
async def work():
    print("up", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("unwound", flush=True)

with Ending() as ending:
    try:
        asyncio.run(ending.over(work()))
    except asyncio.CancelledError:
        print("cancelled", flush=True)
"""
IMPORTS = """
import asyncio, threading
from pathlib import Path
from stamgast.lifecycle.ending import Ending
from stamgast.local.processes import ChildProcess
"""


@contextmanager
def running(script: str, tmp_path: Path, grace_s: float = 600) -> Iterator[subprocess.Popen[str]]:
    """A process that runs the script, once it has said that it is up."""
    given = f"LOG, GRACE = {str(tmp_path / 'log')!r}, {grace_s}\n"
    with subprocess.Popen(
        [sys.executable, "-c", IMPORTS + given + script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
            yield process
        finally:
            process.kill()


@SIGNALS
def test_a_signal_unwinds_what_is_open_and_no_child_stays(tmp_path, number):
    with running(INTERRUPTED, tmp_path) as process:
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, said) == (0, f"unwound {-signal.SIGKILL}\n")


@SIGNALS
def test_in_a_loop_a_signal_cancels_the_work(tmp_path, number):
    with running(A_LOOP, tmp_path) as process:
        process.send_signal(number)
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, said) == (0, "unwound\ncancelled\n")


@SIGNALS
async def test_a_second_signal_ends_at_once_what_does_not_end_when_asked(tmp_path, number):
    with running(STUBBORN, tmp_path) as process:
        (child,) = children_of(process.pid)
        process.send_signal(number)
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"

        def ended_by_another() -> bool:
            process.send_signal(number)
            return process.poll() is not None

        await eventually(ended_by_another, seconds=PATIENCE_S, every=0.1)
        assert process.returncode == FORCED[number]
        assert process.stdout.read() == ""  # two of the same moment are one
        await eventually(lambda: not alive([child]))


@SIGNALS
async def test_what_does_not_end_when_asked_is_ended_after_a_while(tmp_path, number):
    with running(STUBBORN, tmp_path, grace_s=0.2) as process:
        (child,) = children_of(process.pid)
        process.send_signal(number)
        _, why = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == FORCED[number]
        assert "ended by force" in why
        await eventually(lambda: not alive([child]))


async def test_tasks_that_swallow_a_cancellation_are_ended_all_the_same():
    swallowed: list[Any] = []

    async def hard_of_hearing():
        while len(swallowed) < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append(True)
        await asyncio.Event().wait()

    task = asyncio.create_task(hard_of_hearing())
    await asyncio.sleep(0)
    await end_all([task])
    assert task.cancelled()
    assert len(swallowed) == 3
