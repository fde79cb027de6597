"""Child processes that never outlive us."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from stamgast.local.processes import ChildProcess, ProcessError, free_port, port_answers
from tests.conftest import eventually
from tests.processes import alive


def test_a_child_that_ends_while_starting_is_reported_with_the_end_of_its_log(tmp_path: Path):
    child = ChildProcess("the thing", [sys.executable, "-c", "raise SystemExit('no such disk')"], log=tmp_path / "log")

    with pytest.raises(ProcessError, match=r"the thing ended with 1 while starting\.\nno such disk"):
        child.wait_until(lambda: False, seconds=20)


def test_a_child_that_is_never_ready_is_killed(tmp_path: Path):
    child = ChildProcess("sleeper", ["sleep", "60"], log=tmp_path / "log")

    with pytest.raises(ProcessError, match="was not ready within 0 s"):
        child.wait_until(lambda: False, seconds=0.1)
    assert child.exit_code == -signal.SIGKILL


def test_a_paused_child_can_still_be_stopped(tmp_path: Path):
    child = ChildProcess("sleeper", ["sleep", "60"], log=tmp_path / "log")
    child.signal(signal.SIGSTOP)

    assert child.stop(seconds=20) == -signal.SIGTERM


async def test_children_die_when_their_parent_is_killed(tmp_path: Path):
    script = f"""
        import signal
        from pathlib import Path
        from stamgast.local.processes import ChildProcess
        child = ChildProcess("sleeper", ["sleep", "60"], log=Path({str(tmp_path / "log")!r}))
        print(child.pid, flush=True)
        signal.pause()
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()

    await eventually(lambda: not alive([pid]), why="the child's end")


def test_a_free_port_is_one_that_nobody_answers_on():
    assert not port_answers(free_port())


def test_a_child_that_has_ended_is_told_with_the_end_of_its_log_and_one_that_runs_is_not(tmp_path: Path):
    child = ChildProcess("the thing", [sys.executable, "-c", "print(input())"], log=tmp_path / "log")
    child.wait(20)
    sleeper = ChildProcess("sleeper", ["sleep", "60"], log=tmp_path / "log of another")

    sleeper.check()
    with pytest.raises(ProcessError, match=r"(?s)the thing has ended with 1\..*EOFError"):
        child.check()
    sleeper.kill()
