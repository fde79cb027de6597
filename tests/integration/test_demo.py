"""The trial as a person starts it: every process, real purchases, an honest account, and nothing left behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import eventually
from tests.processes import alive, children_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
KEYS = {
    "broker", "redis", "purchases", "customers", "cards_completed", "rewards", "lapsing", "activations", "messages",
    "lost", "doubled", "first_message_after_s",
}  # fmt: skip


@contextmanager
def running_demo(tmp_path: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """`stamgast demo …`, its run folder under `tmp_path`; killed at the end, if it is still there."""
    env = {**os.environ, "TMPDIR": str(tmp_path), "STAMGAST_CONFIG_DIR": str(ROOT / "config")}
    with (tmp_path / "demo.log").open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "stamgast.cli", "demo", *words],
            stdout=subprocess.PIPE,
            stderr=log,
            env=env,
            cwd=ROOT,
        )
        try:
            yield demo
        finally:
            demo.kill()
            demo.communicate()


def log_of(tmp_path: Path) -> str:
    return (tmp_path / "demo.log").read_text()


async def test_a_short_trial_loses_and_doubles_nothing_and_says_so_in_json(tmp_path):
    with running_demo(tmp_path, "--headless", "--for", "15s", "--json") as demo:
        answer, _ = await asyncio.to_thread(demo.communicate, timeout=240)
        assert demo.returncode == 0, log_of(tmp_path)
        summary = json.loads(answer)
    assert summary.keys() >= KEYS
    assert (summary["lost"], summary["doubled"]) == (0, 0)
    assert summary["purchases"]["sent"] == summary["purchases"]["applied"] >= 12
    assert summary["cards_completed"] >= 1
    assert summary["rewards"] >= 1
    assert sum(summary["messages"].values()) == summary["activations"] >= 1
    assert summary["first_message_after_s"] is not None
    assert "one worker" in log_of(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["demo.log"]


async def test_ending_it_half_way_leaves_no_process_and_no_file_behind(tmp_path):
    with running_demo(tmp_path, "--headless", "--for", "120s") as demo:
        await eventually(lambda: '"phase": "history"' in log_of(tmp_path), seconds=120, why=log_of(tmp_path))
        started = children_of(demo.pid)
        assert len(started) == 5, started  # broker, Valkey, sandbox, web, worker
        demo.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(demo.wait, 60) == 1
        assert "nothing is left running" in log_of(tmp_path)
        assert "force" not in log_of(tmp_path)
        await eventually(lambda: not alive(started), seconds=60)
    assert [each.name for each in tmp_path.iterdir()] == ["demo.log"]


async def test_ending_it_while_it_starts_leaves_no_process_behind(tmp_path):
    with running_demo(tmp_path, "--headless", "--for", "120s") as demo:
        started = await eventually(lambda: found if len(found := children_of(demo.pid)) >= 3 else None, seconds=60)
        demo.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(demo.wait, 60) == 1
        await eventually(lambda: not alive(started), seconds=60)


async def test_killing_it_takes_every_process_along(tmp_path):
    with running_demo(tmp_path, "--headless", "--for", "120s") as demo:
        started = await eventually(lambda: found if len(found := children_of(demo.pid)) == 5 else None, seconds=60)
        demo.kill()
        await asyncio.to_thread(demo.wait, 30)
        await eventually(lambda: not alive(started), seconds=60)
